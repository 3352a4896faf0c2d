"""Where memory is committed.

This journal keeps it in the process only: counters start at 0 with each start and the first poll is the
baseline. It has the calls that a durable one has, and the one promise that polling relies on: a commit is
conditional on the version that the change was derived from, so of two writers of a tenant only one counts.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from syncwatch.state.memory import TenantMemory


class Commit(StrEnum):
    """What became of one tenant's change."""

    COMMITTED = "committed"
    REFUSED = "refused"  # derived from a memory that is no longer the newest: read it again
    FAILED = "failed"  # the journal is away: try again with the next poll


class Change(msgspec.Struct, frozen=True):
    """One tenant's memory after a poll; its version is the one before plus one."""

    tenant: str
    memory: TenantMemory


class Journal(Protocol):
    """What polling needs of a journal."""

    async def load(self, tenant: str) -> TenantMemory:
        """The newest committed memory; an empty one for a tenant never seen."""
        ...

    async def commit(self, changes: Sequence[Change]) -> Mapping[str, Commit]:
        """Commit each change on its own; the answer names every tenant of `changes`."""
        ...


class MemoryJournal:
    """A journal that lives and dies with the process."""

    def __init__(self) -> None:
        self._memories: dict[str, TenantMemory] = {}

    async def load(self, tenant: str) -> TenantMemory:
        """See `Journal.load`."""
        return self._memories.get(tenant, TenantMemory())

    async def commit(self, changes: Sequence[Change]) -> Mapping[str, Commit]:
        """See `Journal.commit`."""
        return {change.tenant: self._commit(change) for change in changes}

    def _commit(self, change: Change) -> Commit:
        newest = self._memories.get(change.tenant, TenantMemory())
        if change.memory.version != newest.version + 1:
            return Commit.REFUSED
        self._memories[change.tenant] = change.memory
        return Commit.COMMITTED
