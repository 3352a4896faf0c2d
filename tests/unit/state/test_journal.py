"""The journal that lives with the process keeps the promise that polling relies on."""

from syncwatch.state.journal import Change, Commit, MemoryJournal
from syncwatch.state.memory import TenantMemory

NOTHING = TenantMemory()


async def test_a_tenant_never_seen_has_an_empty_memory():
    assert await MemoryJournal().load("firm-1") == NOTHING


async def test_of_two_writers_from_the_same_memory_only_one_counts():
    journal = MemoryJournal()
    first, second = TenantMemory(version=1, rules="a"), TenantMemory(version=1, rules="b")
    assert await journal.commit([Change("firm-1", NOTHING, first)]) == {"firm-1": Commit.COMMITTED}
    assert await journal.commit([Change("firm-1", NOTHING, second)]) == {"firm-1": Commit.REFUSED}
    assert await journal.load("firm-1") == first


async def test_each_tenant_of_a_batch_is_committed_on_its_own():
    journal = MemoryJournal()
    one, two = TenantMemory(version=1), TenantMemory(version=2)
    changes = [Change("a", NOTHING, one), Change("b", one, two)]
    assert await journal.commit(changes) == {"a": Commit.COMMITTED, "b": Commit.REFUSED}
