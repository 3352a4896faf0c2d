"""What is shown of a tenant: one immutable value per poll, swapped in whole.

It is read only through `counts()`, `users()` and `user()`, so that its inside may become columns one day. It is
true for its own instant and until `until`; whether it is still worth showing is decided by whoever shows it.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from math import inf

import msgspec

from syncwatch.model import UNCLASSIFIED, Owner, Side, State, UserFacts, Verdict
from syncwatch.state.memory import TenantMemory
from syncwatch.state.transitions import DUPLICATES

OVERDUE = 7 * 86_400.0  # seconds after which a mailbox that was never set up deserves a word


class UserView(msgspec.Struct, frozen=True, gc=False):
    """One user as shown.

    Attributes:
        facts: what is known.
        verdict: what it means.
        since: since when the user is in this state.
        down_since: since when the sync is down; None while it is not.
    """

    facts: UserFacts
    verdict: Verdict
    since: float
    down_since: float | None


class Counts(msgspec.Struct, frozen=True, gc=False):
    """A tenant in figures; times in Unix seconds, None where there is nothing to tell.

    Attributes:
        users: by state, all eight.
        down: users whose sync is down, by (class, owner).
        issues: open issues by (class, owner), `unclassified` always; None as long as not every user's were read once.
        dedup: duplicate conflicts now, by effect.
        tokens: users down for an expired token, by side.
        mailboxes: users by mailbox access type.
        crm_disconnected: organizations whose Salesforce service account is disconnected.
        newest_session: end of the newest session of the whole tenant.
        oldest_session: end of the last session of the worst-off user among up, failing and stalled.
        oldest_down: since when the longest-down user is down.
        overdue: users whose mailbox is not initialized for over seven days.
    """

    users: Mapping[State, int]
    down: Mapping[tuple[str, str], int]
    issues: Mapping[tuple[str, str], int] | None
    dedup: Mapping[str, int]
    tokens: Mapping[Side, int]
    mailboxes: Mapping[str, int]
    crm_disconnected: int
    newest_session: float | None
    oldest_session: float | None
    oldest_down: float | None
    overdue: int


class Snapshot:
    """One tenant at one instant.

    Args:
        tenant: the tenant's id.
        time: the data's time.
        memory: the tenant's memory after the poll.
        verdicts: the verdict on each user in it.
        unclassified: default owner of what no rule knows; shown even where there is none.
    """

    def __init__(
        self,
        tenant: str,
        time: float,
        memory: TenantMemory,
        verdicts: Mapping[str, Verdict],
        unclassified: Owner,
    ) -> None:
        self.tenant = tenant
        self.time = time
        self.until = min((verdict.until for verdict in verdicts.values()), default=inf)
        self._memory = memory
        self._verdicts = verdicts
        self._unclassified = unclassified

    def user(self, id_: str) -> UserView | None:
        """One user by the panel's id; None if there is none."""
        user = self._memory.users.get(id_)
        return UserView(user.facts, self._verdicts[id_], user.since, user.down_since) if user else None

    def users(self, wanted: Callable[[UserView], bool] = lambda _: True) -> Iterator[UserView]:
        """The users for whom `wanted` is true."""
        return filter(wanted, filter(None, map(self.user, self._memory.users)))

    def counts(self) -> Counts:
        """The tenant in figures."""
        views = list(self.users())
        down = [view for view in views if view.verdict.state.sync_is_down]
        ended = [view.facts.last.ended for view in views if view.facts.last]
        issues = self._issues(views) if self._memory.baseline else None
        findings = [view.verdict.finding for view in down if view.verdict.finding]
        guarded = sum(finding.marks.duplicate_guard for finding in findings)
        items = sum(count for (class_, _), count in (issues or {}).items() if class_ == DUPLICATES)
        return Counts(
            users={**dict.fromkeys(State, 0), **Counter(view.verdict.state for view in views)},
            down=Counter((view.verdict.class_ or "", view.verdict.owner or "") for view in down),
            issues=issues,
            dedup={"user": guarded} if issues is None else {"user": guarded, "item": items},
            tokens={side: sum(f.marks.token_expired is side for f in findings) for side in Side},
            mailboxes=Counter(self._access_type(view.facts) for view in views),
            crm_disconnected=sum(o.crm_connected is False for o in self._memory.organizations.values()),
            newest_session=max(ended, default=None),
            oldest_session=self._oldest_session(views),
            oldest_down=min((view.down_since for view in down if view.down_since is not None), default=None),
            overdue=sum(self._overdue(view) for view in views),
        )

    def _issues(self, views: list[UserView]) -> Mapping[tuple[str, str], int]:
        issues = Counter({(UNCLASSIFIED, self._unclassified.value): 0})
        for view in views:
            for issue in view.facts.issues:
                issues[issue.finding.class_, issue.finding.owner] += issue.count
        return issues

    def _access_type(self, facts: UserFacts) -> str:
        organization = self._memory.organizations.get(facts.organization)
        return facts.access_type or (organization and organization.access_type) or "unknown"

    def _oldest_session(self, views: list[UserView]) -> float | None:
        watched = {State.UP, State.FAILING, State.STALLED}
        ended = (view.facts.last.ended for view in views if view.facts.last and view.verdict.state in watched)
        return min(ended, default=None)

    def _overdue(self, view: UserView) -> bool:
        return view.verdict.state is State.NOT_INITIALIZED and self.time - view.since > OVERDUE
