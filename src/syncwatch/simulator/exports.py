"""The panel's CSV exports of organizations, users and sessions, as a tenant stands at this moment.

Read together they tell the same states as the JSON interface. There is none of issues and none of plans, because
the vendor documents none. The headings changed in 2023 and how a file is written depends on who exports it, so each
tenant has its own dialect, by its number: any eighteen tenants in a row have all of them.
"""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple, TypeVar

from syncwatch.simulator.people import DISABLED, DISABLED_BY_ERROR, ENABLED, Organization, Session, User
from syncwatch.simulator.wire import session_fields
from syncwatch.simulator.world import Tenant

T = TypeVar("T")
Columns = Mapping[str, Callable[[T], object]]  # what stands below each heading

TABLES = ("organizations", "users", "sessions")
_ENCODINGS = ("utf-8", "utf-8-sig", "utf-16")  # the last two begin with a byte order mark
_DELIMITERS = (",", ";", "\t")


class Dialect(NamedTuple):
    """How one tenant's files are written; `newer` is whether they have the headings of 2023."""

    newer: bool
    encoding: str
    delimiter: str


class _Run(NamedTuple):
    """A session, how its export names the user, and what the panel shows of it, by the contract's names."""

    user: str
    session: Session
    shown: Mapping[str, object]


def dialect_of(number: int) -> Dialect:
    """The dialect of the tenant with this number."""
    return Dialect(bool(number % 2), _ENCODINGS[number % 3], _DELIMITERS[number // 3 % 3])


def exports_of(tenant: Tenant, *, sessions: int, errors_only: bool) -> dict[str, bytes]:
    """The file of each of `TABLES`.

    Args:
        tenant: whose they are.
        sessions: how many ended sessions of each user are exported, besides the one that runs.
        errors_only: whether only sessions with errors are, as the panel's own view has it.
    """
    dialect = dialect_of(tenant.number)
    time, users = (_iso, _NEWER_USER) if dialect.newer else (_american, _LEGACY_USER)
    runs = [
        run
        for run in _runs(tenant, sessions, newer=dialect.newer)
        if not errors_only or run.shown["status"] == "errors"
    ]
    return {
        "organizations": _file(dialect, _ORGANIZATION, tenant.organizations),
        "users": _file(dialect, users, tenant.users),
        "sessions": _file(dialect, _session_columns(time), runs),
    }


def _runs(tenant: Tenant, sessions: int, *, newer: bool) -> list[_Run]:
    """All users' newest sessions, the newest of all first."""
    names = Counter(user.name for user in tenant.users)
    runs = []
    for user in tenant.users:
        unique = user.name if names[user.name] == 1 else user.email
        running = (user.running,) if user.running else ()
        label = unique if newer else _logon(user)
        newest = (*running, *islice(user.ended, sessions))
        runs += [_Run(label, session, session_fields(session)) for session in newest]
    return sorted(runs, key=lambda run: run.session.started, reverse=True)


def _file(dialect: Dialect, columns: Columns[T], rows: Iterable[T]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=dialect.delimiter)
    writer.writerow(columns)
    writer.writerows([value(row) for value in columns.values()] for row in rows)
    return text.getvalue().encode(dialect.encoding)


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _american(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%m/%d/%Y %I:%M:%S %p")


def _logon(user: User) -> str:
    """The name with which the user signs in to the mail server: domain, backslash, mailbox."""
    mailbox, _, domain = user.email.partition("@")
    return f"{domain.partition('.')[0].upper()}\\{mailbox}"


def _off(user: User) -> object:
    """The old switch: whether a person or an error has switched the user off; a strange status as it is."""
    return True if user.error else {ENABLED: False, DISABLED: True}.get(user.switch, user.switch)


def _last_session(user: User) -> str | None:
    newest = user.running or (user.ended[0] if user.ended else None)
    return _iso(newest.started) if newest else None


_ORGANIZATION: Columns[Organization] = {
    "ID": lambda one: one.id,
    "Name": lambda one: one.name,
    "Mailbox access type": lambda one: one.access_type,
    "Synchronization status": lambda one: one.status,
    "CRM service account status": lambda one: one.crm,
}

_LEGACY_USER: Columns[User] = {
    "Name": lambda user: user.name,
    "E-Mail for Notifications": lambda user: user.email,
    "Organization": lambda user: user.organization.name,
    "Plan": lambda user: user.plan and user.plan.name,
    "Account Logon": _logon,
    "Synchronization Disabled": _off,
    "Mailbox Status": lambda user: user.mailbox,
    "Created On": lambda user: _american(user.created),
    "Disabled Due To An Error": lambda user: user.error,
    "Updated On": lambda user: _american(user.updated),
}

_NEWER_USER: Columns[User] = {
    "Name": lambda user: user.name,
    "Email": lambda user: user.email,
    "Profile": lambda user: user.organization.name,
    "License": lambda user: user.plan and user.plan.name,
    "Mailbox access type": lambda user: user.enters,
    "User ID": lambda user: user.id,
    "Issues": lambda user: len(user.issues),
    "Last synchronization session": _last_session,
    "Synchronization status": lambda user: DISABLED_BY_ERROR if user.error else user.switch,
    "Disabled due to an error": lambda user: user.error,
    "Mailbox Status": lambda user: user.mailbox,
    "Created On": lambda user: _iso(user.created),
    "Updated On": lambda user: _iso(user.updated),
}


def _session_columns(time: Callable[[float], str]) -> Columns[_Run]:
    return {
        "Job ID": lambda run: run.session.job,
        "User": lambda run: run.user,
        "Synchronization start date": lambda run: time(run.session.started),
        "Synchronization end date": lambda run: (
            None if run.session.ended is None else time(run.session.ended)
        ),
        "Status": lambda run: run.shown["status"],
        "Synchronization Scope": lambda run: run.shown["scope"],
        "Changes": lambda run: run.shown["changes"],
        "Issues": lambda run: run.shown["issues"],
        "Error Category": lambda run: run.shown["errorCategory"],
        "Error Source": lambda run: run.shown["errorSource"],
        "Message": lambda run: run.shown["message"],
    }
