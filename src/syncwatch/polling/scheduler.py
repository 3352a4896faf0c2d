"""One task per tenant: sequential by construction, never two polls of a tenant at once, and it never dies.

`apply` works on the difference to what runs, keyed by tenant id: an unchanged tenant keeps its task and its place on the
grid, and one that is polled in another way keeps at least its ledger: what the journal does not have yet is only there. What a poll comes to is handed on as a value; the scheduler knows nobody who reads it.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from syncwatch.clock import Clock
from syncwatch.polling.meters import PollMeters
from syncwatch.polling.poll import Result, Stages, poll
from syncwatch.polling.schedule import LONGEST_WAIT, Grid, grid
from syncwatch.rows import PanelReading
from syncwatch.state.ledger import Ledger

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Watch:
    """One tenant as the scheduler sees it.

    Attributes:
        tenant: its id.
        interval: seconds between two polls.
        open: starts one poll's worth of requests to its panel.
        identity: what the watch was made from; a different one means a different watch.
    """

    tenant: str
    interval: float
    open: Callable[[], PanelReading]
    identity: object


class Scheduler:
    """Polls every watched tenant in its time.

    Args:
        clock: the only source of time and chance.
        meters: the daemon's own figures.
        publish: takes what each poll came to.
    """

    def __init__(self, clock: Clock, meters: PollMeters, publish: Callable[[str, Result], None]) -> None:
        self._clock = clock
        self._meters = meters
        self._publish = publish
        self._stages: Stages | None = None
        self._concurrency = 1
        self._slots = asyncio.Semaphore(1)
        self._watches: dict[str, Watch] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._ledgers: dict[str, Ledger] = {}
        self._polling: set[str] = set()
        self._closing = asyncio.Event()
        self._group = asyncio.TaskGroup()

    async def run(self, started: Callable[[], None]) -> None:
        """Work until `close` is called and the last poll has ended; `started` is called once `apply` may be."""
        async with self._group:
            started()
            await self._closing.wait()

    def apply(self, watches: Mapping[str, Watch], stages: Stages, concurrency: int) -> None:
        """Watch exactly these tenants, with these stages and so many polls in flight, from each next poll on."""
        self._stages = stages
        if concurrency != self._concurrency:
            self._concurrency, self._slots = concurrency, asyncio.Semaphore(concurrency)
        for tenant in self._watches.keys() - watches.keys():
            self._tasks.pop(tenant).cancel()
            self._ledgers.pop(tenant, None)
        for tenant, watch in watches.items():
            running = self._watches.get(tenant)
            if running is not None and running.identity == watch.identity:
                continue
            if running is not None:
                self._tasks.pop(tenant).cancel()
            self._tasks[tenant] = self._group.create_task(self._keep(watch), name=f"poll {tenant}")
        self._watches = dict(watches)

    def close(self) -> None:
        """Start no poll any more; those in flight go on."""
        self._closing.set()
        for tenant, task in self._tasks.items():
            if tenant not in self._polling:
                task.cancel()

    async def idle(self) -> None:
        """Wait until no poll is in flight any more."""
        if busy := [task for task in self._tasks.values() if not task.done()]:
            await asyncio.wait(busy)

    def abandon(self) -> None:
        """Stop the polls that are still in flight."""
        for task in self._tasks.values():
            task.cancel()

    async def _keep(self, watch: Watch) -> None:
        rhythm = grid(watch.tenant, watch.interval)
        due, failures = rhythm.first(self._clock.now()), 0
        while not self._closing.is_set():
            await self._clock.sleep(max(0.0, due - self._clock.now()))
            try:
                result = await self._poll(watch, due)
                failures = failures + 1 if result.snapshot is None else 0
                due = self._next(rhythm, due, result, failures)
            except Exception:  # the next poll may go well, and nobody else would start it
                log.exception("watch_fault", tenant=watch.tenant)
                failures += 1
                due = self._clock.now() + rhythm.pause(failures, self._clock.random())

    async def _poll(self, watch: Watch, due: float) -> Result:
        async with self._slots:
            stages = self._stages
            assert stages is not None, "apply comes before the first task"
            self._polling.add(watch.tenant)
            try:
                self._meters.starts(self._clock.now() - due)
                ledger = self._ledgers.get(watch.tenant, Ledger())
                result = await poll(watch.tenant, watch.open(), ledger, stages, self._clock)
                self._ledgers[watch.tenant] = result.ledger
            finally:
                self._polling.discard(watch.tenant)
                self._meters.ends()
        self._meters.record(result, self._clock.now())
        self._publish(watch.tenant, result)
        return result

    def _next(self, rhythm: Grid, due: float, result: Result, failures: int) -> float:
        now = self._clock.now()
        self._meters.skipped(rhythm.missed(due, now))
        if result.snapshot is None and failures > 1:
            upcoming = now + rhythm.pause(failures, self._clock.random())
        else:
            upcoming = rhythm.after(now)
        if result.snapshot is not None:
            upcoming = rhythm.not_past(upcoming, result.snapshot.until, now)
        if result.error is not None and result.error.retry_after is not None:
            upcoming = max(upcoming, now + min(result.error.retry_after, LONGEST_WAIT))
        return upcoming
