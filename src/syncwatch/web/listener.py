"""The listening sockets: who comes in, up to how many, and with what certificate.

Connections are accepted here and not by the event loop, so that each of them is served with the certificate that is the
right one now, counts from its first moment on, and is closed at once when there are too many. Whatever goes wrong with one, the
next one is accepted.
"""

import asyncio
import errno
import os
import socket
from collections.abc import Sequence
from functools import partial

import structlog
from aiohttp import web

from syncwatch.web.connection import Connection, Connections
from syncwatch.web.door import Door
from syncwatch.web.figures import Refused

BACKLOG = 512
RETRY = 0.5  # seconds until the next try to accept when there are no descriptors

_NOT_HERE = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})  # as ::1 of `localhost` where IPv6 is off

log = structlog.get_logger(__name__)


def listening(host: str, port: int) -> list[socket.socket]:
    """Sockets that listen at all addresses of `host` that this machine has; an empty host is every interface.

    Raises:
        OSError: it has none, or one of them cannot be listened on.
    """
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    sockets: list[socket.socket] = []
    absent = errno.EADDRNOTAVAIL
    for family, address in dict.fromkeys((each[0], str(each[4][0])) for each in found):
        try:
            sockets.append(_listening(family, address, port))
        except OSError as error:
            if error.errno in _NOT_HERE:
                absent = error.errno
                continue
            for each in sockets:
                each.close()
            raise OSError(error.errno, os.strerror(error.errno or 0)) from None
    if not sockets:
        raise OSError(absent, os.strerror(absent))
    return sockets


def _listening(family: int, address: str, port: int) -> socket.socket:
    made = socket.create_server((address, port), family=family, backlog=BACKLOG)
    made.settimeout(0)
    return made


class Listener:
    """Accepts connections.

    Args:
        sockets: where.
        server: aiohttp's, which answers.
        door: who is let in.
        connections: those that are open.
    """

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        server: web.Server,
        door: Door,
        connections: Connections,
    ) -> None:
        self._sockets = sockets
        self._server = server
        self._door = door
        self._connections = connections
        self._clock = door.clock

    async def run(self) -> None:
        """Accept for ever, also after a fault of ours."""
        while True:
            try:
                async with asyncio.TaskGroup() as group:
                    for each in self._sockets:
                        group.create_task(self._accept(each, group))
                    group.create_task(self._sweep())
            except Exception:
                log.exception("web_fault")
                await self._clock.sleep(RETRY)

    async def _sweep(self) -> None:
        while True:
            await self._clock.sleep(self._connections.limits.sweep)
            self._connections.sweep(self._door.trust)

    async def _accept(self, listening: socket.socket, group: asyncio.TaskGroup) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted, _ = await loop.sock_accept(listening)
            except OSError:
                self._door.figures.refused(Refused.DESCRIPTORS)
                await self._clock.sleep(RETRY)
                continue
            if self._connections.full:
                self._door.figures.refused(Refused.CONNECTIONS)
                accepted.close()
            else:
                opening = group.create_task(self._open(accepted))
                self._connections.opening += 1
                opening.add_done_callback(partial(self._opened, accepted))
            await asyncio.sleep(0)  # else nobody else has a turn while there are some to accept

    async def _open(self, accepted: socket.socket) -> None:
        """Make a connection of it, by what the door is now."""
        door, limits = self._door, self._connections.limits
        trust = door.trust
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: Connection(self._server, self._connections, trust),
                accepted,
                ssl=door.tls,
                ssl_handshake_timeout=limits.handshake if door.tls else None,
                ssl_shutdown_timeout=limits.closing if door.tls else None,
            )
        except OSError:  # also of TLS, also for the time it took
            door.figures.refused(Refused.HANDSHAKE)

    def _opened(self, accepted: socket.socket, opening: asyncio.Task[None]) -> None:
        """Count it no more; also where the task was cancelled before its first step, and nobody else has closed it."""
        self._connections.opening -= 1
        if opening.cancelled():
            accepted.close()
