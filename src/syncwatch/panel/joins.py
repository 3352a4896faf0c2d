"""Whose a row is, in a list of many users: told by comparing what the row says with what is known of the users.

The keys (logon, address, name) are tried in the profile's order. One that fits two users fits nobody: such a row is
counted and given to none, and what is known of those users is not whole; a wrong guess would be worse than none.
Keys live within one poll, as texts do, and go no further than its rows.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from syncwatch.errors import PollError, Reason
from syncwatch.panel.tables import USER_KEYS
from syncwatch.rows import Figures

FEW = 3  # rows that fit nobody may be those of users who were deleted


class Joined(NamedTuple):
    """The rows of one table by user id, and the users who may have more of them."""

    rows: Mapping[str, tuple[Any, ...]]
    doubtful: frozenset[str]


class Keyring:
    """What the users of one tenant are known by."""

    def __init__(self, users: Iterable[Any]) -> None:
        self._by: dict[str, defaultdict[str, set[str]]] = {key: defaultdict(set) for key in USER_KEYS}
        self._any = False
        for user in users:
            self._any = True
            for key, known in self._by.items():
                if value := getattr(user, key):
                    known[_same(value)].add(user.id)

    def join(self, table: str, rows: Iterable[Any], order: tuple[str, ...], figures: Figures) -> Joined:
        """Give each row to its user, counting into `figures` those that cannot be given to one.

        Raises:
            PollError: not one of more than a few can: users who were deleted since would be few.
        """
        given: defaultdict[str, list[Any]] = defaultdict(list)
        doubtful: set[str] = set()
        lost = 0
        owners: dict[str | None, frozenset[str]] = {}
        for row in rows:
            named = row.user
            if named not in owners:
                owners[named] = self._owners(named, order)
            whose = owners[named]
            if len(whose) == 1:
                given[next(iter(whose))].append(row)
                continue
            lost += 1
            doubtful |= whose
        if lost:
            figures.unknown_values.update(Counter({f"{table}.user": lost}))
        if lost >= FEW and not given and not doubtful and self._any:
            raise PollError(
                Reason.SCHEMA, f"{table}: no row names a user of the users list: see {table}.user"
            )
        return Joined({user: tuple(theirs) for user, theirs in given.items()}, frozenset(doubtful))

    def _owners(self, named: str | None, order: tuple[str, ...]) -> frozenset[str]:
        """The users that a row may mean: by the first key that fits any."""
        wanted = _same(named or "")
        found = (self._by[key].get(wanted) for key in order) if wanted else ()
        return frozenset(next(filter(None, found), ()))


def _same(text: str) -> str:
    return " ".join(text.split()).casefold()
