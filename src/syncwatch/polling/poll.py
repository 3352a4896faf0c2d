"""One poll of one tenant: read, find, diagnose, hold against memory, commit, publish.

Promises that a poll ends in exactly one `Result`, whatever the panel does; that gauges are published after
every reading of the lists, be the journal there or not; and that counters and memory advance only with a commit.
It never answers a scrape, and nothing that answers one can start it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import msgspec
import structlog
from msgspec import structs

from syncwatch.classification.find import Classify, Finder
from syncwatch.classification.masking import Masking
from syncwatch.clock import Clock
from syncwatch.config.fleet import OrganizationWide
from syncwatch.diagnosis.causes import Member, organization_wide
from syncwatch.diagnosis.states import Circumstances, diagnose
from syncwatch.errors import PollError, Reason
from syncwatch.model import NO_CONTEXT, NO_MESSAGE, UNCLASSIFIED, OwnerOf, Switch, UserFacts, Verdict
from syncwatch.polling.activity import needs_activity
from syncwatch.polling.journaling import read_up, write_down
from syncwatch.polling.read import read
from syncwatch.polling.terms import Terms
from syncwatch.rows import Figures, PanelReading, Sight
from syncwatch.state.journal import Journal
from syncwatch.state.ledger import Ledger
from syncwatch.state.memory import Counters, TenantMemory
from syncwatch.state.reading import Reading
from syncwatch.state.roster import HELD, Roster, muster
from syncwatch.state.snapshot import Snapshot
from syncwatch.state.transitions import Events, Tally, grace_from, transitions
from syncwatch.turns import Turns

log = structlog.get_logger(__name__)

AHEAD = 900.0  # seconds that a panel's clock may be ahead of ours: as much as silence is granted anyway


@dataclass(frozen=True, slots=True)
class Stages:
    """What a poll is composed of; `app` hands it in.

    Attributes:
        classify: text, and what stands around it, to finding.
        mask: text, and what is known to be confidential in it, to template.
        rules: digest of what `classify` and `mask` go by: with another one all texts are read again.
        owner_of: who must act about a class.
        fingerprint_key: secret key of the issue fingerprints.
        journal: where memory is committed.
        turns: keeps the polls' arithmetic from holding up the event loop.
        inventory_interval, max_session, default_plan_interval, timeout: seconds, from the configuration.
        organization_wide: when a trouble is an organization's.
        session_time_limit: seconds after which the engine itself cuts a session.
    """

    classify: Classify
    mask: Masking
    rules: str
    owner_of: OwnerOf
    fingerprint_key: bytes
    journal: Journal
    turns: Turns
    inventory_interval: float
    max_session: float
    default_plan_interval: float
    timeout: float
    organization_wide: OrganizationWide
    session_time_limit: float


class Result(msgspec.Struct, frozen=True):
    """What one poll came to.

    Attributes:
        ledger: what to go on with.
        started: when it began, Unix seconds.
        duration: how long it took, seconds.
        error: why it failed or is incomplete; None for a complete poll.
        snapshot: what to show; None if the lists could not be read.
        happened: since the last poll; None if the lists could not be read.
        counted: what is counted for good since the last poll, happen it when it may.
        figures: what the requests came to.
        sight: what the panel shows.
    """

    ledger: Ledger
    started: float
    duration: float
    error: PollError | None
    snapshot: Snapshot | None
    happened: Events | None
    counted: Tally
    figures: Figures
    sight: Sight

    @property
    def memory(self) -> TenantMemory:
        """All that is known."""
        return self.ledger.known

    @property
    def counters(self) -> Counters | None:
        """What is counted for good; None before the journal was read."""
        return self.ledger.counters


async def poll(
    tenant: str,
    panel: PanelReading,
    ledger: Ledger,
    stages: Stages,
    clock: Clock,
    *,
    only: str | None = None,
    items: bool = False,
) -> Result:
    """Poll `tenant` once, within `stages.timeout`; for `only` and `items` see `Terms`."""
    started, begun = clock.now(), clock.monotonic()
    snapshot, happened, counted, error = None, None, Tally(), None
    try:
        ledger, counted = await read_up(tenant, ledger, stages.journal)
        memory = ledger.known
        terms = _terms(stages, panel.sight, started, only, items=items)
        finder = _finder(tenant, stages, started)
        reading, error = await read(panel, memory, finder, terms)
        judge = partial(
            _judged, tenant, reading, memory, finder=finder, stages=stages, terms=terms, error=error
        )
        after, happened, snapshot, error = await stages.turns.work(
            len(reading.users) + len(memory.users), judge
        )
        ledger, more = await write_down(
            tenant, ledger, after, happened.tally, now=started, journal=stages.journal
        )
        counted += more
    except PollError as failure:
        error = failure.with_traceback(
            None
        )  # its frames hold all that was read, and would live as long as it
    except Exception as fault:  # a tenant's task never dies, and a fault of ours has a reason too
        log.exception("poll_fault", tenant=tenant)
        error = PollError(Reason.INTERNAL, type(fault).__name__)
    finally:
        panel.close()
    duration = clock.monotonic() - begun
    return Result(ledger, started, duration, error, snapshot, happened, counted, panel.figures, panel.sight)


def _finder(tenant: str, stages: Stages, now: float) -> Finder:
    latest = now + AHEAD
    return Finder(tenant, stages.classify, stages.mask, stages.fingerprint_key, stages.turns, latest=latest)


def _judged(
    tenant: str,
    reading: Reading,
    memory: TenantMemory,
    *,
    finder: Finder,
    stages: Stages,
    terms: Terms,
    error: PollError | None,
) -> tuple[TenantMemory, Events, Snapshot, PollError | None]:
    """What a reading means, and why it is incomplete, if it is: arithmetic only."""
    roster = muster(memory, reading)
    error = error or _held(roster)
    verdicts = _verdicts(reading, roster, memory, stages, terms, finder=finder)
    members = _members(reading, roster, verdicts, terms)
    causes = organization_wide(members, memory.causes, stages.organization_wide)
    after, happened = transitions(memory, reading, roster, verdicts, causes)
    if error is None:
        after = structs.replace(after, last_success=terms.now)
    unclassified = stages.owner_of(UNCLASSIFIED, NO_CONTEXT)
    snapshot = Snapshot(tenant, reading.time, after, verdicts, unclassified, sight=reading.sight)
    return after, happened, snapshot, error


def _held(roster: Roster) -> PollError | None:
    """Why the list of users is not believed, if it is not."""
    if not roster.lost:
        return None
    if roster.nameless:
        rows = f"{roster.nameless} rows of the list have no id that can be read"
        return PollError(Reason.PARTIAL, f"{rows}: {roster.lost} users who are missing may be among them")
    detail = (
        f"the list lost {roster.lost} of {len(roster.kept) + len(roster.listed)} users: it is not believed"
        f" before {HELD - roster.suspicions + 1} more lists say so"
    )
    return PollError(Reason.PARTIAL, detail)


def _terms(stages: Stages, sight: Sight, now: float, only: str | None, *, items: bool) -> Terms:
    own = sight.default_plan_interval
    return Terms(
        now=now,
        rules=stages.rules,
        timeout=stages.timeout,
        inventory_interval=stages.inventory_interval,
        default_plan_interval=stages.default_plan_interval if own is None else own,
        only=only,
        items=items,
    )


def _users(roster: Roster) -> dict[str, UserFacts]:
    """Every user who is shown: those listed, and those of whom the list does not tell that they are gone."""
    listed = {id_: user.facts for id_, user in roster.listed.items()}
    return {id_: user.facts for id_, user in roster.kept.items()} | listed


def _verdicts(
    reading: Reading, roster: Roster, memory: TenantMemory, stages: Stages, terms: Terms, *, finder: Finder
) -> dict[str, Verdict]:
    return {
        id_: diagnose(
            user,
            Circumstances(
                interval=reading.plans.get(user.plan or "", terms.default_plan_interval),
                max_session=stages.max_session,
                active_since=grace_from(memory.users.get(id_), user, reading.time),
                owner_of=stages.owner_of,
                context=finder.context(user),
                organization=_organization(user, reading),
                sight=reading.sight,
                session_time_limit=stages.session_time_limit,
            ),
            reading.time,
        )
        for id_, user in _users(roster).items()
    }


def _members(
    reading: Reading, roster: Roster, verdicts: Mapping[str, Verdict], terms: Terms
) -> Iterator[Member]:
    """The users whose sync is meant to run, as `organization_wide` looks at them."""
    for id_, user in _users(roster).items():
        verdict, read_ = verdicts[id_], roster.listed.get(id_)
        if verdict.state.active:
            yield Member(
                user.organization,
                verdict,
                reading.plans.get(user.plan or "", terms.default_plan_interval),
                settled=(read_ is None or not read_.unheard)
                and not _unexplained(user, verdict, reading.sight),
            )


def _unexplained(user: UserFacts, verdict: Verdict, sight: Sight) -> bool:
    """Whether the Activity tab is still to tell why a user is down of whom no text speaks."""
    return verdict.class_ in {NO_MESSAGE, UNCLASSIFIED} and needs_activity(user, sight)


def _organization(user: UserFacts, reading: Reading) -> Switch | None:
    """The switch of the user's organization: None if there is nothing to know, unknown if the list lacks it."""
    if not user.organization or not reading.sight.organizations:
        return None
    organization = reading.organizations.get(user.organization)
    return organization.switch if organization else Switch.UNKNOWN
