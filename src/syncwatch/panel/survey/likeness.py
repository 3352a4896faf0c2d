"""Which path of a table's rows looks like which field of ours: by its name, and by what it holds.

Both must agree, and a clear lead is needed: what is not clearly one thing is left to a person.
"""

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from syncwatch.panel.plan import TablePlan
from syncwatch.panel.profile.sources import Source, Words
from syncwatch.panel.profile.written import Keys
from syncwatch.panel.survey.seen import Rows, Seen
from syncwatch.panel.survey.vocabulary import CONCEPTS, FILLERS, NAMES, Wanted, meaning, name_tokens
from syncwatch.panel.tables import TABLES, Field, Kind, Need

LEAD = 0.5  # that one candidate must have before another
_LEAF, _ABOVE, _MAY, _UNEXPLAINED = 3.0, 2.0, 1.0, 0.5
_REFERS, _MEANS, _USED = 4.0, 2.0, 1.0
_MATCHES = 3  # values that two paths must share to be about the same thing, if they have so many
_TELLING = 4  # characters of a value that is no accident
# What a row is known by where it has no id.
_KNOWN_BY: Mapping[str, tuple[Wanted, ...]] = MappingProxyType(
    {
        "organizations": (Wanted(("name",), ("organization",)), Wanted(("organization",), ("name",))),
        "plans": (Wanted(("name",), ("plan",)), Wanted(("plan",), ("name",))),
        "users": tuple(NAMES["users"][key] for key in ("logon", "address", "name")),
    }
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A path that may be a field's source.

    Attributes:
        score: how much speaks for it.
        path: where.
        hashed: whether only an opaque id made of it will do.
    """

    score: float
    path: Keys
    hashed: bool = False


@dataclass(slots=True)
class Matches:
    """What was found for the fields that a profile has no source for in this panel.

    Attributes:
        sure: the one path of each field.
        unsure: the paths of each field of which none is clearly the one.
    """

    sure: dict[str, Candidate] = field(default_factory=dict)
    unsure: dict[str, tuple[Keys, ...]] = field(default_factory=dict)


def source_path(plan: TablePlan, rows: Rows, source: Source) -> Keys | None:
    """The path of a source that the rows have, by the profile's order; None for a hash or if they have none."""
    for alternative in source.path:
        named = [plan.maker.name_of(path) for path in alternative.paths]
        if all(path in rows.columns for path in named):
            return None if alternative.hash else named[0]
    return None


def is_there(plan: TablePlan, rows: Rows, source: Source) -> bool:
    """Whether the rows have what one of the source's alternatives needs."""
    return any(
        all(plan.maker.name_of(path) in rows.columns for path in alternative.paths)
        for alternative in source.path
    )


def fits(declared: Field, words: Words | None, seen: Seen) -> bool:  # noqa: PLR0911 - one line a kind
    """Whether what a path holds can be read as the field."""
    said = seen.values - seen.others
    if seen.others:
        return False
    if words is not None:
        return not seen.fractions
    match declared.kind:
        case Kind.ID:
            return seen.opaque and seen.nulls == 0
        case Kind.REFERENCE | Kind.KEY | Kind.NAME | Kind.TEXT:
            return seen.texts == said
        case Kind.CODE:
            return not (seen.fractions or seen.booleans)
        case Kind.VALUE:
            return True
        case Kind.COUNT | Kind.SECONDS:
            return seen.numbers == said
        case Kind.FLAG:
            return seen.booleans == said
        case Kind.TIME:
            return not said or seen.time
        case _:
            return False


def known_id(plan: TablePlan, rows: Rows) -> Keys | None:
    """The path of the table's id: the profile's, or one that is surely it; None if there is none that can be asked by."""
    source = plan.table.fields.sources()["id"]
    if is_there(plan, rows, source):
        return source_path(plan, rows, source)
    found = match(plan.name, rows, ["id"], taken=()).sure.get("id")
    return None if found is None or found.hashed else found.path


def match(
    table: str,
    rows: Rows,
    wanted: Iterable[str],
    *,
    taken: Iterable[Keys],
    targets: Mapping[str, Seen] | None = None,
) -> Matches:
    """Find paths for fields of a table.

    Args:
        table: our name of it.
        rows: what it holds.
        wanted: the fields.
        taken: paths that are other fields' already.
        targets: for fields that refer to another table, the values that they refer to.
    """
    ways: dict[Keys, frozenset[str]] = dict.fromkeys(taken, frozenset({"taken"}))
    left = {name: candidates(table, name, rows, (targets or {}).get(name)) for name in wanted}
    found = Matches()
    while left:
        open_ = {
            name: [
                _lowered(each, ways)
                for each in each_field
                if _agree(ways.get(each.path, frozenset()) | {_way(table, name, each)})
            ]
            for name, each_field in left.items()
        }
        ranked = {name: sorted(each, key=lambda one: -one.score) for name, each in open_.items()}
        name = max(ranked, key=lambda name: _lead(ranked[name]))
        best = ranked[name]
        del left[name]
        if not best:
            continue
        if len(best) > 1 and best[0].score - best[1].score < LEAD:
            found.unsure[name] = tuple(each.path for each in best[:3])
            continue
        found.sure[name] = best[0]
        ways[best[0].path] = ways.get(best[0].path, frozenset()) | {_way(table, name, best[0])}
    return found


def _way(table: str, name: str, each: Candidate) -> str:
    """How a field reads its path."""
    shared = {Kind.STATUS: "words", Kind.NAME: "name"}
    return "hash" if each.hashed else shared.get(TABLES[table][name].kind, f"field {name}")


def _agree(ways: frozenset[str]) -> bool:
    """Whether one path may be read in these ways: a word may mean several things, and of a name an id may be made."""
    return len(ways) == 1 or ways <= {"name", "hash"}


def candidates(table: str, name: str, rows: Rows, target: Seen | None = None) -> list[Candidate]:
    """Every path that may be this field's."""
    wanted, declared = NAMES[table][name], TABLES[table][name]
    found = list(_named(wanted, declared, rows, target))
    if name == "id" and not found:
        for other in _KNOWN_BY[table]:
            known = [
                each
                for each in _named(other, declared, rows, None)
                if each.path not in {f.path for f in found}
            ]
            found += [Candidate(each.score - len(found), each.path, hashed=True) for each in known]
    return found


def _named(wanted: Wanted, declared: Field, rows: Rows, target: Seen | None) -> Iterator[Candidate]:
    for path, seen in rows.fields:
        refers = target is not None and overlaps(seen, target)
        named = name_score(wanted, path)
        if named is None and not refers:
            continue
        held = _value_score(declared, seen)
        if held is None or not rows.shown(path):
            continue
        hashed = declared.kind is Kind.ID and not seen.opaque
        yield Candidate((named or 0) + held + _REFERS * refers, path, hashed)


def overlaps(seen: Seen, target: Seen) -> bool:
    """Whether so many values of one path are values of another that they must be about the same things."""
    return tells(seen, shared(seen, target))


def shared(seen: Seen, target: Seen) -> frozenset[str]:
    """The values of one path that are values of another too."""
    return frozenset(map(_same, seen.words)) & frozenset(map(_same, target.words))


def tells(seen: Seen, common: frozenset[str]) -> bool:
    """Whether these values of a path are enough to tell that they are no accident."""
    telling = seen.texts > 0 and max(map(len, common), default=0) >= _TELLING
    return telling and len(common) >= min(_MATCHES, len(seen.words))


def _same(word: str) -> str:
    return " ".join(word.split()).casefold()


def name_score(wanted: Wanted, path: Keys) -> float | None:
    """How much a path's name speaks for the field; None if it does not."""
    leaf = name_tokens(path[-1])
    above = frozenset().union(*(name_tokens(key) for key in path[:-1]))
    score = 0.0
    if any(leaf & CONCEPTS[concept] for concept in wanted.never):
        return None
    for concept in wanted.must:
        if not (leaf | above) & CONCEPTS[concept]:
            return None
        score += _LEAF if leaf & CONCEPTS[concept] else _ABOVE
    score += sum(_MAY for concept in wanted.may if (leaf | above) & CONCEPTS[concept])
    explained = FILLERS.union(*(CONCEPTS[concept] for concept in (*wanted.must, *wanted.may)))
    return score - _UNEXPLAINED * len(leaf - explained)


def _value_score(declared: Field, seen: Seen) -> float | None:
    """How much what a path holds speaks for the field; None if it cannot be."""
    if declared.statuses or declared.kind is Kind.FLAG:
        return _word_score(declared, seen)
    if declared.kind is Kind.ID:  # a number or a name will do where a hash can be made of it
        plain = _plain(seen)
        return 0.0 if plain and seen.unique else None
    if declared.kind is Kind.REFERENCE:
        return 0.0 if _plain(seen) else None
    if declared.kind in {Kind.KEY, Kind.NAME, Kind.TEXT} and seen.time:
        return None
    if declared.kind is Kind.SECONDS and seen.time:
        return None
    return 0.0 if fits(declared, None, seen) else None


def _plain(seen: Seen) -> bool:
    """Whether it holds texts and whole numbers, and they are no times."""
    return not (seen.fractions or seen.booleans or seen.others or seen.time)


def _word_score(declared: Field, seen: Seen) -> float | None:
    if not seen.values:
        return None if declared.need is Need.REQUIRED else 0.0
    if not seen.enumeration:
        return None
    meant = sum(
        count for word, count in seen.words.items() if status_of(declared, word, seen) is not None
    ) / sum(seen.words.values())
    return _MEANS * meant if 2 * meant >= 1 else None


def status_of(declared: Field, word: str, seen: Seen) -> object | None:
    """What a word of a status or flag means; digits mean something only where there are but 0 and 1."""
    if word.isdecimal():
        two = {"0": "no", "1": "yes"}
        if seen.words.keys() - two.keys() or word not in two:
            return None
        word = two[word]
    return meaning(declared.statuses or bool, word)


def _lowered(each: Candidate, used: Container[Keys]) -> Candidate:
    return Candidate(each.score - _USED, each.path, each.hashed) if each.path in used else each


def _lead(ranked: list[Candidate]) -> tuple[float, float]:
    """Which field is decided first: the one of which it is clearest."""
    if not ranked:
        return (-1.0, 0.0)
    second = ranked[1].score if len(ranked) > 1 else 0.0
    return (min(ranked[0].score - second, LEAD), ranked[0].score)
