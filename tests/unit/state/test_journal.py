"""The journal that lives with the process keeps the promise that polling relies on."""

from syncwatch.state.journal import Change, Commit, MemoryJournal
from syncwatch.state.memory import TenantMemory


async def test_a_tenant_never_seen_has_an_empty_memory():
    assert await MemoryJournal().load("firm-1") == TenantMemory()


async def test_of_two_writers_from_the_same_memory_only_one_counts():
    journal = MemoryJournal()
    first, second = TenantMemory(version=1, rules="a"), TenantMemory(version=1, rules="b")
    assert await journal.commit([Change("firm-1", first)]) == {"firm-1": Commit.COMMITTED}
    assert await journal.commit([Change("firm-1", second)]) == {"firm-1": Commit.REFUSED}
    assert await journal.load("firm-1") == first


async def test_each_tenant_of_a_batch_is_committed_on_its_own():
    journal = MemoryJournal()
    changes = [Change("a", TenantMemory(version=1)), Change("b", TenantMemory(version=2))]
    assert await journal.commit(changes) == {"a": Commit.COMMITTED, "b": Commit.REFUSED}
