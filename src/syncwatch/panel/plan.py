"""Which of several paths a panel has for each field: told by its keys, never by the value of a single row.

`TablePlan.choose` gives the decoder for what is there, made once for each choice and kept. A field of which nothing is
there reads as absent, unless every row must have it; then the decoder says so row by row, or `missing` for a file whose
columns are known.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from syncwatch.panel.decoders import CompiledTable, Maker, compile_table
from syncwatch.panel.profile.asking import Paging
from syncwatch.panel.profile.lists import Table
from syncwatch.panel.profile.sources import Alternative, OwnerSource, Source
from syncwatch.panel.profile.written import Keys
from syncwatch.panel.tables import TABLES, Need

MAX_CHOICES = 32  # decoders kept of one table

Has = Callable[[Keys], bool]
"""Whether a panel's rows have something at this path."""


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
            compiled = self._made[choice] = compile_table(self.name, self.table, taken, self.maker)
        return compiled
