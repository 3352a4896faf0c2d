"""One table of a profile becomes typed decoders, so that a mapped panel decodes as fast as a hard-coded one.

Statuses are decoded as text and looked up afterwards, because a word that the vendor has renamed must not cost the row.
Which of several paths each field comes from has been decided before (`plan`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from syncwatch.panel.meanings import (
    AsText,
    Default,
    Fetch,
    Instant,
    Lookup,
    Meaning,
    Moment,
    Name,
    Seconds,
    Times,
    hashed,
    lookup,
)
from syncwatch.panel.profile.lists import PageShape, Table
from syncwatch.panel.profile.sources import Alternative, Source
from syncwatch.panel.profile.written import WHOLE_PAGE, Keys, keys
from syncwatch.panel.structs import Mapped, struct, word
from syncwatch.panel.tables import TABLES, Field, Kind, Need

MAX_CURSOR = 8192  # characters
MAX_NAME = 400  # characters
MAX_ROWS = 100_000  # on one page

_NUMBER = Annotated[int, Meta(ge=0, le=2**63 - 1)]
_WIRE: Mapping[Kind, Any] = {
    Kind.ID: Annotated[str, Meta(min_length=1, max_length=200)] | _NUMBER,
    Kind.REFERENCE: Annotated[str, Meta(max_length=200)] | _NUMBER,
    Kind.KEY: Annotated[str, Meta(max_length=MAX_NAME)] | None,
    Kind.NAME: Any | None,
    Kind.TEXT: str,
    Kind.VALUE: str | int | float | bool,
    Kind.CODE: Annotated[int, Meta(ge=-(2**31), lt=2**31)] | Annotated[str, Meta(max_length=200)],
    Kind.COUNT: Annotated[int, Meta(ge=0, lt=2**31)],
    Kind.SECONDS: Annotated[int, Meta(ge=1, lt=2**31)],
    Kind.FLAG: bool,
    Kind.TIME: datetime,
}
_WORD: Any = str | int | bool | None
_HASHED: Any = Annotated[str, Meta(min_length=1, max_length=400)] | int
_HASHED_IF_ANY: Any = Annotated[str, Meta(max_length=400)] | int | None


@dataclass(frozen=True, slots=True)
class CompiledTable:
    """One table, ready to read.

    Attributes:
        name: our name of it.
        page: decodes a whole page, with attributes `rows`, `next` and `total`.
        raw_page: the same with the rows left as they are, for a page that does not decode whole.
        row: decodes one row.
        id: decodes of one row only `id`; None where rows have none.
        words: fields told by words, each with how to fetch the word and the words that are known.
        ids: fields that hold the panel's own ids, which are to be `visible`.
    """

    name: str
    page: msgspec.json.Decoder[Any]
    raw_page: msgspec.json.Decoder[Any]
    row: msgspec.json.Decoder[Any]
    id: msgspec.json.Decoder[Any] | None
    words: tuple[tuple[str, Fetch, frozenset[Any]], ...]
    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Maker:
    """What makes a profile's values ours.

    Attributes:
        times: how times are written.
        key: secret key of hashed ids.
        name_of: what a path in the profile is on the wire.
    """

    times: Times
    key: bytes = field(repr=False)
    name_of: Callable[[str], Keys]


def compile_table(name: str, table: Table, chosen: Mapping[str, Alternative], maker: Maker) -> CompiledTable:
    """Build the decoders of a table of which `chosen` says where each field comes from."""
    title, declared, sources = name.title(), TABLES[name], table.fields.sources()
    mapped = {
        own: _mapped(declared[own], sources[own], each, maker)
        for own, each in chosen.items()
        if each.hash is None
    }
    made = {own: _hash(declared[own], each, maker) for own, each in chosen.items() if each.hash}
    absent = {own: declared[own].empty for own in declared.keys() - chosen.keys()}
    row = struct(title, mapped, made=made, constants=absent)
    only_id = struct(
        f"{title}Id",
        {own: each for own, each in mapped.items() if own == "id"},
        made={own: each for own, each in made.items() if own == "id"},
    )
    decoder = partial(msgspec.json.Decoder, dec_hook=maker.times.read)
    return CompiledTable(
        name=name,
        page=decoder(_page(title, table.page, row)),
        raw_page=decoder(_page(f"Raw{title}", table.page, msgspec.Raw)),
        row=decoder(row),
        id=decoder(only_id) if "id" in chosen else None,
        words=tuple(
            (own, word(each, each.meaning), each.meaning.known)
            for own, each in mapped.items()
            if isinstance(each.meaning, Lookup)
        ),
        ids=tuple(own for own in mapped if declared[own].kind in {Kind.ID, Kind.REFERENCE}),
    )


def _page(title: str, shape: PageShape, row: Any) -> Any:
    many = Annotated[list[row], Meta(max_length=MAX_ROWS)]
    if shape.rows == WHOLE_PAGE:
        return many
    mapped = {"rows": Mapped(keys(shape.rows), many)}
    absent: dict[str, Any] = {}
    cursor = Annotated[str, Meta(max_length=MAX_CURSOR)] | None
    for name, path, wire in (("next", shape.next, cursor), ("total", shape.total, int | None)):
        if path is None:
            absent[name] = None
        else:
            mapped[name] = Mapped(keys(path), wire, Need.OPTIONAL)
    return struct(f"{title}Page", mapped, constants=absent)


def _mapped(field_: Field, source: Source, alternative: Alternative, maker: Maker) -> Mapped:
    assert alternative.path is not None
    path = maker.name_of(alternative.path)
    if source.words is not None:
        return Mapped(path, _WORD, field_.need, lookup(field_, source.words), field_.empty)
    wire = Instant if field_.kind is Kind.TIME and not maker.times.plain else _WIRE[field_.kind]
    nullable = not _strict(field_, path) or field_.empty is not None
    return Mapped(
        path,
        wire | None if nullable else wire,
        field_.need,
        _meaning(field_, maker),
        field_.empty,
        lenient=field_.kind is Kind.NAME,
    )


def _hash(field_: Field, alternative: Alternative, maker: Maker) -> tuple[list[Mapped], Fetch]:
    assert alternative.hash is not None
    paths = map(maker.name_of, alternative.hash)
    strict = field_.empty is None
    parts = [
        Mapped(
            path, _HASHED if strict and _strict(field_, path) else _HASHED_IF_ANY, field_.need, lenient=True
        )
        for path in paths
    ]

    def make(values: tuple[Any, ...]) -> Any:
        return field_.empty if None in values or "" in values else hashed(maker.key, values)

    return parts, make


def _meaning(field_: Field, maker: Maker) -> Meaning | None:
    """What makes our value out of the one on the wire."""
    empty = field_.empty
    if field_.kind is Kind.TIME:
        return Moment(maker.times.zone) if maker.times.plain else Seconds()
    if field_.kind is Kind.NAME:
        return Name(MAX_NAME)
    if field_.kind in {Kind.ID, Kind.REFERENCE, Kind.CODE, Kind.VALUE}:
        return AsText(empty)
    return None if empty is None else Default(empty)


def _strict(field_: Field, path: Keys) -> bool:
    """Whether there must be a value where the field stands: with its parent only if it has one."""
    strict = field_.need in {Need.REQUIRED, Need.WHERE_MAPPED}
    return strict or (field_.need is Need.WITH_PARENT and len(path) > 1)
