"""The support ticket about one user, as far as a monitor can fill it in: ids, codes and times, no subject, no address.

It says what support asks for, one field a line, and *not visible* where the panel does not show it. Its times are those
of sessions: an Issues tab has none.
"""

from collections.abc import Container, Iterable, Iterator
from itertools import takewhile
from typing import NamedTuple

from syncwatch.diagnosis.case import Case
from syncwatch.diagnosis.instant import instant
from syncwatch.diagnosis.items import Kind, kinds
from syncwatch.diagnosis.states import BY_ACTIVITY
from syncwatch.diagnosis.tree import MAILBOX_NOT_INITIALIZED, walk
from syncwatch.model import Finding, Ground, Owner, SessionFacts, State
from syncwatch.state.snapshot import UserView

HIDDEN = "not visible"

_OFF = frozenset({State.NOT_INITIALIZED, State.PAUSED})  # the tree tells whether something is wrong with that


class Trouble(NamedTuple):
    """What the ticket is about.

    Attributes:
        class_: what kind of trouble.
        owner: who must act.
        finding: what a text said, if one spoke.
        items: what does not sync; None where nothing of the user does.
        rows: how many items.
    """

    class_: str
    owner: Owner
    finding: Finding | None = None
    items: Kind | None = None
    rows: int = 0


class Seen(NamedTuple):
    """When a trouble was there; None where nothing tells.

    Attributes:
        first: the earliest evidence of its unbroken run.
        last: the newest evidence.
        earlier: whether it may have begun before, because nothing is shown from before.
    """

    first: float | None = None
    last: float | None = None
    earlier: bool = False


def trouble(case: Case) -> Trouble | None:
    """What is wrong with the user, the sync before single items; None if monitoring sees nothing to ask support about."""
    verdict, issues = case.verdict, case.facts.issues
    if verdict.state.sync_is_down and verdict.class_ is not None:
        return Trouble(verdict.class_, case.owner, verdict.finding)
    if verdict.state in _OFF:
        class_ = walk(case).leaf.class_
        return Trouble(class_, case.owner_of(class_, case.context)) if class_ else None
    if verdict.state is State.UP and issues:
        kind, rows = kinds(issues)[0]
        finding = next(issue.finding for issue in issues if issue.finding.class_ == kind.class_)
        return Trouble(kind.class_, kind.owner, finding, kind, rows)
    return None


def seen(case: Case, about: Trouble, sessions: Iterable[SessionFacts]) -> Seen:
    """Since when and until when; `sessions` are the user's ended ones, newest first, as far as a table shows them."""
    facts, verdict = case.facts, case.verdict
    if about.items is not None:
        return Seen(None, facts.last.ended if facts.last else None)
    if verdict.state is State.NOT_INITIALIZED:
        return Seen(facts.created, case.now)
    if verdict.state is State.PAUSED:
        return Seen(facts.switched_off.at if facts.switched_off else None, case.now)
    if verdict.state is State.STALLED:
        return Seen(verdict.since, case.now)
    run = _run(facts.last, tuple(sessions) or facts.before)
    if verdict.ground is not Ground.ACTIVITY or verdict.since is None:
        return run
    first = verdict.since if run.first is None else min(run.first, verdict.since)
    return Seen(first, max(verdict.since, run.last or verdict.since), run.earlier)


def _run(last: SessionFacts | None, table: tuple[SessionFacts, ...]) -> Seen:
    """The unbroken run of sessions that failed for what the last one did."""
    if last is None or last.completed:
        return Seen()
    sessions = (last, *(session for session in table if session.started < last.started))
    same = tuple(takewhile(lambda session: _said(session) == _said(last), sessions))
    return Seen(same[-1].ended, last.ended, earlier=len(same) == len(sessions))


def _said(session: SessionFacts) -> tuple[bool, str | None]:
    return session.completed, session.finding.class_ if session.finding else None


def ticket(
    tenant: str, case: Case, about: Trouble, when: Seen, users: Iterable[UserView], *, unread: Container[str]
) -> Iterator[str]:
    """The ticket, line by line.

    Args:
        tenant: its id.
        case: the user's.
        about: see `trouble`.
        when: see `seen`.
        users: all users of the tenant.
        unread: users of whom something is still to be read, so that there may be more of the others.
    """
    facts, codes = case.facts, about.finding.codes if about.finding else ()
    fields = {
        "tenant": tenant,
        "organization": facts.organization or HIDDEN,
        "user": facts.id,
        "access type": case.context.access or HIDDEN,
        "as of": instant(case.now),
        "state": case.verdict.state.value,
        "class": about.class_,
        "codes": ", ".join(codes) or "none",
        "owner": about.owner.value,
        **_job(case),
        "concerns": "the whole synchronization" if about.items is None else f"items: {about.rows}",
        "direction": _told(about.items and about.items.direction.value),
        "operation": _told(about.items and about.items.operation.value),
        "first seen": _time(when.first) + (" or earlier" if when.earlier else ""),
        "last seen": _time(when.last),
        "others": _others(case, about, users, unread),
        "to do": case.remedy(about.class_, about.owner),
    }
    for name, value in fields.items():
        yield f"{name + ':':<14} {value}"


def _job(case: Case) -> dict[str, str]:
    """The session that speaks: one that does not end, or else the last that did."""
    facts = case.facts
    if case.verdict.ground is Ground.ENDLESS and facts.running is not None:
        return {"job": facts.running.job, "started": instant(facts.running.started), "ended": "not yet"}
    if facts.last is None:
        return {"job": "none" if case.sight.sessions and case.sight.silence else HIDDEN}
    last = facts.last
    return {"job": last.job, "started": instant(last.started), "ended": instant(last.ended)}


def _told(value: str | None) -> str:
    if value is None:
        return "none, it is not about one item"
    return HIDDEN if value == "unknown" else value


def _time(time: float | None) -> str:
    return HIDDEN if time is None else instant(time)


def _others(case: Case, about: Trouble, users: Iterable[UserView], unread: Container[str]) -> str:
    tenant = [view for view in users if view.facts.id != case.facts.id]
    near = [view for view in tenant if view.facts.organization == case.facts.organization]

    def count(views: list[UserView]) -> str:
        least = "at least " if any(view.facts.id in unread for view in views) else ""
        return f"{least}{sum(_has(view, about) for view in views)}"

    return f"{count(near)} of the organization, {count(tenant)} of the tenant"


def _has(view: UserView, about: Trouble) -> bool:
    if about.items is not None:
        return any(issue.finding.class_ == about.class_ for issue in view.facts.issues)
    if view.verdict.state is State.NOT_INITIALIZED:
        return about.class_ == MAILBOX_NOT_INITIALIZED
    if view.verdict.state is State.PAUSED:
        return (
            view.facts.switched_off is not None
            and BY_ACTIVITY.get(view.facts.switched_off.why) == about.class_
        )
    return view.verdict.class_ == about.class_
