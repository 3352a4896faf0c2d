"""An instant to sleep until, which can be brought forward while somebody sleeps.

It is one of the monotonic clock, and only differences are slept, so that the wall clock may jump as it likes.
"""

import asyncio
from contextlib import suppress
from math import inf

from syncwatch.clock import Clock


class Alarm:
    """One sleeper's alarm.

    Args:
        clock: the only source of time.
        at: when to wake, monotonic seconds.

    Attributes:
        at: when it rings.
    """

    __slots__ = ("_clock", "_nap", "_sooner", "at")

    def __init__(self, clock: Clock, at: float) -> None:
        self.at = at
        self._clock = clock
        self._sooner = inf
        self._nap: asyncio.Timeout | None = None

    def set(self, at: float) -> None:
        """Ring then, or when it was brought forward to since `heard`."""
        self.at, self._sooner = min(at, self._sooner), inf

    def forward(self, at: float) -> None:
        """Ring then, if that is sooner; who does not sleep yet finds it so when going to."""
        self._sooner = min(self._sooner, at)
        if self._nap is not None:
            self._nap.reschedule(0)
            self._nap = None

    def heard(self) -> None:
        """What it rang for begins now: whatever was brought forward until now is this."""
        self._sooner = inf

    async def wait(self) -> None:
        """Sleep until it rings."""
        while True:
            self.set(self.at)
            left = self.at - self._clock.monotonic()
            if left <= 0:
                return
            try:
                with suppress(TimeoutError):
                    async with asyncio.timeout(None) as self._nap:
                        await self._clock.sleep(left)
            finally:
                self._nap = None
