"""What a profile makes of what a panel shows: table by table, which fields are there, and which words it does not know.

It holds names of keys and words of statuses only, as far as they may be shown; the rest are numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from syncwatch.panel.profile.sources import Source, Words
from syncwatch.panel.profile.written import Keys
from syncwatch.panel.survey.likeness import fits, is_there, source_path
from syncwatch.panel.survey.lists import Surveyed
from syncwatch.panel.survey.seen import Seen, showable
from syncwatch.panel.tables import TABLES, Field, Kind, Need

_AS_NUMBERS = {"true": "1", "false": "0"}


@dataclass(frozen=True, slots=True)
class Strange:
    """Words of one field that the profile does not know: those that may be shown, and how many others."""

    shown: tuple[str, ...]
    hidden: int


@dataclass(frozen=True, slots=True)
class Findings:
    """What became of one table's fields.

    Attributes:
        found: fields that are there and fit.
        missing: fields that the profile maps and the rows do not have.
        untold: fields of which the rows do not tell whether they are there.
        unfit: fields that are there, and hold what cannot be read as they are.
        unknown: paths that no field reads.
        hidden: further ones, which do not look like keys.
        strange: words without a meaning, by field.
        well: whether the table can be read as it is.
    """

    found: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()
    unfit: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    hidden: int = 0
    strange: Mapping[str, Strange] = field(default_factory=dict)
    well: bool = False


def findings(table: Surveyed) -> Findings:
    """Compare one table with its profile."""
    plan, rows, declared = table.plan, table.rows, TABLES[table.plan.name]
    sorted_: dict[str, list[str]] = {"found": [], "missing": [], "untold": [], "unfit": []}
    strange: dict[str, Strange] = {}
    read: set[Keys] = set()
    for name, source in plan.table.fields.sources().items():
        read.update(map(plan.maker.name_of, source.paths()))
        if not is_there(plan, rows, source):
            untold = any(rows.untold(plan.maker.name_of(path)) for path in source.paths())
            sorted_["untold" if untold else "missing"].append(name)
            continue
        path = source_path(plan, rows, source)
        seen = rows.columns[path] if path else None
        sorted_["found" if seen is None or _fits(declared[name], source, seen) else "unfit"].append(name)
        if seen is not None and source.words is not None and (words := unmapped(seen, source.words)):
            shown = tuple(word for word in words if showable(word, seen))
            strange[name] = Strange(shown, len(words) - len(shown) + seen.more)
    unread = [path for path, _ in rows.fields if path not in read]
    shown_paths = tuple(written(path, csv=rows.csv) for path in unread if rows.shown(path))
    lost = [*sorted_["missing"], *(sorted_["untold"] if plan.name == "users" and not rows.count else ())]
    well = not (table.failure or sorted_["unfit"] or strange or any(is_needed(table, name) for name in lost))
    return Findings(
        **{kind: tuple(names) for kind, names in sorted_.items()},
        unknown=shown_paths,
        hidden=len(unread) - len(shown_paths),
        strange=strange,
        well=well,
    )


def _fits(declared: Field, source: Source, seen: Seen) -> bool:
    unread = declared.kind is Kind.TIME and seen.values > 0 and not seen.timely
    return fits(declared, source.words, seen) and not unread


def is_needed(table: Surveyed, name: str) -> bool:
    """Whether rows without this field, which the profile maps, are refused."""
    need = TABLES[table.plan.name][name].need
    left_out = table.rows.csv or len(table.plan.table.fields.sources()[name].path) > 1
    return need is Need.REQUIRED or (need is not Need.OPTIONAL and not left_out)


def unmapped(seen: Seen, words: Words) -> tuple[str, ...]:
    """The words of a path that have no meaning yet."""
    known = words.keys() | ({word.lower() for word in words} if seen.booleans else set())
    found = (word for word in seen.words if word not in known)
    return tuple(word for word in found if not (seen.booleans and _AS_NUMBERS.get(word) in known))


def written(path: Keys, *, csv: bool) -> str:
    """A path as a profile has it."""
    if csv:
        return path[0]
    return ".".join(key.replace("\\", "\\\\").replace(".", "\\.") for key in path)
