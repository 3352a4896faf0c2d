"""How late the event loop is: the first thing to look at when everything seems slow at once."""

from collections.abc import Callable

from syncwatch.clock import Clock

PERIOD = 0.1  # seconds between two looks


async def watch_lag(clock: Clock, observe: Callable[[float], None]) -> None:
    """For ever, tell `observe` by how many seconds a short sleep took longer than asked."""
    while True:
        begun = clock.monotonic()
        await clock.sleep(PERIOD)
        observe(max(0.0, clock.monotonic() - begun - PERIOD))
