"""What the tests of the whole daemon stand on: servers in a thread, the daemon as a child, and bounded waiting."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import yaml
from aiohttp import web
from prometheus_client.parser import text_string_to_metric_families

T = TypeVar("T")
PATIENCE = 20.0  # seconds that anything may take at most; nothing waits longer than it must
ROOT = Path(__file__).parents[2]
# Rules that are ready at once, where none of the shipped ones is called for; two, to be told from a file with one.
FEW_RULES = """\
rules:
- {id: few, class: network_error, codes: [F-1], cases: [{text: F-1}]}
- {id: fewer, class: network_error, codes: [F-2], cases: [{text: F-2}]}
"""


def eventually(check: Callable[[], T], *, seconds: float = PATIENCE) -> T:
    """What `check` answers once it neither fails nor is refused a connection; its last failure after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return check()
        except (AssertionError, OSError):
            if time.monotonic() > deadline:
                raise
        time.sleep(0.05)


async def becomes(check: Callable[[], object], *, seconds: float = PATIENCE) -> None:
    """The same on an event loop."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            check()
        except AssertionError:
            if time.monotonic() > deadline:
                raise
        else:
            return
        await asyncio.sleep(0.02)


@contextmanager
def served(app: web.Application) -> Iterator[str]:
    """Serve `app` on a thread of its own; gives its base URL."""
    loop = asyncio.new_event_loop()
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def on_loop(coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(PATIENCE)

    async def start() -> str:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    try:
        yield on_loop(start())
    finally:
        on_loop(runner.cleanup())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes


def ask(
    port: int, path: str = "/metrics", method: str = "GET", body: bytes | None = None, **headers: str
) -> Answer:
    """One request; header names with `_` for `-`."""
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(
            method, path, body, headers={name.replace("_", "-"): text for name, text in headers.items()}
        )
        answer = connection.getresponse()
        return Answer(answer.status, dict(answer.getheaders()), answer.read())
    finally:
        connection.close()


Figures = dict[str, dict[tuple[str, ...], float]]


def figures(page: bytes, tenant: str) -> Figures:
    """The samples of one tenant: by name, then by the values of the other labels in the page's order."""
    found: Figures = {}
    label = f'tenant="{tenant}"'  # reading the rest would cost more than all else that a test does
    own = "\n".join(line for line in page.decode().splitlines() if label in line)
    for family in text_string_to_metric_families(f"{own}\n"):
        for sample in family.samples:
            labels = dict(sample.labels)
            if labels.pop("tenant", None) == tenant:
                found.setdefault(sample.name, {})[tuple(labels.values())] = sample.value
    return found


def few_rules(folder: Path) -> dict[str, object]:
    """The part of a configuration in this folder that names `FEW_RULES`."""
    (folder / "few.yaml").write_text(FEW_RULES, encoding="utf-8")
    return {"rules": {"files": ["few.yaml"]}}


def sample_lines(page: bytes) -> list[str]:
    return [line for line in page.decode().splitlines() if line and not line.startswith("#")]


def environment(**settings: str) -> dict[str, str]:
    """This process's environment without settings of the daemon, but with these."""
    plain = {name: text for name, text in os.environ.items() if not name.startswith("SYNCWATCH_")}
    return {**plain, "PYTHONUNBUFFERED": "1", **settings}


@contextmanager
def child(*command: str, log: Path) -> Iterator[None]:
    """A process that lives as long as the block."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env=environment())
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


class Daemon:
    """`syncwatch run` as a child, with its log in a file.

    Args:
        folder: where configuration and log go.
        config: the configuration without the address.
        program: what runs it.
        settings: variables of the environment.
    """

    def __init__(
        self,
        folder: Path,
        config: Mapping[str, Any],
        *,
        program: Sequence[str] = (sys.executable, "-m", "syncwatch"),
        **settings: str,
    ) -> None:
        self.port = free_port()
        self.config = folder / "syncwatch.yaml"
        web_ = {"listen": f"127.0.0.1:{self.port}", **config.get("web", {})}
        self.config.write_text(
            yaml.safe_dump({"state": {"path": "state"}, **config, "web": web_}), encoding="utf-8"
        )
        self.log = folder / "log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*program, "run", "--config", str(self.config)],
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment(**settings),
            )

    def ask(self, path: str = "/metrics", method: str = "GET", **headers: str) -> Answer:
        return ask(self.port, path, method, **headers)

    def figures(self, tenant: str) -> Figures:
        return figures(self.ask().body, tenant)

    def ready(self) -> None:
        """Wait until it is, or fail with its log."""

        def is_ready() -> None:
            if self.process.poll() is not None:
                raise RuntimeError(self.log.read_text())
            assert self.ask("/-/ready").status == 200

        eventually(is_ready)

    def polled(self, tenant: str, polls: int = 1) -> Figures:
        """The figures of a tenant once it was polled so often."""

        def seen() -> Figures:
            found = self.figures(tenant)
            assert found["inboxsync_tenant_polls_total"][()] >= polls
            return found

        return eventually(seen)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def exit_code(self, seconds: float = PATIENCE) -> int:
        return self.process.wait(seconds)

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


@contextmanager
def running(folder: Path, config: Mapping[str, object], **how: Any) -> Iterator[Daemon]:
    """A daemon that is ready, and gone afterwards; `how` as of `Daemon`."""
    daemon = Daemon(folder, config, **how)
    try:
        daemon.ready()
        yield daemon
    finally:
        daemon.kill()


def expected(told: Mapping[str, Any]) -> dict[str, dict[tuple[str, ...], float]]:
    """The truth of one tenant as the samples that there must be, all of them."""

    def by_class(rows: list[dict[str, Any]]) -> dict[tuple[str, ...], float]:
        return {(row["class"], row["owner"]): row["count"] for row in rows}

    def each(counts: Mapping[str, float]) -> dict[tuple[str, ...], float]:
        return {(key,): count for key, count in counts.items()}

    return {
        "inboxsync_users": each(told["users"]),
        "inboxsync_syncs_down": by_class(told["syncs_down"]),
        "inboxsync_issues_open": {("unclassified", "vendor_support"): 0, **by_class(told["issues_open"])},
        "inboxsync_mailboxes": each(told["mailboxes"]),
        "inboxsync_tokens_expired": each(told["tokens_expired"]),
        "inboxsync_dedup_conflicts": each(told["dedup_conflicts"]),
        "inboxsync_organizations_crm_disconnected": {(): told["organizations_crm_disconnected"]},
    }
