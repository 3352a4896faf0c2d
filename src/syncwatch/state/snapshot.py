"""What is shown of a tenant: one immutable value per poll, swapped in whole.

It is read only through `counts()`, `causes()`, `users()`, `user()` and `organization()`, so that its inside may become columns one day. It is
true for its own instant and until `until`; whether it is still worth showing is decided by whoever shows it.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from math import inf

import msgspec

from syncwatch.model import (
    UNCLASSIFIED,
    Cause,
    Finding,
    OrganizationFacts,
    Owner,
    Side,
    State,
    UserFacts,
    Verdict,
)
from syncwatch.rows import EVERYTHING, Sight
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

    What the panel does not show is None, or has no key: absent, never zero.

    Attributes:
        users: by state, all eight.
        down: users whose sync is down, by (class, owner).
        issues: open issues by (class, owner), `unclassified` always; None as long as not every user's were read once.
        dedup: duplicate conflicts now, by effect.
        tokens: users down for an expired token, by side.
        mailboxes: users by mailbox access type; none where nothing at all names one.
        crm_disconnected: organizations whose Salesforce service account is disconnected; None where none says.
        newest_session: end of the newest session of the whole tenant; None where some may be left out.
        oldest_session: end of the last session of the worst-off user among up, failing and stalled.
        oldest_down: since when the longest-down user is down.
        overdue: users whose mailbox is not initialized for over seven days.
        templates: down users' messages and open issues that no rule knows, by template.
        causes: organization-wide causes by (class, owner).
    """

    users: Mapping[State, int]
    down: Mapping[tuple[str, str], int]
    issues: Mapping[tuple[str, str], int] | None
    dedup: Mapping[str, int]
    tokens: Mapping[Side, int]
    mailboxes: Mapping[str, int]
    crm_disconnected: int | None
    newest_session: float | None
    oldest_session: float | None
    oldest_down: float | None
    overdue: int
    templates: Mapping[str, int]
    causes: Mapping[tuple[str, str], int]


class Snapshot:
    """One tenant at one instant.

    Args:
        tenant: the tenant's id.
        time: the data's time.
        memory: the tenant's memory after the poll.
        verdicts: the verdict on each user who is shown.
        unclassified: default owner of what no rule knows; shown even where there is none.
        sight: what the panel shows.
    """

    def __init__(
        self,
        tenant: str,
        time: float,
        memory: TenantMemory,
        verdicts: Mapping[str, Verdict],
        unclassified: Owner,
        *,
        sight: Sight = EVERYTHING,
    ) -> None:
        self.tenant = tenant
        self.time = time
        self.sight = sight
        until = min((verdict.until for verdict in verdicts.values()), default=inf)
        self.until = until if sight.live else inf  # old data does not change by looking at it again
        self._memory = memory
        self._verdicts = verdicts
        self._unclassified = unclassified
        self._counts = self._counted()

    def user(self, id_: str) -> UserView | None:
        """One user by the panel's id; None if there is none."""
        verdict = self._verdicts.get(id_)
        if verdict is None:
            return None
        user = self._memory.users[id_]
        return UserView(user.facts, verdict, user.since, user.down_since)

    def organization(self, id_: str) -> OrganizationFacts | None:
        """One organization by the panel's id; None if it is not listed."""
        return self._memory.organizations.get(id_)

    def causes(self, organization: str | None = None) -> tuple[Cause, ...]:
        """The organization-wide causes, the largest first: those of one organization, or all."""
        return tuple(cause for cause in self._memory.causes if organization in {None, cause.organization})

    def users(self, wanted: Callable[[UserView], bool] = lambda _: True) -> Iterator[UserView]:
        """The users for whom `wanted` is true."""
        return filter(wanted, filter(None, map(self.user, self._verdicts)))

    def counts(self) -> Counts:
        """The tenant in figures."""
        return self._counts

    def _counted(self) -> Counts:
        views = list(self.users())
        down = [view for view in views if view.verdict.state.sync_is_down]
        findings = [view.verdict.finding for view in down if view.verdict.finding]
        issues = self._issues(views) if self._memory.baseline and self.sight.issues else None
        newest, oldest = self._sessions(views)
        return Counts(
            users={**dict.fromkeys(State, 0), **Counter(view.verdict.state for view in views)},
            down=Counter((view.verdict.class_ or "", view.verdict.owner or "") for view in down),
            issues=issues,
            dedup=self._dedup(findings, issues),
            tokens=self._tokens(findings),
            mailboxes=self._mailboxes(views),
            crm_disconnected=self._crm_disconnected(),
            newest_session=newest,
            oldest_session=oldest,
            oldest_down=min((view.down_since for view in down if view.down_since is not None), default=None),
            overdue=sum(self._overdue(view) for view in views),
            templates=_templates(views, findings),
            causes=Counter((cause.class_, cause.owner.value) for cause in self._memory.causes),
        )

    def _issues(self, views: list[UserView]) -> Mapping[tuple[str, str], int]:
        issues = Counter({(UNCLASSIFIED, self._unclassified.value): 0})
        for view in views:
            for issue in view.facts.issues:
                issues[issue.finding.class_, issue.finding.owner] += issue.count
        return issues

    def _dedup(
        self, findings: list[Finding], issues: Mapping[tuple[str, str], int] | None
    ) -> Mapping[str, int]:
        conflicts = {}
        if self.sight.messages:
            conflicts["user"] = sum(finding.marks.duplicate_guard for finding in findings)
        if issues is not None:
            conflicts["item"] = sum(count for (class_, _), count in issues.items() if class_ == DUPLICATES)
        return conflicts

    def _tokens(self, findings: list[Finding]) -> Mapping[Side, int]:
        if not self.sight.messages:
            return {}
        return {side: sum(f.marks.token_expired is side for f in findings) for side in Side}

    def _mailboxes(self, views: list[UserView]) -> Mapping[str, int]:
        types = [self._access_type(view.facts) for view in views]
        if not any(types):
            return {}
        return Counter(type_ or "unknown" for type_ in types)

    def _access_type(self, facts: UserFacts) -> str | None:
        organization = self._memory.organizations.get(facts.organization)
        return facts.access_type or (organization.access_type if organization else None)

    def _crm_disconnected(self) -> int | None:
        told = [o.crm_connected for o in self._memory.organizations.values() if o.crm_connected is not None]
        return told.count(False) if told else None

    def _sessions(self, views: list[UserView]) -> tuple[float | None, float | None]:
        """When the tenant's newest session ended, and the last one of the worst-off user who should have one."""
        if not (self.sight.sessions and self.sight.silence):
            return None, None
        watched = {State.UP, State.FAILING, State.STALLED}
        ended = [(view.facts.last.ended, view.verdict.state) for view in views if view.facts.last]
        oldest = min((time for time, state in ended if state in watched), default=None)
        return max((time for time, _ in ended), default=None), oldest

    def _overdue(self, view: UserView) -> bool:
        return view.verdict.state is State.NOT_INITIALIZED and self.time - view.since > OVERDUE


def _templates(views: list[UserView], findings: list[Finding]) -> Mapping[str, int]:
    templates = Counter(finding.template for finding in findings)
    for view in views:
        for issue in view.facts.issues:
            templates[issue.finding.template] += issue.count
    del templates[""]  # what a rule knows
    return templates
