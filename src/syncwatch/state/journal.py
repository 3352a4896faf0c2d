"""What polling needs of a journal, and one that lives in the process only.

The one promise that exactly-once counting rests on: a commit is conditional on the version and epoch that the change
was derived from, so that of two writers only one counts, and whoever does not know what became of a commit can find
out by reading. `store/` has the durable one.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from syncwatch.state.memory import Counters, TenantMemory


class Commit(StrEnum):
    """What became of one tenant's change."""

    COMMITTED = "committed"
    REFUSED = "refused"  # derived from a memory that is no longer the newest: read it again
    FAILED = "failed"  # nothing was written: the journal is away
    UNKNOWN = "unknown"  # the journal went away while it was committing: read again which of the two it is


class JournalAway(Exception):  # noqa: N818 - a state of the world, named as it reads
    """The journal cannot be read now; the message is ours, without address or secret."""


class Change(msgspec.Struct, frozen=True):
    """One tenant's memory as the journal has it, and as it is to have it; the version grows by one."""

    tenant: str
    before: TenantMemory
    after: TenantMemory


class Recalled(msgspec.Struct, frozen=True):
    """What the journal says of a tenant before it is polled."""

    counters: Counters
    last_success: float | None


class Journal(Protocol):
    """What polling and the composition root need of a journal."""

    async def recall(self) -> Mapping[str, Recalled]:
        """All tenants that it knows.

        Raises:
            JournalAway: it cannot be read now.
        """
        ...

    async def load(self, tenant: str) -> TenantMemory:
        """The newest committed memory; an empty one for a tenant never seen.

        Raises:
            JournalAway: it cannot be read now.
        """
        ...

    async def commit(self, changes: Sequence[Change]) -> Mapping[str, Commit]:
        """Commit each change on its own; the answer names every tenant of `changes`."""
        ...


class MemoryJournal:
    """A journal that lives and dies with the process."""

    def __init__(self) -> None:
        self._memories: dict[str, TenantMemory] = {}

    async def recall(self) -> Mapping[str, Recalled]:
        """See `Journal.recall`."""
        return {id_: Recalled(memory.counters, memory.last_success) for id_, memory in self._memories.items()}

    async def load(self, tenant: str) -> TenantMemory:
        """See `Journal.load`."""
        return self._memories.get(tenant, TenantMemory())

    async def commit(self, changes: Sequence[Change]) -> Mapping[str, Commit]:
        """See `Journal.commit`."""
        return {change.tenant: self._commit(change) for change in changes}

    def _commit(self, change: Change) -> Commit:
        newest = self._memories.get(change.tenant, TenantMemory())
        if (change.before.version, change.before.epoch) != (newest.version, newest.epoch):
            return Commit.REFUSED
        self._memories[change.tenant] = change.after
        return Commit.COMMITTED
