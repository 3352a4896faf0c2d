"""All that survives a poll, as one frozen value per tenant.

It holds ids, codes, times and findings, never a text. Counters and memory move together and only with a
commit of the journal, so that whatever was counted is also remembered as counted.
"""

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType

import msgspec
from msgspec import structs

from syncwatch.model import Cause, OrganizationFacts, Plans, State, UserFacts
from syncwatch.rows import PageMark, Silent

EMPTY: Mapping[str, int] = MappingProxyType({})


class KnownIssue(msgspec.Struct, frozen=True, gc=False):
    """Equal rows of an Issues tab that were seen, open or gone for less than a day.

    Attributes:
        open: how many there are now.
        gone: when each of the others went, the earliest first.
        first_seen: when the first of them was seen.
    """

    open: int
    gone: tuple[float, ...] = ()
    first_seen: float = 0.0


class Mark(msgspec.Struct, frozen=True, gc=False):
    """The newest session of a user that is counted, with its issues: the panel's job id, and when it began."""

    job: str
    started: float


class UserMemory(msgspec.Struct, frozen=True, gc=False):
    """What is remembered of one user.

    Attributes:
        facts: as of the last poll.
        state: as of the last poll.
        class_: as of the last poll; None while the sync is not down.
        since: since when the user is in this state.
        active_since: since when the user is seen active; None if it was so at first sight, or is not.
        down_since: since when the sync is down, whatever the state is called; None while it is not.
        mark: see `Mark`.
        known: issues by fingerprint.
        told: what counts once until a session completes, and is counted: a side whose token expired, or
            `duplicate_guard`.
        pending: sessions or issues could not be read; they are asked for again.
        failed: whether they were asked for in vain; then others come first.
        uncounted: pending since before the baseline: what the first reading finds was there already.
        missing: in how many believed lists in a row the user was not.
    """

    facts: UserFacts
    state: State
    since: float
    class_: str | None = None
    active_since: float | None = None
    down_since: float | None = None
    mark: Mark | None = None
    known: Mapping[bytes, KnownIssue] = MappingProxyType({})
    told: frozenset[str] = frozenset()
    pending: bool = False
    failed: bool = False
    uncounted: bool = False
    missing: int = 0


class Counters(msgspec.Struct, frozen=True, gc=False):
    """Events of one tenant since it came under watch.

    Attributes:
        sessions: ended sessions.
        failures: ended sessions that did not complete.
        issues: issues not seen before.
        dedup: conflicts by effect, `user` or `item`.
        tokens: expiries by side.
    """

    sessions: int = 0
    failures: int = 0
    issues: int = 0
    dedup: Mapping[str, int] = EMPTY
    tokens: Mapping[str, int] = EMPTY


class TenantMemory(Silent, frozen=True, gc=False):
    """All that survives a poll of one tenant.

    Attributes:
        version: of what the journal has, or had when the next change was derived from it; grows with each commit.
        epoch: who may write; a commit of another epoch is refused. 0 as long as nobody shares tenants.
        written: the instant of the poll that the journal has this from; None if it never was written.
        last_success: when the last complete poll began.
        polls: since the process knows the tenant; lives in the process only.
        suspicions: how many complete lists in a row were held as suspicious.
        nameless: most rows without an id that a believed users list had; lives in the process only.
        baseline: whether there was a complete poll; before it nothing is new, after it everything unknown is.
        rules: digest of the rule set that the findings come from.
        organization_pages: marks of the organizations list, by cursor.
        user_pages: marks of the users list, by cursor.
        organizations: by id.
        settings_read: when the settings of each organization were read, by its id.
        plans: seconds between two sessions, by plan id.
        plans_read: when the plans were read.
        odd_plans: plan ids that users name and the panel does not list.
        users: by id.
        causes: the troubles of whole organizations that stand, the largest first.
        counters: see `Counters`.
    """

    version: int = 0
    epoch: int = 0
    written: float | None = None
    last_success: float | None = None
    polls: int = 0
    suspicions: int = 0
    nameless: int = 0
    baseline: bool = False
    rules: str = ""
    organization_pages: Mapping[str, PageMark] = MappingProxyType({})
    user_pages: Mapping[str, PageMark] = MappingProxyType({})
    organizations: Mapping[str, OrganizationFacts] = MappingProxyType({})
    settings_read: Mapping[str, float] = MappingProxyType({})
    plans: Plans = MappingProxyType({})
    plans_read: float | None = None
    odd_plans: frozenset[str] = frozenset()
    users: Mapping[str, UserMemory] = MappingProxyType({})
    causes: tuple[Cause, ...] = ()
    counters: Counters = Counters()

    def again(self) -> "TenantMemory":
        """The same with a new baseline to come: counters and states stay, all issues and session marks go.

        The next reading of each user counts nothing; what it finds was there already.
        """
        users = {
            id_: structs.replace(
                user,
                facts=structs.replace(user.facts, issues=()),
                mark=None,
                known=MappingProxyType({}),
                pending=True,
                uncounted=True,
            )
            for id_, user in self.users.items()
        }
        return structs.replace(self, baseline=False, organization_pages={}, user_pages={}, users=users)


def plus(counts: Mapping[str, int], more: Counter[str]) -> Mapping[str, int]:
    """The sum of two sets of counts."""
    return MappingProxyType(dict(Counter(counts) + more)) if more else counts
