"""Looks host names up in threads of its own: a few at once, and fewer still of those that hang.

The system's resolver blocks, and cannot be stopped once it was asked. So each lookup has a thread that nobody waits for
longer than he wants, and the end of the process not at all; of a name there is one lookup at a time, whoever asks; and
names whose last lookup took long share a part of the threads, so that there is one for all others.
"""

import asyncio
import errno
import socket
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Thread
from typing import Any, NamedTuple

from syncwatch.clock import Clock

AT_ONCE = 32  # lookups
SLOW_AT_ONCE = 8  # of them, those of names that were slow
SLOW = 2.0  # seconds of a lookup that are a long time
MOST_SLOW = 10_000  # names that are remembered to be slow

Lookup = Callable[[str], Sequence[Any]]
"""Gives what `socket.getaddrinfo` does for a host name; blocks, and raises what that does."""


class Address(NamedTuple):
    """One address of a host, as a socket takes it."""

    host: str
    family: int
    proto: int


class Answer(NamedTuple):
    """What a lookup came to: addresses, or none and why, as a number of the system's."""

    addresses: tuple[Address, ...] = ()
    errno: int | None = None


def by_system(host: str) -> Sequence[Any]:
    """A `Lookup` by the system's resolver."""
    return socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)


@dataclass(eq=False, slots=True)
class _Running:
    """One lookup that waits or runs; `slow` is whether the name's last one was, `began` its start, monotonic seconds."""

    host: str
    slow: bool
    answer: asyncio.Future[Answer]
    askers: int = 0
    began: float = 0.0


class Lookups:
    """See the module.

    Args:
        clock: what time it is.
        lookup: asks the system, in a thread.
        learn: told the outcome of each lookup, even if nobody waits for it any more.
    """

    def __init__(self, clock: Clock, lookup: Lookup, learn: Callable[[str, Answer], None]) -> None:
        self._clock = clock
        self._lookup = lookup
        self._learn = learn
        self._slow: dict[str, None] = {}
        self._asked: dict[str, _Running] = {}
        self._waiting: dict[bool, dict[str, _Running]] = {False: {}, True: {}}
        self._busy: Counter[bool] = Counter()

    async def answer(self, host: str) -> Answer:
        """Look a name up, or wait for the lookup that there is; for as long as it takes."""
        running = self._asked.get(host) or self._ask(host)
        running.askers += 1
        try:
            return await asyncio.shield(running.answer)
        finally:
            running.askers -= 1
            waiting = self._waiting[running.slow]
            if not running.askers and waiting.get(host) is running:  # nobody wants to know it any more
                del waiting[host], self._asked[host]

    def _ask(self, host: str) -> _Running:
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        running = _Running(host, host in self._slow, future)
        self._asked[host] = self._waiting[running.slow][host] = running
        self._go_on()
        return running

    def _go_on(self) -> None:
        """Start what waits, as far as there are threads for it."""
        for slow, waiting in self._waiting.items():
            while waiting and self._free(slow=slow):
                self._start(waiting.pop(next(iter(waiting))))

    def _free(self, *, slow: bool) -> bool:
        return self._busy.total() < AT_ONCE and (not slow or self._busy[True] < SLOW_AT_ONCE)

    def _start(self, running: _Running) -> None:
        self._busy[running.slow] += 1
        running.began = self._clock.monotonic()
        loop = asyncio.get_running_loop()
        try:
            Thread(target=self._run, args=(loop, running), name="lookup", daemon=True).start()
        except RuntimeError:  # the system has no thread left
            loop.call_soon(self._end, running, Answer(errno=errno.EAGAIN))

    def _run(self, loop: asyncio.AbstractEventLoop, running: _Running) -> None:
        """In a thread."""
        answer = _answered(self._lookup, running.host)
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(self._end, running, answer)

    def _end(self, running: _Running, answer: Answer) -> None:
        host = running.host
        self._busy[running.slow] -= 1
        del self._asked[host]
        self._slow.pop(host, None)
        if self._clock.monotonic() - running.began > SLOW:
            self._slow[host] = None
            if len(self._slow) > MOST_SLOW:
                del self._slow[next(iter(self._slow))]
        self._learn(host, answer)
        running.answer.set_result(answer)
        self._go_on()


def _answered(lookup: Lookup, host: str) -> Answer:
    try:
        found = lookup(host)
    except OSError as error:
        return Answer(errno=error.errno)
    except ValueError:  # a name that cannot be one
        return Answer()
    return Answer(tuple(_address(*each) for each in found))


def _address(family: int, _kind: int, proto: int, _name: str, at: tuple[Any, ...]) -> Address:
    """An address of the one network that it is on has the number of that behind it."""
    host, _port, *more = at
    scope = more[1] if len(more) > 1 else 0
    return Address(f"{host}%{scope}" if scope else host, family, proto)
