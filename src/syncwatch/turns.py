"""At most one piece of work of a kind in each turn of the event loop.

When many panels answer at once, each piece (a request to send, a tenant's verdicts) is short, and all of them
together hold up timers, probes and scrapes. Taking turns costs a poll nothing that it could notice, bounds the
lag by a single piece, and needs no guess at how many requests are too many: slow panels leave more turns.
"""

import asyncio
from types import TracebackType


class Turns:
    """An asynchronous context: inside is one at a time, and between two of them the loop goes round."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

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
