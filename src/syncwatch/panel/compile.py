"""A profile's tables become typed decoders, so that a mapped panel decodes as fast as a hard-coded one.

Where a profile offers several paths for a field, which one a panel has is told by its keys: `TablePlan.choose` gives
the decoder for what is there, made once for each choice and kept. A field of which nothing is there reads as absent,
unless every row must have it; then the decoder says so row by row, or `missing` for a file whose columns are known.
Statuses are decoded as text and looked up afterwards, because a word that the vendor has renamed must not cost the row.
"""

from collections.abc import Callable, Iterable, Mapping
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
    Times,
    hashed,
    lookup,
    times,
)
from syncwatch.panel.profile.asking import Authentication, Paging
from syncwatch.panel.profile.lists import PageShape, Table
from syncwatch.panel.profile.schema import Format, Profile
from syncwatch.panel.profile.sources import Alternative, OwnerSource, Source
from syncwatch.panel.profile.written import WHOLE_PAGE, Keys, keys
from syncwatch.panel.structs import Mapped, Row, struct, word
from syncwatch.panel.tables import TABLES, Field, Kind, Need
from syncwatch.rows import Sight

MAX_CURSOR = 8192  # characters
MAX_ROWS = 50_000  # on one page
MAX_CHOICES = 32  # decoders kept of one table

_WIRE: Mapping[Kind, Any] = {
    Kind.ID: Annotated[str, Meta(min_length=1, max_length=200)] | Annotated[int, Meta(ge=0, le=2**63 - 1)],
    Kind.REFERENCE: Annotated[str, Meta(max_length=200)] | Annotated[int, Meta(ge=0, le=2**63 - 1)],
    Kind.KEY: Annotated[str, Meta(max_length=400)] | None,
    Kind.TEXT: str,
    Kind.CODE: Annotated[int, Meta(ge=-(2**31), lt=2**31)] | Annotated[str, Meta(max_length=200)],
    Kind.COUNT: Annotated[int, Meta(ge=0, lt=2**31)],
    Kind.SECONDS: Annotated[int, Meta(ge=1, lt=2**31)],
    Kind.FLAG: bool,
    Kind.TIME: datetime,
}
_WORD: Any = str | int | bool | None
_HASHED: Any = Annotated[str, Meta(min_length=1, max_length=400)] | int
_HASHED_IF_ANY: Any = Annotated[str, Meta(max_length=400)] | int | None
_SESSION = ("session_job", "session_started", "session_outcome")

Has = Callable[[Keys], bool]
"""Whether a panel's rows have something at this path."""


@dataclass(frozen=True, slots=True)
class CompiledTable:
    """One table, ready to read.

    Attributes:
        name: our name of it.
        fields: our fields that are read.
        page: decodes a whole page, with attributes `rows`, `next` and `total`.
        raw_page: the same with the rows left as they are, for a page that does not decode whole.
        row: decodes one row.
        id: decodes of one row only `id`; None where rows have none.
        words: fields told by words, each with how to fetch the word and the words that are known.
        record: what a row of a file becomes.
        hook: reads what the decoder cannot.
    """

    name: str
    fields: frozenset[str]
    page: msgspec.json.Decoder[Any]
    raw_page: msgspec.json.Decoder[Any]
    row: msgspec.json.Decoder[Any]
    id: msgspec.json.Decoder[Any] | None
    words: tuple[tuple[str, Fetch, frozenset[Any]], ...]
    record: type[Row]
    hook: Callable[[type, Any], Any]


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


@dataclass(frozen=True, slots=True)
class TablePlan:
    """A table as the profile has it.

    Attributes:
        name: our name of it.
        table: the profile's own words.
        paging: how it is cut.
        maker: see `Maker`.
    """

    name: str
    table: Table
    paging: Paging
    maker: Maker
    _made: dict[tuple[tuple[str, Alternative | None], ...], CompiledTable] = field(default_factory=dict)

    @property
    def join(self) -> tuple[str, ...]:
        """The users' keys with which a row's `user` is compared; empty unless rows of many users are in one list."""
        owner = self._sources.get("user")
        return owner.join if isinstance(owner, OwnerSource) else ()

    @property
    def open(self) -> bool:
        """Whether there is something to choose."""
        return any(len(source.path) > 1 for source in self.table.fields.sources().values())

    def alternatives(self) -> list[tuple[Keys, ...]]:
        """The paths of each field that has several alternatives."""
        return [
            tuple(map(self.maker.name_of, source.paths()))
            for source in self._sources.values()
            if len(source.path) > 1
        ]

    def usual(self) -> CompiledTable:
        """The table if every field comes from its first alternative."""
        return self._compiled({name: source.path[0] for name, source in self._sources.items()})

    def choose(self, has: Has, *, whole: bool = False) -> CompiledTable:
        """The table for what a panel has.

        Args:
            has: tells what is there.
            whole: whether `has` knows all that is ever there; then a field of which nothing is there is left out, be
                there alternatives or not.
        """
        chosen: dict[str, Alternative | None] = {}
        for name, source in self._sources.items():
            found = next((each for each in source.path if all(map(has, self._named(each)))), None)
            needed = TABLES[self.name][name].need is Need.REQUIRED
            usual = needed or (len(source.path) == 1 and not whole)
            chosen[name] = found or (source.path[0] if usual else None)
        return self._compiled(chosen)

    def missing(self, has: Has) -> tuple[str, ...]:
        """Fields that every row must have and of which nothing is there."""
        return tuple(
            name
            for name, source in self._sources.items()
            if TABLES[self.name][name].need is Need.REQUIRED
            and not any(all(map(has, self._named(each))) for each in source.path)
        )

    @property
    def _sources(self) -> Mapping[str, Source]:
        return self.table.fields.sources()

    def _named(self, alternative: Alternative) -> Iterable[Keys]:
        return map(self.maker.name_of, alternative.paths)

    def _compiled(self, chosen: Mapping[str, Alternative | None]) -> CompiledTable:
        choice = tuple(chosen.items())
        compiled = self._made.get(choice)
        if compiled is None:
            if len(self._made) >= MAX_CHOICES:
                self._made.clear()  # a panel that changes its keys all the time
            taken = {name: each for name, each in chosen.items() if each is not None}
            compiled = self._made[choice] = _compile(self, taken)
        return compiled


@dataclass(frozen=True, slots=True)
class CompiledProfile:
    """A whole profile, ready to read: its tables by our names, how to ask, and what it lets us see."""

    id: str
    format: Format
    authentication: Authentication
    tables: Mapping[str, TablePlan]
    sight: Sight


def compile_profile(
    profile: Profile,
    key: bytes,
    *,
    zone: str | None = None,
    formats: tuple[str, ...] | None = None,
    complete: bool | None = None,
) -> CompiledProfile:
    """Build the decoders of a profile that `load_profiles` has checked.

    Args:
        profile: the profile.
        key: secret key of hashed ids.
        zone: a tenant's own `timezone`.
        formats: a tenant's own `datetime_format`.
        complete: a tenant's own `exports_complete`.
    """
    csv = profile.format is Format.CSV
    maker = Maker(
        times(formats or profile.datetime_format, zone or profile.timezone),
        key,
        (lambda path: (heading(path),)) if csv else keys,
    )
    tables = {
        name: TablePlan(name, table, profile.paging_of(table), maker)
        for name, table in profile.tables.mapped()
    }
    return CompiledProfile(
        profile.profile, profile.format, profile.authentication, tables, _sight(profile, complete=complete)
    )


def heading(text: str) -> str:
    """A column's heading as it is compared: capitals and spaces do not count."""
    return " ".join(text.split()).casefold()


def _sight(profile: Profile, *, complete: bool | None) -> Sight:
    tables = dict(profile.tables.mapped())
    in_list = tables["users"].fields.sources().keys()
    sessions = tables.get("sessions")
    spoken = "session_message" in in_list or (sessions is not None and "message" in sessions.fields.sources())
    whole = sessions is None or not sessions.wide or (sessions.complete if complete is None else complete)
    shown = sessions is not None or in_list >= set(_SESSION)
    return Sight(
        organizations="organizations" in tables,
        plans="plans" in tables,
        sessions=shown,
        silence=whole,
        messages=shown and spoken,
        issues="issues" in tables,
        live=profile.format is Format.JSON,
        default_plan_interval=profile.defaults.default_plan_interval,
    )


def _compile(plan: TablePlan, chosen: Mapping[str, Alternative]) -> CompiledTable:
    title, declared, maker = plan.name.title(), TABLES[plan.name], plan.maker
    sources = plan.table.fields.sources()
    mapped = {
        name: _mapped(declared[name], sources[name], each, maker)
        for name, each in chosen.items()
        if each.hash is None
    }
    made = {name: _hash(declared[name], each, maker) for name, each in chosen.items() if each.hash}
    absent = {name: declared[name].empty for name in declared.keys() - chosen.keys()}
    row = struct(title, mapped, made=made, constants=absent)
    only_id = partial(
        struct,
        f"{title}Id",
        {name: each for name, each in mapped.items() if name == "id"},
        made={name: each for name, each in made.items() if name == "id"},
    )
    decoder = partial(msgspec.json.Decoder, dec_hook=maker.times.read)
    return CompiledTable(
        name=plan.name,
        fields=frozenset(chosen),
        page=decoder(_page(title, plan.table.page, row)),
        raw_page=decoder(_page(f"Raw{title}", plan.table.page, msgspec.Raw)),
        row=decoder(row),
        id=decoder(only_id()) if "id" in chosen else None,
        words=tuple(
            (name, word(each, each.meaning), each.meaning.known)
            for name, each in mapped.items()
            if isinstance(each.meaning, Lookup)
        ),
        record=row,
        hook=maker.times.read,
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
    return Mapped(path, wire | None if nullable else wire, field_.need, _meaning(field_, maker), field_.empty)


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
        return Moment(maker.times.zone) if maker.times.plain else None
    if field_.kind in {Kind.ID, Kind.REFERENCE, Kind.CODE}:
        return AsText(empty)
    return None if empty is None else Default(empty)


def _strict(field_: Field, path: Keys) -> bool:
    """Whether there must be a value where the field stands: with its parent only if it has one."""
    strict = field_.need in {Need.REQUIRED, Need.WHERE_MAPPED}
    return strict or (field_.need is Need.WITH_PARENT and len(path) > 1)
