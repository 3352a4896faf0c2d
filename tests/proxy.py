"""A proxy before a PostgreSQL server that cuts connections where a test says so, and else passes everything on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum

ADVANCES = {80877103, 80877104}  # asking for TLS or GSS, before the real start of a connection
CHUNK = 1 << 16


class Loss(Enum):
    """What becomes of a COMMIT."""

    COMMIT = "it does not reach the server"
    ANSWER = "the server does it, and its answer does not reach the client"


class Proxy:
    """Passes on what clients and the server at `server_port` say; see `proxy` for one that listens.

    Attributes:
        loss: what becomes of the next COMMIT; its connection is cut with it, and the one after goes well.
        closed: whether new connections are cut at once.
        connections: how many have come so far.
    """

    def __init__(self, server_port: int) -> None:
        self.loss: Loss | None = None
        self.closed = False
        self.connections = 0
        self._server_port = server_port
        self._port = 0
        self._links: set[_Link] = set()

    @property
    def busy(self) -> bool:
        """Whether any connection is still there."""
        return bool(self._links)

    def through(self, url: str) -> str:
        """The URL of the same database through here."""
        return url.replace(f":{self._server_port}/", f":{self._port}/")

    def cut(self) -> None:
        """Cut all connections, in the middle of whatever is said on them."""
        for link in self._links:
            link.cut()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self.closed:
            writer.transport.abort()
            return
        link = _Link(self, reader, writer, *await asyncio.open_connection("127.0.0.1", self._server_port))
        self._links.add(link)
        try:
            await link.run()
        finally:
            self._links.discard(link)

    def listens_on(self, port: int) -> None:
        self._port = port


class _Link:
    """One client's connection, and ours to the server for it."""

    def __init__(
        self,
        proxy: Proxy,
        client: asyncio.StreamReader,
        to_client: asyncio.StreamWriter,
        server: asyncio.StreamReader,
        to_server: asyncio.StreamWriter,
    ) -> None:
        self._proxy = proxy
        self._client, self._to_client = client, to_client
        self._server, self._to_server = server, to_server
        self._answer_is_lost = False

    def cut(self) -> None:
        self._to_client.transport.abort()
        self._to_server.transport.abort()

    async def run(self) -> None:
        """Pass on both ways until one side has gone."""
        ways = [asyncio.create_task(self._questions()), asyncio.create_task(self._answers())]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.cut()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _questions(self) -> None:
        """Message by message, so that a COMMIT is found wherever the network has cut the stream."""
        code = 0
        while not code or code in ADVANCES:  # the first messages have no type
            message = await self._message(0)
            code = int.from_bytes(message[4:8])
            self._to_server.write(message)
        while True:
            message = await self._message(1)
            if message[:1] == b"Q" and message[5:11] == b"COMMIT":
                loss, self._proxy.loss = self._proxy.loss, None
                if loss is Loss.COMMIT:
                    return
                self._answer_is_lost = loss is Loss.ANSWER
            self._to_server.write(message)

    async def _message(self, type_bytes: int) -> bytes:
        head = await self._client.readexactly(type_bytes + 4)
        return head + await self._client.readexactly(int.from_bytes(head[type_bytes:]) - 4)

    async def _answers(self) -> None:
        while (answer := await self._server.read(CHUNK)) and not self._answer_is_lost:
            self._to_client.write(answer)


@asynccontextmanager
async def proxy(server_port: int) -> AsyncIterator[Proxy]:
    """A proxy that listens on a free port of 127.0.0.1 until the end of the block."""
    made = Proxy(server_port)
    listener = await asyncio.start_server(made.accept, "127.0.0.1", 0)
    made.listens_on(listener.sockets[0].getsockname()[1])
    try:
        yield made
    finally:
        listener.close()
        while made.busy:
            made.cut()
            await asyncio.sleep(0)
        await listener.wait_closed()
