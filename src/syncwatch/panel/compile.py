"""A profile's table becomes a typed decoder, so that a mapped panel decodes as fast as a hard-coded one.

Each table gets one msgspec Struct, nested along the paths, with only the fields that are mapped and with our names
as attributes: flat paths by renaming, everything that is nested or means something else by properties. Statuses
are decoded as text and looked up afterwards, because a word that the vendor has renamed must not cost the
row. Rows hold remote texts, so no row ever shows a field.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from operator import attrgetter
from types import MappingProxyType
from typing import Annotated, Any, cast

import msgspec
from msgspec import Meta

from syncwatch.panel.profile import Authentication, PageShape, Paging, Profile, Source, Table
from syncwatch.panel.tables import TABLES, Field, Kind, Need

MAX_CURSOR = 2048  # characters
MAX_ROWS = 50_000  # on one page

Fetch = Callable[[Any], Any]

_NONE: Mapping[str, Any] = MappingProxyType({})

_WIRE: Mapping[Kind, Any] = {
    Kind.ID: Annotated[str, Meta(min_length=1, max_length=200)],
    Kind.REFERENCE: Annotated[str, Meta(max_length=200)],
    Kind.TEXT: str,
    Kind.CODE: Annotated[int, Meta(ge=-(2**31), lt=2**31)] | Annotated[str, Meta(max_length=200)],
    Kind.COUNT: Annotated[int, Meta(ge=0, lt=2**31)],
    Kind.SECONDS: Annotated[int, Meta(ge=1, lt=2**31)],
    Kind.FLAG: bool,
    Kind.TIME: datetime,
    Kind.STATUS: str,
}


class Row(msgspec.Struct, frozen=True, eq=False, gc=False):
    """Base of all that is decoded: it prints nothing of itself, not even to rich."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return []


@dataclass(frozen=True, slots=True)
class CompiledTable:
    """One table, ready to read.

    Attributes:
        name: our name of it.
        path: below the tenant's base URL; `{user}` stands for the user's id.
        etag: whether to ask conditionally.
        page: decodes a whole page, with attributes `rows` and `next`.
        raw_page: the same with the rows left as they are, for a page that does not decode whole.
        row: decodes one row.
        id: decodes of one row only `id`; None where rows have none.
        words: fields told by words, each with how to fetch the word and the words that are known.
    """

    name: str
    path: str
    etag: bool
    page: msgspec.json.Decoder[Any]
    raw_page: msgspec.json.Decoder[Any]
    row: msgspec.json.Decoder[Any]
    id: msgspec.json.Decoder[Any] | None
    words: tuple[tuple[str, Fetch, frozenset[str | None]], ...]


@dataclass(frozen=True, slots=True)
class CompiledProfile:
    """A whole profile, ready to read: its tables by our names, and how to ask."""

    id: str
    authentication: Authentication
    paging: Paging
    tables: Mapping[str, CompiledTable]


def compile_profile(profile: Profile) -> CompiledProfile:
    """Build the decoders of a profile that `load_profiles` has checked."""
    tables = {name: _table(name, profile.tables[name]) for name in TABLES}
    return CompiledProfile(profile.profile, profile.authentication, profile.paging, tables)


@dataclass(frozen=True, slots=True)
class _Mapped:
    """One attribute of a Struct: where it is on the wire and what it means.

    Attributes:
        path: keys from the outermost object.
        wire: type on the wire.
        need: whether its key must be there.
        meaning: what makes our value out of the wire's; None if they are the same.
        absent: our value where an object on the path is null.
    """

    path: tuple[str, ...]
    wire: Any
    need: Need = Need.REQUIRED
    meaning: Fetch | None = None
    absent: Any = None


def _table(name: str, table: Table) -> CompiledTable:
    title, declared = name.title(), TABLES[name]
    mapped = {field: _field(declared[field], source) for field, source in table.fields.sources().items()}
    row = _struct(title, mapped, {field: declared[field].empty for field in declared.keys() - mapped.keys()})
    return CompiledTable(
        name=name,
        path=table.path,
        etag=table.etag,
        page=msgspec.json.Decoder(_page(title, table.page, row)),
        raw_page=msgspec.json.Decoder(_page(f"Raw{title}", table.page, msgspec.Raw)),
        row=msgspec.json.Decoder(row),
        id=msgspec.json.Decoder(_struct(f"{title}Id", {"id": mapped["id"]})) if "id" in mapped else None,
        words=tuple(
            (
                field,
                _value(replace(mapped[field], meaning=None, absent=None)),
                frozenset({None, *source.words}),
            )
            for field, source in table.fields.sources().items()
            if source.words is not None
        ),
    )


def _page(title: str, shape: PageShape, row: Any) -> type[Row]:
    cursor = Annotated[str, Meta(max_length=MAX_CURSOR)] | None
    many = Annotated[list[row], Meta(max_length=MAX_ROWS)]
    rows, following = (tuple(path.split(".")) for path in (shape.rows, shape.next))
    return _struct(f"{title}Page", {"rows": _Mapped(rows, many), "next": _Mapped(following, cursor)})


def _field(field: Field, source: Source) -> _Mapped:
    path = tuple(source.path.split("."))
    wire = _WIRE[field.kind] if source.words is None else str
    nullable = not _strict(field, source) or field.empty is not None or source.words is not None
    return _Mapped(path, wire | None if nullable else wire, field.need, _meaning(field, source), field.empty)


def _meaning(field: Field, source: Source) -> Fetch | None:
    """What makes our value out of the one on the wire."""
    if source.words is not None:
        return _looked_up(field, source, source.words)
    if field.kind is Kind.TIME:
        return _unix
    if field.empty is None:
        return None
    if field.kind is Kind.CODE:
        return lambda value: field.empty if value is None else str(value)
    return lambda value: field.empty if value is None else value


def _strict(field: Field, source: Source) -> bool:
    """Whether the field is required where it stands: with its parent only if it has one."""
    return field.need is Need.REQUIRED or (field.need is Need.WITH_PARENT and "." in source.path)


def _looked_up(field: Field, source: Source, words: Mapping[str, str | bool]) -> Fetch:
    """Read a word; one that the profile does not know is unknown, null only where there must be one."""
    statuses: Callable[[Any], Any] = field.statuses or bool
    unknown = statuses("unknown") if field.statuses else field.empty
    meanings = {word: statuses(meant) for word, meant in words.items()}
    of_null = unknown if _strict(field, source) else field.empty
    return lambda word: of_null if word is None else meanings.get(word, unknown)


def _unix(moment: datetime | None) -> float | None:
    if moment is None:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _struct(title: str, mapped: Mapping[str, _Mapped], constants: Mapping[str, Any] = _NONE) -> type[Row]:
    """A Struct with our names: direct ones are its own attributes, the others properties."""
    direct: dict[tuple[str, ...], str] = {
        field.path: name for name, field in mapped.items() if len(field.path) == 1 and not field.meaning
    }
    namespace: dict[str, Any] = {
        name: property(_value(field)) for name, field in mapped.items() if field.path not in direct
    }
    namespace |= {name: property(_constantly(value)) for name, value in constants.items()}
    return _nested(title, list(mapped.values()), direct, namespace)


def _nested(
    title: str, fields: list[_Mapped], direct: Mapping[tuple[str, ...], str], namespace: dict[str, Any]
) -> type[Row]:
    """The Struct of one object on the wire, and below it those of the objects inside."""
    attributes: dict[str, str] = {}
    definitions: list[Any] = []
    for key in dict.fromkeys(field.path[0] for field in fields):
        attribute = direct.get((key,), _attribute(key))
        attributes[attribute] = key
        definitions.append((attribute, *_wire(title, [field for field in fields if field.path[0] == key])))
    struct = msgspec.defstruct(
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
    return cast(type[Row], struct)


def _wire(title: str, fields: list[_Mapped]) -> tuple[Any, ...]:
    """Type, and default if it has one, of the key that all `fields` begin with."""
    needs = {field.need for field in fields}
    default = (None,) if needs == {Need.OPTIONAL} else ()
    if len(fields[0].path) == 1:
        return fields[0].wire, *default
    inside = [replace(field, path=field.path[1:]) for field in fields]
    below = _nested(f"{title}.{fields[0].path[0]}", inside, {}, {})
    return below if Need.REQUIRED in needs else below | None, *default


def _attribute(key: str) -> str:
    """An identifier for any key, different for different keys and from our names."""
    return f"k_{key}" if key.isidentifier() else f"x_{key.encode().hex()}"


def _value(field: _Mapped) -> Fetch:
    """How to get our value out of the Struct."""
    leaf = attrgetter(_attribute(field.path[-1]))
    meaning = field.meaning
    get: Fetch = leaf if meaning is None else lambda row: meaning(leaf(row))
    for key in reversed(field.path[:-1]):
        get = _below(attrgetter(_attribute(key)), get, field.absent)
    return get


def _below(step: Fetch, get: Fetch, absent: Any) -> Fetch:
    def value(row: Any) -> Any:
        inner = step(row)
        return absent if inner is None else get(inner)

    return value


def _constantly(value: Any) -> Fetch:
    return lambda _: value
