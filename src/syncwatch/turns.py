"""At most one piece of work of a kind in each turn of the event loop.

When many panels answer at once, each piece (a request to send, a tenant's verdicts) is short, and all of them
together hold up timers, probes and scrapes. Taking turns costs a poll nothing that it could notice, bounds the
lag by a single piece, and needs no guess at how many requests are too many: slow panels leave more turns. A piece that is
large is done in a thread, one at a time, because a tenant of a hundred thousand users takes seconds.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import TypeVar

LARGE = 2000  # users whose arithmetic takes some 50 ms

T = TypeVar("T")


class Turns:
    """An asynchronous context: inside is one at a time, and between two of them the loop goes round."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._thread = ThreadPoolExecutor(
            1, thread_name_prefix="large"
        )  # of our own: others wait for the usual ones

    async def work(self, size: int, do: Callable[[], T]) -> T:
        """What `do` gives, which takes time by `size`, in users: in a turn, or in a thread, where it must share nothing."""
        if size < LARGE:
            async with self:
                return do()
        return await asyncio.get_running_loop().run_in_executor(self._thread, do)

    async def __aenter__(self) -> None:
        await self._lock.acquire()
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            self._lock.release()
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()
