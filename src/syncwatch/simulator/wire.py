"""Rows and pages as the contract has them: JSON bytes out of the world.

A user's row is encoded once for each change of that user, and a page is those rows put together, so that a
panel nobody changes is served for the price of a copy. Where a page may be cached, its entity tag comes from
the versions of its rows; it need not be read to be known.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from syncwatch.simulator.fiction import digest, subject, timestamp
from syncwatch.simulator.people import Activity, Issue, Organization, Plan, Session, User

_AUTHENTICATION = frozenset(
    {"oauth_token_expired", "auth_policy_blocked", "impersonation_denied", "salesforce_auth"},
)
_encode = msgspec.json.Encoder().encode


def organization_row(organization: Organization) -> bytes:
    """A row of the organizations list."""
    return _encode(
        {
            "id": organization.id,
            "name": organization.name,
            "externalId": None,
            "mailboxAccessType": organization.access_type,
            "synchronizationStatus": organization.status,
            "crmConnection": organization.crm,
        },
    )


def settings_rows(organization: Organization) -> list[bytes]:
    """An organization's settings."""
    settings = {
        "ServiceAutoTrackRecurrentEvents": organization.recurring,
        "ServiceSyncNotRespondedInvitations": "0",
        "ServiceEventDeletionStrategy": "1",
    }
    return [
        _encode({"name": name, "value": value, "mode": "Allow"})
        for name, value in settings.items()
        if value is not None
    ]


def plan_row(plan: Plan) -> bytes:
    """A row of the plans list."""
    return _encode(
        {
            "id": plan.id,
            "name": plan.name,
            "externalId": None,
            "synchronizationIntervalSeconds": plan.interval,
            "active": plan.active,
        },
    )


def user_row(user: User, *, terse: bool) -> bytes:
    """A row of the users list; a `terse` panel leaves the message of the last session to the Statistics tab."""
    if user.encoded is None:
        user.encoded = _encode(_user(user, terse=terse))
    return user.encoded


def session_fields(session: Session) -> dict[str, Any]:
    """All that the panel shows of a session, by the contract's names."""
    clean = session.completed and not session.issues and not session.conflicts
    failed = session.ended is not None and not session.completed
    return {
        "jobId": session.job,
        "startedAt": timestamp(session.started),
        "endedAt": None if session.ended is None else timestamp(session.ended),
        "status": "running" if session.ended is None else "finished" if clean else "errors",
        "scope": "Incremental",
        "changes": digest(session.job)[31] % 8 if session.completed else 0,
        "failures": session.issues,
        "issues": session.issues,
        "conflicts": session.conflicts,
        "errorSource": _source(session) if failed else None,
        "errorCategory": _category(session) if failed else None,
        "message": session.message,
    }


def session_row(session: Session) -> bytes:
    """A row of the Statistics tab."""
    return _encode(session_fields(session))


def issue_row(user: User, issue: Issue) -> bytes:
    """A row of the Issues tab: the same item each time, its text with the details of the last ended session."""
    last = user.ended[0] if user.ended else None
    job, at = (last.job, last.ended or last.started) if last else ("", user.created)
    name = subject(digest(issue.seed))
    return _encode(
        {
            "type": issue.type,
            "name": name,
            "direction": issue.direction,
            "operation": issue.operation,
            "errorCode": issue.code,
            "errorText": issue.text.render(digest(issue.seed, job), at, subject=name),
        },
    )


def activity_row(activity: Activity) -> bytes:
    """A row of the Activity tab."""
    return _encode(
        {
            "date": timestamp(activity.at),
            "changedBy": activity.by,
            "type": "User",
            "details": activity.details,
        },
    )


def page(rows: Iterable[bytes], following: str | None) -> bytes:
    """A page of any list."""
    return b'{"data":[%b],"nextCursor":%b}' % (b",".join(rows), _encode(following))


def page_tag(world: float, offset: int, users: Sequence[User]) -> str:
    """The entity tag of a page of users; two worlds that began at different times never share one."""
    version = sum(user.version for user in users)
    return f'"{int(world * 1000):x}-{offset:x}-{len(users):x}-{version:x}"'


def _user(user: User, *, terse: bool) -> dict[str, Any]:
    newest = user.running or (user.ended[0] if user.ended else None)
    session = None if newest is None else session_fields(newest)
    if terse and session is not None:
        del session["message"]
    access = {} if user.access_type is None else {"mailboxAccessType": user.access_type}
    return {
        "userId": user.id,
        "name": user.name,
        "email": user.email,
        "organizationId": user.organization.id,
        "planId": user.plan.id if user.plan else None,
        **access,
        "mailboxStatus": user.mailbox,
        "synchronizationStatus": user.switch,
        "effectiveSynchronizationStatus": user.effective,
        "disabledDueToError": user.error,
        "lastSession": session,
        "issues": len(user.issues),
        "createdOn": timestamp(user.created),
        "updatedOn": timestamp(user.updated),
    }


def _source(session: Session) -> str:
    class_ = session.text.class_ if session.text else ""
    if class_.startswith("salesforce_"):
        return "Connector"
    mail = class_.startswith(("exchange_", "oauth_", "auth_", "mailbox_", "impersonation_"))
    return "Microsoft Exchange" if mail else "Unknown"


def _category(session: Session) -> str | None:
    known = session.text is not None and session.text.class_ in _AUTHENTICATION
    return "caused by authentication issues" if known else None
