"""The way down: no new poll, then those in flight end, then whoever scrapes may take the last figures.

Everything within one deadline. A scraper that came lately is waited for once more, because what the last polls counted
would otherwise never be seen.
"""

import asyncio
from collections.abc import Coroutine

import structlog

from syncwatch.clock import Clock
from syncwatch.polling.scheduler import Scheduler

SERVING_SHARE = 0.8  # of the grace period; the rest is for closing connections
RECENT_SCRAPE = 300.0  # seconds within which somebody who scraped is expected again

log = structlog.get_logger(__name__)


class Shutdown:
    """See the module.

    Args:
        clock: what time it is.
        scheduler: what polls.

    Attributes:
        begun: whether it is on its way.
    """

    def __init__(self, clock: Clock, scheduler: Scheduler) -> None:
        self.begun = False
        self._clock = clock
        self._scheduler = scheduler
        self._scraped: float | None = None
        self._scrape = asyncio.Event()

    def scraped(self) -> None:
        """Somebody was shown the figures as they are now."""
        self._scraped = self._clock.monotonic()
        self._scrape.set()

    async def run(self, grace: float, hurry: asyncio.Event) -> None:
        """Go down within `grace` seconds; `hurry` ends all waiting."""
        self.begun = True
        deadline = self._clock.monotonic() + grace * SERVING_SHARE
        log.info("stopping", grace_seconds=grace)
        self._scheduler.close()
        await self._wait(self._scheduler.idle(), hurry, deadline)
        self._scheduler.abandon()
        if self._scraped_lately() and not hurry.is_set():
            self._scrape.clear()
            log.info("waiting_for_last_scrape")
            await self._wait(self._scrape.wait(), hurry, deadline)

    def _scraped_lately(self) -> bool:
        return self._scraped is not None and self._clock.monotonic() - self._scraped <= RECENT_SCRAPE

    async def _wait(
        self, event: Coroutine[None, None, object], hurry: asyncio.Event, deadline: float
    ) -> None:
        """Wait for `event`, for `hurry` or until `deadline`, whichever comes first."""
        left = max(0.0, deadline - self._clock.monotonic())
        waiting = [asyncio.ensure_future(each) for each in (event, hurry.wait())]
        try:
            await asyncio.wait(waiting, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for future in waiting:
                future.cancel()
