"""The durable journal: commits of many go together, failures of one stay its own, and nobody waits for a dead database."""

import asyncio
import os
import signal

import pytest
import structlog
from msgspec import structs

from proxy import Loss, proxy
from syncwatch.state.journal import Change, Commit, JournalAway, Recalled
from syncwatch.state.memory import Counters, KnownIssue, TenantMemory, UserMemory
from syncwatch.state.store.durable import DurableJournal
from syncwatch.state.store.engine import Away, InDoubt, Kind
from syncwatch.state.store.jobs import PACE, Write
from syncwatch.state.store.postgres import Postgres
from syncwatch.state.store.refused import JournalRefused
from syncwatch.state.store.sqlite import Sqlite
from syncwatch.state.store.worker import ALONE
from unit.given import VirtualClock, settled

AWAY, DOUBT, TIMEOUT = Away(Kind.UNREACHABLE), InDoubt(Kind.UNREACHABLE), Away(Kind.TIMEOUT)


def prepare(c):
    c.exec_driver_sql(
        "CREATE TABLE IF NOT EXISTS memory (tenant text PRIMARY KEY, version int CHECK (version < 100))"
    )


class Store:
    """Keeps the version of each tenant; `faulty` is a tenant over whom it stumbles."""

    def __init__(self, marker="?"):
        self.marker = "?" if marker == "?" else "$"
        self.batches = []

    def _run(self, c, sql, *parameters):
        for number in range(1, len(parameters) + 1):
            sql = sql.replace(f"${number}", "?") if self.marker == "?" else sql
        return c.exec_driver_sql(sql, parameters)

    def recall(self, c):
        return {
            tenant: Recalled(Counters(sessions=version), None)
            for tenant, version in c.exec_driver_sql("SELECT * FROM memory ORDER BY tenant")
        }

    def load(self, c, tenants):
        self.batches.append(("load", list(tenants)))
        if "faulty" in tenants:
            raise TypeError("a privileged text")
        versions = dict(c.exec_driver_sql("SELECT tenant, version FROM memory").all())
        return {tenant: TenantMemory(version=versions.get(tenant, 0)) for tenant in tenants}

    def commit(self, c, changes):
        self.batches.append(("commit", [change.tenant for change in changes]))
        return {change.tenant: self._commit(c, change) for change in changes}

    def _commit(self, c, change):
        if change.tenant == "faulty":
            raise TypeError("a privileged text")
        version = self._run(c, "SELECT version FROM memory WHERE tenant = $1", change.tenant).scalar() or 0
        if version != change.before.version:
            return Commit.REFUSED
        self._run(c, "DELETE FROM memory WHERE tenant = $1", change.tenant)
        self._run(c, "INSERT INTO memory VALUES ($1, $2)", change.tenant, change.after.version)
        return Commit.COMMITTED

    def retain(self, c, present, now, retention):
        gone = tuple(tenant for tenant in self.recall(c) if tenant not in present)
        for tenant in gone:
            self._run(c, "DELETE FROM memory WHERE tenant = $1", tenant)
        return gone


class Unruly:
    """A real engine in front of which a test may put failures and a gate."""

    def __init__(self, engine):
        self.engine = engine
        self.failures = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.calls = 0
        self.extra = []
        self.closed = False

    async def write(self, work, *, extra=0.0):
        return await self._call(self.engine.write, work, extra)

    async def read(self, work, *, extra=0.0):
        return await self._call(self.engine.read, work, extra)

    async def size(self):
        return await self.engine.size()

    async def close(self):
        self.closed = True
        await self.engine.close()

    async def _call(self, do, work, extra):
        self.calls += 1
        self.extra.append(extra)
        await self.gate.wait()
        if self.failures and (failure := self.failures.pop(0)):
            raise failure
        return await do(work, extra=extra)


class Seen:
    """An observer that remembers."""

    def __init__(self):
        self.written, self.failures, self.refusals = [], [], 0

    def wrote(self, seconds):
        self.written.append(seconds)

    def failed(self, operation, kind):
        self.failures.append((operation, kind))

    def refused(self):
        self.refusals += 1


class Watched(DurableJournal):
    """A journal with what a test looks at."""

    def __init__(self, folder, prepare=prepare, engine=None, store=None):
        self.clock, self.seen, self.store = VirtualClock(), Seen(), store or Store()
        self.engine = Unruly(engine or Sqlite(folder, prepare, self.clock))
        super().__init__(self.engine, self.store, self.clock, self.seen)


@pytest.fixture
async def journal(tmp_path):
    """An open journal at work."""
    journal = Watched(tmp_path)
    assert await journal.open()
    async with asyncio.TaskGroup() as group:
        group.create_task(journal.run())
        yield journal
        journal.close()


def change(tenant, version=1):
    return Change(tenant, TenantMemory(version=version - 1), TenantMemory(version=version))


def large(users):
    """A tenant's first memory, with so many users of two issues each."""
    known = {b"one": KnownIssue(1), b"two": KnownIssue(1)}
    user = UserMemory(None, None, 0.0, known=known)
    return TenantMemory(version=1, baseline=True, users={f"user-{n}": user for n in range(users)})


async def commit(journal, tenant, version=1):
    [answer] = (await journal.commit([change(tenant, version)])).values()
    return answer


async def together(journal, *asked):
    """Ask while a transaction is under way, so that all of it waits at once; gives the answers in order."""
    journal.engine.gate.clear()
    first = asyncio.create_task(journal.recall())
    await asyncio.sleep(0)
    others = [asyncio.create_task(each) for each in asked]
    for _ in range(3):
        await asyncio.sleep(0)
    journal.store.batches.clear()
    journal.engine.gate.set()
    await first
    return await asyncio.gather(*others, return_exceptions=True)


async def test_what_is_committed_can_be_loaded_and_recalled_after_a_restart(tmp_path):
    for version in (1, 2):
        journal = Watched(tmp_path)
        await journal.open()
        async with asyncio.TaskGroup() as group:
            group.create_task(journal.run())
            assert await journal.load("a") == TenantMemory(version=version - 1)
            assert await commit(journal, "a", version) is Commit.COMMITTED
            assert (await journal.recall())["a"].counters.sessions == version
            journal.close()


async def test_of_two_writers_from_the_same_memory_only_one_counts(journal):
    assert await commit(journal, "a") is Commit.COMMITTED
    assert await commit(journal, "a") is Commit.REFUSED
    assert journal.seen.refusals == 1


async def test_what_waits_at_the_same_time_is_one_transaction(journal):
    names = [f"t{n}" for n in range(40)]
    answers = await together(journal, *(commit(journal, name) for name in names))
    assert set(answers) == {Commit.COMMITTED}
    assert journal.store.batches == [("commit", names)]
    assert len(journal.seen.written) == 1


async def test_a_load_sees_what_was_given_before_it(journal):
    _, memory, _ = await together(journal, commit(journal, "a"), journal.load("a"), journal.load("b"))
    assert memory.version == 1
    assert journal.store.batches == [("commit", ["a"]), ("load", ["a", "b"])]


async def test_many_loads_leave_room_for_others_in_between(journal):
    await together(journal, *(journal.load(f"t{n}") for n in range(150)), commit(journal, "a"))
    sizes = [(what, len(tenants)) for what, tenants in journal.store.batches]
    first, rest = [16] * 6 + [4], [16] * 3 + [2]
    assert sizes == [*(("load", n) for n in first), ("commit", 1), *(("load", n) for n in rest)]


async def test_a_transaction_takes_so_many_rows_and_a_larger_tenant_has_one_of_its_own_and_more_time(journal):
    def first(tenant, users):
        return journal.commit([Change(tenant, TenantMemory(), large(users))])

    await together(journal, first("a", 300), first("b", 300), first("c", 5000), first("d", 300))
    assert [tenants for _, tenants in journal.store.batches] == [["a", "b"], ["c"], ["d"]]
    assert journal.engine.extra[-3:] == [600 * 3 / PACE, 5000 * 3 / PACE, 300 * 3 / PACE]


@pytest.mark.parametrize(
    ("baseline", "users", "rows"),
    [
        (True, lambda users: users, 0),
        (True, lambda users: users | {"user-0": structs.replace(users["user-0"])}, 3),
        (True, lambda users: {id_: user for id_, user in users.items() if id_ != "user-0"}, 1),
        (False, lambda users: users, 1500),  # perhaps of another normalisation: all of it is written again
    ],
)
async def test_what_is_not_the_same_as_before_counts(baseline, users, rows):
    before = structs.replace(large(500), baseline=baseline)
    after = structs.replace(before, version=2, users=users(dict(before.users)))
    assert Write("a", Change("a", before, after)).rows == rows


async def test_two_changes_of_one_tenant_are_done_one_after_the_other(journal):
    answers = await together(journal, commit(journal, "a", 1), commit(journal, "a", 2))
    assert answers == [Commit.COMMITTED, Commit.COMMITTED]


async def test_what_is_done_by_itself_keeps_its_place_among_the_others(journal):
    answers = await together(journal, commit(journal, "a"), journal.retain({}, 0.0, 1.0), journal.load("a"))
    assert answers == [Commit.COMMITTED, ("a",), TenantMemory()]


async def test_retention_says_who_has_gone(journal):
    await journal.commit([change("a"), change("b")])
    assert await journal.retain({"a"}, 0.0, 1.0) == ("b",)
    assert list(await journal.recall()) == ["a"]


@pytest.mark.parametrize("bad", [change("faulty"), change("bad", 100)])
async def test_what_fails_because_of_one_tenant_costs_the_others_nothing(journal, bad):
    if bad.before.version:
        await journal.engine.write(
            lambda c: c.exec_driver_sql("INSERT INTO memory VALUES ('bad', 99)") and None
        )
    answers = await together(
        journal, commit(journal, "a"), journal.commit([bad]), commit(journal, "b"), journal.load("c")
    )
    assert answers == [Commit.COMMITTED, {bad.tenant: Commit.FAILED}, Commit.COMMITTED, TenantMemory()]
    assert await journal.load("a") == TenantMemory(version=1)


async def test_a_tenant_that_cannot_be_loaded_fails_alone(journal):
    a, faulty, b = await together(journal, *map(journal.load, ("a", "faulty", "b")))
    assert a == b == TenantMemory()
    assert isinstance(faulty, JournalAway)


async def test_a_fault_is_logged_with_its_tenant(journal):
    with structlog.testing.capture_logs() as logs:
        assert await commit(journal, "faulty") is Commit.FAILED
    assert logs == [
        {
            "event": "journal_fault",
            "operation": "commit",
            "tenant": "faulty",
            "exc_info": True,
            "log_level": "error",
        },
        {"event": "commit_failed", "tenant": "faulty", "kind": "fault", "log_level": "error"},
    ]
    assert journal.seen.failures == [("commit", Kind.FAULT)]
    assert await commit(journal, "a") is Commit.COMMITTED


async def test_a_failure_that_every_tenant_shares_is_nobody_s_fault(journal):
    journal.engine.failures = [None, *[Away(Kind.OTHER)] * 3]
    with structlog.testing.capture_logs() as logs:
        answers = await together(journal, commit(journal, "a"), commit(journal, "b"))
        assert await commit(journal, "c") is Commit.FAILED
    assert answers[:2] == [Commit.FAILED, Commit.FAILED]
    assert [entry["event"] for entry in logs] == ["journal_away"]


async def failures_of(journal, *numbers):
    """Commit a, b and c together, where these calls fail with a timeout; gives the answers."""
    journal.engine.failures = [None, *(TIMEOUT if n in numbers else None for n in range(4))]
    return await together(journal, *(commit(journal, tenant) for tenant in "abc"))


async def test_what_takes_too_long_together_is_done_one_by_one(journal):
    with structlog.testing.capture_logs() as logs:
        assert await failures_of(journal, 0) == [Commit.COMMITTED] * 3
    assert logs == []


async def test_a_database_that_does_not_answer_costs_no_time_for_each_tenant(journal):
    calls = journal.engine.calls
    assert await failures_of(journal, 0, 1, 2, 3) == [Commit.FAILED] * 3
    assert journal.engine.calls == calls + 3, "the one under way, all together, and one of them"
    assert await commit(journal, "a") is Commit.FAILED
    assert journal.engine.calls == calls + 3


async def test_one_that_goes_away_while_it_is_done_one_by_one_costs_one_more(journal):
    assert await failures_of(journal, 0, 2, 3) == [Commit.COMMITTED, Commit.FAILED, Commit.FAILED]
    journal.engine.failures = []
    assert await commit(journal, "a", 2) is Commit.FAILED


async def test_one_that_is_too_large_costs_only_itself(journal):
    def huge():
        return journal.commit([Change("huge", TenantMemory(), large(500))])

    journal.engine.failures = [None, TIMEOUT, None, None, TIMEOUT]
    with structlog.testing.capture_logs() as logs:
        answers = await together(journal, huge(), commit(journal, "a"), commit(journal, "b"))
        assert answers == [{"huge": Commit.FAILED}, Commit.COMMITTED, Commit.COMMITTED]
        assert await commit(journal, "c") is Commit.COMMITTED
    assert logs == [{"event": "commit_failed", "tenant": "huge", "kind": "timeout", "log_level": "error"}]
    journal.clock.time += 5.0
    assert journal.lag() == 5.0


async def test_loads_that_take_too_long_together_have_more_time_alone(journal):
    journal.engine.failures = [None, TIMEOUT]
    await together(journal, *map(journal.load, "abc"))
    assert journal.engine.extra[-4:] == [0.0, 0.0, ALONE, ALONE]


async def test_one_that_cannot_be_written_is_told_once_until_it_is(journal):
    with structlog.testing.capture_logs() as logs:
        for version in (100, 100, 1, 101, 102):
            journal.engine.failures = [] if version == 1 else [Away(Kind.DATA)]
            await commit(journal, "a", version)
    told = {"event": "commit_failed", "tenant": "a", "kind": "data", "log_level": "error"}
    assert logs == [told, told]


async def test_while_it_is_away_nobody_waits_and_it_is_tried_after_pauses_that_grow(journal):
    journal.engine.failures = [AWAY] * 8
    began, tried = journal.clock.time, []
    while journal.engine.failures:
        calls = journal.engine.calls
        assert await commit(journal, "a") is Commit.FAILED
        with pytest.raises(JournalAway):
            await journal.load("b")
        assert await journal.size() is None
        tried += [journal.clock.time - began] * (journal.engine.calls - calls)
        journal.clock.time += 0.5
    assert tried == [0, 1, 3, 7, 15, 31, 61, 91]


async def test_it_is_told_once_that_it_is_away_and_once_that_it_is_back(journal):
    journal.engine.failures = [AWAY, AWAY, Away(Kind.TIMEOUT)]
    with structlog.testing.capture_logs() as logs:
        for _ in range(20):
            await commit(journal, "a")
            journal.clock.time += 1.0
    assert logs == [
        {"event": "journal_away", "kind": "unreachable", "log_level": "warning"},
        {"event": "journal_back", "seconds": 7.0, "log_level": "info"},
    ]
    assert journal.seen.failures == [
        ("commit", kind) for kind in (Kind.UNREACHABLE, Kind.UNREACHABLE, Kind.TIMEOUT)
    ]


async def test_one_that_can_be_read_and_not_written_is_away_until_it_is_written(journal):
    with structlog.testing.capture_logs() as logs:
        for _ in range(5):
            journal.engine.failures = [InDoubt(Kind.FULL)]
            assert await commit(journal, "a") is Commit.UNKNOWN
            journal.clock.time += 100.0
            await journal.load("a")
        assert [entry["event"] for entry in logs] == ["journal_away"]
        assert journal.lag() == 500.0
        assert await commit(journal, "a") is Commit.COMMITTED
    assert logs[1:] == [{"event": "journal_back", "seconds": 500.0, "log_level": "info"}]
    assert journal.lag() == 0.0


async def test_a_read_that_goes_well_leaves_the_pause_between_two_writes_growing(journal):
    journal.engine.failures = [Away(Kind.READ_ONLY), None, Away(Kind.READ_ONLY)]
    await commit(journal, "a")
    journal.clock.time += 1.0
    await journal.load("b")
    assert await commit(journal, "a") is Commit.FAILED
    assert not journal.engine.failures, "it was tried at once"
    journal.clock.time += 1.9
    assert await commit(journal, "a") is Commit.FAILED
    journal.clock.time += 0.1
    assert await commit(journal, "a") is Commit.COMMITTED


async def test_nobody_waits_for_the_call_that_is_risked(journal):
    journal.engine.failures = [AWAY, None]
    await commit(journal, "a")
    journal.clock.time += 1.0
    journal.engine.gate.clear()
    risked = asyncio.create_task(commit(journal, "a"))
    await settled()
    assert await commit(journal, "b") is Commit.FAILED
    with pytest.raises(JournalAway):
        await journal.load("c")
    journal.engine.gate.set()
    assert await risked is Commit.COMMITTED
    assert await commit(journal, "b") is Commit.COMMITTED


async def test_a_risk_whose_asker_goes_away_is_taken_by_the_next(journal):
    journal.engine.failures = [AWAY, None]
    await commit(journal, "a")
    journal.clock.time += 1.0
    risked = asyncio.create_task(commit(journal, "a"))
    await asyncio.sleep(0)
    risked.cancel()
    await settled()
    assert await commit(journal, "b") is Commit.COMMITTED


async def test_while_it_can_be_read_but_not_written_readers_do_not_stand_back_for_each_other(journal):
    journal.engine.failures = [Away(Kind.FULL)]
    await commit(journal, "a")
    journal.clock.time += 1.0
    await journal.load("a")
    journal.engine.gate.clear()
    loads = [asyncio.create_task(journal.load(tenant)) for tenant in "abc"]
    await settled()
    journal.engine.gate.set()
    assert await asyncio.gather(*loads) == [TenantMemory()] * 3


async def test_what_waits_when_it_goes_away_is_told_at_once(journal):
    calls = journal.engine.calls
    journal.engine.failures = [None, AWAY]
    answers = await together(
        journal, commit(journal, "a"), commit(journal, "b"), journal.load("c"), journal.size()
    )
    assert answers[:2] == [Commit.FAILED, Commit.FAILED]
    assert isinstance(answers[2], JournalAway)
    assert answers[3] is None
    assert journal.engine.calls == calls + 2


async def test_a_commit_in_doubt_is_unknown_for_all_who_are_in_it_and_is_not_done_again(journal):
    journal.engine.failures = [None, InDoubt(Kind.DATA)]
    answers = await together(journal, commit(journal, "a"), commit(journal, "b"), journal.load("c"))
    assert answers[:2] == [Commit.UNKNOWN, Commit.UNKNOWN]
    assert isinstance(answers[2], JournalAway)
    assert journal.seen.failures == [("commit", Kind.DATA)]
    journal.clock.time += 1.0
    assert await journal.load("a") == TenantMemory()


async def test_a_caller_who_goes_away_does_not_disturb_the_others(journal):
    journal.engine.gate.clear()
    callers = [asyncio.create_task(commit(journal, name)) for name in ("a", "b", "c")]
    await asyncio.sleep(0)
    await asyncio.sleep(0)  # the first is under way, as far as the gate, and the others wait
    late = asyncio.create_task(commit(journal, "d"))
    await asyncio.sleep(0)
    callers[0].cancel()
    late.cancel()
    await asyncio.sleep(0)
    journal.engine.gate.set()
    assert await asyncio.gather(*callers[1:]) == [Commit.COMMITTED, Commit.COMMITTED]
    assert sorted(await journal.recall()) == ["a", "b", "c"]


async def test_the_lag_is_the_age_of_the_oldest_change_that_is_not_written(journal):
    assert journal.lag() == 0.0
    journal.engine.failures = [AWAY]
    await commit(journal, "a")
    journal.clock.time += 10.0
    journal.engine.failures = [DOUBT]
    await commit(journal, "b")
    journal.clock.time += 10.0
    assert journal.lag() == 20.0
    await commit(journal, "a")
    assert journal.lag() == 10.0
    await journal.load("b")  # now it is known what became of it: nothing
    assert journal.lag() == 10.0
    await commit(journal, "b")
    assert journal.lag() == 0.0


async def test_a_commit_in_doubt_that_has_landed_is_owed_no_more(journal):
    write = journal.engine.write

    async def lost_answer(work, **how):
        await write(work)
        raise DOUBT

    journal.engine.write = lost_answer
    assert await commit(journal, "a") is Commit.UNKNOWN
    journal.clock.time += 10.0
    assert journal.lag() == 10.0
    await journal.load("a")
    assert journal.lag() == 0.0


async def test_a_tenant_that_fails_by_itself_does_not_hide_behind_others(journal):
    await commit(journal, "faulty")
    journal.clock.time += 10.0
    await commit(journal, "a")
    assert journal.lag() == 10.0
    journal.keep({"a"})
    assert journal.lag() == 0.0


async def test_a_load_in_vain_counts_as_lag(journal):
    journal.engine.failures = [AWAY]
    with pytest.raises(JournalAway):
        await journal.load("a")
    journal.clock.time += 5.0
    assert journal.lag() == 5.0
    await journal.load("a")
    assert journal.lag() == 0.0


async def test_a_change_that_is_refused_is_owed_no_more(journal):
    await commit(journal, "a", 7)
    journal.clock.time += 5.0
    assert journal.lag() == 0.0


async def test_a_database_that_is_down_at_start_is_tried_again(tmp_path):
    journal = Watched(tmp_path)
    journal.engine.failures = [AWAY]
    assert not await journal.open()
    async with asyncio.TaskGroup() as group:
        group.create_task(journal.run())
        with pytest.raises(JournalAway):
            await journal.recall()
        journal.clock.time += 1.0
        assert await journal.recall() == {}
        journal.close()


def refuse(c):
    raise JournalRefused("it is newer than this program")


async def test_a_journal_that_is_not_ours_refuses_the_start(tmp_path):
    journal = Watched(tmp_path, refuse)
    with pytest.raises(JournalRefused, match="newer"):
        await journal.open()
    assert journal.engine.closed


async def test_one_that_turns_out_later_not_to_be_ours_stays_away_and_says_so_once(tmp_path):
    journal = Watched(tmp_path, refuse)
    journal.engine.failures = [AWAY]
    await journal.open()
    with structlog.testing.capture_logs() as logs:
        async with asyncio.TaskGroup() as group:
            group.create_task(journal.run())
            for _ in range(3):
                journal.clock.time += 60.0
                assert await commit(journal, "a") is Commit.FAILED
                with pytest.raises(JournalAway):
                    await journal.load("a")
            journal.close()
    assert logs == [
        {"event": "journal_refused", "reason": "it is newer than this program", "log_level": "error"}
    ]


async def test_closing_does_what_waits_and_then_closes_the_database(tmp_path):
    journal = Watched(tmp_path)
    await journal.open()
    run = asyncio.create_task(journal.run())
    last = asyncio.create_task(commit(journal, "a"))
    await asyncio.sleep(0)
    journal.close()
    assert await commit(journal, "b") is Commit.FAILED
    assert await last is Commit.COMMITTED
    await run
    assert journal.engine.closed


async def test_who_waits_when_the_worker_is_stopped_is_told(tmp_path):
    journal = Watched(tmp_path)
    await journal.open()
    run = asyncio.create_task(journal.run())
    journal.engine.gate.clear()
    under_way = asyncio.create_task(commit(journal, "a"))
    for _ in range(3):
        await asyncio.sleep(0)
    waiting = [asyncio.create_task(commit(journal, "b")), asyncio.create_task(journal.load("c"))]
    await asyncio.sleep(0)
    run.cancel()
    assert await under_way is Commit.UNKNOWN
    committed, loaded = await asyncio.gather(*waiting, return_exceptions=True)
    assert committed is Commit.FAILED
    assert isinstance(loaded, JournalAway)
    with pytest.raises(asyncio.CancelledError):
        await run
    assert journal.engine.closed


@pytest.mark.parametrize(("loss", "version"), [(Loss.ANSWER, 1), (Loss.COMMIT, 0)])
async def test_after_a_cut_in_the_commit_reading_tells_what_became_of_it(
    postgres, database, tmp_path, loss, version
):
    async with proxy(postgres.port) as between, asyncio.TaskGroup() as group:
        journal = Watched(tmp_path, engine=Postgres(between.through(database), prepare), store=Store("$"))
        assert await journal.open()
        group.create_task(journal.run())
        between.loss = loss
        assert await commit(journal, "a") is Commit.UNKNOWN
        journal.clock.time += 1.0
        assert await journal.load("a") == TenantMemory(version=version)
        assert await commit(journal, "a", version + 1) is Commit.COMMITTED
        journal.close()


class Freezes(Store):
    """Stops the server's process for its connection at the tenant "large", and then sends it more than a buffer takes."""

    def _commit(self, c, change):
        if change.tenant == "large":
            c.exec_driver_sql("CREATE TABLE IF NOT EXISTS much (what text)")
            insert = "INSERT INTO much VALUES ($1)"
            c.exec_driver_sql(insert, [("prepares",)] * 2)
            self.frozen = c.exec_driver_sql("SELECT pg_backend_pid()").scalar()
            os.kill(self.frozen, signal.SIGSTOP)
            c.exec_driver_sql(insert, [("x" * 100_000,)] * 300)
        return super()._commit(c, change)


async def test_a_connection_that_freezes_under_a_large_commit_holds_up_nobody_for_long(database, tmp_path):
    store = Freezes("$")
    journal = Watched(tmp_path, engine=Postgres(database, prepare, patience=1.0), store=store)
    assert await journal.open()
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(journal.run())
        try:
            assert await commit(journal, "large") is Commit.FAILED
        finally:
            os.kill(store.frozen, signal.SIGCONT)
        journal.clock.time += 1.0
        assert await commit(journal, "small") is Commit.COMMITTED
        assert await journal.load("large") == TenantMemory()
        journal.close()
    assert journal.seen.failures == [("commit", Kind.TIMEOUT)]
