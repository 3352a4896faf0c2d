"""A journal that outlives the process.

While the database is away nobody waits for it: loads and commits fail at once, polls go on, and one call is risked
after a pause that grows. What waits to be written since when is known per tenant, because a tenant that fails by
itself must not hide behind the others that go well.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any

from syncwatch.clock import Clock
from syncwatch.state.journal import Change, Commit, JournalAway, Recalled
from syncwatch.state.memory import TenantMemory
from syncwatch.state.store.engine import Away, Engine, T
from syncwatch.state.store.jobs import Job, Load, Other, Write
from syncwatch.state.store.worker import Observer, Transacting, Worker


class DurableJournal:
    """A `Journal` over an engine; `run` must run for anything but `open` to be answered.

    Args:
        engine: where it is; closed when `run` ends.
        store: what is done there.
        clock: the only source of time and chance.
        observer: is told of every transaction.
    """

    def __init__(self, engine: Engine, store: Transacting, clock: Clock, observer: Observer) -> None:
        self._engine = engine
        self._store = store
        self._clock = clock
        self._worker = Worker(engine, store, clock, observer)
        self._owed: dict[str, float] = {}  # tenant -> since when something of it waits
        self._doubtful: dict[str, int] = {}  # tenant -> version of which nobody knows whether it was written

    async def open(self) -> bool:
        """Prepare the database, before `run`; gives whether it is there, and if not it is tried again later.

        Raises:
            JournalRefused: it is there, and not one to go on with.
        """
        try:
            await self._engine.read(lambda _: None)
        except Away as away:
            self._worker.failed("open", away.kind)
            return False
        except BaseException:
            await self._engine.close()
            raise
        return True

    async def run(self) -> None:
        """Work until `close` is called and everything is done; who waits when this is cancelled is told so."""
        try:
            await self._worker.run()
        finally:
            await self._engine.close()

    def close(self) -> None:
        """Take nothing on any more; `run` does what waits, and ends."""
        self._worker.close()

    async def recall(self) -> Mapping[str, Recalled]:
        """See `Journal.recall`."""
        return await self._alone("recall", lambda: self._engine.read(self._store.recall))

    async def load(self, tenant: str) -> TenantMemory:
        """See `Journal.load`."""
        asked = self._clock.monotonic()
        try:
            memory: TenantMemory = await self._ask(Load(tenant))
        except JournalAway:
            self._owed.setdefault(tenant, asked)
            raise
        if memory.version >= self._doubtful.pop(tenant, 0):  # else it was not written, and is still owed
            self._owed.pop(tenant, None)
        return memory

    async def commit(self, changes: Sequence[Change]) -> Mapping[str, Commit]:
        """See `Journal.commit`."""
        now = self._clock.monotonic()
        for change in changes:
            self._owed.setdefault(change.tenant, now)
        if self._worker.is_away:
            return {change.tenant: Commit.FAILED for change in changes}
        answers = await asyncio.gather(
            *(self._worker.give(Write(change.tenant, change)) for change in changes)
        )
        for change, answer in zip(changes, answers, strict=True):
            if answer in {Commit.COMMITTED, Commit.REFUSED}:
                self._owed.pop(change.tenant, None)
            elif answer is Commit.UNKNOWN:
                self._doubtful[change.tenant] = change.after.version
        return {change.tenant: answer for change, answer in zip(changes, answers, strict=True)}

    async def retain(self, present: Collection[str], now: float, retention: float) -> tuple[str, ...]:
        """Delete some of the tenants not in `present` that have been gone for `retention` seconds; gives those.

        Raises:
            JournalAway: they may not be deleted.
        """
        return await self._alone(
            "retain", lambda: self._engine.write(lambda c: self._store.retain(c, present, now, retention))
        )

    def keep(self, tenants: Collection[str]) -> None:
        """Of all other tenants nothing is to be written any more."""
        self._worker.keep(tenants)
        for noted in (self._owed, self._doubtful):
            for tenant in noted.keys() - frozenset(tenants):
                del noted[tenant]

    def lag(self) -> float:
        """Seconds since the oldest change that is not written was given, or a tenant was asked for in vain; 0 if none."""
        return max(0.0, self._clock.monotonic() - min(self._owed.values())) if self._owed else 0.0

    async def size(self) -> int | None:
        """Bytes that it takes; None if nobody can say now."""
        try:
            return await self._alone("size", self._engine.size)
        except JournalAway:
            return None

    async def _alone(self, operation: str, do: Callable[[], Awaitable[T]]) -> T:
        answer: T = await self._ask(Other("", operation, do))
        return answer

    async def _ask(self, job: Job) -> Any:
        if self._worker.is_away:
            job.fails()
            return await job.answer
        return await self._worker.give(job)
