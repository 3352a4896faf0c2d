"""The HTTP server: starts before the first poll and closes last, so that the last figures can be read."""

import asyncio
import socket
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from syncwatch.web import limits
from syncwatch.web.connection import Connections, connection_of
from syncwatch.web.door import Door
from syncwatch.web.gate import Gate
from syncwatch.web.limits import Limits
from syncwatch.web.listener import Listener, listening
from syncwatch.web.pages import PAGES, SENDING, Pages, Sending
from syncwatch.web.routes import ROUTES, Handler
from syncwatch.web.view import VIEW, View

SHUTDOWN = (
    1.0  # seconds for answers that are on their way; aiohttp waits twice as long for one that does not end
)


def application(view: View, door: Door, connections: Connections) -> web.Application:
    """The aiohttp application that shows `view` to those whom `door` lets in."""
    app = web.Application(client_max_size=limits.BODY)
    app[VIEW] = view
    app[PAGES] = Pages(view.page, door.clock)
    app[SENDING] = Sending(connections)
    made = [app.router.add_route(route.method, route.path, route.handler) for route in ROUTES]
    table = {
        (route.method, each.resource.canonical): route
        for route, each in zip(ROUTES, made, strict=True)
        if each.resource
    }
    gate = Gate(door, table)

    @web.middleware
    async def through_the_gate(request: web.Request, handler: Handler) -> web.StreamResponse:
        return await gate.answer(request, handler)

    async def begin(request: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(door.headers)
        connection_of(request).sends()

    app.middlewares.append(through_the_gate)
    app.on_response_prepare.append(begin)
    return app


class Server:
    """The running server; `start` makes one."""

    def __init__(
        self,
        runner: web.AppRunner,
        sockets: Sequence[socket.socket],
        connections: Connections,
        listener: Listener,
    ) -> None:
        self._runner = runner
        self._sockets = sockets
        self._connections = connections
        self._accepting = asyncio.create_task(listener.run(), name="web")

    @property
    def addresses(self) -> list[Any]:
        """Where it listens really, as of `socket.getsockname`: the configured port may be 0."""
        return [each.getsockname() for each in self._sockets]

    async def close(self) -> None:
        """Accept no more, give answers that are on their way a moment, and cut what is left."""
        self._accepting.cancel()
        await asyncio.wait([self._accepting])
        for each in self._sockets:
            each.close()
        await self._runner.cleanup()
        for connection in self._connections:
            connection.abort()


async def start(view: View, host: str, port: int, door: Door, *, most: Limits | None = None) -> Server:
    """Serve `view` to those whom `door` lets in; the caller closes it.

    Raises:
        OSError: the address cannot be listened on.
    """
    connections = Connections(most or Limits(), door.clock, door.figures)
    runner = web.AppRunner(application(view, door, connections), shutdown_timeout=SHUTDOWN)
    sockets = listening(host, port)
    await runner.setup()
    assert runner.server is not None
    listener = Listener(sockets, runner.server, door, connections)
    return Server(runner, sockets, connections, listener)
