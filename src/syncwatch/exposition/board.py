"""The page's memory: for each family, one chunk of bytes per tenant.

A poll replaces all chunks of its tenant in one step, so that a scrape never sees half a tenant; a scrape only
joins what is there. Whether a tenant's picture is too old to be shown, and whether it is in maintenance, is decided at
the scrape: a daemon that polls no more must not go on telling yesterday's truth.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import inf

from syncwatch.clock import Clock
from syncwatch.errors import PollError
from syncwatch.exposition.families import MAINTENANCE, Family, Health, Subject, Tenant, families
from syncwatch.exposition.render import chunk, header
from syncwatch.rows import EVERYTHING, Sight
from syncwatch.state.journal import Recalled
from syncwatch.state.memory import Counters
from syncwatch.state.snapshot import Counts, Snapshot


@dataclass(frozen=True, slots=True)
class Polled:
    """What a poll came to, as far as it is shown; see `polling.poll.Result`."""

    snapshot: Snapshot | None
    counters: Counters | None
    started: float
    duration: float
    error: PollError | None
    truncated: bool
    last_success: float | None = None
    sight: Sight = EVERYTHING


class Board:
    """What is shown of every tenant.

    Args:
        clock: tells how old data is.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._label_names: tuple[str, ...] | None = None
        self._families: tuple[Family, ...] = ()
        self._chunks: dict[str, dict[str, bytes]] = {}
        self._subjects: dict[str, Subject] = {}
        self._series = 0
        self._calm = (inf, -inf)  # from the last border of a maintenance to the next, as far as that is known

    def apply(self, tenants: Iterable[Tenant], label_names: tuple[str, ...]) -> None:
        """Show exactly these tenants; what is known of those that stay is kept, and not rendered again."""
        wanted = {tenant.id: tenant for tenant in tenants}
        self._calm = (inf, -inf)
        now = self._clock.now()
        for gone in self._subjects.keys() - wanted.keys():
            self._drop(gone)
        renamed = label_names != self._label_names
        if renamed:
            self._label_names, self._families = label_names, families(label_names)
            for family in self._families:
                self._chunks.setdefault(family.name, {})
        for id_, tenant in wanted.items():
            known = self._subjects.get(id_)
            if known is None or known.tenant != tenant:
                self._take(tenant, known, now)
            elif renamed:
                self._render(id_, self._of_configuration())

    def _take(self, tenant: Tenant, known: Subject | None, now: float) -> None:
        """Show a tenant that is new, or that is configured in another way; render what that can change and no more."""
        if known is None:
            shown = [family for family in self._families if family.kept]
            known = Subject(tenant, Health(), None, None, tenant.sight)
        elif known.tenant.sight == tenant.sight:
            shown = self._of_configuration()
        else:  # until it is polled again, another profile is believed to show what it says
            shown = [*self._families]
            known = known._replace(sight=tenant.sight)
        self._subjects[tenant.id] = known._replace(tenant=tenant, maintenance=tenant.in_maintenance(now))
        self._render(tenant.id, shown)

    def _of_configuration(self) -> list[Family]:
        return [family for family in self._families if family.configured]

    def recall(self, recalled: Mapping[str, Recalled]) -> None:
        """Show what the journal has of tenants that were not polled yet; of one that it does not know, zero."""
        kept = [family for family in self._families if family.kept]
        for id_, subject in self._subjects.items():
            if subject.counters is None:
                known = recalled.get(id_, Recalled(Counters(), None))
                success = subject.health.last_success or known.last_success
                health = replace(subject.health, last_success=success)
                self._subjects[id_] = subject._replace(health=health, counters=known.counters)
                self._render(id_, kept)

    def publish(self, tenant: str, polled: Polled) -> None:
        """Show what a poll came to; without a snapshot the picture before stays, for as long as it may.

        Without counters those before stay: they are as the journal has them.
        """
        subject = self._subjects.get(tenant)
        if subject is None:
            return
        snapshot = polled.snapshot
        self._subjects[tenant] = subject._replace(
            health=_health(subject.health, polled, self._clock),
            counters=polled.counters or subject.counters,
            counts=snapshot.counts() if snapshot else subject.counts,
            sight=polled.sight if snapshot else subject.sight,
        )
        self._render(tenant, self._families)

    def parts(self, *, openmetrics: bool) -> Iterator[bytes]:
        """The page in pieces: every family that has samples, header first."""
        self._drop_stale()
        self._cross_borders()
        for family in self._families:
            if samples := b"".join(self._chunks[family.name].values()):
                yield header(
                    family.name, self._kind(family, openmetrics), family.help, openmetrics=openmetrics
                )
                yield samples

    def _kind(self, family: Family, openmetrics: bool) -> str:  # noqa: FBT001
        """OpenMetrics calls a counter by its name without `_total`: where a gauge has that name, it has no type."""
        taken = openmetrics and family.name.removesuffix("_total") in self._chunks
        return "unknown" if taken and family.kind == "counter" else family.kind

    def counts(self, tenant: str) -> Counts | None:
        """What is shown of a tenant in figures; None while there is nothing."""
        subject = self._subjects.get(tenant)
        return subject.counts if subject else None

    def subject(self, tenant: str) -> Subject | None:
        """All that is known of a tenant, without figures that are too old to be shown; None if it is not watched."""
        subject = self._subjects.get(tenant)
        return subject._replace(counts=None) if subject and _is_stale(subject, self._clock) else subject

    def series(self) -> int:
        """How many series there are."""
        return self._series

    def tenants(self) -> int:
        """How many tenants are shown."""
        return len(self._subjects)

    def polled(self) -> int:
        """How many tenants were polled at least once."""
        return sum(1 for subject in self._subjects.values() if subject.health.polls)

    def _drop_stale(self) -> None:
        for tenant, subject in self._subjects.items():
            if _is_stale(subject, self._clock):
                self._subjects[tenant] = subject._replace(counts=None)
                self._render(tenant, [family for family in self._families if not family.kept])

    def _cross_borders(self) -> None:
        """Render anew who came into maintenance or out of it; nobody is looked at while no border is crossed."""
        now = self._clock.now()
        if self._calm[0] <= now < self._calm[1]:
            return
        last, next_ = -inf, inf
        for id_, subject in self._subjects.items():
            borders = [border for span in subject.tenant.maintenance for border in span]
            last = max([last, *(border for border in borders if border <= now)])
            next_ = min([next_, *(border for border in borders if border > now)])
            if (expected := subject.tenant.in_maintenance(now)) != subject.maintenance:
                self._subjects[id_] = subject._replace(maintenance=expected)
                self._render(id_, [MAINTENANCE])
        self._calm = (last, next_)

    def _drop(self, tenant: str) -> None:
        del self._subjects[tenant]
        for chunks in self._chunks.values():
            self._series -= chunks.pop(tenant, b"").count(b"\n")

    def _render(self, tenant: str, families_: Iterable[Family]) -> None:
        subject = self._subjects[tenant]
        for family in families_:
            chunks = self._chunks[family.name]
            fresh = chunk(family, subject)
            self._series += fresh.count(b"\n") - chunks.get(tenant, b"").count(b"\n")
            chunks[tenant] = fresh


def _is_stale(subject: Subject, clock: Clock) -> bool:
    """By the wall clock, or by the one that nobody can set: whichever says that the data is older."""
    data, born = subject.health.data, subject.health.born
    if subject.counts is None or data is None or born is None:
        return False
    return max(clock.now() - data, clock.monotonic() - born) > subject.tenant.stale_limit


def _health(before: Health, polled: Polled, clock: Clock) -> Health:
    failures = before.failures
    if polled.error is not None:
        reason = polled.error.reason.value
        failures = {**failures, reason: failures.get(reason, 0) + 1}
    return Health(
        up=polled.error is None,
        data=polled.snapshot.time if polled.snapshot else before.data,
        born=clock.monotonic() - (clock.now() - polled.snapshot.time) if polled.snapshot else before.born,
        last_poll=polled.started,
        last_success=polled.started if polled.error is None else polled.last_success or before.last_success,
        duration=polled.duration,
        polls=before.polls + 1,
        failures=failures,
        reason=polled.error.reason.value if polled.error else None,
        truncated=polled.truncated,
    )
