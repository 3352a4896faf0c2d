"""What tests of several stages start from: a clock that they move, findings, rows and a panel that they script."""

import asyncio
import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from syncwatch.classification.find import Finder
from syncwatch.errors import PollError
from syncwatch.model import (
    IMPERSONATED,
    NO_CONTEXT,
    Change,
    Condition,
    Context,
    Direction,
    Finding,
    Mailbox,
    Marks,
    Operation,
    Outcome,
    Owner,
    SessionFacts,
    Side,
    Source,
    Switch,
    UserFacts,
)
from syncwatch.rows import EVERYTHING, Figures, IssueTab, Page, PageMark, Sight

T0 = 1_700_000_000.0
MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0

TOKEN = Finding("oauth_token_expired", Owner.END_USER, "token", marks=Marks(token_expired=Side.MAILBOX))
CRM_TOKEN = Finding("crm_token_expired", Owner.CLIENT_ADMIN, "crm-token", marks=Marks(token_expired=Side.CRM))
GUARD = Finding("duplicate_events", Owner.END_USER, "guard", marks=Marks(duplicate_guard=True))
THROTTLED = Finding("exchange_throttled", Owner.NOBODY, "throttled", transient=True)
REQUIRED = Finding("salesforce_required_field", Owner.SALESFORCE_ADMIN, "required")
WITH_ISSUES = Finding("unclassified", Owner.VENDOR_SUPPORT, "completed", marks=Marks(completed=True))
NOTHING = Finding("unclassified", Owner.VENDOR_SUPPORT)


def owner_of(class_: str, context: Context = NO_CONTEXT) -> Owner:
    """Who must act about what no text speaks of: on the user's own side of the mailbox, the user."""
    if class_ in {"oauth_token_expired", "mailbox_not_initialized"}:
        return Owner.CLIENT_ADMIN if context.access in IMPERSONATED else Owner.END_USER
    return {"exchange_throttled": Owner.NOBODY, "salesforce_auth": Owner.CLIENT_ADMIN}.get(
        class_, Owner.VENDOR_SUPPORT
    )


FINDINGS = {
    "token": TOKEN,
    "crm token": CRM_TOKEN,
    "guard": GUARD,
    "throttled": THROTTLED,
    "required": REQUIRED,
    "with issues": WITH_ISSUES,
}


# An export of which the panel leaves out what went well, and nothing else is known.
FILTERED = Sight(settings=False, plans=False, silence=False, issues=False, activity=False, live=False)


def classify(text: str, context: Context = NO_CONTEXT) -> Finding:
    return FINDINGS.get(text, NOTHING)


def mask(text: str, known: Iterable[str] = ()) -> str:
    return "masked"


class VirtualClock:
    """Stands still until `pass_` is called; then sleepers wake in their order."""

    def __init__(self, time: float = T0) -> None:
        self.time = time
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = count()

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def random(self) -> float:
        return 0.5

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.time + seconds, next(self._order), woken))
        await woken

    async def pass_(self, seconds: float) -> None:
        end = self.time + seconds
        await settled()
        while self._sleepers and self._sleepers[0][0] <= end:
            self.time, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                woken.set_result(None)
            await settled()
        self.time = end


async def settled() -> None:
    """Let every task go on until it waits for the clock or for the test."""
    for _ in range(40):
        await asyncio.sleep(0)


def ended(
    job: str = "s1", at: float = T0 - 10 * MINUTE, *, finding: Finding | None = None, ok: bool | None = None
) -> SessionFacts:
    """A session that ran for 30 seconds; it completed unless there is a finding, or as `ok` says."""
    return SessionFacts(job, at - 30, at, finding is None if ok is None else ok, finding)


def enabled(**changes: Any) -> UserFacts:
    """A user who is initialized and enabled, with a completed session ten minutes ago."""
    usual = {
        "id": "u1",
        "organization": "o1",
        "plan": "p1",
        "mailbox": Mailbox.INITIALIZED,
        "switch": Switch.ENABLED,
        "effective": Switch.ENABLED,
        "created": T0 - 30 * DAY,
        "last": ended(),
    }
    return UserFacts(**{**usual, **changes})


@dataclass(frozen=True)
class UserLine:
    """A row of the users list."""

    id: str = "u1"
    organization: str = "o1"
    plan: str | None = "p1"
    mailbox: Mailbox = Mailbox.INITIALIZED
    switch: Switch = Switch.ENABLED
    effective: Switch | None = Switch.ENABLED
    condition: Condition | None = None
    error: bool = False
    access_type: str | None = None
    created: float | None = T0 - 30 * DAY
    issues: int | None = 0
    session_job: str | None = "s1"
    session_started: float | None = T0 - 10 * MINUTE - 30
    session_ended: float | None = T0 - 10 * MINUTE
    session_outcome: Outcome | None = Outcome.COMPLETED
    session_message: str | None = None
    session_source: Source | None = None
    name: str | None = "Jane Roe"
    address: str | None = "jane.roe@firm.example"


@dataclass(frozen=True)
class SessionLine:
    """A row of the sessions table."""

    job: str
    started: float
    ended: float | None
    outcome: Outcome = Outcome.COMPLETED
    message: str | None = None
    source: Source | None = None


@dataclass(frozen=True)
class IssueLine:
    """A row of the Issues tab."""

    name: str = "Lunch"
    text: str = "required"
    type: str = "Appointment"
    direction: Direction = Direction.TO_CRM
    operation: Operation = Operation.CREATE
    code: str = "1"


@dataclass(frozen=True)
class ActivityLine:
    """A row of the Activity tab."""

    change: Change
    at: float = T0 - HOUR


@dataclass(frozen=True)
class SettingLine:
    name: str = "ServiceAutoTrackRecurrentEvents"
    value: str = "1"


@dataclass(frozen=True)
class PlanLine:
    id: str
    interval: int


@dataclass(frozen=True)
class OrganizationLine:
    id: str = "o1"
    switch: Switch = Switch.ENABLED
    access_type: str | None = "m365_graph_user"
    crm_connected: bool | None = True
    name: str | None = "Roe & Partner"


@dataclass
class ScriptedPanel:
    """A panel that says what a test sets, and remembers what it was asked.

    Attributes:
        lines: the users list, one tuple a page.
        etags: of the users' pages, one each; a page whose etag is sent back is not sent again.
        settings_: of each organization; one that is not here has none to be seen.
        activity_: of each user, likewise.
        slow: seconds that a user's tabs take.
        fails: what to raise, by table.
        cut: users whose Issues tab is not read whole.
        sight: what it shows; whatever else is asked for is an error.
        time: the data's time, of an export.
        users_whole: whether the users list is read to its end.
        asked: what it was asked, in order.
        sent: cursors of the users' pages that were sent, in order.
    """

    lines: list[tuple[UserLine, ...]] = field(default_factory=lambda: [(UserLine(),)])
    etags: list[str] = field(default_factory=list)
    organizations_: tuple[OrganizationLine, ...] = (OrganizationLine(),)
    plans_: tuple[PlanLine, ...] = (PlanLine("p1", 1800),)
    settings_: dict[str, tuple[SettingLine, ...]] = field(default_factory=dict)
    sessions_: dict[str, tuple[SessionLine, ...] | None] = field(default_factory=dict)
    issues_: dict[str, tuple[IssueLine, ...] | None] = field(default_factory=dict)
    activity_: dict[str, tuple[ActivityLine, ...]] = field(default_factory=dict)
    refused: tuple[str, ...] = ()
    fails: dict[str, BaseException] = field(default_factory=dict)
    cut: frozenset[str] = frozenset()
    slow: float = 0.0
    sight: Sight = EVERYTHING
    time: float | None = None
    users_whole: bool = True
    asked: list[str] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    most_at_once: int = 0
    held: PollError | None = None
    figures: Figures = field(default_factory=Figures)
    closed: bool = False
    _now: int = 0

    async def organizations(self, marks: Mapping[str, PageMark]) -> tuple[Page[Any], ...]:
        self._note("organizations")
        return (Page("", None, self.organizations_),)

    async def settings(self, organization: str) -> tuple[SettingLine, ...] | None:
        await self._tab(f"settings {organization}")
        return self.settings_.get(organization)

    async def users(self, marks: Mapping[str, PageMark]) -> tuple[Page[Any], ...]:
        self._note("users")
        return tuple(self._page(number, marks) for number in range(len(self.lines)))

    async def plans(self) -> tuple[PlanLine, ...]:
        self._note("plans")
        return self.plans_

    async def sessions(self, user: str, *, back_to: float | None) -> tuple[SessionLine, ...] | None:
        await self._tab(f"sessions {user}")
        return self.sessions_.get(user, ())

    async def issues(self, user: str) -> IssueTab | None:
        await self._tab(f"issues {user}")
        rows = self.issues_.get(user, ())
        return None if rows is None else IssueTab(rows, whole=user not in self.cut)

    async def activity(self, user: str) -> tuple[ActivityLine, ...] | None:
        await self._tab(f"activity {user}")
        return self.activity_.get(user)

    def _page(self, number: int, marks: Mapping[str, PageMark]) -> Page[Any]:
        cursor = f"c{number}" if number else ""
        rows = self.lines[number]
        if not self.etags:
            return Page(cursor, None, rows, self.refused)
        etag = self.etags[number]
        if cursor in marks and marks[cursor].etag == etag:
            return Page(cursor, marks[cursor], None)
        self.sent.append(cursor)
        following = f"c{number + 1}" if number + 1 < len(self.lines) else None
        ids = (*(row.id for row in rows), *self.refused)
        return Page(cursor, PageMark(etag, following, ids), rows, self.refused)

    def close(self) -> None:
        self.closed = True

    def _note(self, what: str) -> None:
        self.asked.append(what)
        assert getattr(self.sight, what.partition(" ")[0], True), f"{what}: not visible"
        if failure := self.fails.get(what) or self.fails.get(what.partition(" ")[0]):
            raise failure

    async def _tab(self, what: str) -> None:
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        try:
            await asyncio.sleep(self.slow)
            self._note(what)
        finally:
            self._now -= 1


def finder(tenant: str = "firm-1") -> Finder:
    return Finder(tenant, classify, mask, b"k" * 32)


def failed(reason: Any, **extra: Any) -> PollError:
    return PollError(reason, "as the test says", **extra)
