"""Places of which so many are taken at once, in the order of asking.

Unlike a semaphore their number can change while some wait, and who finds one free never waits. Nobody who is cancelled
takes a place along.
"""

import asyncio
from collections import OrderedDict
from types import TracebackType


class Places:
    """An asynchronous context: whoever is inside has a place.

    Args:
        most: how many there are; infinity where nobody counts.
    """

    __slots__ = ("_most", "_taken", "_waiting")

    def __init__(self, most: float) -> None:
        self._most = most
        self._taken = 0
        self._waiting: OrderedDict[asyncio.Future[None], None] = OrderedDict()

    @property
    def free(self) -> bool:
        """Whether one can be had without waiting."""
        return self._taken < self._most and not self._waiting

    @property
    def unused(self) -> bool:
        """Whether nobody has one, and nobody waits."""
        return not self._taken and not self._waiting

    def resize(self, most: float) -> None:
        """Have so many from now on; where more are taken, none becomes free before that has changed."""
        self._most = most
        self._hand_out()

    async def take(self) -> None:
        """Take a place, waiting for it if need be."""
        if self.free:
            self._taken += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting[turn] = None
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._waiting.pop(turn, None)
            else:
                self.leave()
            raise

    def leave(self) -> None:
        """Give a place back."""
        self._taken -= 1
        self._hand_out()

    def _hand_out(self) -> None:
        while self._waiting and self._taken < self._most:
            turn, _ = self._waiting.popitem(last=False)
            if not turn.done():
                self._taken += 1
                turn.set_result(None)

    async def __aenter__(self) -> None:
        await self.take()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()
