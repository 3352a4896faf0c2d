"""One poll of one tenant: read, find, diagnose, hold against memory, commit, publish.

Promises that a poll ends in exactly one `Result`, whatever the panel does; that gauges are published after
every reading of the lists, be the journal there or not; and that counters and memory advance only with a commit.
It never answers a scrape, and nothing that answers one can start it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
import structlog

from syncwatch.classification.find import Classify, Finder
from syncwatch.classification.masking import Masking
from syncwatch.clock import Clock
from syncwatch.diagnosis.tree import Circumstances, diagnose
from syncwatch.errors import PollError, Reason
from syncwatch.model import UNCLASSIFIED, Owner, Switch, UserFacts, Verdict
from syncwatch.polling.read import read
from syncwatch.polling.terms import Terms
from syncwatch.rows import Figures, PanelReading, Sight
from syncwatch.state.journal import Change, Commit, Journal
from syncwatch.state.memory import TenantMemory
from syncwatch.state.reading import Reading
from syncwatch.state.snapshot import Snapshot
from syncwatch.state.transitions import Events, grace_from, transitions
from syncwatch.turns import Turns

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Stages:
    """What a poll is composed of; `app` hands it in.

    Attributes:
        classify: text, and what stands around it, to finding.
        mask: text, and what is known to be confidential in it, to template.
        rules: digest of the rule set behind `classify`.
        owners: default owner of each class.
        fingerprint_key: secret key of the issue fingerprints.
        journal: where memory is committed.
        turns: keeps the polls' arithmetic from holding up the event loop.
        inventory_interval, max_session, default_plan_interval, timeout: seconds, from the configuration.
    """

    classify: Classify
    mask: Masking
    rules: str
    owners: Mapping[str, Owner]
    fingerprint_key: bytes
    journal: Journal
    turns: Turns
    inventory_interval: float
    max_session: float
    default_plan_interval: float
    timeout: float


class Result(msgspec.Struct, frozen=True):
    """What one poll came to.

    Attributes:
        memory: what to go on with.
        started: when it began, Unix seconds.
        duration: how long it took, seconds.
        error: why it failed or is incomplete; None for a complete poll.
        snapshot: what to show; None if the lists could not be read.
        events: what happened since the last poll; None without a commit.
        figures: what the requests came to.
        sight: what the panel shows.
    """

    memory: TenantMemory
    started: float
    duration: float
    error: PollError | None
    snapshot: Snapshot | None
    events: Events | None
    figures: Figures
    sight: Sight


async def poll(
    tenant: str,
    panel: PanelReading,
    memory: TenantMemory,
    stages: Stages,
    clock: Clock,
    *,
    only: str | None = None,
) -> Result:
    """Poll `tenant` once, within `stages.timeout`; of the users' details, read `only` that user's if given."""
    started, begun = clock.now(), clock.monotonic()
    snapshot, events, error = None, None, None
    try:
        terms = _terms(stages, panel.sight, started, only)
        reading, error = await read(panel, memory, _finder(tenant, stages), terms)
        async with stages.turns:
            verdicts = _verdicts(reading, memory, stages, terms)
            after, happened = transitions(memory, reading, verdicts)
            snapshot = Snapshot(
                tenant, reading.time, after, verdicts, stages.owners[UNCLASSIFIED], sight=reading.sight
            )
        match (await stages.journal.commit([Change(tenant, after)]))[tenant]:
            case Commit.COMMITTED:
                memory, events = after, happened
            case Commit.REFUSED:
                memory = await stages.journal.load(tenant)
            case Commit.FAILED:
                pass  # the same difference is taken again by the next poll
    except PollError as failure:
        error = failure.with_traceback(
            None
        )  # its frames hold all that was read, and would live as long as it
    except Exception as fault:  # a tenant's task never dies, and a fault of ours has a reason too
        log.exception("poll_fault", tenant=tenant)
        error = PollError(Reason.INTERNAL, type(fault).__name__)
    duration = clock.monotonic() - begun
    return Result(memory, started, duration, error, snapshot, events, panel.figures, panel.sight)


def _finder(tenant: str, stages: Stages) -> Finder:
    return Finder(tenant, stages.classify, stages.mask, stages.fingerprint_key)


def _terms(stages: Stages, sight: Sight, now: float, only: str | None) -> Terms:
    own = sight.default_plan_interval
    return Terms(
        now=now,
        rules=stages.rules,
        timeout=stages.timeout,
        inventory_interval=stages.inventory_interval,
        default_plan_interval=stages.default_plan_interval if own is None else own,
        only=only,
    )


def _verdicts(reading: Reading, memory: TenantMemory, stages: Stages, terms: Terms) -> dict[str, Verdict]:
    """The verdict on every user of the reading, and on those remembered that it did not reach."""
    facts = {id_: user.facts for id_, user in reading.users.items()}
    if not reading.whole_list:
        facts = {id_: user.facts for id_, user in memory.users.items()} | facts
    return {
        id_: diagnose(
            user,
            Circumstances(
                interval=reading.plans.get(user.plan or "", terms.default_plan_interval),
                max_session=stages.max_session,
                active_since=grace_from(memory.users.get(id_), user, reading.time),
                owners=stages.owners,
                organization=_organization(user, reading),
                sight=reading.sight,
            ),
            reading.time,
        )
        for id_, user in facts.items()
    }


def _organization(user: UserFacts, reading: Reading) -> Switch | None:
    """The switch of the user's organization: None if there is nothing to know, unknown if the list lacks it."""
    if not user.organization or not reading.sight.organizations:
        return None
    organization = reading.organizations.get(user.organization)
    return organization.switch if organization else Switch.UNKNOWN
