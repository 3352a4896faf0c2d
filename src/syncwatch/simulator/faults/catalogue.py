"""All faults by name, in the order of their ideas."""

from collections.abc import Mapping
from types import MappingProxyType

from syncwatch.simulator.faults import (
    access,
    connections,
    contents,
    lists,
    manners,
    redirects,
    sizes,
    texts,
)
from syncwatch.simulator.faults.fault import Fault

NONE = "none"
"""Instead of the name of a fault: the panel behaves."""

GROUPS: Mapping[str, tuple[Fault, ...]] = MappingProxyType(
    {
        "connections": connections.FAULTS,
        "sizes": sizes.FAULTS,
        "lists": lists.FAULTS,
        "redirects": redirects.FAULTS,
        "contents": contents.FAULTS,
        "access": access.FAULTS,
        "manners": manners.FAULTS,
        "texts": texts.FAULTS,
    }
)
CATALOGUE: Mapping[str, Fault] = MappingProxyType(
    {fault.name: fault for faults in GROUPS.values() for fault in faults}
)


def unknown(name: str) -> str:
    """What to tell somebody who asked for a fault that is none."""
    return f"there is no fault {name!r}; `simulate --list-faults` shows all of them"
