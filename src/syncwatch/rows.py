"""What one row of a panel's table offers, whatever the panel calls it.

These protocols are the seam between `panel`, which makes the rows out of remote JSON by a profile, and
`classification`, which turns them into facts. A row is the only value in the daemon that carries remote texts
(subjects, messages); it lives inside one poll, prints nothing of itself, and is dropped at `find`.

All times are Unix seconds. A status value that the profile does not know is the `UNKNOWN` member of its enum.
`None` means that the panel did not say.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from syncwatch.errors import PollError
from syncwatch.model import Change, Condition, Direction, Mailbox, Operation, Outcome, Source, Switch

R = TypeVar("R")


class OrganizationRow(Protocol):
    """A group of users with shared settings (the vendor's newer word: profile)."""

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def name(self) -> str | None:
        """Only to be masked out of texts."""
        ...

    @property
    def switch(self) -> Switch: ...  # noqa: D102
    @property
    def access_type(self) -> str | None:
        """Our slug of the mailbox access type, `unknown` if the profile does not know it."""
        ...

    @property
    def crm_connected(self) -> bool | None: ...  # noqa: D102


class SettingRow(Protocol):
    """One setting of one organization."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def value(self) -> str:
        """Whatever it is set to: addresses and domains too, so privileged."""
        ...


class PlanRow(Protocol):
    """A plan (newer word: license): how often its users' sync runs."""

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def interval(self) -> int:
        """Seconds between two sessions."""
        ...


class SessionRow(Protocol):
    """One session of one user, from the Statistics tab."""

    @property
    def job(self) -> str: ...  # noqa: D102
    @property
    def started(self) -> float: ...  # noqa: D102
    @property
    def ended(self) -> float | None: ...  # noqa: D102
    @property
    def outcome(self) -> Outcome: ...  # noqa: D102
    @property
    def message(self) -> str | None:
        """What the engine says about it; may quote subjects."""
        ...

    @property
    def source(self) -> Source | None:
        """Which part of the product it blames."""
        ...


class UserRow(Protocol):
    """One user with statuses and the newest session, which may still be running."""

    @property
    def id(self) -> str: ...  # noqa: D102
    @property
    def name(self) -> str | None:
        """Only to be masked out of texts, like the address."""
        ...

    @property
    def address(self) -> str | None: ...  # noqa: D102
    @property
    def organization(self) -> str: ...  # noqa: D102
    @property
    def plan(self) -> str | None: ...  # noqa: D102
    @property
    def mailbox(self) -> Mailbox: ...  # noqa: D102
    @property
    def switch(self) -> Switch:
        """The user's own switch."""
        ...

    @property
    def effective(self) -> Switch | None:
        """What the organization and errors leave of it; None where the panel leaves that to be worked out."""
        ...

    @property
    def error(self) -> bool:
        """Whether the panel says that an error switched the user off."""
        ...

    @property
    def condition(self) -> Condition | None:
        """What the panel itself says of a sync whose sessions it does not show."""
        ...

    @property
    def access_type(self) -> str | None: ...  # noqa: D102
    @property
    def created(self) -> float | None: ...  # noqa: D102
    @property
    def issues(self) -> int | None:
        """Rows on the user's Issues tab."""
        ...

    @property
    def session_job(self) -> str | None: ...  # noqa: D102
    @property
    def session_started(self) -> float | None: ...  # noqa: D102
    @property
    def session_ended(self) -> float | None: ...  # noqa: D102
    @property
    def session_outcome(self) -> Outcome | None: ...  # noqa: D102
    @property
    def session_message(self) -> str | None: ...  # noqa: D102
    @property
    def session_source(self) -> Source | None: ...  # noqa: D102


class IssueRow(Protocol):
    """One row of the Issues tab: one item that did not sync. It has no id."""

    @property
    def type(self) -> str: ...  # noqa: D102
    @property
    def name(self) -> str:
        """Subject of the event or name of the contact: privileged."""
        ...

    @property
    def direction(self) -> Direction: ...  # noqa: D102
    @property
    def operation(self) -> Operation: ...  # noqa: D102
    @property
    def code(self) -> str: ...  # noqa: D102
    @property
    def text(self) -> str:
        """What the refusing system said; may hold anything."""
        ...


class ActivityRow(Protocol):
    """One row of the Activity tab. By whom is confidential, and not read."""

    @property
    def at(self) -> float: ...  # noqa: D102
    @property
    def change(self) -> Change: ...  # noqa: D102


class Silent(msgspec.Struct, frozen=True, gc=False):
    """Base of what holds remote texts or cursors: it prints nothing of itself, not even to rich."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return []


class PageMark(Silent, frozen=True, gc=False):
    """What is remembered of one page of a list, so that the panel may answer 304 the next time.

    Attributes:
        etag: the page's entity tag.
        following: cursor of the page after it, None on the last.
        ids: ids of the rows on it.
    """

    etag: str
    following: str | None
    ids: tuple[str, ...]


class Page(Silent, Generic[R], frozen=True, gc=False):
    """One page of a list.

    Attributes:
        cursor: what it was asked with; empty for the first page.
        mark: what to remember of it; None where the panel offers no entity tag.
        rows: its rows; None if it has not changed since the mark was taken.
        refused: ids of rows that could not be read whole, as far as they could be told.
    """

    cursor: str
    mark: PageMark | None
    rows: tuple[R, ...] | None
    refused: tuple[str, ...] = ()


class IssueTab(msgspec.Struct, frozen=True, gc=False):
    """A user's Issues tab.

    Attributes:
        rows: those that could be read.
        whole: whether these are all; what is missing from a part is not resolved.
    """

    rows: tuple[IssueRow, ...]
    whole: bool = True


class Sight(msgspec.Struct, frozen=True, gc=False):
    """What a panel lets us see; the rest is *not visible*, which is neither zero nor healthy.

    Attributes:
        organizations: whether it lists organizations.
        settings: whether it lists their settings.
        plans: whether it lists plans.
        sessions: whether it shows users' sessions.
        silence: whether a user of whom it shows no session had none; false for an export that may leave some out.
        messages: whether it shows what sessions say.
        issues: whether it lists issues.
        activity: whether it tells why a user was switched off.
        live: whether it answers for now; an export answers for the time at which it was made.
        default_plan_interval: seconds between two sessions of a user whose plan is not known; None for the fleet's.
    """

    organizations: bool = True
    settings: bool = True
    plans: bool = True
    sessions: bool = True
    silence: bool = True
    messages: bool = True
    issues: bool = True
    activity: bool = True
    live: bool = True
    default_plan_interval: float | None = None


EVERYTHING = Sight()


class Figures(msgspec.Struct):
    """What one poll's requests came to; the daemon's own metrics are made of these.

    Attributes:
        requests: number of requests by (table or `token`, HTTP status as text or the reason of a failure).
        unknown_values: values that the profile does not know, by `table.field`.
        refused_rows: rows that did not fit the profile, by table.
        truncated: whether something was cut off, of whatever list.
        cut: why a list was cut off, by table; a tab of one user that is only long is not among them.
        nameless: rows of which nobody can say whose they are, by table.
        waited: seconds that requests waited before they were sent, all together, to keep to budgets.
    """

    requests: Counter[tuple[str, str]] = msgspec.field(default_factory=Counter)
    unknown_values: Counter[str] = msgspec.field(default_factory=Counter)
    refused_rows: Counter[str] = msgspec.field(default_factory=Counter)
    truncated: bool = False
    cut: dict[str, str] = msgspec.field(default_factory=dict)
    nameless: Counter[str] = msgspec.field(default_factory=Counter)
    waited: float = 0.0


class PanelReading(Protocol):
    """The requests of one poll of one panel. Every method raises `PollError`, and no other error."""

    @property
    def figures(self) -> Figures:
        """The figures so far, after a failure too."""
        ...

    @property
    def sight(self) -> Sight:
        """What this panel lets us see. What it does not is never to be asked for.

        Whether silence tells something is known for sure once the users were read.
        """
        ...

    @property
    def users_whole(self) -> bool:
        """Whether the users list was read to its end, whatever was cut off of others; known once the users were read."""
        ...

    @property
    def time(self) -> float | None:
        """The data's time, known once the users were read; None where the panel answers for now."""
        ...

    @property
    def held(self) -> PollError | None:
        """Why there is newer data that was not read, so that older data counts; known once the users were read."""
        ...

    async def organizations(self, marks: Mapping[str, PageMark]) -> tuple[Page[OrganizationRow], ...]:
        """The organizations, page by page; `marks` by cursor, from the poll before."""
        ...

    async def settings(self, organization: str) -> tuple[SettingRow, ...] | None:
        """An organization's settings; None if the panel shows none of it."""
        ...

    async def users(self, marks: Mapping[str, PageMark]) -> tuple[Page[UserRow], ...]:
        """The users, page by page; `marks` by cursor, from the poll before."""
        ...

    async def plans(self) -> tuple[PlanRow, ...]:
        """The plans."""
        ...

    async def sessions(self, user: str, *, back_to: float | None) -> tuple[SessionRow, ...] | None:
        """A user's sessions, newest first: one page, or pages until one that started before `back_to`.

        None if the user is gone.
        """
        ...

    async def issues(self, user: str) -> IssueTab | None:
        """A user's Issues tab; None if the user is gone."""
        ...

    async def activity(self, user: str) -> tuple[ActivityRow, ...] | None:
        """The newest of a user's Activity tab, newest first; None if the panel shows none, or the user is gone."""
        ...

    def close(self) -> None:
        """Nothing that was read is in use any more."""
        ...
