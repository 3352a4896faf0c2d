"""The addresses of host names, for the HTTP library: within a time, and remembered for when a name cannot be resolved.

A name is asked for again once a minute. While it has no answer, or a late one, the last good addresses serve for an
hour: a panel is as a rule where it was, and a name server that is away is no reason not to look. Never waits longer
than the one who asks allows for a connection.
"""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from aiohttp.abc import AbstractResolver, ResolveResult

from syncwatch.clock import Clock
from syncwatch.transport.lookups import Address, Answer, Lookup, Lookups, by_system

FRESH = 60.0  # seconds until a name is asked for again
KEPT = 3600.0  # seconds for which its last good addresses serve
HURRY = 1.0  # seconds that whoever has these waits for newer ones
ROOM = 1000  # names, before it is looked which are no longer needed

_NUMBERS = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
_PATIENCE: ContextVar[float] = ContextVar("patience", default=10.0)


class UnresolvedError(OSError):
    """A host name has no address; `late` is whether that is because nobody said one in time. Shows no name."""

    def __init__(self, number: int | None = None, *, late: bool = False) -> None:
        super().__init__("no answer in time" if late else "no address")
        self.errno, self.late = number, late


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Inside, a name may take so many seconds."""
    token = _PATIENCE.set(seconds)
    try:
        yield
    finally:
        _PATIENCE.reset(token)


class _Known(NamedTuple):
    """Addresses, and until when nobody asks again, and they serve; monotonic seconds."""

    addresses: tuple[Address, ...]
    fresh: float
    kept: float


class Resolver(AbstractResolver):
    """See the module.

    Args:
        clock: what time it is.
        lookup: asks the system, in a thread.
    """

    def __init__(self, clock: Clock, lookup: Lookup = by_system) -> None:
        self._clock = clock
        self._lookups = Lookups(clock, lookup, self._learn)
        self._known: dict[str, _Known] = {}
        self._full = ROOM

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a host name, those of this family only if it is one.

        Raises:
            UnresolvedError: it has none, or none in time.
        """
        return [
            ResolveResult(
                hostname=host, host=each.host, port=port, family=each.family, proto=each.proto, flags=_NUMBERS
            )
            for each in await self._addresses(host)
            if family in (socket.AF_UNSPEC, each.family)
        ]

    async def close(self) -> None:
        """Nothing to close: nobody waits for what still runs."""

    async def _addresses(self, host: str) -> tuple[Address, ...]:
        now = self._clock.monotonic()
        known = self._known.get(host)
        if known and now < known.fresh:
            return known.addresses
        usable = known is not None and now < known.kept
        try:
            async with asyncio.timeout(min(_PATIENCE.get(), HURRY) if usable else _PATIENCE.get()):
                answer = await self._lookups.answer(host)
        except TimeoutError:
            answer = None
        if answer and answer.addresses:
            return answer.addresses
        if known and usable:
            self._known[host] = known._replace(fresh=now + FRESH)
            return known.addresses
        raise UnresolvedError(answer.errno if answer else None, late=answer is None)

    def _learn(self, host: str, answer: Answer) -> None:
        if not answer.addresses:
            return
        now = self._clock.monotonic()
        self._known[host] = _Known(answer.addresses, now + FRESH, now + KEPT)
        if len(self._known) > self._full:
            self._known = {name: each for name, each in self._known.items() if now < each.kept}
            self._full = 2 * len(self._known) + ROOM
