"""Every statement of the journal, written once and compiled once for each engine.

They run as driver SQL with tuples, because Core's own execution takes two and a half times as long. So the order of a
tuple is part of a statement: it is told here, and checked against what the compiler made of it.
"""

from collections.abc import Collection

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Dialect,
    Table,
    bindparam,
    delete,
    literal_column,
    null,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import ClauseElement

from syncwatch.state.store.tables import COUNTERS, ISSUES, TENANTS, USERS, WRITTEN

WIDTH = 16  # tenants that one SELECT asks for, so that its text is always the same; of a hundred users each

STAND = ("version", "epoch", "written", "normalisation")  # what a commit is conditional on

_NONE = null()
_ZERO: ColumnElement[int] = literal_column("0")
_KEY: BindParameter[str] = bindparam("key")
_USER: BindParameter[str] = bindparam("user")
_INSTANT: BindParameter[float] = bindparam("instant")
_ASKED: tuple[BindParameter[str], ...] = tuple(bindparam(f"tenant_{number}") for number in range(WIDTH))
_NAMES = tuple(each.key for each in _ASKED)


class Reads:
    """What asks.

    Attributes:
        recall: tenant, last success and counters of all tenants.
        stands: tenant, and the columns `STAND`, of `WIDTH` tenants, whom nobody else may change meanwhile.
        tenants: of `WIDTH` tenants, the columns `WRITTEN`.
        users: whole rows of their users.
        issues: whole rows of their users' issues.
        gone: tenant, and since when it is gone, of all tenants.
    """

    def __init__(self, dialect: Dialect) -> None:
        tenant = TENANTS.c.tenant
        recall = select(tenant, TENANTS.c.last_success, *(TENANTS.c[name] for name in COUNTERS))
        stands = select(tenant, *(TENANTS.c[name] for name in STAND))
        stands = stands.where(tenant.in_(_ASKED)).order_by(tenant).with_for_update()
        tenants = select(*(TENANTS.c[name] for name in WRITTEN)).where(tenant.in_(_ASKED))
        users = select(USERS).where(USERS.c.tenant.in_(_ASKED))
        issues = select(ISSUES).where(ISSUES.c.tenant.in_(_ASKED))
        self.recall = _text(dialect, recall)
        self.stands = _text(dialect, stands, *_NAMES)
        self.tenants = _text(dialect, tenants, *_NAMES)
        self.users = _text(dialect, users, *_NAMES)
        self.issues = _text(dialect, issues, *_NAMES)
        self.gone = _text(dialect, select(tenant, TENANTS.c.gone_since).order_by(tenant))


class Writes:
    """What a commit does, in the order in which it does it.

    Attributes:
        new_tenant: `WRITTEN`; fails where the tenant stands already.
        tenant: `WRITTEN`; it is no longer gone.
        wiped_users: tenant: none of its users stays.
        wiped_issues: tenant: none of its users' issues stays.
        gone_user: tenant, user.
        gone_user_issues: tenant, user: none of that user's issues stays.
        user: a whole row.
        gone_issue: tenant, user, fingerprint.
        issue: a whole row.
        closed_issue: a whole row, but the finding that stands there stays.
    """

    def __init__(self, dialect: Dialect) -> None:
        users = delete(USERS).where(USERS.c.tenant == _KEY)
        issues = delete(ISSUES).where(ISSUES.c.tenant == _KEY)
        of_user = issues.where(ISSUES.c.user_id == _USER)
        issue = of_user.where(ISSUES.c.fingerprint == bindparam("fingerprint"))
        finding = {"direction", "operation", "finding"}
        self.new_tenant = _text(dialect, _insert(dialect, TENANTS, WRITTEN), *WRITTEN)
        self.tenant = _put(dialect, TENANTS, WRITTEN, gone_since=_NONE)
        self.wiped_users = _text(dialect, users, "key")
        self.wiped_issues = _text(dialect, issues, "key")
        self.gone_user = _text(dialect, users.where(USERS.c.user_id == _USER), "key", "user")
        self.gone_user_issues = _text(dialect, of_user, "key", "user")
        self.user = _put(dialect, USERS, USERS.c.keys())
        self.gone_issue = _text(dialect, issue, "key", "user", "fingerprint")
        self.issue = _put(dialect, ISSUES, ISSUES.c.keys())
        self.closed_issue = _put(dialect, ISSUES, ISSUES.c.keys(), but=finding)


class Removals:
    """What forgets.

    Attributes:
        tenant: tenant: its row, which locks out whoever commits; `Writes.wiped_users` and `wiped_issues` are the rest.
        mark: instant, tenant: it is gone since then, if it was not before.
        unmark: tenant.
        expired: tenant, instant: its row, if it has been gone since before then.
        issues: instant: those that have been gone since then or before.
    """

    def __init__(self, dialect: Dialect) -> None:
        gone = TENANTS.c.gone_since
        tenant, marked = TENANTS.c.tenant == _KEY, update(TENANTS).where(TENANTS.c.tenant == _KEY)
        issues = delete(ISSUES).where(ISSUES.c.open == _ZERO, ISSUES.c.gone_since <= _INSTANT)
        self.tenant = _text(dialect, delete(TENANTS).where(tenant), "key")
        self.mark = _text(
            dialect, marked.where(gone.is_(_NONE)).values(gone_since=_INSTANT), "instant", "key"
        )
        self.unmark = _text(dialect, marked.values(gone_since=_NONE), "key")
        self.expired = _text(dialect, delete(TENANTS).where(tenant, gone < _INSTANT), "key", "instant")
        self.issues = _text(dialect, issues, "instant")


def _put(
    dialect: Dialect,
    table: Table,
    names: Collection[str],
    *,
    but: Collection[str] = (),
    **also: ColumnElement[None],
) -> str:
    """Insert a row of the columns `names`, or replace them in the one that stands, but for some of them."""
    insert = _insert(dialect, table, names)
    key = [column.name for column in table.primary_key]
    new = {name: insert.excluded[name] for name in names if name not in {*key, *but}}
    return _text(dialect, insert.on_conflict_do_update(index_elements=key, set_={**new, **also}), *names)


def _insert(dialect: Dialect, table: Table, names: Collection[str]) -> sqlite.Insert | postgresql.Insert:
    insert = postgresql.insert(table) if dialect.name == "postgresql" else sqlite.insert(table)
    return insert.values({name: bindparam(name) for name in names})


def _text(dialect: Dialect, statement: ClauseElement, *order: str) -> str:
    """The statement in the engine's SQL, to be run with tuples in this order of its binds."""
    compiled = statement.compile(dialect=dialect)
    made = tuple(getattr(compiled, "positiontup", None) or ())
    if made != order:
        raise AssertionError(f"the binds are {made}, and not {order}")
    return str(compiled)
