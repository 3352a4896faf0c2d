"""One gzip scrape of 100,000 series: the daemon's page against `prometheus_client` with the very same samples.

The baseline does what prometheus_client's own applications do, generate and compress on the event loop. Besides
CPU, the longest stall: how late a timer of the same loop comes while the scrape is answered.
"""

import asyncio
import gzip
import time
from collections.abc import Awaitable, Callable
from statistics import median
from types import MappingProxyType

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from figures import Figure, Report
from syncwatch.clock import SystemClock
from syncwatch.exposition.board import Board, Polled
from syncwatch.exposition.families import Tenant
from syncwatch.exposition.own import new_registry
from syncwatch.exposition.page import Page, compressed
from syncwatch.model import Owner, Side, State
from syncwatch.setup import load_ruleset
from syncwatch.state.memory import Counters, TenantMemory
from syncwatch.state.snapshot import Counts, Snapshot

ROUNDS = 5
SERIES = 100_000
TICK = 0.001  # seconds
KINDS = 8  # classes of trouble that each tenant has

Scrape = Callable[[], Awaitable[bytes]]


class _Picture(Snapshot):
    """A snapshot whose figures are given."""

    def __init__(self, tenant: str, time: float, counts: Counts) -> None:
        super().__init__(tenant, time, TenantMemory(), {}, Owner.VENDOR_SUPPORT)
        self._counts = counts

    def counts(self) -> Counts:
        """See `Snapshot.counts`."""
        return self._counts


def _counts(number: int, now: float, pairs: list[tuple[str, str]]) -> Counts:
    mine = {pairs[(number + step) % len(pairs)]: 1 + number % 7 + step for step in range(KINDS)}
    return Counts(
        users={state: (number + place) % 90 for place, state in enumerate(State)},
        down=mine,
        issues=mine,
        dedup={"user": number % 2, "item": number % 5},
        tokens=dict.fromkeys(Side, number % 3),
        mailboxes={"m365_graph_user": 40 + number % 60, "m365_graph_app_only": 1 + number % 20},
        crm_disconnected=number % 2,
        newest_session=now - number % 600,
        oldest_session=now - 600 - number % 600,
        oldest_down=now - 86_400 - number,
        overdue=number % 4,
        templates={},
        causes=dict.fromkeys(list(mine)[: number % 2], 1),
    )


def _page(clock: SystemClock) -> Page:
    """A daemon's page with as many tenants as it takes to have `SERIES`."""
    now = clock.now()
    pairs = [(name, entry.owner.value) for name, entry in load_ruleset().catalogue.classes.items()]
    labels = MappingProxyType({"region": "us", "team": "east", "tier": "gold"})

    def board(tenants: int) -> Board:
        filled = Board(clock)
        ids = [f"firm-{number:05d}" for number in range(tenants)]
        filled.apply((Tenant(id_, "litify-inbox", labels, 60, 900) for id_ in ids), tuple(labels))
        for number, id_ in enumerate(ids):
            picture = _Picture(id_, now, _counts(number, now, pairs))
            counters = Counters(number * 100, number * 3, number)
            filled.publish(id_, Polled(picture, counters, now, 0.1, None, truncated=False))
        return filled

    return Page(board(SERIES // (board(100).series() // 100)), new_registry(), clock)


def _copied(page: bytes) -> CollectorRegistry:
    """A registry with the same samples."""
    registry = CollectorRegistry()
    for family in text_string_to_metric_families(page.decode()):
        gauges: dict[str, Gauge] = {}
        for sample in family.samples:
            if sample.name not in gauges:
                gauges[sample.name] = Gauge(
                    sample.name, family.documentation, list(sample.labels), registry=registry
                )
            gauge = gauges[sample.name]
            (gauge.labels(**sample.labels) if sample.labels else gauge).set(sample.value)
    return registry


async def _timed(scrape: Scrape) -> tuple[float, float]:
    """CPU seconds of one scrape, and by how many seconds a timer was late meanwhile at the most."""
    loop = asyncio.get_running_loop()
    late = 0.0

    async def tick() -> None:
        nonlocal late
        while True:
            due = loop.time() + TICK
            await asyncio.sleep(TICK)
            late = max(late, loop.time() - due)

    ticking = asyncio.create_task(tick())
    await asyncio.sleep(5 * TICK)
    late, begun = 0.0, time.process_time()
    await scrape()
    await asyncio.sleep(2 * TICK)
    spent = time.process_time() - begun
    ticking.cancel()
    return spent, late


async def _measure(ours: Scrape, theirs: Scrape) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The medians of CPU and stall, of each of the two."""
    taken: tuple[list[tuple[float, float]], ...] = ([], [])
    for _ in range(ROUNDS):
        for times, scrape in zip(taken, (ours, theirs), strict=True):
            times.append(await _timed(scrape))
    mine, other = (tuple(map(median, zip(*times, strict=True))) for times in taken)
    return mine, other


def run() -> Report:
    """Time both."""
    page = _page(SystemClock())
    body = page.body(openmetrics=False)
    registry = _copied(body)

    async def ours() -> bytes:
        return await compressed(page.body(openmetrics=False))

    async def theirs() -> bytes:
        return gzip.compress(generate_latest(registry))

    (cpu, stall), (their_cpu, their_stall) = asyncio.run(_measure(ours, theirs))
    lines = sum(not line.startswith(b"#") for line in body.splitlines())
    return Report(
        f"scrape: {lines:,} series, {len(body) / 1e6:.1f} MB, compressed",
        (
            Figure("baseline `prometheus_client + gzip`, CPU", f"{their_cpu * 1e3:,.1f} ms"),
            Figure("page and gzip, CPU", f"{cpu * 1e3:,.1f} ms", f"{their_cpu / cpu:,.0f} x less"),
            Figure("baseline `prometheus_client + gzip`, longest stall", f"{their_stall * 1e3:,.1f} ms"),
            Figure(
                "page and gzip, longest stall", f"{stall * 1e3:,.1f} ms", f"{their_stall / stall:,.0f} x less"
            ),
        ),
    )
