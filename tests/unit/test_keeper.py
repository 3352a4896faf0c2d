"""How the journal is kept: tenants that are gone stay for a while, and a database that hangs holds up nobody's end."""

import asyncio
from contextlib import asynccontextmanager
from itertools import product

import pytest
import structlog
from prometheus_client import CollectorRegistry

from integration.serving import becomes
from syncwatch.config.fleet import State
from syncwatch.keeper import LOOK_INTERVAL, Keeper
from syncwatch.state.journal import Change, Commit
from syncwatch.state.memory import Counters, TenantMemory
from syncwatch.state.store.engine import Away, Kind
from syncwatch.state.store.opening import store
from syncwatch.state.store.refused import JournalRefused
from syncwatch.state.store.sqlite import Sqlite
from unit.given import DAY, HOUR, VirtualClock

COUNTED = TenantMemory(version=1, baseline=True, counters=Counters(sessions=7))


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def kept(tmp_path, clock):
    """Opens the journal of one life of the daemon, which watches some tenants; gives it, and what it recalled."""

    @asynccontextmanager
    async def kept(*tenants):
        state = State(tmp_path / "state", None, None, None, 3 * DAY)
        keeper, recalled = Keeper(store(state, clock, 1), clock, CollectorRegistry()), {}
        keeper.watch(tenants, state.retention)
        async with keeper.kept(recalled.update):
            await tidied(clock)
            yield keeper, recalled

    return kept


async def tidied(clock):
    """Wait until it sleeps again."""

    def asleep():
        assert clock._sleepers

    await becomes(asleep)


async def pass_(clock, hours):
    for _ in range(hours):
        await clock.pass_(HOUR)
        await tidied(clock)


async def add(journal, *tenants):
    changes = [Change(tenant, TenantMemory(), COUNTED) for tenant in tenants]
    assert set((await journal.commit(changes)).values()) == {Commit.COMMITTED}


async def test_a_tenant_that_is_gone_is_forgotten_after_the_retention_and_not_before(kept, clock):
    async with kept("firm", "gone") as (keeper, _):
        await add(keeper.journal, "firm", "gone")
        keeper.watch(["firm"], 3 * DAY)
        await pass_(clock, 72)
        assert set(await keeper.journal.recall()) == {"firm", "gone"}
        with structlog.testing.capture_logs() as logs:
            await pass_(clock, 3)
        assert set(await keeper.journal.recall()) == {"firm"}
        assert [entry["tenant"] for entry in logs if entry["event"] == "tenant_forgotten"] == ["gone"]


async def test_one_that_is_back_in_time_goes_on_counting_and_has_the_whole_time_again(kept, clock):
    async with kept("firm", "gone") as (keeper, _):
        await add(keeper.journal, "firm", "gone")
        for _ in range(2):
            keeper.watch(["firm"], 3 * DAY)
            await pass_(clock, 48)
            keeper.watch(["firm", "gone"], 3 * DAY)
            await pass_(clock, 2)
        assert (await keeper.journal.load("gone")).counters == COUNTED.counters


async def test_time_that_the_daemon_was_down_takes_nobody_away_who_is_watched_again(kept, clock):
    async with kept("firm", "gone") as (keeper, _):
        await add(keeper.journal, "firm", "gone")
    clock._sleepers.clear()
    async with kept("gone"):
        pass
    clock._sleepers.clear()
    clock.time += 30 * DAY
    async with kept("firm", "gone") as (keeper, recalled):
        assert {tenant: known.counters.sessions for tenant, known in recalled.items()} == {
            "firm": 7,
            "gone": 7,
        }
        await pass_(clock, 2)
        assert set(await keeper.journal.recall()) == {"firm", "gone"}


async def test_what_cannot_be_removed_now_is_removed_with_the_next_look(kept, clock):
    async with kept("firm", "gone") as (keeper, _):
        await add(keeper.journal, "firm", "gone")
        keeper.watch(["firm"], 0.0)
        await pass_(clock, 1)  # it is gone since now
        keeper.journal._worker.failed("retain", Kind.UNREACHABLE)
        keeper.journal._worker._outage._until = clock.time + 2 * HOUR
        await pass_(clock, 1)
        keeper.journal._worker._outage._until = 0.0
        assert set(await keeper.journal.recall()) == {"firm", "gone"}
        await clock.pass_(LOOK_INTERVAL)
        await tidied(clock)
        assert set(await keeper.journal.recall()) == {"firm"}


async def test_however_many_are_to_be_removed_all_are_with_one_look(kept, clock):
    async with kept() as (keeper, _):
        asked = []

        async def some(*_):
            asked.append(1)
            return ("gone",) if len(asked) < 4 else ()

        keeper.journal.retain = some
        await pass_(clock, 1)
        assert len(asked) == 4


async def test_a_journal_that_turns_out_to_be_newer_ends_nothing(kept, clock):
    async with kept("firm") as (keeper, _):

        def refuse(_):
            raise JournalRefused("it is newer than this program")

        keeper.journal._engine._let_go()
        keeper.journal._engine._prepare = refuse
        with structlog.testing.capture_logs() as logs:
            await pass_(clock, 2)
        assert [entry["event"] for entry in logs] == ["journal_refused"]
        assert await commit(keeper.journal) is Commit.FAILED


async def test_what_could_not_be_recalled_at_the_start_is_recalled_once_it_can(kept, clock, monkeypatch):
    async with kept("firm") as (keeper, _):
        await add(keeper.journal, "firm")
    clock._sleepers.clear()
    with monkeypatch.context() as patched:
        patched.setattr(Sqlite, "read", unreachable)
        opened = kept("firm")
        _, recalled = await opened.__aenter__()
    assert recalled == {}
    await clock.pass_(LOOK_INTERVAL)
    await tidied(clock)
    assert recalled["firm"].counters == COUNTED.counters
    recalled.clear()
    await clock.pass_(LOOK_INTERVAL)
    await tidied(clock)
    assert recalled == {}, "once is enough"
    await opened.__aexit__(None, None, None)


async def unreachable(*_, **__):
    raise Away(Kind.UNREACHABLE)


async def test_the_figures_of_failures_are_there_before_the_first(clock, tmp_path):
    registry = CollectorRegistry()
    Keeper(store(State(tmp_path / "state", None, None, None, 0.0), clock, 1), clock, registry)
    for operation, kind in product(("load", "commit"), Kind):
        labels = {"operation": operation, "kind": kind.value}
        assert registry.get_sample_value("syncwatch_journal_failures_total", labels) == 0


async def test_a_database_that_hangs_does_not_hold_up_the_end(kept, monkeypatch):
    monkeypatch.setattr("syncwatch.keeper.CLOSING", 0.05)
    async with asyncio.TaskGroup() as group, kept("firm") as (keeper, _):
        hangs = asyncio.Event()

        async def hang(work, **_):
            await hangs.wait()

        keeper.journal._engine.write = hang
        committing = group.create_task(commit(keeper.journal))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    assert committing.result() is Commit.UNKNOWN


async def commit(journal):
    return (await journal.commit([Change("firm", TenantMemory(), COUNTED)]))["firm"]
