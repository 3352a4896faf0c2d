"""What a patch says of each table's fields, decided table by table: what is sure, what is gone, what to ask a person."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from syncwatch.errors import Reason
from syncwatch.panel.profile.sources import Source
from syncwatch.panel.profile.written import Keys
from syncwatch.panel.survey.findings import findings, is_needed, unmapped, written
from syncwatch.panel.survey.joins import Join, join_of
from syncwatch.panel.survey.likeness import (
    Candidate,
    Matches,
    is_there,
    known_id,
    match,
    source_path,
    status_of,
)
from syncwatch.panel.survey.lists import Survey, Surveyed
from syncwatch.panel.survey.moments import formats_of
from syncwatch.panel.survey.seen import Seen, showable
from syncwatch.panel.tables import TABLES, Field, Kind, Need

_MINUTE = 60
_SESSION = "session_"
_PARENTS: Mapping[str, str] = MappingProxyType({"organization": "organizations", "plan": "plans"})


@dataclass(slots=True)
class Draft:
    """What has been decided so far, table by table, in the order of the survey.

    Attributes:
        survey: what was seen.
        unsure: see `Patch`.
        hashed: tables whose ids are made by hash.
        ids: what the ids of a table are on the wire.
        moments: the times that our fields read.
        fragments: what the patch says of each table's fields.
    """

    survey: Survey
    unsure: list[str] = field(default_factory=list)
    hashed: set[str] = field(default_factory=set)
    ids: dict[str, Seen] = field(default_factory=dict)
    moments: list[tuple[str, Seen]] = field(default_factory=list)
    fragments: dict[str, dict[str, Any]] = field(default_factory=dict)

    def decide(self, table: Surveyed) -> None:
        """Find out what has to change of one table's fields; of a later one it may turn out what an earlier one needs."""
        if table.failure is not None:
            self._failed(table)
        self.fragments[table.plan.name] = self._fields(table) if table.rows.count else {}

    def formats(self) -> list[str]:
        """How times are written, if the profile does not read them; empty if it does."""
        formats, doubt = formats_of(self.moments, next(iter(self.survey.values())).plan.maker.times)
        self.unsure += doubt
        return formats

    def _failed(self, table: Surveyed) -> None:
        assert table.failure is not None
        name = table.plan.name
        hint = ""
        if table.failure.reason is Reason.HTTP_4XX and name != "users":
            hint = f"; if the panel has no such list: tables: {{{name}: null}}"
        self.unsure.append(f"{name} could not be read: {table.failure}{hint}")

    def _fields(self, table: Surveyed) -> dict[str, Any]:
        name, rows = table.plan.name, table.rows
        told = findings(table)
        sources = table.plan.table.fields.sources()
        fields: dict[str, Any] = {}
        taken = []
        for each in (*told.found, *told.unfit):
            path = source_path(table.plan, rows, sources[each])
            if path is not None:
                taken.append(path)
                fields |= self._mended(table, each, sources[each], path, fit=each in told.found)
        joins = self._joined(table, fields)
        missing = [each for each in told.missing if each not in fields and not (joins and each == "user")]
        targets = {each: self.ids[_PARENTS[each]] for each in missing if _PARENTS.get(each) in self.ids}
        taken += [joins.path] if joins else []
        matches = match(name, rows, missing, taken=taken, targets=targets)
        for each in missing:
            fields |= self._missed(table, each, matches)
        if name == "users":
            self._all_or_none(sources, told.missing, fields)
        self._note_id(table, fields)
        return {each: fields[each] for each in TABLES[name] if each in fields}

    def _mended(self, table: Surveyed, name: str, source: Source, path: Keys, *, fit: bool) -> dict[str, Any]:
        """What has to change of a field that is where the profile says."""
        declared, seen = TABLES[table.plan.name][name], table.rows.columns[path]
        where = f"{table.plan.name}.{name}"
        if declared.kind is Kind.TIME:
            self.moments.append((where, seen))
            if seen.values and not seen.time:
                self.unsure.append(f"{where}: not a time in any known format")
            return {}
        if source.words is not None or (declared.kind is Kind.FLAG and not fit):
            values = self._values(where, declared, seen, unmapped(seen, source.words or {}))
            if not values:
                return {}
            text = written(path, csv=table.rows.csv)
            return {
                name: {"values": values} if source.words is not None else {"path": text, "values": values}
            }
        if self._by_hash(name) or (declared.kind is Kind.ID and not fit and seen.unique):
            return {name: {"hash": [written(path, csv=table.rows.csv)]}}
        if not fit:
            self.unsure.append(f"{where}: what is there cannot be read as it")
        return {}

    def _missed(self, table: Surveyed, name: str, matches: Matches) -> dict[str, Any]:
        """What to write for a field that is not where the profile says."""
        declared, csv = TABLES[table.plan.name][name], table.rows.csv
        where = f"{table.plan.name}.{name}"
        if name in matches.unsure:
            names = " or ".join(written(path, csv=csv) for path in matches.unsure[name])
            self.unsure.append(f"{where}: {names}?")
            return {}
        best = matches.sure.get(name)
        if best is not None:
            source = self._source(table, name, best)
            return {} if source is None else {name: source}
        if declared.need is Need.REQUIRED:
            self.unsure.append(f"{where}: nothing looks like it")
        # What is left out anyway need not be taken away, and a time or text may come later.
        comes_later = declared.kind in {Kind.TIME, Kind.TEXT}
        away = is_needed(table, name) if comes_later or csv else declared.need is not Need.REQUIRED
        return {name: None} if away and declared.need is not Need.REQUIRED else {}

    def _source(self, table: Surveyed, name: str, best: Candidate) -> Any:
        """A source that reads what was found; None if that is not sure enough."""
        declared, where = TABLES[table.plan.name][name], f"{table.plan.name}.{name}"
        seen, text = table.rows.columns[best.path], written(best.path, csv=table.rows.csv)
        if declared.kind is Kind.TIME:
            self.moments.append((where, seen))
        if declared.kind is Kind.SECONDS and min(map(int, seen.words), default=_MINUTE) < _MINUTE:
            self.unsure.append(f"{where}: {text}? it must be seconds")
            return None
        if best.hashed or self._by_hash(name):
            return {"hash": [text]}
        had = table.plan.table.fields.sources()[name].words
        if declared.kind not in {Kind.STATUS, Kind.FLAG} or (had is None and seen.booleans == seen.values):
            return text
        values = self._values(where, declared, seen, unmapped(seen, had or {}))
        return {"path": text, "values": values} if values else {"path": text}

    def _values(self, where: str, declared: Field, seen: Seen, words: Iterable[str]) -> dict[str, Any]:
        """Meanings of words, where they are sure."""
        values: dict[str, Any] = {}
        hidden = 0
        for word in words:
            meant = status_of(declared, word, seen)
            if not showable(word, seen):
                hidden += 1
            elif meant is None:
                self.unsure.append(f'{where}: what does "{word}" mean?')
            else:
                values[word] = meant if isinstance(meant, bool) else str(meant)
        if hidden:
            self.unsure.append(f"{where}: words without a meaning that are not shown: {hidden}")
        return values

    def _by_hash(self, name: str) -> bool:
        """Whether a field refers to ids that are made by hash."""
        return _PARENTS.get(name) in self.hashed

    def _joined(self, table: Surveyed, fields: dict[str, Any]) -> Join | None:
        """Whose a row of a list of many users is; writes what the users must be known by too."""
        if not table.plan.table.wide:
            return None
        name, csv = table.plan.name, table.rows.csv
        join = join_of(table, self.survey["users"], self.ids.get("users"))
        if join is None:
            self.unsure.append(f"{name}.user: nothing there is clearly a user's id, logon, address or name")
        else:
            if join.changed:
                fields["user"] = {"path": written(join.path, csv=csv), "join": list(join.keys)}
            for key, path in join.added.items():
                self.fragments["users"][key] = written(path, csv=csv)
        return join

    def _all_or_none(
        self, sources: Mapping[str, Source], missing: tuple[str, ...], fields: dict[str, Any]
    ) -> None:
        """The newest session is told whole or not at all."""
        parts = [each for each in sources if each.startswith(_SESSION)]
        needed = [each for each in parts if TABLES["users"][each].need is Need.WITH_PARENT]
        if any(each in missing and fields.get(each) is None for each in needed):
            fields |= dict.fromkeys(parts)
            self.unsure = [line for line in self.unsure if not line.startswith(f"users.{_SESSION}")]

    def _note_id(self, table: Surveyed, fields: Mapping[str, Any]) -> None:
        """Remember what this table's ids are, for those who refer to them."""
        name, plan = table.plan.name, table.plan
        source = plan.table.fields.sources().get("id")
        if source is None:
            return
        told = fields.get("id", ...)
        there = told is ... and is_there(plan, table.rows, source)
        by_hash = isinstance(told, dict) or (there and source_path(plan, table.rows, source) is None)
        path = known_id(plan, table.rows) if not by_hash else _hashed_path(table, told)
        if by_hash:
            self.hashed.add(name)
        asked_by = [each for each, other in self.survey.items() if other.plan.table.scope.value == name[:-1]]
        if by_hash and asked_by:
            self.unsure.append(f"{name}.id: no list can be asked for by a hash: {', '.join(asked_by)}")
        if path is not None:
            self.ids[name] = table.rows.columns[path]


def _hashed_path(table: Surveyed, told: Any) -> Keys | None:
    """The one path of which ids are made by hash, if the rows have it."""
    plan = table.plan
    texts = (
        [told["hash"]]
        if isinstance(told, dict)
        else [each.hash for each in plan.table.fields.sources()["id"].path if each.hash]
    )
    paths = (plan.maker.name_of(each[0]) for each in texts if len(each) == 1)
    return next((path for path in paths if path in table.rows.columns), None)
