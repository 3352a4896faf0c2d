"""Whose the rows of a list of many users are: told by values that stand in the users list as well."""

from collections.abc import Mapping
from typing import NamedTuple

from syncwatch.panel.profile.written import Keys
from syncwatch.panel.survey.likeness import name_score, shared, source_path, tells
from syncwatch.panel.survey.lists import Surveyed
from syncwatch.panel.survey.seen import Seen
from syncwatch.panel.survey.vocabulary import NAMES
from syncwatch.panel.tables import USER_KEYS

_PERSONAL = ("address", "logon", "name")


class Join(NamedTuple):
    """How rows find their users.

    Attributes:
        path: what a row says.
        keys: the users' keys with which it is compared, in this order.
        changed: whether the profile says something else.
        added: where the users list has those keys that the profile does not map.
    """

    path: Keys
    keys: tuple[str, ...]
    changed: bool
    added: Mapping[str, Keys]


def join_of(table: Surveyed, users: Surveyed, ids: Seen | None) -> Join | None:
    """The join of a list of many users; None if nothing in it is clearly a user's.

    Args:
        table: the list.
        users: the users list.
        ids: what the users' ids are, if they are known.
    """
    plan, rows = table.plan, table.rows
    source = plan.table.fields.sources().get("user")
    said = source_path(plan, rows, source) if source is not None else None
    best: tuple[float, Keys, dict[str, Keys]] | None = None
    for path, seen in rows.fields:
        if (said is not None and path != said) or not rows.shown(path) or seen.time:
            continue
        named = name_score(NAMES[plan.name]["user"], path)
        keys, common = _keys(users, ids, seen)
        numbered = named is not None and "id" in keys and len(common) == len(seen.words)
        if (numbered or tells(seen, common)) and (best is None or (named or 0.0) > best[0]):
            best = named or 0.0, path, keys
    if best is None:
        return None
    _, path, keys = best
    order = tuple(key for key in USER_KEYS if key in keys)
    unchanged = path == said and set(order) <= set(plan.join)
    added = {key: at for key, at in keys.items() if key != "id" and not _has(users, key, at)}
    return Join(path, order, not unchanged, added)


def _keys(users: Surveyed, ids: Seen | None, seen: Seen) -> tuple[dict[str, Keys], frozenset[str]]:
    """The users' keys that hold values of a path, each with where; and those values."""
    keys: dict[str, tuple[int, Keys]] = {}
    common: frozenset[str] = frozenset()
    for path, theirs in users.rows.fields:
        key = "id" if theirs is ids else _role(users, path)
        both = shared(seen, theirs) if key and users.rows.shown(path) else frozenset()
        if key and both and len(both) > keys.get(key, (0, ()))[0]:
            keys[key] = len(both), path
            common |= both
    return {key: path for key, (_, path) in keys.items()}, common


def _role(users: Surveyed, path: Keys) -> str | None:
    """What of a user a path is: as the profile has it, or by its name; None if nothing."""
    known = (key for key in _PERSONAL if _has(users, key, path))
    named = (key for key in _PERSONAL if name_score(NAMES["users"][key], path) is not None)
    return next(known, None) or next(named, None)


def _has(users: Surveyed, key: str, path: Keys) -> bool:
    source = users.plan.table.fields.sources().get(key)
    return source is not None and source_path(users.plan, users.rows, source) == path
