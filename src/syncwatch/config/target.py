"""A tenant as a list of targets has it: Prometheus' target and labels, said in the keys of a tenant of the file.

So the same checks read both, and only what they find wrong is told in the words of whoever wrote it: by source or file,
tenant and label (`__profile__`, and not `profile`). A remote list chooses names and values: no message repeats one
that has not passed as an identifier or a label's name.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from syncwatch.config.document import Location
from syncwatch.errors import Problem

LABELS: Mapping[str, str] = MappingProxyType(
    {
        "id": "tenant",
        "profile": "__profile__",
        "credentials": "__credentials__",
        "interval": "__interval__",
        "stale_after": "__stale_after__",
        "timezone": "__timezone__",
        "budget_group": "__budget_group__",
        "onboarding_until": "__onboarding_until__",
    }
)
"""Keys of a tenant that a label says, and that label."""

_KEYS = {label: key for key, label in LABELS.items()}
_PARAMETER = re.compile(r"__parameter_(.+)__", re.DOTALL)
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,62}")


@dataclass(frozen=True, slots=True)
class Target:
    """One target with its labels; equal to another that says the same, wherever it stands.

    Attributes:
        entry: what it says, as a tenant of the configuration file would: `id`, `url`, `profile`, `labels` and so on.
        position: its place among the targets of its list, from 0.
        file: the file it is in; None if it came over a network.
        line: where its group begins in that file, if that is known.
    """

    entry: Mapping[str, Any] = field(repr=False)
    position: int = field(default=0, compare=False)
    file: Path | None = field(default=None, compare=False)
    line: int | None = field(default=None, compare=False)

    @classmethod
    def of(cls, url: str, labels: Mapping[str, str], **place: Any) -> "Target":
        """Read a target with its labels."""
        return cls({"url": url, **said(labels)}, **place)

    @property
    def tenant(self) -> str | None:
        """The id that it claims."""
        return self.entry.get("id")

    @property
    def shown(self) -> str | None:
        """The same, if it looks like an id and may be told."""
        id_ = self.tenant
        return id_ if isinstance(id_, str) and _NAME.fullmatch(id_) else None


def said(labels: Mapping[str, str]) -> Mapping[str, Any]:
    """What labels say of each target that has them; an empty one that is one of ours is none, as in Prometheus."""
    entry: dict[str, Any] = {}
    parameters, own = {}, {}
    for name, value in labels.items():
        if key := _KEYS.get(name):
            if value:
                entry[key] = value
        elif not name.startswith("__"):
            own[name] = value
        elif parameter := _PARAMETER.fullmatch(name):
            parameters[parameter[1]] = value
    return {**entry, "parameters": parameters, "labels": own}


class Batch(NamedTuple):
    """What one source of targets has: `file_sd[0]` or `http_sd[1]`."""

    source: str
    targets: tuple[Target, ...]

    def listed(self) -> Iterator["Listed"]:
        """Each target with its source."""
        return (Listed(self.source, target) for target in self.targets)


class Rejected(NamedTuple):
    """A target that is left out, and why; `tenant` is the id that it claims, if it looks like one."""

    source: str
    problems: tuple[Problem, ...]
    tenant: str | None = None


class Listed(NamedTuple):
    """A target of a source; a `Written` in which it is the first of the tenants."""

    source: str
    target: Target

    @property
    def data(self) -> Any:
        """See `Written.data`."""
        return {"tenants": [self.target.entry]}

    def problem(self, location: Location, message: str) -> Problem:
        """See `Written.problem`; a location below `("tenants", 0)`, which is this target."""
        target = self.target
        shown = target.shown or f"targets[{target.position}]"
        label = _label(location[2:])
        return Problem(
            target.file or Path(self.source),
            target.line,
            f"{shown}.{label}" if label else f"{shown}",
            message,
        )


def _label(keys: Location) -> str:
    """The label, or `targets`, that says what a tenant's key would."""
    match keys:
        case ("url", *_):
            return "targets"
        case ("labels", str(name), *_):
            return name if _NAME.fullmatch(name) else "labels"
        case ("parameters", str(name), *_):
            return f"__parameter_{name}__" if _NAME.fullmatch(name) else "labels"
        case ("parameters",):
            return "__parameter_...__"
        case (str(key), *_):
            return LABELS.get(key, key)
        case _:
            return ""
