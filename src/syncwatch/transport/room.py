"""How much of what panels send is held at once, whatever they send.

Every poll may hold a little. One that comes to hold more needs one of a few places until it ends, so that no more is
held than polls in flight x `LITTLE` + `PLACES` x `MOST`, in bytes of bodies, those included whose rows are still in use.
Whoever waits for a place holds no connection and no other turn: the request that came to need one is given up, and is
made again once there is one. So nobody waits for somebody who waits, and the wait is within the poll's own time. And
nobody waits for an answer that drips: what holds a place and hardly grows is given up as soon as somebody has waited a
few seconds for one.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager

from syncwatch.errors import PollError, Reason

LITTLE = 2 << 20  # bytes: the lists of some three thousand users
MOST = 256 << 20  # bytes: more than the lists of a hundred thousand
PLACES = 4
PATIENCE = 5.0  # seconds in which an answer that holds a place has to grow ...
LEAST = 64 << 10  # ... by so many bytes, if others wait; with less no such answer would be in time anyhow


class NoPlaceError(Exception):
    """A poll has come to hold more than a little, and every place is taken."""


class StalledError(TimeoutError):
    """An answer that holds a place hardly grows, and others wait for the place."""


class Room:
    """What the polls of the process share."""

    def __init__(
        self, *, places: int = PLACES, little: int = LITTLE, most: int = MOST, patience: float = PATIENCE
    ) -> None:
        self._places = asyncio.Semaphore(places)
        self._little = little
        self._most = most
        self._patience = patience
        self._taken = 0
        self._read: dict[asyncio.Timeout, Share] = {}

    @property
    def taken(self) -> int:
        """How many places are taken now."""
        return self._taken

    def share(self) -> "Share":
        """The share of one more poll, which is to be given back by `Share.close`."""
        return Share(self)

    def fits(self, held: int) -> bool:
        """Whether so many bytes need no place.

        Raises:
            PollError: they are more than any poll may hold.
        """
        if held > self._most:
            raise PollError(Reason.DECODE, f"the answers of one poll are larger than {self._most} bytes")
        return held <= self._little

    async def enter(self, *, wait: bool) -> bool:
        """Take a place; False if there is none and nobody is to `wait` for one."""
        if self._places.locked() and not wait:
            return False
        with self._watching():
            await self._places.acquire()
        self._taken += 1
        return True

    def leave(self) -> None:
        """Give a place back."""
        self._taken -= 1
        self._places.release()

    @asynccontextmanager
    async def reading(self, share: "Share") -> AsyncIterator[None]:
        """Around the reading of one answer into a share.

        Raises:
            StalledError: it was given up for the sake of others.
        """
        timeout = asyncio.timeout(None)
        try:
            async with timeout:
                self._read[timeout] = share
                yield
        except TimeoutError:
            if timeout.expired():
                raise StalledError from None
            raise
        finally:
            self._read.pop(timeout, None)

    @contextmanager
    def _watching(self) -> Iterator[None]:
        """While somebody waits, give up answers that did not grow between two looks."""
        timer: asyncio.TimerHandle
        loop = asyncio.get_running_loop()

        def again() -> None:
            nonlocal timer
            before = {timeout: share.taken for timeout, share in self._read.items() if share.placed}
            timer = loop.call_later(self._patience, look, before)

        def look(before: Mapping[asyncio.Timeout, int]) -> None:
            for timeout, taken in before.items():
                share = self._read.get(timeout)
                if share is not None and share.taken - taken < LEAST:
                    del self._read[timeout]
                    timeout.reschedule(loop.time())
            again()

        again()
        try:
            yield
        finally:
            timer.cancel()


class Share:
    """What one poll holds.

    Attributes:
        taken: bytes that it has come to hold so far, those included that it holds no longer.
        placed: whether it holds a place.
    """

    def __init__(self, room: Room) -> None:
        self.taken = 0
        self.placed = False
        self._room = room
        self._held = 0
        self._turn = asyncio.Lock()

    async def take(self, size: int) -> None:
        """Hold so many bytes more, without waiting.

        Raises:
            NoPlaceError: that needs a place, and there is none: let go of everything else, then `wait`.
            PollError: it is more than any poll may hold.
        """
        if not self._room.fits(self._held + size) and not self.placed:
            self.placed = await self._room.enter(wait=False)
            if not self.placed:
                raise NoPlaceError
        self._held += size
        self.taken += size

    async def wait(self) -> None:
        """Wait for a place; whoever does must hold nothing else that others wait for."""
        async with self._turn:
            self.placed = self.placed or await self._room.enter(wait=True)

    async def afford(self, size: int) -> None:
        """Hold so many bytes more, and wait for a place if they need one; see `take` and `wait`."""
        try:
            await self.take(size)
        except NoPlaceError:
            await self.wait()
            await self.take(size)

    def reading(self) -> AbstractAsyncContextManager[None]:
        """See `Room.reading`."""
        return self._room.reading(self)

    def drop(self, size: int) -> None:
        """Hold so many bytes less."""
        self._held -= size

    def close(self) -> None:
        """Hold nothing any more."""
        self._held = 0
        if self.placed:
            self.placed = False
            self._room.leave()


class Hold:
    """What one list of a poll holds of its share."""

    def __init__(self, share: Share) -> None:
        self._share = share
        self._held = 0

    async def take(self, size: int) -> None:
        """See `Share.take`."""
        await self._share.take(size)
        self._held += size

    def drop(self, size: int) -> None:
        """See `Share.drop`."""
        self._share.drop(size)
        self._held -= size

    def reading(self) -> AbstractAsyncContextManager[None]:
        """See `Room.reading`."""
        return self._share.reading()

    def close(self) -> None:
        """Nothing of the list is in use any more."""
        self.drop(self._held)

    async def wait(self) -> None:
        """See `Share.wait`."""
        await self._share.wait()
