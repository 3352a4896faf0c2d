"""The one door through which time, sleep and randomness come in.

Nothing else in the daemon calls `time`, `asyncio.sleep` or `random`: a test hands in a clock of its own and
then a day passes in a millisecond, the same way each time.
"""

import asyncio
import random
import time
from typing import Protocol


class Clock(Protocol):
    """What the daemon may know of time."""

    def now(self) -> float:
        """Wall-clock time, in seconds since the Unix epoch."""
        ...

    def monotonic(self) -> float:
        """A time that never jumps, in seconds; only differences mean something."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Let `seconds` pass."""
        ...

    def random(self) -> float:
        """A number in [0, 1), for jitter; never for secrets."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        """See `Clock.now`."""
        return time.time()

    def monotonic(self) -> float:
        """See `Clock.monotonic`."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """See `Clock.sleep`."""
        await asyncio.sleep(seconds)

    def random(self) -> float:
        """See `Clock.random`."""
        return random.random()  # noqa: S311 - jitter, not a secret
