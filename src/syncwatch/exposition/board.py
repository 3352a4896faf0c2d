"""The page's memory: for each family, one chunk of bytes per tenant.

A poll replaces all chunks of its tenant in one step, so that a scrape never sees half a tenant; a scrape only
joins what is there. Whether a tenant's picture is too old to be shown is decided at the scrape: a daemon that
polls no more must not go on telling yesterday's truth.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from syncwatch.clock import Clock
from syncwatch.errors import PollError
from syncwatch.exposition.families import INFO, Family, Health, Subject, Tenant, families
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

    def apply(self, tenants: Iterable[Tenant], label_names: tuple[str, ...]) -> None:
        """Show exactly these tenants; what is known of those that stay is kept, and not rendered again."""
        wanted = {tenant.id: tenant for tenant in tenants}
        if label_names != self._label_names:
            self._label_names, self._families = label_names, families(label_names)
            self._chunks = {family.name: {} for family in self._families}
            self._series = 0
        for gone in self._subjects.keys() - wanted.keys():
            self._drop(gone)
        for id_, tenant in wanted.items():
            known = self._subjects.get(id_, Subject(tenant, Health(), None, None, tenant.sight))
            if known.tenant != tenant or id_ not in self._chunks[INFO]:
                # Until it is polled again, another profile is believed to show what it says.
                sight = known.sight if known.tenant.sight == tenant.sight else tenant.sight
                self._subjects[id_] = known._replace(tenant=tenant, sight=sight)
                self._render(id_, self._families)

    def recall(self, recalled: Mapping[str, Recalled]) -> None:
        """Show what the journal has of tenants that were not polled yet; of one that it does not know, zero."""
        for id_, subject in self._subjects.items():
            if subject.counters is None:
                known = recalled.get(id_, Recalled(Counters(), None))
                success = subject.health.last_success or known.last_success
                health = replace(subject.health, last_success=success)
                self._subjects[id_] = subject._replace(health=health, counters=known.counters)
                self._render(id_, self._families)

    def publish(self, tenant: str, polled: Polled) -> None:
        """Show what a poll came to; without a snapshot the picture before stays, for as long as it may.

        Without counters those before stay: they are as the journal has them.
        """
        subject = self._subjects.get(tenant)
        if subject is None:
            return
        snapshot = polled.snapshot
        self._subjects[tenant] = subject._replace(
            health=_health(subject.health, polled),
            counters=polled.counters or subject.counters,
            counts=snapshot.counts() if snapshot else subject.counts,
            sight=polled.sight if snapshot else subject.sight,
        )
        self._render(tenant, self._families)

    def parts(self, *, openmetrics: bool) -> Iterator[bytes]:
        """The page in pieces: every family that has samples, header first."""
        self._drop_stale()
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
        now = self._clock.now()
        for tenant, subject in self._subjects.items():
            data = subject.health.data
            if subject.counts is None or data is None or now - data <= subject.tenant.stale_limit:
                continue
            self._subjects[tenant] = subject._replace(counts=None)
            self._render(tenant, [family for family in self._families if not family.kept])

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


def _health(before: Health, polled: Polled) -> Health:
    failures = before.failures
    if polled.error is not None:
        reason = polled.error.reason.value
        failures = {**failures, reason: failures.get(reason, 0) + 1}
    return Health(
        up=polled.error is None,
        data=polled.snapshot.time if polled.snapshot else before.data,
        last_poll=polled.started,
        last_success=polled.started if polled.error is None else polled.last_success or before.last_success,
        duration=polled.duration,
        polls=before.polls + 1,
        failures=failures,
        truncated=polled.truncated,
    )
