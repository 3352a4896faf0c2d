"""The details of those users who need them: sessions tables, Issues tabs, and last their Activity tabs.

What could be read is kept: when the time is up or a user's tab fails, that user stays `pending` and is asked for
again, the others are settled. Whoever failed before is asked for last, so that nobody is kept waiting for ever.
"""

from collections.abc import Container, Sequence
from typing import NamedTuple

from syncwatch.classification.find import Finder
from syncwatch.errors import PollError, Reason
from syncwatch.model import SessionFacts, UserFacts
from syncwatch.polling.activity import Activity
from syncwatch.polling.fan_out import ask_each, hopeless
from syncwatch.polling.lists import Lists
from syncwatch.polling.needs import needs_issues, needs_sessions, settle, with_issues
from syncwatch.polling.terms import Terms
from syncwatch.rows import PanelReading
from syncwatch.state.memory import TenantMemory
from syncwatch.state.reading import UserReading


class _Asked(NamedTuple):
    """A user of whom more is to be read than the list has: the sessions table or only the issues."""

    facts: UserFacts
    table: bool
    failed: bool


class Details:
    """The details of those users who need them.

    Attributes:
        users: every user's reading; those that could not be read are pending.
    """

    def __init__(
        self, panel: PanelReading, memory: TenantMemory, finder: Finder, reread: Container[str]
    ) -> None:
        self.users: dict[str, UserReading] = {}
        self._panel = panel
        self._memory = memory
        self._finder = finder
        self._sight = panel.sight
        self._reread = reread
        self._open: set[str] = set()
        self._activity = Activity(panel, self.users)
        self._errors: list[PollError] = []

    @property
    def reached(self) -> bool:
        """Whether every user who was to be asked for was; Activity tabs count nothing, and are not waited for."""
        return all(self.users[id_].failed for id_ in self._open)

    def failure(self, others: Sequence[PollError]) -> PollError | None:
        """Why the reading is not complete, `others` being what failed beside the details; None if it is."""
        errors = [*self._errors, *others]
        left = len(self._open)
        if not left and not errors:
            return None
        why = errors[0] if errors else "out of time"
        waits = [error.retry_after for error in errors if error.retry_after is not None]
        detail = (
            f"sessions or issues of {left} of {len(self.users)} users are still to be read: {why}"
            if left
            else f"all users were read, but {why}"
        )
        return PollError(Reason.PARTIAL, detail, retry_after=max(waits, default=None))

    async def read(self, lists: Lists, terms: Terms, deadline: float) -> None:
        """Fill `users`, until `deadline` of the event loop's time; those not reached stay pending."""
        among = _colleagues(lists, terms.only)
        asking, items = await self._finder.turns.work(
            len(lists.users), lambda: self._settle(lists, terms, among)
        )
        # Whoever cannot be read holds up nobody; and the one who is asked about comes first.
        asking.sort(key=lambda asked: (asked.failed, asked.facts.id != terms.only))
        await self._ask(asking, deadline)
        if terms.items and self._is_about_items(terms.only):
            await self._ask(items, deadline)
        if not hopeless(self._errors):
            self._errors += await self._activity.read(self._memory.polls, deadline, among)

    def _settle(
        self, lists: Lists, terms: Terms, among: set[str] | None
    ) -> tuple[list[_Asked], list[_Asked]]:
        """Settle whom the lists settle; gives who is to be asked for, and whose issues tell of nobody's sync but theirs."""
        asking: list[_Asked] = []
        items: list[_Asked] = []
        for facts in lists.users.values():
            interval = lists.plans.intervals.get(facts.plan or "", terms.default_plan_interval)
            asked = self._settle_by_list(facts, interval)
            if asked is None or (among is not None and facts.id not in among):
                continue
            wanted = among is None or facts.id == terms.only or asked.table
            (asking if wanted else items).append(asked)
        return asking, items

    def _is_about_items(self, id_: str | None) -> bool:
        """Whether single items of this user do not sync, and not the whole of it for what the last session failed for."""
        user = self.users.get(id_ or "")
        if user is None or not user.facts.issues:
            return False
        last = user.facts.last
        return last is None or last.completed or last.transient

    async def _ask(self, asking: Sequence[_Asked], deadline: float) -> None:
        """Ask for these users, if there is any use in it."""
        self._open.update(asked.facts.id for asked in asking)
        if not hopeless(self._errors):
            self._errors += await ask_each(asking, self._user, deadline)

    def _settle_by_list(self, facts: UserFacts, interval: float) -> _Asked | None:
        """Settle a user by the list alone, or say what is to be asked for."""
        old = self._memory.users.get(facts.id)
        again = facts.id in self._reread
        table = needs_sessions(facts, old, interval, self._sight, reread=again)
        user = settle(facts, None, old)
        if table or needs_issues(user, old, self._sight, reread=again):
            failed = old is not None and old.failed
            self.users[facts.id] = UserReading(facts, pending=True, failed=failed, unheard=table)
            return _Asked(facts, table=table, failed=failed)
        self.users[facts.id] = with_issues(user, ()) if user.sessions else user
        return None

    async def _user(self, asked: _Asked) -> None:
        id_ = asked.facts.id
        try:
            self.users[id_] = await self._settled(asked)
        except PollError:
            self.users[id_] = UserReading(asked.facts, pending=True, failed=True, unheard=asked.table)
            raise
        self._open.discard(id_)

    async def _settled(self, asked: _Asked) -> UserReading:
        """The user's reading; pending if the panel has deleted the user since the list was read."""
        facts, old = asked.facts, self._memory.users.get(asked.facts.id)
        table: tuple[SessionFacts, ...] | None = None
        if asked.table:
            rows = await self._panel.sessions(
                facts.id, back_to=old.mark.started if old and old.mark else None
            )
            if rows is None:
                return UserReading(facts, pending=True, unheard=True)
            table = self._finder.sessions(facts, rows)
        user = settle(facts, table, old)
        if not needs_issues(user, old, self._sight, reread=facts.id in self._reread):
            return with_issues(user, ()) if user.sessions else user
        tab = await self._panel.issues(facts.id)
        if tab is None:
            return UserReading(facts, pending=True)
        return with_issues(user, await self._finder.issues(facts, tab.rows), whole=tab.whole)


def _colleagues(lists: Lists, only: str | None) -> set[str] | None:
    """The one user who is asked about, with those of the same organization: they may tell the cause. None for all."""
    if only is None:
        return None
    user = lists.users.get(only)
    return {each.id for each in lists.users.values() if user and each.organization == user.organization}
