"""What of a change is written, when it is refused, and what goes."""

import pytest
from msgspec.structs import replace
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from syncwatch.model import IssueFacts, SessionFacts, State, UserFacts
from syncwatch.state.journal import Change, Commit, Recalled
from syncwatch.state.memory import Counters, KnownIssue, Mark, TenantMemory, UserMemory
from syncwatch.state.store.statements import WIDTH
from syncwatch.state.store.tables import ISSUES, METADATA, TENANTS, USERS
from syncwatch.state.store.transactions import Forgotten, Transactions
from unit.given import DAY, HOUR, REQUIRED, T0, TOKEN

ONE, TWO = b"1" * 12, b"2" * 12
RETENTION = 72 * HOUR


def user(id_: str = "u1", *open_: bytes, gone: dict[bytes, float] | None = None, **changes) -> UserMemory:
    """Somebody with these issues."""
    known = {each: KnownIssue(1, (), T0) for each in open_}
    known |= {each: KnownIssue(0, (at,), T0) for each, at in (gone or {}).items()}
    last = SessionFacts(f"job-{id_}", T0, T0 + 60, completed=True)
    facts = UserFacts(id_, "o1", last=last, issues=tuple(IssueFacts(each, REQUIRED) for each in open_))
    return UserMemory(facts, State.UP, T0, mark=Mark(last.job, last.started), known=known, **changes)


def memory(*users: UserMemory, version: int = 1, **changes) -> TenantMemory:
    usual = {"baseline": True, "written": T0, "users": {each.facts.id: each for each in users}}
    return TenantMemory(version=version, **{**usual, **changes})


class Store:
    """The transactions, each committed at once."""

    def __init__(self, transact, normalisation: int = 1) -> None:
        self._transact = transact
        self._work = Transactions(transact.dialect, normalisation)

    async def commit(self, *changes: Change) -> dict[str, Commit]:
        return await self._transact(lambda connection: self._work.commit(connection, changes))

    async def step(self, before: TenantMemory, after: TenantMemory, tenant: str = "t1") -> TenantMemory:
        assert await self.commit(Change(tenant, before, after)) == {tenant: Commit.COMMITTED}
        return after

    async def load(self, *tenants: str) -> dict[str, TenantMemory]:
        return await self._transact(lambda connection: self._work.load(connection, tenants))

    async def recall(self) -> dict[str, Recalled]:
        return await self._transact(self._work.recall)

    async def forget(self, tenant: str) -> Forgotten | None:
        return await self._transact(lambda connection: self._work.forget(connection, tenant))

    async def retain(self, *present: str, now: float) -> tuple[str, ...]:
        return await self._transact(lambda connection: self._work.retain(connection, present, now, RETENTION))

    async def rows(self, table, *columns: str) -> list[tuple]:
        chosen = [table.c[name] for name in columns]
        statement = select(*chosen).order_by(*table.primary_key)
        return [
            tuple(row) for row in await self._transact(lambda connection: connection.execute(statement).all())
        ]


@pytest.fixture
async def store(transact) -> Store:
    await transact(METADATA.create_all)
    return Store(transact)


async def test_a_tenant_never_seen_is_empty(store):
    assert await store.load("t1") == {"t1": TenantMemory()}
    assert await store.recall() == {}


async def test_each_of_any_number_of_tenants_gets_its_own_memory(store):
    tenants = {f"t{n:02}": memory(user(f"u{n}", ONE)) for n in range(2 * WIDTH + 1)}
    changes = [Change(id_, TenantMemory(), each) for id_, each in tenants.items()]
    assert set((await store.commit(*reversed(changes))).values()) == {Commit.COMMITTED}
    assert await store.load(*tenants, "other") == {**tenants, "other": TenantMemory()}


async def test_counters_and_the_last_success_are_recalled(store):
    counters = Counters(5, 4, 3, {"user": 2}, {"crm": 1})
    await store.step(TenantMemory(), memory(counters=counters, last_success=T0))
    assert await store.recall() == {"t1": Recalled(counters, T0)}


@pytest.mark.parametrize("other", [{"version": 2}, {"epoch": 1}, {"version": 0}], ids=str)
async def test_what_does_not_come_from_what_the_journal_has_is_refused_alone(store, other):
    now = await store.step(TenantMemory(), memory(user(), version=1))
    bad = Change("t1", replace(now, **other), memory(version=2))
    good = Change("t2", TenantMemory(), memory(user("u2")))
    answers = await store.commit(bad, good)
    assert answers == {"t1": Commit.REFUSED, "t2": Commit.COMMITTED}
    assert await store.load("t1", "t2") == {"t1": now, "t2": good.after}


async def test_what_was_derived_from_a_tenant_that_is_forgotten_is_refused(store):
    now = await store.step(TenantMemory(), memory(user()))
    await store.forget("t1")
    assert await store.commit(Change("t1", now, replace(now, version=2))) == {"t1": Commit.REFUSED}
    assert await store.load("t1") == {"t1": TenantMemory()}


async def test_the_epoch_may_change_with_a_commit(store):
    now = await store.step(TenantMemory(), memory(user()))
    now = await store.step(now, replace(now, version=2, epoch=5))
    assert await store.load("t1") == {"t1": now}


async def test_a_deleted_user_takes_the_issues_along(store):
    now = await store.step(TenantMemory(), memory(user("u1", ONE, gone={TWO: T0}), user("u2", ONE)))
    await store.step(now, memory(user("u2", ONE), version=2))
    assert await store.rows(USERS, "user_id") == [("u2",)]
    assert await store.rows(ISSUES, "user_id") == [("u2",)]


async def test_an_unchanged_user_is_not_written_again(store, transact):
    now = await store.step(TenantMemory(), memory(user("u1", ONE), user("u2", ONE)))
    marked = USERS.update().values({"class": "untouched"})
    await transact(lambda connection: connection.execute(marked))
    await store.step(now, memory(user("u1", ONE), user("u2", ONE, pending=True), version=2))
    assert await store.rows(USERS, "class") == [("untouched",), (None,)]


async def test_an_issue_that_is_gone_keeps_its_finding_until_it_is_forgotten(store):
    now = await store.step(TenantMemory(), memory(user("u1", ONE)))
    before = await store.rows(ISSUES, "finding", "direction")
    now = await store.step(now, memory(user("u1", gone={ONE: T0 + 1}), version=2))
    assert await store.rows(ISSUES, "open", "gone_since") == [(0, T0 + 1)]
    assert await store.rows(ISSUES, "finding", "direction") == before
    assert await store.load("t1") == {"t1": now}
    await store.step(now, memory(user("u1"), version=3))
    assert await store.rows(ISSUES, "open") == []


async def test_another_finding_of_the_same_issue_is_written(store):
    now = await store.step(TenantMemory(), memory(user("u1", ONE)))
    judged = user("u1", ONE)
    judged = replace(judged, facts=replace(judged.facts, issues=(IssueFacts(ONE, TOKEN),)))
    now = await store.step(now, memory(judged, version=2))
    assert await store.load("t1") == {"t1": now}


async def test_other_fingerprints_make_a_new_baseline_and_the_old_rows_go_with_its_commit(store, transact):
    counters = Counters(5, 4, 3)
    was = memory(user("u1", ONE, gone={TWO: T0}), user("u2", ONE), epoch=3, counters=counters)
    was = await store.step(TenantMemory(), was)
    newer = Store(transact, normalisation=2)
    loaded = (await newer.load("t1"))["t1"]
    assert loaded == was.again()
    assert (loaded.version, loaded.epoch, loaded.counters) == (was.version, 3, counters)
    after = replace(loaded, version=2, users={"u1": loaded.users["u1"]})  # nobody could be read yet
    await newer.step(loaded, after)
    assert await newer.rows(ISSUES, "user_id") == []
    assert await newer.load("t1") == {"t1": after}
    assert await newer.rows(USERS, "user_id", "mark_job") == [("u1", None)]


async def test_forgetting_says_how_much_there_was(store):
    await store.step(TenantMemory(), memory(user("u1", ONE, TWO), user("u2", ONE)))
    await store.step(TenantMemory(), memory(user("u1", ONE)), tenant="t2")
    assert await store.forget("t1") == Forgotten(users=2, issues=3)
    assert await store.forget("t1") is None
    for table in (TENANTS, USERS, ISSUES):
        assert await store.rows(table, "tenant") == [("t2",)]


async def test_a_tenant_goes_when_it_has_been_gone_for_longer_than_the_retention(store):
    for tenant in ("t1", "t2"):
        await store.step(TenantMemory(), memory(user("u1", ONE)), tenant=tenant)
    assert await store.retain("t2", now=T0) == ()
    assert await store.retain("t2", now=T0 + RETENTION) == ()
    assert await store.retain("t2", now=T0 + RETENTION + 1) == ("t1",)
    for table in (TENANTS, USERS, ISSUES):
        assert await store.rows(table, "tenant") == [("t2",)]


async def test_a_tenant_that_comes_back_in_time_stays(store):
    now = await store.step(TenantMemory(), memory(user()))
    await store.retain(now=T0)
    assert await store.retain("t1", now=T0 + HOUR) == ()
    await store.retain(now=T0 + 2 * HOUR)
    assert await store.retain(now=T0 + RETENTION + HOUR) == ()
    now = await store.step(now, replace(now, version=2))  # whoever is polled is not gone
    assert await store.retain(now=T0 + 2 * RETENTION) == ()
    assert await store.load("t1") == {"t1": now}


async def test_issues_gone_for_a_day_are_pruned_and_open_ones_stay(store):
    away = {TWO: T0}
    now = await store.step(TenantMemory(), memory(user("u1", ONE, gone=away)))
    await store.retain("t1", now=T0 + DAY - 1)
    assert len(await store.rows(ISSUES, "open")) == 2
    await store.retain("t1", now=T0 + DAY)
    assert await store.rows(ISSUES, "fingerprint", "open") == [(ONE, 1)]
    now = await store.step(now, memory(user("u1", ONE, TWO), version=2))  # it comes back after all
    assert await store.load("t1") == {"t1": now}


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
async def test_of_two_writers_at_once_only_one_counts(store, transact):
    work = Transactions(transact.dialect, 1)
    now = await store.step(TenantMemory(), memory(user()))
    first, second = (Change("t1", now, replace(now, version=2, written=T0 + n)) for n in range(2))
    answer = await transact.overlapping(
        lambda connection: work.commit(connection, [first]),
        lambda connection: work.commit(connection, [second]),
    )
    assert answer == {"t1": Commit.REFUSED}
    assert await store.load("t1") == {"t1": first.after}


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
async def test_of_two_who_add_a_tenant_at_once_only_one_counts(store, transact):
    work = Transactions(transact.dialect, 1)
    first, second = (Change("t1", TenantMemory(), memory(user(), written=T0 + n)) for n in range(2))
    with pytest.raises(IntegrityError):
        await transact.overlapping(
            lambda connection: work.commit(connection, [first]),
            lambda connection: work.commit(connection, [second]),
        )
    assert await store.commit(second) == {"t1": Commit.REFUSED}
    assert await store.load("t1") == {"t1": first.after}


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
async def test_whoever_commits_while_a_tenant_is_forgotten_brings_nothing_of_it_back(store, transact):
    work = Transactions(transact.dialect, 1)
    now = await store.step(TenantMemory(), memory(user()))
    change = Change("t1", now, memory(user("u2"), version=2))
    answer = await transact.overlapping(
        lambda connection: work.forget(connection, "t1"), lambda connection: work.commit(connection, [change])
    )
    assert answer == {"t1": Commit.REFUSED}
    assert await store.rows(USERS, "user_id") == []


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
async def test_a_tenant_is_forgotten_with_all_that_is_being_written_of_it(store, transact):
    work = Transactions(transact.dialect, 1)
    now = await store.step(TenantMemory(), memory(user()))
    change = Change("t1", now, memory(user(), user("u2", ONE), version=2))
    gone = await transact.overlapping(
        lambda connection: work.commit(connection, [change]), lambda connection: work.forget(connection, "t1")
    )
    assert gone == Forgotten(users=2, issues=1)
