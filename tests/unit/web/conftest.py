"""Certificates, a daemon as the web sees it, and the door in front of it: a real server on a free port."""

import asyncio
import subprocess
from collections.abc import Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
import structlog
import uvloop
from prometheus_client import CollectorRegistry

from syncwatch.clock import SystemClock
from syncwatch.errors import Problem
from syncwatch.exposition.templates import Row
from syncwatch.web.door import Door
from syncwatch.web.limits import Limits
from syncwatch.web.load import load
from syncwatch.web.server import start
from syncwatch.web.view import TenantView, View

TEXT, OPENMETRICS = b"inboxsync_users 1\n" * 200, b"inboxsync_users 1\n" * 200 + b"# EOF\n"


class ShiftedClock(SystemClock):
    """The machine's clock, which a test can set forward."""

    shift = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.shift


class Daemon:
    """The daemon as the web sees it, set by a test."""

    def __init__(self) -> None:
        self.not_ready: str | None = None
        self.standstill: str | None = None
        self.scrapes = self.rendered = self.reloads = 0
        self.text = TEXT
        self.problems: tuple[Problem, ...] = ()
        self.polled: list[str] = []
        self.watched = {f"firm-{n:03}": TenantView(f"firm-{n:03}") for n in range(1, 6)}

    def scraped(self) -> None:
        self.scrapes += 1

    def page(self, openmetrics: bool) -> bytes:  # noqa: FBT001 - as the web asks for it
        self.rendered += 1
        return OPENMETRICS if openmetrics else self.text

    async def reload(self) -> tuple[Problem, ...]:
        self.reloads += 1
        return self.problems

    def poll_now(self, tenant: str) -> bool:
        if tenant in self.watched:
            self.polled.append(tenant)
        return tenant in self.watched

    def view(self) -> View:
        return View(
            version="1.2.3<b>",
            page=self.page,
            scraped=self.scraped,
            not_ready=lambda: self.not_ready,
            standstill=lambda: self.standstill,
            tenants=lambda: self.watched,
            tenant=self.watched.get,
            templates=lambda: ([Row("the <*> is full", 4, 3, 1.0, 2.0)], 7),
            reload=self.reload,
            poll_now=self.poll_now,
        )


class Served:
    """A door with a daemon behind it.

    Attributes:
        port: where it is.
        door: the door.
        daemon: what is behind it.
        clock: its clock.
        log: what it has logged.
        server: what `start` gave.
    """

    def __init__(self, folder: Path, daemon: Daemon, limits: Limits) -> None:
        self._folder = folder
        self._registry = CollectorRegistry()
        self._stack = AsyncExitStack()
        self._limits = limits
        self.daemon = daemon
        self.clock = ShiftedClock()
        self.door = Door(self.clock, self._registry)
        self.port = 0
        self.log: list = []
        self._clients: list[Client] = []

    def write(self, text: str) -> None:
        """Apply a web configuration file."""
        file = self._folder / "web.yaml"
        file.write_text(text)
        self.door.apply(load(file))

    @asynccontextmanager
    async def running(self):
        with structlog.testing.capture_logs() as self.log:
            self.server = server = await start(
                self.daemon.view(), "127.0.0.1", 0, self.door, most=self._limits
            )
            self.port = server.addresses[0][1]
            try:
                yield self
            finally:
                for client in self._clients:
                    client.abort()
                await server.close()
                self.door.close()

    async def connect(self, tls=None, local: str = "127.0.0.1") -> "Client":
        host = "localhost" if tls else None
        client = Client(
            *await asyncio.open_connection(
                "127.0.0.1", self.port, ssl=tls, server_hostname=host, local_addr=(local, 0)
            )
        )
        self._clients.append(client)
        return client

    async def ask(
        self, path: str = "/metrics", method: str = "GET", tls=None, body: str = "", **headers: str
    ):
        """One request on a connection of its own; header names with `_` for `-`."""
        client = await self.connect(tls)
        answer = await client.ask(path, method, body, **headers)
        client.abort()
        return answer

    def figure(self, name: str, **labels: str) -> float:
        return self._registry.get_sample_value(f"syncwatch_http_{name}", labels or None) or 0.0

    def refused(self, reason: str) -> float:
        return self.figure("refused_total", reason=reason)

    def audit(self):
        return [
            {k: v for k, v in entry.items() if k not in {"event", "log_level"}}
            for entry in self.log
            if entry["event"] == "audit"
        ]


class Answer:
    """What came back."""

    def __init__(self, head: bytes) -> None:
        first, *lines = head.decode().rstrip("\r\n").split("\r\n")
        self.status = int(first.split()[1])
        self.headers: dict[str, str] = {}
        self.all: list[tuple[str, str]] = []
        for line in lines:
            name, _, text = line.partition(": ")
            self.headers[name] = text
            self.all.append((name, text))
        self.body = b""

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")


class Client:
    """A connection that says exactly what a test wants."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def say(self, text: str | bytes) -> None:
        self.writer.write(text if isinstance(text, bytes) else text.encode())

    async def ask(
        self, path: str = "/metrics", method: str = "GET", body: str = "", **headers: str
    ) -> Answer:
        given = {"Host": "localhost", **{name.replace("_", "-"): text for name, text in headers.items()}}
        if body:
            given["Content-Length"] = str(len(body))
        lines = "".join(f"{name}: {text}\r\n" for name, text in given.items())
        self.say(f"{method} {path} HTTP/1.1\r\n{lines}\r\n{body}")
        return await self.answer(head=method == "HEAD")

    async def answer(self, *, head: bool = False) -> Answer:
        answer = Answer(await self.reader.readuntil(b"\r\n\r\n"))
        if not head:
            answer.body = await self.reader.readexactly(int(answer.headers.get("Content-Length", 0)))
        return answer

    async def rest(self) -> bytes:
        """Everything until the other side ends it, however."""
        said = b""
        try:
            while piece := await self.reader.read(1 << 16):
                said += piece
        except ConnectionError:
            pass
        return said

    def abort(self) -> None:
        self.writer.transport.abort()


@pytest.fixture
def daemon() -> Daemon:
    return Daemon()


@pytest.fixture
async def serve(tmp_path, daemon):
    """Makes a door that is being served until the end of the test; limits by name."""
    async with AsyncExitStack() as stack:

        async def make(web: str = "", **limits: float) -> Served:
            served = Served(tmp_path, daemon, Limits(**{"sweep": 0.02, "closing": 0.1, **limits}))
            if web:
                served.write(web)
            return await stack.enter_async_context(served.running())

        yield make


@pytest.fixture(scope="session")
def authority(tmp_path_factory) -> Callable[..., Path]:
    """Makes certificates of one authority, `ca.crt` beside them: of a name, and with what alternative names."""
    folder = tmp_path_factory.mktemp("authority")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]

    def make(name: str, alternatives: str) -> Path:
        if not (folder / f"{name}.crt").exists():
            signed = ["-CA", "ca.crt", "-CAkey", "ca.key", "-addext", f"subjectAltName={alternatives}"]
            openssl("req", "-x509", *key, *signed, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.crt",
                    "-addext", "basicConstraints=critical,CA:FALSE")  # fmt: skip
        return folder

    openssl("req", "-x509", *key, "-subj", "/CN=ca", "-keyout", "ca.key", "-out", "ca.crt")
    return make


def pytest_asyncio_loop_factories():
    """On the loop that the daemon runs on."""
    return {"uvloop": uvloop.new_event_loop}
