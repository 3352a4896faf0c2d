"""A little HTTP proxy: CONNECT and requests for whole URLs, for whoever shows the right name and password."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from yarl import URL


@dataclass
class Forward:
    """See `forward`.

    Attributes:
        wanted: name and password that it asks for; None for everybody.
        refusal: the status with which it refuses everything; None to pass it on.
        asked: request lines and headers, in order.
        url: where it is.
    """

    wanted: str | None = None
    refusal: int | None = None
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    url: str = ""

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._accept(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in head[1:] if line)
        self.asked.append((head[0], headers))
        method, target, _ = head[0].split(" ")
        shown = headers.get("Proxy-Authorization")
        right = self.wanted is None or shown == f"Basic {b64encode(self.wanted.encode()).decode()}"
        if self.refusal or not right:
            writer.write(f"HTTP/1.1 {self.refusal or 407} No\r\nContent-Length: 0\r\n\r\n".encode())
            return
        there = URL(f"//{target}" if method == "CONNECT" else target)
        far_reader, far_writer = await asyncio.open_connection(there.host, there.port)
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            passed = {name: value for name, value in headers.items() if name != "Proxy-Authorization"}
            lines = [f"{method} {there.path_qs} HTTP/1.1", *(f"{n}: {v}" for n, v in passed.items())]
            far_writer.write("\r\n".join([*lines, "", ""]).encode())
        async with asyncio.TaskGroup() as group:
            group.create_task(_pass(reader, far_writer))
            group.create_task(_pass(far_reader, writer))


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
    writer.close()


@asynccontextmanager
async def forward(**settings) -> AsyncIterator[Forward]:
    """A proxy that listens on a free port of 127.0.0.1."""
    made = Forward(**settings)
    listener = await asyncio.start_server(made.accept, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        listener.close()
