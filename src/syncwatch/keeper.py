"""Keeping the journal: opened before the first poll, tidied up every hour, closed after the last one.

A journal that cannot be reached keeps nobody waiting: polls begin without it, and read it when it is there. One that
must not be used as it is stops the start, because counting on with another key would count everything twice.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager

import structlog
from prometheus_client import CollectorRegistry

from syncwatch.clock import Clock
from syncwatch.exposition.journal import JournalMeters
from syncwatch.state.journal import JournalAway, Recalled
from syncwatch.state.store.durable import DurableJournal
from syncwatch.state.store.opening import Store

TIDY_INTERVAL = 3600.0  # seconds between two removals of what nobody needs any more
CLOSING = 2.0  # seconds at the end for what is being written; a database may hang
LOOK_INTERVAL = 60.0  # seconds between two looks at how large it is, and whether it is time to tidy up

Recall = Callable[[Mapping[str, Recalled]], None]

log = structlog.get_logger(__name__)


class Keeper:
    """Keeps the durable journal.

    Args:
        store: the journal, not asked yet.
        clock: what time it is.
        registry: where its figures are shown.

    Attributes:
        journal: what polls meet.
    """

    def __init__(self, store: Store, clock: Clock, registry: CollectorRegistry) -> None:
        self._meters = JournalMeters(registry)
        self.journal = DurableJournal(store.engine, store.transactions, clock, self._meters)
        self._meters.ask(self.journal.lag)
        self._clock = clock
        self._present: Collection[str] = ()
        self._retention = 0.0
        self._complete: Callable[[], bool] = lambda: False

    def watch(
        self, tenants: Collection[str], retention: float, complete: Callable[[], bool] = lambda: True
    ) -> None:
        """Remember what is watched from now on, and for how many seconds what is no longer.

        Nothing is removed while those are not all, by `complete`: whom nobody has told of yet is not gone.
        """
        self._present, self._retention, self._complete = tenants, retention, complete
        self.journal.keep(tenants)

    @asynccontextmanager
    async def kept(self, recall: Recall) -> AsyncIterator[None]:
        """The journal while polls go on; what it has of all tenants goes to `recall`, as soon as it can be read.

        Raises:
            JournalRefused: it must not be used as it is.
        """
        await self.journal.open()
        async with asyncio.TaskGroup() as group:
            working = group.create_task(self.journal.run())
            recalled = await self._recalled(recall)
            if not recalled:
                log.warning("starting_without_journal")
            tidying = group.create_task(self._tidy(recall, recalled=recalled))
            try:
                yield
            finally:
                tidying.cancel()
                self.journal.close()
                await asyncio.wait([working], timeout=CLOSING)
                working.cancel()

    async def _tidy(self, recall: Recall, *, recalled: bool) -> None:
        due = self._clock.monotonic()
        while True:
            recalled = recalled or await self._recalled(recall)
            self._meters.size(await self.journal.size())
            if self._clock.monotonic() >= due and await self._removed():
                due = self._clock.monotonic() + TIDY_INTERVAL
            await self._clock.sleep(LOOK_INTERVAL)

    async def _recalled(self, recall: Recall) -> bool:
        """Whether it could be told what the journal has."""
        try:
            recall(await self.journal.recall())
        except JournalAway:
            return False
        return True

    async def _removed(self) -> bool:
        """Whether what nobody needs any more could be removed; the journal removes some at a time."""
        if not self._complete():
            return False
        try:
            while gone := await self.journal.retain(self._present, self._clock.now(), self._retention):
                for tenant in gone:
                    log.info("tenant_forgotten", tenant=tenant)
        except JournalAway:
            return False
        return True
