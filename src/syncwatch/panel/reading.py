"""One poll's reading of one panel: table by table, with the profile's scopes and joins already undone.

Whoever polls sees one users list with each user's newest session, a user's sessions and a user's issues, however the
panel cuts them: one list for the tenant, one for each organization or one for each user. A list of many users is read
once, with the users, and asking for one user's part of it costs no request.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import msgspec
from msgspec.structs import replace

from syncwatch.errors import PollError
from syncwatch.model import Outcome
from syncwatch.panel.compile import CompiledProfile
from syncwatch.panel.doubles import single
from syncwatch.panel.joins import Joined, Keyring
from syncwatch.panel.pages import ALL, NO_MARKS, NOBODY, Caps, Enough, Walked, never
from syncwatch.panel.structs import Row
from syncwatch.panel.tables import TABLES, Scope
from syncwatch.rows import (
    ActivityRow,
    Figures,
    IssueTab,
    OrganizationRow,
    Page,
    PageMark,
    PlanRow,
    SessionRow,
    SettingRow,
    Sight,
    UserRow,
)
from syncwatch.transport.room import Share

MAX_SESSION_PAGES = 5
MAX_ISSUES = 2000  # rows kept of one user
MAX_SETTINGS = 2000  # rows kept of one organization

_FIELDS = tuple(TABLES["users"])
_User = msgspec.defstruct("User", _FIELDS, bases=(Row,), frozen=True, eq=False, gc=False)
"""A row of the users list with what other lists say of the user; see `rows.UserRow`."""


class Lists(Protocol):
    """Where the lists of one poll come from."""

    figures: Figures
    time: float | None
    """The data's time, None for now; known once a list was read."""
    held: PollError | None
    """Why something newer was not read; known once a list was read."""

    async def read(
        self,
        name: str,
        *,
        owners: Mapping[str, str] = NOBODY,
        marks: Mapping[str, PageMark] = NO_MARKS,
        caps: Caps = ALL,
        enough: Enough = never,
    ) -> Walked | None:
        """Read one list: of the tenant, or of the user or organization in `owners`.

        None if the user is gone, or if the panel has no such list of them (`tables.LACKING`).

        Raises:
            PollError: and no other error.
        """
        ...


class Reading:
    """One poll's reading; see `rows.PanelReading`.

    Args:
        profile: how the panel is read.
        lists: where the lists come from.
        share: what the poll may hold.
    """

    def __init__(self, profile: CompiledProfile, lists: Lists, share: Share) -> None:
        self._profile = profile
        self._lists = lists
        self._share = share
        self._organizations: list[str] = []
        self._wide: dict[str, Joined] = {}
        self._cut: set[str] = set()
        self._users_whole = True

    @property
    def figures(self) -> Figures:
        """See `PanelReading.figures`."""
        return self._lists.figures

    @property
    def sight(self) -> Sight:
        """See `PanelReading.sight`; where a list of sessions was not read whole, silence tells nothing."""
        sight = self._profile.sight
        return replace(sight, silence=False) if "sessions" in self._cut else sight

    @property
    def users_whole(self) -> bool:
        """See `PanelReading.users_whole`."""
        return self._users_whole

    @property
    def time(self) -> float | None:
        """See `PanelReading.time`."""
        return self._lists.time

    @property
    def held(self) -> PollError | None:
        """See `PanelReading.held`."""
        return self._lists.held

    async def organizations(self, marks: Mapping[str, PageMark]) -> tuple[Page[OrganizationRow], ...]:
        """See `PanelReading.organizations`."""
        walked = await self._all("organizations", marks)
        pages = single("organizations", walked.pages, self.figures)
        for page in pages:
            kept = marks[page.cursor].ids if page.rows is None else ()
            self._organizations += (*kept, *(row.id for row in page.rows or ()), *page.refused)
        if self._profile.tables["users"].table.scope is Scope.ORGANIZATION:
            self._users_whole &= not walked.cut
        return pages

    async def settings(self, organization: str) -> tuple[SettingRow, ...] | None:
        """See `PanelReading.settings`."""
        walked = await self._lists.read(
            "settings", owners={"organization": organization}, caps=Caps(rows=MAX_SETTINGS, tab=True)
        )
        return None if walked is None else walked.rows

    async def users(self, marks: Mapping[str, PageMark]) -> tuple[Page[UserRow], ...]:
        """See `PanelReading.users`."""
        wide = [name for name in ("sessions", "issues") if self._is_wide(name)]
        # Of a live panel each list may change by itself: users are not taken from memory if others are joined to them.
        kept = marks if not wide or not self.sight.live else NO_MARKS
        pages = await self._users(kept)
        if not wide or any(page.rows is None for page in pages):
            return pages
        keyring = Keyring(Walked(pages).rows)
        for name in wide:
            await self._join(name, keyring)
        return tuple(
            # What was not read whole is read again, be it unchanged: memory does not know what was missing.
            replace(
                page, mark=None if self._cut else page.mark, rows=tuple(map(self._joined, page.rows or ()))
            )
            for page in pages
        )

    async def plans(self) -> tuple[PlanRow, ...]:
        """See `PanelReading.plans`."""
        walked = await self._all("plans")
        return Walked(single("plans", walked.pages, self.figures)).rows

    async def sessions(self, user: str, *, back_to: float | None) -> tuple[SessionRow, ...] | None:
        """See `PanelReading.sessions`."""

        def enough(rows: tuple[SessionRow, ...]) -> bool:
            return back_to is None or any(row.started < back_to for row in rows)

        if "sessions" not in self._profile.tables:
            return ()  # the users list has the newest one, and there is nothing more to be had
        if self._is_wide("sessions"):
            rows = (await self._joined_rows("sessions")).rows.get(user, ())
            return tuple(sorted(rows, key=lambda row: row.started, reverse=True))
        walked = await self._lists.read(
            "sessions", owners={"user": user}, caps=Caps(pages=MAX_SESSION_PAGES, tab=True), enough=enough
        )
        return None if walked is None else walked.rows

    async def issues(self, user: str) -> IssueTab | None:
        """See `PanelReading.issues`."""
        if self._is_wide("issues"):
            joined = await self._joined_rows("issues")
            rows, whole = joined.rows.get(user, ()), user not in joined.doubtful and "issues" not in self._cut
        else:
            walked = await self._lists.read(
                "issues", owners={"user": user}, caps=Caps(rows=MAX_ISSUES, tab=True)
            )
            if walked is None:
                return None
            rows, whole = walked.rows, walked.whole
        cut = len(rows) > MAX_ISSUES
        self.figures.truncated |= cut
        return IssueTab(rows[:MAX_ISSUES], whole=whole and not cut)

    async def activity(self, user: str) -> tuple[ActivityRow, ...] | None:
        """See `PanelReading.activity`; one page, since only what happened last counts."""
        walked = await self._lists.read("activity", owners={"user": user}, enough=lambda _: True)
        return None if walked is None else walked.rows

    def close(self) -> None:
        """See `PanelReading.close`."""
        self._share.close()

    def _is_wide(self, name: str) -> bool:
        return name in self._profile.tables and self._profile.tables[name].table.wide

    async def _all(self, name: str, marks: Mapping[str, PageMark] = NO_MARKS) -> Walked:
        """A list of the whole tenant; one that the panel does not have has no pages."""
        if name not in self._profile.tables:
            return Walked(())
        return await self._lists.read(name, marks=marks) or Walked(())

    async def _users(self, marks: Mapping[str, PageMark]) -> tuple[Page[Any], ...]:
        """The users as they are listed, each of them once."""
        if self._profile.tables["users"].table.scope is Scope.ORGANIZATION:
            pages = await self._by_organization(marks)
        else:
            walked = await self._all("users", marks)
            self._users_whole, pages = not walked.cut, walked.pages
        return single("users", pages, self.figures)

    async def _by_organization(self, marks: Mapping[str, PageMark]) -> tuple[Page[Any], ...]:
        """The users of each organization in turn; the pages' cursors say whose they are."""
        pages: list[Page[Any]] = []
        for organization in dict.fromkeys(self._organizations):
            prefix = f"{organization}\n"
            known = {
                cursor.removeprefix(prefix): mark
                for cursor, mark in marks.items()
                if cursor.startswith(prefix)
            }
            walked = await self._lists.read("users", owners={"organization": organization}, marks=known)
            self._users_whole &= walked is None or not walked.cut
            for page in walked.pages if walked else ():
                rows = page.rows and tuple(
                    row if row.organization else _with(row, {"organization": organization})
                    for row in page.rows
                )
                pages.append(replace(page, cursor=prefix + page.cursor, rows=rows))
        return tuple(pages)

    async def _join(self, name: str, keyring: Keyring) -> None:
        scope = self._profile.tables[name].table.scope
        owners = (
            [{"organization": each} for each in dict.fromkeys(self._organizations)]
            if scope is Scope.ORGANIZATION
            else [{}]
        )
        rows: list[Any] = []
        for owner in owners:
            walked = await self._lists.read(name, owners=owner) or Walked(())
            rows += walked.rows
            if not walked.whole:
                self._cut.add(name)
        self._wide[name] = keyring.join(name, rows, self._profile.tables[name].join, self.figures)

    async def _joined_rows(self, name: str) -> Joined:
        """A list of many users; read now if the users were not, since nothing has changed or nobody has asked for them."""
        if name not in self._wide:
            scopes = {self._profile.tables[each].table.scope for each in (name, "users")}
            if Scope.ORGANIZATION in scopes and not self._organizations:
                await self.organizations(NO_MARKS)
            users = Walked(await self._users(NO_MARKS))
            await self._join(name, Keyring(users.rows))
        return self._wide[name]

    def _joined(self, row: Any) -> Any:
        told: dict[str, Any] = {}
        if sessions := self._wide.get("sessions"):
            told |= _newest(sessions.rows.get(row.id, ()))
            if row.id in sessions.doubtful:
                told["session_outcome"] = Outcome.UNKNOWN
        if issues := self._wide.get("issues"):
            told["issues"] = len(issues.rows.get(row.id, ()))
        return _with(row, told)


def _with(row: Any, told: Mapping[str, Any]) -> Any:
    """The row with what is told of its user elsewhere."""
    return _User(**{name: told[name] if name in told else getattr(row, name) for name in _FIELDS})


def _newest(sessions: Iterable[Any]) -> dict[str, Any]:
    newest = max(sessions, key=lambda session: session.started, default=None)
    if newest is None:
        return dict.fromkeys(name for name in _FIELDS if name.startswith("session_"))
    return {
        "session_job": newest.job,
        "session_started": newest.started,
        "session_ended": newest.ended,
        "session_outcome": newest.outcome,
        "session_message": newest.message,
        "session_source": newest.source,
    }
