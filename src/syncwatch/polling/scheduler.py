"""One task per tenant: sequential by construction, never two polls of a tenant at once, and it never dies.

`apply` works on the difference to what runs, keyed by tenant id: an unchanged tenant keeps its task, its breaker and its
place on the grid, and one that is polled in another way keeps at least its ledger: what the journal does not have yet is
only there. What a poll comes to is handed on as a value; the scheduler knows nobody who reads it.

A panel that asks to be left alone is, whoever else wants it polled, and nobody waits for that with a place.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from math import inf

import structlog

from syncwatch.clock import Clock
from syncwatch.errors import Reason
from syncwatch.polling.alarm import Alarm
from syncwatch.polling.breaker import CLOSED, Breaker
from syncwatch.polling.meters import PollMeters
from syncwatch.polling.offline import UNREACHABLE, Reachability, Uplink, reached
from syncwatch.polling.poll import Result, Stages, poll
from syncwatch.polling.schedule import LONGEST_WAIT, Grid, grid
from syncwatch.polling.watch import Standing, Watch
from syncwatch.state.ledger import Ledger

log = structlog.get_logger(__name__)

_NO_GROUPS: AbstractSet[str] = frozenset()


@dataclass(slots=True, eq=False)
class _Kept:
    """What stays of a tenant from poll to poll.

    Attributes:
        planned: when it is due, by the wall clock as it was when that was decided.
        rest: until when its panel asked to be left alone, monotonic seconds.
    """

    watch: Watch
    rhythm: Grid
    alarm: Alarm
    planned: float
    ledger: Ledger
    breaker: Breaker = CLOSED
    rest: float = -inf
    polling: bool = False
    task: asyncio.Task[None] = field(init=False)


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
        self._kept: dict[str, _Kept] = {}
        self._shared: AbstractSet[str] = _NO_GROUPS
        self._rests: dict[str, float] = {}  # of groups, as `_Kept.rest`
        self._uplink = Uplink()
        self._closing = asyncio.Event()
        self._group = asyncio.TaskGroup()

    @property
    def reachability(self) -> Reachability:
        """Whether the panels can be reached, and whether we are offline."""
        return self._uplink.now

    async def run(self, started: Callable[[], None]) -> None:
        """Work until `close` is called and the last poll has ended; `started` is called once `apply` may be."""
        async with self._group:
            started()
            await self._closing.wait()

    def apply(
        self, watches: Mapping[str, Watch], stages: Stages, shared: AbstractSet[str] = _NO_GROUPS
    ) -> None:
        """Watch exactly these tenants, with these stages from each next poll on.

        `shared` are the groups that are left alone as a whole where one of their panels asks for it. On the way down
        nobody is watched any more.
        """
        if self._closing.is_set():
            return
        self._stages, self._shared = stages, shared
        self._rests = {group: until for group, until in self._rests.items() if group in shared}
        for tenant in self._kept.keys() - watches.keys():
            self._drop(tenant)
        for tenant, watch in watches.items():
            running = self._kept.get(tenant)
            if running is None or running.watch.identity != watch.identity:
                self._take(watch, self._drop(tenant) if running else None)

    def nudge(self, tenants: Iterable[str]) -> None:
        """Poll these now, and not only when they are due; one that is being polled, once more after that."""
        now = self._clock.monotonic()
        for tenant in tenants:
            if kept := self._kept.get(tenant):
                kept.alarm.forward(now)

    def retry(self, tenants: Iterable[str]) -> None:
        """Poll those of these soon that wait because they failed, spread as at first: what kept them may be over."""
        now = self._clock.monotonic()
        for tenant in tenants:
            kept = self._kept.get(tenant)
            if kept is not None and kept.breaker.failures:
                kept.alarm.forward(kept.rhythm.first(now))

    def standing(self, tenant: str) -> Standing | None:
        """How a tenant stands; None for one that is not watched."""
        kept = self._kept.get(tenant)
        if kept is None:
            return None
        ahead = max(0.0, kept.alarm.at - self._clock.monotonic())
        return Standing(kept.breaker, kept.polling, self._clock.now() + ahead)

    def close(self) -> None:
        """Start no poll any more; those in flight go on."""
        self._closing.set()
        for kept in self._kept.values():
            if not kept.polling:
                kept.task.cancel()

    async def idle(self) -> None:
        """Wait until no poll is in flight any more."""
        if busy := [kept.task for kept in self._kept.values() if not kept.task.done()]:
            await asyncio.wait(busy)

    def abandon(self) -> None:
        """Stop the polls that are still in flight."""
        for kept in self._kept.values():
            kept.task.cancel()

    def _take(self, watch: Watch, before: _Kept | None) -> None:
        """Watch a tenant; of the one `before` stays what is not about how it was polled."""
        rhythm = grid(watch.tenant, watch.interval)
        alarm = Alarm(self._clock, rhythm.first(self._clock.monotonic()))
        kept = _Kept(
            watch, rhythm, alarm, rhythm.first(self._clock.now()), before.ledger if before else Ledger()
        )
        if before is not None and before.watch.panel == watch.panel:
            kept.rest, kept.breaker = before.rest, before.breaker
            if before.breaker.failures:
                alarm.set(before.alarm.at)
        kept.task = self._group.create_task(self._keep(kept), name=f"poll {watch.tenant}")
        self._kept[watch.tenant] = kept
        self._meters.breaker(None, kept.breaker.state)

    def _drop(self, tenant: str) -> _Kept:
        kept = self._kept.pop(tenant)
        kept.task.cancel()
        self._meters.breaker(kept.breaker.state, None)
        return kept

    async def _keep(self, kept: _Kept) -> None:
        while not self._closing.is_set():
            await kept.alarm.wait()
            try:
                due = await self._look(kept)
            except Exception:  # the next poll may go well, and nobody else would start it
                log.exception("watch_fault", tenant=kept.watch.tenant)
                self._turn(kept, kept.breaker.after(Reason.INTERNAL))
                due = self._clock.monotonic() + (self._pause(kept) or kept.watch.interval)
            kept.planned = self._clock.now() + due - self._clock.monotonic()
            kept.alarm.set(due)

    async def _look(self, kept: _Kept) -> float:
        """Poll a tenant if its panel may be asked by now; says when to look again, monotonic seconds."""
        async with kept.watch.admit():
            if (rest := self._rest(kept)) > self._clock.monotonic():
                return rest
            result = await self._poll(kept)
        self._meters.record(result, self._clock.now())
        was_offline = self._uplink.now.offline
        self._note(kept.watch, result)
        self._publish(kept.watch.tenant, result)
        self._judge(kept, result)
        if was_offline and not self._uplink.now.offline:
            self._come_back()
        return self._next(kept, result)

    async def _poll(self, kept: _Kept) -> Result:
        stages, watch = self._stages, kept.watch
        assert stages is not None, "apply comes before the first task"
        kept.polling = True
        try:
            self._meters.starts(self._clock.monotonic() - kept.alarm.at)
            kept.alarm.heard()
            self._turn(kept, kept.breaker.probing())
            result = await poll(watch.tenant, watch.open(), kept.ledger, stages, self._clock)
            kept.ledger = result.ledger
        finally:
            kept.polling = False
            self._meters.ends()
        return result

    def _note(self, watch: Watch, result: Result) -> None:
        """Learn from a poll whether we are offline."""
        host, answered = watch.host(), reached(result)
        if host is None or answered is None:
            return
        now = self._clock.monotonic()
        self._uplink.note(host, now, now + 2 * watch.interval, reached=answered)
        self._meters.reachability(self._uplink.now)

    def _come_back(self) -> None:
        """We are no longer offline: nobody waits because of that any more."""
        now = self._clock.monotonic()
        for kept in self._kept.values():
            if kept.breaker.reason in UNREACHABLE and not kept.polling:
                kept.alarm.forward(kept.rhythm.first(now))

    def _judge(self, kept: _Kept, result: Result) -> None:
        """Turn the breaker by what a poll came to; what is our own trouble turns none."""
        reason = result.error.reason if result.error and result.snapshot is None else None
        if reason is not None and reason in UNREACHABLE and self._uplink.now.offline:
            self._turn(kept, kept.breaker.excused(reason))
        else:
            self._turn(kept, kept.breaker.after(reason))

    def _turn(self, kept: _Kept, breaker: Breaker) -> None:
        self._meters.breaker(kept.breaker.state, breaker.state)
        kept.breaker = breaker

    def _next(self, kept: _Kept, result: Result) -> float:
        """When to poll next, monotonic seconds."""
        rhythm, now, monotonic = kept.rhythm, self._clock.now(), self._clock.monotonic()
        self._meters.skipped(rhythm.missed(kept.alarm.at, monotonic))
        pause = self._pause(kept)
        upcoming = rhythm.following(kept.planned, now) if pause is None else now + pause
        if result.snapshot is not None:
            upcoming = rhythm.not_past(upcoming, result.snapshot.until, now)
        if (wanted := _wanted(result, pause or rhythm.interval)) is not None:
            kept.rest = monotonic + wanted
            if kept.watch.group in self._shared:
                self._rests[kept.watch.group] = max(self._rests.get(kept.watch.group, -inf), kept.rest)
        return max(monotonic + upcoming - now, kept.rest)

    def _pause(self, kept: _Kept) -> float | None:
        """Seconds without a poll; None until the next regular instant."""
        if self._uplink.now.offline and kept.breaker.reason in UNREACHABLE:
            return kept.rhythm.steady(self._clock.random())
        return kept.breaker.pause(kept.watch.interval, self._clock.random())

    def _rest(self, kept: _Kept) -> float:
        """Until when the panel is left alone; a group comes back as tenants come at first, and not all at once."""
        shared = self._rests.get(kept.watch.group)
        return kept.rest if shared is None else max(kept.rest, kept.rhythm.first(shared))


def _wanted(result: Result, otherwise: float) -> float | None:
    """Seconds for which the panel wants to be left alone; None if it does not; `otherwise` if it does not say how long."""
    error = result.error
    if error is not None and error.retry_after is not None:
        return min(error.retry_after, LONGEST_WAIT)
    return otherwise if any(code == "429" for _, code in result.figures.requests) else None
