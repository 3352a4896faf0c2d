"""What the journal does, each a piece of one transaction over one connection, the same on both engines.

None of it begins or ends a transaction. A change is written only if the tenant's row is still the one that the change
was derived from, and that row stays locked until the transaction ends, so that of two writers only one counts. Everybody
takes tenants in the same order, so that no two wait for each other.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing
from typing import Any, NamedTuple, cast

from sqlalchemy import Connection, Dialect

from syncwatch.state.difference import changed_users
from syncwatch.state.journal import Change, Commit, Recalled
from syncwatch.state.memory import TenantMemory, UserMemory
from syncwatch.state.store.records import Records, Row, TenantRow
from syncwatch.state.store.statements import WIDTH, Reads, Removals, Writes
from syncwatch.state.transitions import DAY

EXPIRED = 100  # tenants that are removed in one transaction at most

_NEW = TenantMemory()


class Forgotten(NamedTuple):
    """How much the journal had of a tenant."""

    users: int
    issues: int


class _Stand(NamedTuple):
    """What a commit is conditional on."""

    version: int
    epoch: int
    written: float | None
    normalisation: int


class Transactions:
    """The transactions of the journal.

    Args:
        dialect: the engine's.
        normalisation: version of what makes the fingerprints; see `Records`.
    """

    def __init__(self, dialect: Dialect, normalisation: int) -> None:
        self._normalisation = normalisation
        self._records = Records(normalisation)
        self._reads = Reads(dialect)
        self._writes = Writes(dialect)
        self._removals = Removals(dialect)

    def recall(self, connection: Connection) -> dict[str, Recalled]:
        """Counters and last success of all tenants."""
        return dict(map(self._records.recalled, _rows(connection, self._reads.recall)))

    def load(self, connection: Connection, tenants: Sequence[str]) -> dict[str, TenantMemory]:
        """The memory of each of the tenants, an empty one where there is none.

        A tenant's own row is read first: if somebody commits before the others are read, the version tells, and what
        is derived from this memory will be refused.
        """
        memories = dict.fromkeys(tenants, _NEW)
        for some in _some(tenants):
            known = [TenantRow._make(row) for row in _rows(connection, self._reads.tenants, some)]
            users, issues = _lists(), defaultdict[str, defaultdict[str, list[Row]]](_lists)
            for row in _rows(connection, self._reads.users, some):
                users[row[0]].append(row)
            for row in _rows(connection, self._reads.issues, some):
                issues[row[0]][row[1]].append(row)
            for row in known:
                memories[row.tenant] = self._records.memory(row, users[row.tenant], issues[row.tenant])
        return memories

    def commit(self, connection: Connection, changes: Sequence[Change]) -> dict[str, Commit]:
        """Write those of the changes, each of another tenant, that come from what the journal has; refuse the others.

        Raises:
            sqlalchemy.exc.IntegrityError: somebody else added one of the tenants just now.
        """
        changes = sorted(changes, key=lambda change: change.tenant)
        stands = self._stands(connection, [change.tenant for change in changes])
        answers: dict[str, Commit] = {}
        batch: dict[str, list[Row]] = {sql: [] for sql in vars(self._writes).values()}
        for change in changes:
            stand = stands.get(change.tenant)
            if _comes_from(change.before, stand):
                self._write(batch, change, stand)
                answers[change.tenant] = Commit.COMMITTED
            else:
                answers[change.tenant] = Commit.REFUSED
        for sql, rows in batch.items():
            if rows:
                connection.exec_driver_sql(sql, rows)
        return answers

    def forget(self, connection: Connection, tenant: str) -> Forgotten | None:
        """Delete all of a tenant; None if there was nothing."""
        if not _done(connection, self._removals.tenant, tenant):
            return None
        return self._wipe(connection, tenant)

    def retain(
        self, connection: Connection, present: Collection[str], now: float, retention: float
    ) -> tuple[str, ...]:
        """Delete tenants that have been gone for longer than `retention` seconds, and issues gone for a day.

        A tenant is gone since the first call whose `present` it is not in. At most `EXPIRED` go at once.

        Returns:
            The deleted tenants.
        """
        present, removals = frozenset(present), self._removals
        expired: list[str] = []
        for tenant, gone_since in _rows(connection, self._reads.gone):
            if tenant in present:
                if gone_since is not None:
                    _done(connection, removals.unmark, tenant)
            elif gone_since is None:
                _done(connection, removals.mark, now, tenant)
            elif len(expired) < EXPIRED and _done(connection, removals.expired, tenant, now - retention):
                self._wipe(connection, tenant)
                expired.append(tenant)
        _done(connection, removals.issues, now - DAY)
        return tuple(expired)

    def _stands(self, connection: Connection, tenants: Sequence[str]) -> dict[str, _Stand]:
        """What there is of the tenants; nobody else may change it before this transaction ends."""
        return {
            tenant: _Stand(*stand)
            for some in _some(tenants)
            for tenant, *stand in _rows(connection, self._reads.stands, some)
        }

    def _write(self, batch: dict[str, list[Row]], change: Change, stand: _Stand | None) -> None:
        """Add the rows of one change; all of the tenant, where what stands is nothing or has other fingerprints."""
        tenant, before, writes = change.tenant, change.before, self._writes
        if stand is None:
            before = _NEW
        elif stand.normalisation != self._normalisation:
            before = _NEW
            batch[writes.wiped_users].append((tenant,))
            batch[writes.wiped_issues].append((tenant,))
        batch[writes.tenant if stand else writes.new_tenant].append(
            self._records.tenant_row(tenant, change.after)
        )
        for id_ in before.users.keys() - change.after.users.keys():
            batch[writes.gone_user].append((tenant, id_))
            batch[writes.gone_user_issues].append((tenant, id_))
        for old, user in changed_users(before, change.after):
            batch[writes.user].append(self._records.user_row(tenant, user))
            self._write_issues(batch, tenant, old, user)

    def _write_issues(
        self, batch: dict[str, list[Row]], tenant: str, old: UserMemory | None, user: UserMemory
    ) -> None:
        was = self._records.issue_rows(tenant, old) if old else {}
        now = self._records.issue_rows(tenant, user)
        for fingerprint, row in now.items():
            if was.get(fingerprint) != row:
                open_ = user.known[fingerprint].open
                batch[self._writes.issue if open_ else self._writes.closed_issue].append(row)
        for fingerprint in was.keys() - now.keys():
            batch[self._writes.gone_issue].append((tenant, user.facts.id, fingerprint))

    def _wipe(self, connection: Connection, tenant: str) -> Forgotten:
        """Delete what else there is of a tenant whose own row is deleted."""
        return Forgotten(
            users=_done(connection, self._writes.wiped_users, tenant),
            issues=_done(connection, self._writes.wiped_issues, tenant),
        )


def _comes_from(before: TenantMemory, stand: _Stand | None) -> bool:
    if stand is None:
        return before.version == 0
    return (before.version, before.epoch, before.written) == (stand.version, stand.epoch, stand.written)


def _lists() -> defaultdict[str, list[Row]]:
    return defaultdict(list)


def _some(tenants: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """All of them, `WIDTH` at a time; the last ones are repeated until there are as many."""
    for start in range(0, len(tenants), WIDTH):
        some = tuple(tenants[start : start + WIDTH])
        yield (some * WIDTH)[:WIDTH]


def _rows(connection: Connection, sql: str, parameters: tuple[Any, ...] = ()) -> Iterable[Row]:
    """The driver's own tuples: SQLAlchemy's rows would take a fifth of a load's time."""
    with closing(connection.exec_driver_sql(sql, parameters)) as result:
        return cast("list[Row]", result.cursor.fetchall())


def _done(connection: Connection, sql: str, *parameters: object) -> int:
    """How many rows it concerned."""
    return connection.exec_driver_sql(sql, parameters).rowcount
