"""A scheduler under a clock that the test moves: hours pass in milliseconds, the same way each time."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from syncwatch.config.fleet import OrganizationWide
from syncwatch.errors import Reason
from syncwatch.model import State
from syncwatch.polling.meters import PollMeters
from syncwatch.polling.poll import Result, Stages
from syncwatch.polling.schedule import grid
from syncwatch.polling.scheduler import Scheduler, Watch
from syncwatch.state.journal import Commit, MemoryJournal
from syncwatch.turns import Turns
from unit.given import (
    HOUR,
    MINUTE,
    T0,
    ScriptedPanel,
    VirtualClock,
    classify,
    failed,
    mask,
    owner_of,
    settled,
)

INTERVAL = 5 * MINUTE


class Slow(ScriptedPanel):
    """A panel whose lists take as long as a test says, by the test's clock."""

    def __init__(self, world: "World", tenant: str) -> None:
        super().__init__(plans_=())
        self._world, self._tenant = world, tenant

    async def users(self, marks):
        world = self._world
        world.started.append((self._tenant, world.clock.now()))
        assert self._tenant not in world.flying, "two polls of one tenant at once"
        world.flying.add(self._tenant)
        world.most = max(world.most, len(world.flying))
        try:
            await world.clock.sleep(world.takes.get(self._tenant, 0.0))
        finally:
            world.flying.discard(self._tenant)
        if error := world.errors.get(self._tenant):
            raise error
        return await super().users(marks)


@dataclass
class World:
    """A scheduler, and everything that tests look at."""

    clock: VirtualClock = field(default_factory=VirtualClock)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    published: list[tuple[str, Result]] = field(default_factory=list)
    started: list[tuple[str, float]] = field(default_factory=list)
    takes: dict[str, float] = field(default_factory=dict)
    errors: dict[str, Exception] = field(default_factory=dict)
    flying: set[str] = field(default_factory=set)
    most: int = 0
    concurrency: int = 100

    def __post_init__(self) -> None:
        self.stages = Stages(
            classify,
            mask,
            "r1",
            owner_of,
            b"k" * 32,
            MemoryJournal(),
            Turns(),
            HOUR,
            HOUR,
            1800.0,
            1e6,
            OrganizationWide(),
            HOUR,
        )
        meters = PollMeters(self.registry, ["unclassified"])
        self.scheduler = Scheduler(self.clock, meters, self.publish)

    def publish(self, tenant: str, result: Result) -> None:
        self.published.append((tenant, result))

    def watch(self, *tenants: str, interval: float = INTERVAL, identity: object = 1) -> None:
        watches = {t: Watch(t, interval, lambda t=t: Slow(self, t), (identity, interval)) for t in tenants}
        self.scheduler.apply(watches, self.stages, self.concurrency)

    def times(self, tenant: str) -> list[float]:
        return [at for who, at in self.started if who == tenant]

    def value(self, name: str) -> float:
        return self.registry.get_sample_value(name)

    @asynccontextmanager
    async def running(self, *tenants: str):
        ready = asyncio.Event()
        task = asyncio.create_task(self.scheduler.run(ready.set))
        await ready.wait()
        self.watch(*tenants)
        try:
            yield self
        finally:
            self.takes.clear()
            self.scheduler.close()
            await self.clock.pass_(HOUR)
            await self.scheduler.idle()
            await task


async def test_polls_lie_on_the_tenants_own_grid_after_a_soon_first_one():
    async with World().running("firm-1", "firm-2") as world:
        await world.clock.pass_(HOUR)
        for tenant in ("firm-1", "firm-2"):
            rhythm, times = grid(tenant, INTERVAL), world.times(tenant)
            assert times[0] == rhythm.first(T0)
            assert times[1:] == pytest.approx(
                [rhythm.after(times[0]) + n * INTERVAL for n in range(len(times) - 1)]
            )
            assert len(times) in {12, 13}


async def test_a_poll_that_takes_longer_than_its_interval_is_never_doubled():
    async with World(takes={"firm-1": 2.5 * INTERVAL}).running("firm-1") as world:
        await world.clock.pass_(HOUR)
        assert world.most == 1
        assert len(world.times("firm-1")) in {4, 5}
        assert world.value("syncwatch_polls_skipped_total") >= 6


async def test_polls_in_flight_are_limited():
    tenants = [f"firm-{n}" for n in range(12)]
    world = World(takes=dict.fromkeys(tenants, MINUTE), concurrency=3)
    async with world.running(*tenants):
        await world.clock.pass_(INTERVAL)
        assert world.most == 3
        assert {tenant for tenant, _ in world.started} == set(tenants)


async def test_a_tenant_that_fails_is_tried_with_growing_pauses_and_comes_back_to_its_grid():
    world = World(errors={"firm-1": failed(Reason.CONNECT)})
    async with world.running("firm-1"):
        await world.clock.pass_(4 * HOUR)
        times = world.times("firm-1")
        gaps = [b - a for a, b in pairwise(times)]
        assert gaps[0] <= INTERVAL
        assert gaps[1:4] == pytest.approx([2 * INTERVAL * 1.05, 900 * 1.05, 900 * 1.05])
        world.errors.clear()
        await world.clock.pass_(HOUR)
        assert world.times("firm-1")[-1] == pytest.approx(
            grid("firm-1", INTERVAL).after(world.times("firm-1")[-2])
        )


async def test_retry_after_is_kept_to():
    world = World(errors={"firm-1": failed(Reason.RATE_LIMITED, retry_after=2000.0)})
    async with world.running("firm-1"):
        await world.clock.pass_(3000)
        first, second = world.times("firm-1")
        assert second - first == pytest.approx(2000.0)


async def test_a_tenants_task_survives_whatever_happens_around_a_poll():
    world = World()
    publish, faults = world.publish, [RuntimeError("page"), None, ValueError("page")]

    def faulty(tenant, result):
        publish(tenant, result)
        if fault := faults.pop(0) if faults else None:
            raise fault

    world.scheduler._publish = faulty
    async with world.running("firm-1", "firm-2"):
        await world.clock.pass_(2 * HOUR)
        assert len(world.times("firm-1")) > 15
        assert len(world.times("firm-2")) > 15


async def test_a_journal_that_cannot_be_read_at_first_kills_no_task():
    world = World()
    load, errors = world.stages.journal.load, [OSError("disk"), OSError("disk")]

    async def faulty(tenant):
        if errors:
            raise errors.pop()
        return await load(tenant)

    world.stages.journal.load = faulty
    async with world.running("firm-1"):
        await world.clock.pass_(HOUR)
        assert len(world.times("firm-1")) > 3


async def test_apply_leaves_tenants_alone_that_did_not_change():
    async with World().running("same", "gone", "changed") as world:
        await world.clock.pass_(10 * MINUTE)
        before = {t: task for t, task in world.scheduler._tasks.items() if t == "same"}
        world.started.clear()
        watches = {t: Watch(t, INTERVAL, lambda t=t: Slow(world, t), (1, INTERVAL)) for t in ("same", "new")}
        watches["changed"] = Watch("changed", MINUTE, lambda: Slow(world, "changed"), (2, MINUTE))
        world.scheduler.apply(watches, world.stages, world.concurrency)
        await world.clock.pass_(10 * MINUTE)
        assert world.scheduler._tasks["same"] is before["same"]
        assert world.times("gone") == []
        assert len(world.times("new")) >= 2
        assert len(world.times("changed")) >= 9
        rhythm = grid("same", INTERVAL)
        assert world.times("same") == pytest.approx(
            [rhythm.after(T0 + 10 * MINUTE + n * INTERVAL) for n in (0, 1)]
        )


async def test_a_changed_tenant_goes_on_with_its_memory():
    async with World().running("firm-1") as world:
        await world.clock.pass_(10 * MINUTE)
        version = world.published[-1][1].memory.version
        world.watch("firm-1", identity=2)
        await world.clock.pass_(MINUTE)
        assert world.published[-1][1].memory.version == version + 1


async def test_a_state_that_changes_by_time_alone_is_not_waited_past():
    world = World()
    async with world.running():
        world.watch("firm-1", interval=HOUR)
        await world.clock.pass_(3 * HOUR)
        stalls_at = T0 - 10 * MINUTE + 75 * MINUTE
        assert any(stalls_at <= at <= stalls_at + 0.1 * HOUR for at in world.times("firm-1"))
        assert world.published[-1][1].snapshot.counts().users[State.STALLED] == 1


async def test_closing_lets_polls_in_flight_end_and_starts_none():
    world = World(takes={"firm-1": MINUTE})
    ready = asyncio.Event()
    task = asyncio.create_task(world.scheduler.run(ready.set))
    await ready.wait()
    world.watch("firm-1", "firm-2")
    await world.clock.pass_(grid("firm-1", INTERVAL).first(T0) - T0 + 1)
    assert world.flying == {"firm-1"}
    count = len(world.started)
    world.scheduler.close()
    idle = asyncio.create_task(world.scheduler.idle())
    await settled()
    assert not idle.done()
    await world.clock.pass_(HOUR)
    await idle
    await task
    assert (len(world.started), world.flying) == (count, set())
    assert world.published[-1][0] == "firm-1"
    assert world.value("syncwatch_polls_in_flight") == 0


async def test_closing_starts_no_poll_that_waits_for_a_slot():
    world = World(takes={"firm-1": MINUTE, "firm-2": MINUTE}, concurrency=1)
    async with world.running("firm-1", "firm-2"):
        await world.clock.pass_(31)
        assert len(world.started) == 1
    assert (len(world.started), len(world.published)) == (1, 1)


async def test_who_does_not_wait_abandons_the_polls_in_flight():
    world = World(takes={"firm-1": 1e9})
    ready = asyncio.Event()
    task = asyncio.create_task(world.scheduler.run(ready.set))
    await ready.wait()
    world.watch("firm-1")
    await world.clock.pass_(31)
    assert world.flying == {"firm-1"}
    world.scheduler.close()
    world.scheduler.abandon()
    await asyncio.wait_for(task, 5)
    await world.scheduler.idle()
    assert (world.published, world.flying) == ([], set())
    assert world.value("syncwatch_polls_in_flight") == 0


async def test_what_a_poll_came_to_is_counted():
    async with World(takes={"firm-1": 2.0}).running("firm-1") as world:
        await world.clock.pass_(INTERVAL)
        await settled()
        polls = len(world.published)
        assert polls >= 1
        assert world.value("syncwatch_poll_duration_seconds_count") == polls
        assert world.value("syncwatch_poll_duration_seconds_sum") == 2.0 * polls
        last = world.published[-1][1]
        assert world.value("syncwatch_last_poll_completed_timestamp_seconds") == last.started + 2.0


@pytest.fixture
def logs():
    """Printing a fault with all that is around it takes a second."""
    with capture_logs() as entries:
        yield entries


async def test_what_is_not_written_outlasts_another_way_of_polling_and_a_fault_of_whoever_publishes(logs):
    world = World()
    journal = world.stages.journal
    loads, commit = [], journal.commit
    load = journal.load

    async def counting(tenant):
        loads.append(tenant)
        return await load(tenant)

    async def away(changes):
        return {change.tenant: Commit.FAILED for change in changes}

    def faulty(tenant, result):
        world.published.append((tenant, result))
        raise RuntimeError("page")

    journal.load, world.scheduler._publish = counting, faulty
    async with world.running("firm-1", "firm-2"):
        await world.clock.pass_(HOUR)
        journal.commit = away
        await world.clock.pass_(HOUR)
        before = world.published[-1][1].ledger
        world.watch("firm-1", "firm-2", interval=2 * INTERVAL)
        await world.clock.pass_(HOUR)
        after = world.published[-1][1].ledger
        assert after.known.polls > before.known.polls > 2, "a fault of whoever publishes costs a pause"
        assert after.written is before.written
        journal.commit = commit
        world.watch("firm-2")
        world.watch("firm-1", "firm-2")
        await world.clock.pass_(HOUR)
    assert sorted(loads) == ["firm-1", "firm-1", "firm-2"], (
        "only one that was not watched for a while is read again"
    )
