"""Structs made at load: nested along the paths, with only the fields that are mapped and with our names.

Flat paths whose value is ours already are the Struct's own attributes; everything that is nested or means something
else is a property, one function deep, because a property is read for every user in every poll. Rows hold remote
texts, so no row ever shows a field.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from operator import attrgetter
from types import MappingProxyType
from typing import Any, cast, get_args

import msgspec

from syncwatch.panel.meanings import Fetch, Lookup, Meaning
from syncwatch.panel.profile.written import Keys
from syncwatch.panel.tables import Need
from syncwatch.rows import Silent

_NONE: Mapping[Any, Any] = MappingProxyType({})


class Row(Silent, frozen=True, eq=False, gc=False):
    """Base of all that is decoded."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """One value on the wire.

    Attributes:
        path: keys from the outermost object.
        wire: type on the wire.
        need: whether its key must be there.
        meaning: what makes our value out of the wire's; None if they are the same.
        absent: our value where an object on the path is null.
        lenient: whether it takes any value, so that another field that reads the same decides what it is.
    """

    path: Keys
    wire: Any
    need: Need = Need.REQUIRED
    meaning: Meaning | None = None
    absent: Any = None
    lenient: bool = False

    @property
    def direct(self) -> bool:
        """Whether it can be an attribute as it is."""
        return len(self.path) == 1 and self.meaning is None


def struct(
    title: str,
    mapped: Mapping[str, Mapped],
    *,
    made: Mapping[str, tuple[Iterable[Mapped], Fetch]] = _NONE,
    constants: Mapping[str, Any] = _NONE,
) -> type[Row]:
    """A Struct with our names.

    Args:
        title: its name.
        mapped: one value on the wire each.
        made: several values on the wire each, and what makes ours out of their tuple.
        constants: the same for all rows.
    """
    direct = {field.path: name for name, field in mapped.items() if field.direct}
    namespace: dict[str, Any] = {
        name: property(fetch(field, direct))
        for name, field in mapped.items()
        if direct.get(field.path) != name
    }
    for name, (parts, make) in made.items():
        namespace[name] = property(_made([fetch(part, direct) for part in parts], make))
    namespace |= {name: property(_constantly(value)) for name, value in constants.items()}
    wire = [*mapped.values(), *(part for parts, _ in made.values() for part in parts)]
    return _nested(title, wire, direct, namespace)


def fetch(field: Mapped, direct: Mapping[Keys, str] = _NONE) -> Fetch:
    """How to get our value out of the Struct."""
    own = direct.get(field.path)
    names = (own,) if own else tuple(map(_attribute, field.path))
    return _along(names, field.meaning.of if field.meaning else _itself, field.absent)


def word(field: Mapped, meaning: Lookup) -> Fetch:
    """How to get the word on the wire out of the Struct; None where an object on the path is null."""
    return _along(tuple(map(_attribute, field.path)), meaning.word, None)


def _along(names: tuple[str, ...], of: Callable[[Fetch], Fetch], absent: Any) -> Fetch:
    """Read the last of these attributes by way of the others; `absent` where one of those is null."""
    *steps, last = map(attrgetter, names)
    get = of(last)
    for step in reversed(steps):
        get = _below(step, get, absent)
    return get


def _itself(get: Fetch) -> Fetch:
    return get


def _below(step: Fetch, get: Fetch, absent: Any) -> Fetch:
    def value(row: Any) -> Any:
        inner = step(row)
        return absent if inner is None else get(inner)

    return value


def _made(parts: list[Fetch], make: Fetch) -> Fetch:
    return lambda row: make(tuple(part(row) for part in parts))


def _constantly(value: Any) -> Fetch:
    return lambda _: value


def _nested(
    title: str, fields: list[Mapped], direct: Mapping[Keys, str], namespace: dict[str, Any]
) -> type[Row]:
    """The Struct of one object on the wire, and below it those of the objects inside."""
    attributes: dict[str, str] = {}
    definitions: list[Any] = []
    for key in dict.fromkeys(field.path[0] for field in fields):
        attribute = direct.get((key,), _attribute(key))
        attributes[attribute] = key
        definitions.append((attribute, *_wire(title, [field for field in fields if field.path[0] == key])))
    made = msgspec.defstruct(
        title,
        definitions,
        bases=(Row,),
        namespace=namespace,
        rename=attributes,
        kw_only=True,
        frozen=True,
        eq=False,
        gc=False,
    )
    return cast(type[Row], made)


def _wire(title: str, fields: list[Mapped]) -> tuple[Any, ...]:
    """Type, and default if it has one, of the key that all `fields` begin with."""
    needs = {field.need for field in fields}
    default = (None,) if needs == {Need.OPTIONAL} else ()
    if len(fields[0].path) == 1:
        return _strictest(fields), *default
    inside = [replace(field, path=field.path[1:]) for field in fields]
    below = _nested(f"{title}.{fields[0].path[0]}", inside, {}, {})
    return below if needs & {Need.REQUIRED, Need.WHERE_MAPPED} else below | None, *default


def _strictest(fields: list[Mapped]) -> Any:
    """One value may be read by several fields: the type of the one that is most particular."""
    wires = [field.wire for field in sorted(fields, key=attrgetter("lenient"))]
    return next((wire for wire in wires if type(None) not in get_args(wire)), wires[0])


def _attribute(key: str) -> str:
    """An identifier for any key, different for different keys and from our names."""
    return f"k_{key}" if key.isidentifier() else f"x_{key.encode().hex()}"
