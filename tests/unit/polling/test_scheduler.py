"""A scheduler under a clock that the test moves: hours pass in milliseconds, the same way each time."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from syncwatch.config.fleet import Budgets, OrganizationWide
from syncwatch.errors import Reason
from syncwatch.model import State
from syncwatch.panel.budget import Limiter
from syncwatch.polling import breaker
from syncwatch.polling.meters import PollMeters
from syncwatch.polling.poll import Result, Stages
from syncwatch.polling.schedule import FIRST_SPREAD, grid
from syncwatch.polling.scheduler import Scheduler
from syncwatch.polling.watch import Watch
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

near = partial(pytest.approx, abs=1e-3)  # of Unix seconds; a relative tolerance would be half an hour


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
        error = world.errors.get(self._tenant)
        self.figures.requests["users", str(error.reason) if error else "200"] += 1
        if error:
            raise error
        return await super().users(marks)


class SetClock(VirtualClock):
    """One whose wall clock can be set, as a person or a time server sets it."""

    ahead = 0.0

    def now(self) -> float:
        return self.time + self.ahead


@dataclass
class World:
    """A scheduler, and everything that tests look at."""

    clock: SetClock = field(default_factory=SetClock)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    published: list[tuple[str, Result]] = field(default_factory=list)
    started: list[tuple[str, float]] = field(default_factory=list)
    takes: dict[str, float] = field(default_factory=dict)
    errors: dict[str, Exception] = field(default_factory=dict)
    flying: set[str] = field(default_factory=set)
    most: int = 0
    concurrency: int = 100
    shared: frozenset[str] = frozenset()

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
        self.limiter = Limiter(self.clock, Budgets(), self.concurrency)

    def publish(self, tenant: str, result: Result) -> None:
        self.published.append((tenant, result))

    def watch(self, *tenants: str, interval: float = INTERVAL, identity: object = 1) -> None:
        watches = {t: self.watch_of(t, interval=interval, identity=identity) for t in tenants}
        self.scheduler.apply(watches, self.stages, self.shared)

    def watch_of(self, tenant: str, *, interval: float = INTERVAL, identity: object = 1) -> Watch:
        """A tenant's, on a host of its own, in the group that its id begins with."""
        group = tenant.partition("-")[0]
        return Watch(
            tenant,
            interval,
            lambda: Slow(self, tenant),
            (identity, interval),
            panel=identity,
            group=group,
            host=lambda: tenant,
            admit=lambda: self.limiter.of(group).poll(tenant),
        )

    def times(self, tenant: str) -> list[float]:
        return [at for who, at in self.started if who == tenant]

    def value(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(name, labels)

    def breakers(self) -> dict[str, float]:
        states = ("closed", "open", "half_open")
        return {state: self.value("syncwatch_breakers", state=state) for state in states}

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
            assert times[1:] == near([rhythm.after(times[0]) + n * INTERVAL for n in range(len(times) - 1)])
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
        assert world.times("firm-1")[-1] == near(grid("firm-1", INTERVAL).after(world.times("firm-1")[-2]))


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
        before = world.scheduler._kept["same"].task
        world.started.clear()
        watches = {t: world.watch_of(t) for t in ("same", "new")}
        watches["changed"] = world.watch_of("changed", interval=MINUTE, identity=2)
        world.scheduler.apply(watches, world.stages)
        await world.clock.pass_(10 * MINUTE)
        assert world.scheduler._kept["same"].task is before
        assert world.times("gone") == []
        assert len(world.times("new")) >= 2
        assert len(world.times("changed")) >= 9
        rhythm = grid("same", INTERVAL)
        assert world.times("same") == near([rhythm.after(T0 + 10 * MINUTE + n * INTERVAL) for n in (0, 1)])


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


def silent(*tenants: str, reason: Reason = Reason.CONNECT) -> dict[str, Exception]:
    return dict.fromkeys(tenants, failed(reason))


async def test_a_breaker_opens_is_tried_by_one_poll_and_closes_again():
    world = World(errors=silent("firm-1"), takes={"firm-1": 1.0})
    async with world.running("firm-1", "firm-2"):
        assert world.breakers() == {"closed": 2, "open": 0, "half_open": 0}
        await world.clock.pass_(HOUR)
        standing = world.scheduler.standing("firm-1")
        assert (standing.breaker.state, standing.breaker.reason) == (breaker.State.OPEN, Reason.CONNECT)
        assert world.breakers() == {"closed": 1, "open": 1, "half_open": 0}
        await world.clock.pass_(standing.due - world.clock.now() + 0.5)
        assert world.flying == {"firm-1"}
        assert world.breakers() == {"closed": 1, "open": 0, "half_open": 1}
        await world.clock.pass_(10)
        assert world.breakers()["open"] == 1
        world.errors.clear()
        await world.clock.pass_(HOUR)
        assert world.breakers() == {"closed": 2, "open": 0, "half_open": 0}
        world.watch("firm-2")
        assert world.breakers()["closed"] == 1
        assert world.scheduler.standing("firm-1") is None


async def test_a_credential_that_is_refused_slows_a_tenant_down_at_once():
    world = World(errors=silent("firm-1", reason=Reason.AUTH))
    async with world.running("firm-1"):
        await world.clock.pass_(2 * HOUR)
        gaps = [b - a for a, b in pairwise(world.times("firm-1"))]
        assert gaps == pytest.approx([900 * 1.05] * len(gaps))


async def test_an_unchanged_tenant_keeps_its_breaker_and_a_changed_one_is_tried_soon():
    world = World(errors=silent("firm-1", "firm-2", reason=Reason.AUTH))
    async with world.running("firm-1", "firm-2"):
        await world.clock.pass_(MINUTE)
        before = world.scheduler.standing("firm-1")
        watches = {"firm-1": world.watch_of("firm-1"), "firm-2": world.watch_of("firm-2", identity=2)}
        world.scheduler.apply(watches, world.stages)
        assert world.scheduler.standing("firm-1").breaker is before.breaker
        await world.clock.pass_(MINUTE)
        assert [len(world.times(tenant)) for tenant in ("firm-1", "firm-2")] == [1, 2]


async def test_another_interval_is_no_reason_to_ask_a_panel_sooner_than_it_wants_to_be():
    world = World(errors=silent("firm-1", reason=Reason.AUTH))
    world.errors["firm-2"] = failed(Reason.RATE_LIMITED, retry_after=2000.0)
    async with world.running("firm-1", "firm-2"):
        await world.clock.pass_(MINUTE)
        world.watch("firm-1", "firm-2", interval=240.0)
        assert world.scheduler.standing("firm-1").breaker.reason is Reason.AUTH
        await world.clock.pass_(10 * MINUTE)
        assert [len(world.times(tenant)) for tenant in ("firm-1", "firm-2")] == [1, 1]


async def test_a_secret_that_changed_brings_only_those_forward_who_wait_because_they_failed():
    world = World(errors=silent("firm-1", reason=Reason.AUTH))
    async with world.running():
        world.watch("firm-1", "firm-2", interval=HOUR)
        await world.clock.pass_(MINUTE)
        del world.errors["firm-1"]
        world.scheduler.retry(["firm-1", "firm-2", "nobody"])
        await world.clock.pass_(FIRST_SPREAD)
        assert [len(world.times(tenant)) for tenant in ("firm-1", "firm-2")] == [2, 1]


async def test_on_the_way_down_nobody_comes_to_be_watched():
    world = World()
    async with world.running("firm-1"):
        await world.clock.pass_(MINUTE)
        world.scheduler.close()
        await world.scheduler.idle()
        await settled()
        world.watch("firm-1", "firm-2")
        assert world.scheduler.standing("firm-2") is None


async def test_only_a_group_that_shares_its_pauses_is_left_alone_as_a_whole():
    world = World(shared=frozenset({"shared"}))
    tenants = [f"{group}-{n}" for group in ("shared", "other") for n in range(5)]
    async with world.running(*tenants):
        await world.clock.pass_(MINUTE)
        for group in ("shared", "other"):
            world.errors[f"{group}-0"] = failed(Reason.HTTP_5XX, retry_after=1000.0)
        await world.clock.pass_(INTERVAL + 1)
        world.errors.clear()
        asked = {group: max(at for at in world.times(f"{group}-0")) for group in ("shared", "other")}
        cleared = world.clock.now()
        world.started.clear()
        await world.clock.pass_(HOUR)
        until = asked["shared"] + 1000
        first = sorted(world.times(tenant)[0] for tenant in tenants if tenant.startswith("shared"))
        assert until <= first[0]
        assert first[-1] <= until + 30
        assert len(set(first)) == 5, "not all at once"
        assert world.times("other-0")[0] == near(asked["other"] + 1000)
        assert all(world.times(f"other-{n}")[0] <= cleared + INTERVAL + 1 for n in range(1, 5))


async def test_a_group_is_not_asked_by_those_who_waited_for_a_place_either():
    world = World(concurrency=1, shared=frozenset({"shared"}))
    tenants = [f"shared-{n}" for n in range(5)]
    for tenant in tenants:
        world.takes[tenant], world.errors[tenant] = 60.0, failed(Reason.RATE_LIMITED, retry_after=2000.0)
    async with world.running(*tenants):
        await world.clock.pass_(1000)
        assert len(world.started) == 1


async def test_a_bare_429_is_answered_with_pauses_that_grow():
    world = World(errors=silent("firm-1", reason=Reason.RATE_LIMITED))
    async with world.running("firm-1"):
        await world.clock.pass_(2 * HOUR)
        gaps = [b - a for a, b in pairwise(world.times("firm-1"))]
        assert gaps[:4] == pytest.approx([n * 1.05 for n in (INTERVAL, 2 * INTERVAL, 900, 900)])


async def test_who_is_nudged_is_polled_now_and_keeps_breaker_and_ledger():
    world = World(errors=silent("firm-1"))
    async with world.running("firm-1", "firm-2"):
        await world.clock.pass_(HOUR)
        before = world.scheduler.standing("firm-1").breaker
        polls = dict(world.published)["firm-2"].memory.polls
        world.started.clear()
        world.scheduler.nudge(["firm-1", "firm-2", "unheard-of"])
        await settled()
        assert sorted(world.started) == [(tenant, world.clock.now()) for tenant in ("firm-1", "firm-2")]
        assert world.scheduler.standing("firm-1").breaker == replace(before, failures=before.failures + 1)
        assert dict(world.published)["firm-2"].memory.polls == polls + 1
        await world.clock.pass_(1)
        assert len(world.started) == 2


async def test_who_is_nudged_while_being_polled_is_polled_once_more_after_that():
    world = World(takes={"firm-1": MINUTE})
    async with world.running("firm-1"):
        await world.clock.pass_(31)
        (first,) = world.times("firm-1")
        for _ in range(3):
            world.scheduler.nudge(["firm-1"])
        await world.clock.pass_(2 * MINUTE - 1)
        assert world.times("firm-1") == [first, first + MINUTE]
        assert world.most == 1


async def test_who_is_nudged_while_waiting_for_a_place_is_polled_once():
    world = World(takes={"firm-1": MINUTE, "firm-2": 1.0}, concurrency=1)
    async with world.running("firm-1", "firm-2"):
        await world.clock.pass_(31)
        waiting = "firm-2" if world.flying == {"firm-1"} else "firm-1"
        world.scheduler.nudge([waiting])
        await world.clock.pass_(2 * MINUTE)
        first, second = world.times(waiting)
        assert second == near(grid(waiting, INTERVAL).after(first))


async def test_a_panel_that_asked_to_be_left_alone_is_whoever_wants_it_polled():
    world = World(errors={"firm-1": failed(Reason.RATE_LIMITED, retry_after=2000.0)})
    async with world.running("firm-1"):
        await world.clock.pass_(MINUTE)
        world.scheduler.nudge(["firm-1"])
        await world.clock.pass_(1900)
        assert len(world.times("firm-1")) == 1
        world.scheduler.close()
        world.scheduler.nudge(["firm-1"])


@pytest.mark.parametrize("jump", [-7 * HOUR, -90.0, -0.2, 0.2, 90.0, 7 * HOUR])
async def test_a_wall_clock_that_is_set_makes_polls_neither_storm_nor_stand_still(jump):
    tenants = [f"firm-{n}" for n in range(10)]
    world = World(errors=silent("firm-0"))
    async with world.running(*tenants):
        await world.clock.pass_(HOUR)
        world.started.clear()
        before = world.value("syncwatch_poll_delay_seconds_sum")
        world.clock.ahead = jump
        await world.clock.pass_(HOUR)
        for tenant in tenants[1:]:
            monotonic = [at - jump for at in world.times(tenant)]
            gaps = [b - a for a, b in pairwise([world.clock.time - HOUR, *monotonic])]
            assert max(gaps) <= 1.5 * INTERVAL + 1
            assert min(gaps[1:]) >= 14.9, "a look because of time alone may come, and no storm"
            assert len(monotonic) <= 14
        assert len(world.times("firm-0")) in {3, 4}
        assert world.value("syncwatch_poll_delay_seconds_sum") == pytest.approx(before)
        assert world.value("syncwatch_polls_skipped_total") <= 10


async def test_when_nobody_can_be_reached_breakers_stay_as_they_are_and_all_come_back_soon_after():
    tenants = [f"firm-{n}" for n in range(20)]
    world = World(errors=silent("firm-0", reason=Reason.HTTP_5XX))
    async with world.running(*tenants):
        await world.clock.pass_(HOUR)
        assert (world.breakers()["open"], world.value("syncwatch_offline")) == (1, 0)
        world.errors.update(silent(*tenants[1:]))
        await world.clock.pass_(HOUR)
        assert world.value("syncwatch_offline") == 1
        assert world.value("syncwatch_unreachable_panels_ratio") >= 0.95
        assert world.breakers()["open"] == 1, "the one that failed for a reason of its own"
        gaps = [b - a for a, b in pairwise(world.times("firm-1")[-10:])]
        assert gaps == pytest.approx([63.0] * 9)
        world.errors.clear()
        await world.clock.pass_(3 * MINUTE)
        assert world.value("syncwatch_offline") == 0
        assert world.value("syncwatch_unreachable_panels_ratio") == 0
        polls = len(world.started)
        await world.clock.pass_(HOUR)
        assert world.breakers()["open"] == 0
        assert len(world.started) - polls <= 20 * 13


async def test_after_being_offline_nobody_sits_out_a_pause_and_not_all_come_at_once():
    tenants = [f"firm-{n}" for n in range(20)]
    down = tenants[:3]
    world = World(errors=silent(*down))
    async with world.running(*tenants):
        await world.clock.pass_(2 * HOUR)
        asked = max(world.times(tenant)[-1] for tenant in down)
        await world.clock.pass_(asked + 901 * 1.05 - world.clock.now())
        world.errors.update(silent(*tenants))
        await world.clock.pass_(6 * MINUTE)
        assert world.value("syncwatch_offline") == 1
        waiting = [t for t in down if world.scheduler.standing(t).due - world.clock.now() > 2 * MINUTE]
        assert waiting, "a pause that began before"
        world.errors.clear()
        world.started.clear()
        await world.clock.pass_(100)
        first = [world.times(tenant)[0] for tenant in tenants]
        assert len(set(first)) == 20
        assert world.breakers() == {"closed": 20, "open": 0, "half_open": 0}
