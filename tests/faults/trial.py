"""The daemon in this process, watching simulated panels in another one, with everything that it says and shows.

Each tenant has a host of its own (all of 127.0.0.0/8 is this machine), as panels have. What the panels are really like
the simulator says (`/truth`); whether the daemon held is told by `Trial.complaints`.
"""

import asyncio
import io
import json
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import aiohttp
import yaml

from faults.expected import Figures, Outcome
from integration.serving import becomes, environment, expected, free_port
from syncwatch.app import App, client
from syncwatch.clock import SystemClock
from syncwatch.setup import load
from syncwatch.simulator.faults.fault import CONFIDENTIAL
from syncwatch.telemetry.logging import configure

PATIENCE = 60.0  # seconds for anything
LOOK = 0.2  # seconds between two looks
ON_TIME = 0.5  # share of the polls that were due which a tenant that is well must have had, on a busy machine
LONGEST = 2.0  # seconds of any pause
_SAMPLE = re.compile(r'(\w+)\{tenant="([^"]+)"(?:,([^}]*))?\} (\S+)')
_VALUE = re.compile(r'="([^"]*)"')


@dataclass
class Shown:
    """One tenant on one page of /metrics; `samples` by name and the values of the labels."""

    samples: dict[str, dict[tuple[str, ...], float]] = field(default_factory=dict)

    def value(self, name: str) -> float:
        return self.samples.get(f"inboxsync_tenant_{name}", {}).get((), 0.0)

    @property
    def failures(self) -> Mapping[tuple[str, ...], float]:
        return self.samples.get("inboxsync_tenant_poll_failures_total", {})

    def failed_since(self, before: "Shown") -> set[str]:
        """The reasons for which polls have failed since then."""
        return {
            reason for (reason,), count in self.failures.items() if count > before.failures.get((reason,), 0)
        }

    def users(self, state: str | None = None) -> float:
        counts = self.samples.get("inboxsync_users", {})
        return sum(counts.values()) if state is None else counts[state,]

    def differs(self, told: Mapping[str, Any]) -> str | None:
        """The first family that is not the truth."""
        wanted = expected(told)
        return next((name for name in wanted if self.samples.get(name, {}) != wanted[name]), None)


def shown(page: bytes) -> dict[str, Shown]:
    """Every tenant on a page."""
    found: dict[str, Shown] = {}
    for name, tenant, labels, value in _SAMPLE.findall(page.decode()):
        samples = found.setdefault(tenant, Shown()).samples.setdefault(name, {})
        samples[tuple(_VALUE.findall(labels))] = float(value)
    return found


class Trial:
    """See the module.

    Attributes:
        app: the daemon.
        tenants: all of them.
        unhandled: what the event loop was told of, and nobody handled.
    """

    def __init__(self, app: App, panels: aiohttp.ClientSession, log: io.StringIO, interval: float) -> None:
        self.app = app
        self.interval = interval
        self.tenants: tuple[str, ...] = ()
        self.unhandled: list[str] = []
        self._panels = panels
        self._log = log
        self._truth: Mapping[str, Any] = {}
        self._before: dict[str, Any] = {}  # what was true until time alone changed it
        self._secrets: tuple[str, ...] = ()

    def look(self) -> dict[str, Shown]:
        """What /metrics shows now."""
        return shown(self.app.metrics())

    async def truth(self) -> Mapping[str, Any]:
        """What is true of each tenant now."""
        async with self._panels.get("/truth") as response:
            told = await response.json()
        assert told["trapped"] == 0, "a redirect was followed"
        told = told["tenants"]
        self._before |= {
            name: old for name, old in self._truth.items() if old["users"] != told[name]["users"]
        }
        self._truth = told
        return told

    async def control(self, what: str, **body: str) -> None:
        async with self._panels.post(f"/control/{what}", json=body) as response:
            assert response.status == 200, await response.text()

    async def misbehave(self, faults: Mapping[str, str]) -> None:
        """Give each of these tenants a fault, by name."""
        for tenant, fault in faults.items():
            await self.control("fault", tenant=tenant, kind=fault)

    async def start(self) -> None:
        """Wait until every tenant is read, as it is while the world stands still."""
        await self.control("freeze")
        self.tenants = tuple(await self.truth())
        await self.exact(self.tenants)

    async def exact(self, tenants: Iterable[str]) -> None:
        """Wait until all figures of these tenants are the truth."""
        tenants, deadline = tuple(tenants), time.monotonic() + PATIENCE
        while wrong := await self._all_wrong(tenants):
            assert time.monotonic() < deadline, wrong
            await asyncio.sleep(2 * LOOK)

    async def _all_wrong(self, tenants: Iterable[str]) -> dict[str, str]:
        await self.truth()
        seen = self.look()
        return {tenant: found for tenant in tenants if (found := self.wrong(tenant, seen))}

    def wrong(self, tenant: str, seen: Mapping[str, Shown]) -> str | None:
        """What is not as it should be of a tenant that is well."""
        one = seen.get(tenant, Shown())
        if one.value("up") != 1:
            return f"not up: {sorted(one.failures)}"
        return self._differs(tenant, one)

    def judged(self, tenant: str, outcome: Outcome, before: Shown, now: Shown) -> str | None:
        """What of a tenant that misbehaves is not shown as it should be."""
        failed = now.failed_since(before)
        if outcome.up:
            if failed or now.value("polls_total") < before.value("polls_total") + 2:
                return f"fails: {sorted(failed)}" if failed else "not polled"
        elif not failed or not failed <= outcome.reason or now.value("up") != 0:
            return f"reason {sorted(failed)}, up {now.value('up'):g}"
        if now.value("truncated") != outcome.truncated:
            return f"truncated {now.value('truncated'):g}"
        return self.of_figures(tenant, outcome.figures, now)

    def of_figures(self, tenant: str, figures: Figures, now: Shown) -> str | None:
        """What of the gauges is not as it should be."""
        told = self._truth[tenant]
        listed = sum(told["users"].values())
        if figures is Figures.EXACT and (differs := self._differs(tenant, now)):
            return f"{differs} differs"
        if figures in {Figures.UNKNOWN, Figures.ALL} and now.users() != listed:
            return f"{now.users():g} users of {listed}"
        if figures is Figures.UNKNOWN and now.users("unknown") <= told["users"]["unknown"]:
            return "nobody is unknown"
        return None

    def polls(self) -> float:
        """Polls of all tenants so far."""
        return sum(each.value("polls_total") for each in self.look().values())

    def failures(self) -> float:
        """Those of them that failed."""
        return sum(sum(each.failures.values()) for each in self.look().values())

    def _differs(self, tenant: str, now: Shown) -> str | None:
        """The first family that is not the truth, nor what it was before time alone changed it."""
        differs = now.differs(self._truth[tenant])
        before = self._before.get(tenant)
        return None if before is not None and now.differs(before) is None else differs

    def log(self) -> list[dict[str, Any]]:
        """Every entry so far; a line that is none is a failure."""
        return [json.loads(line) for line in self._log.getvalue().splitlines()]

    def complaints(self) -> list[str]:
        """What must never be, whatever panels do."""
        found = [f"unhandled: {each}" for each in self.unhandled]
        found += [f"log: {entry}" for entry in self.log() if entry["event"].endswith("_fault")]
        found += ["log: forged" for entry in self.log() if entry["event"] == "forged"]
        page = self.app.metrics().decode()
        texts = {"log": self._log.getvalue(), "metrics": page}
        words = (CONFIDENTIAL, "forged", "\x1b", "\u202e", *self._secrets)
        found += [f"{name} holds {word!r}" for name, text in texts.items() for word in words if word in text]
        return found

    async def confide(self, secret: str, tenant: str) -> None:
        """Learn what must never come out: the client's secret, and all names and addresses of a tenant."""
        form = {"grant_type": "client_credentials", "client_id": "syncwatch", "client_secret": secret}
        async with self._panels.post(f"/{tenant}/oauth/token", data=form) as response:
            token = (await response.json())["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        async with self._panels.get(f"/{tenant}/api/admin/v1/users", headers=headers) as response:
            rows = (await response.json())["data"]
        people = (row[key] for row in rows for key in ("name", "email"))
        self._secrets = (secret, "row:", "cm93Og", "@", *people)


class Well:
    """Tenants that behave, watched while others do not.

    Attributes:
        affected: what was ever wrong of one of them, by tenant.
    """

    def __init__(self, running: Trial, tenants: Sequence[str]) -> None:
        self.tenants = tenants
        self.affected: dict[str, str] = {}
        self._running = running
        self._before = running.look()
        self._began = time.monotonic()

    async def look(self, now: Mapping[str, Shown]) -> None:
        """Note down whose figures are not the truth."""
        if not any(self._running.wrong(tenant, now) for tenant in self.tenants):
            return
        await self._running.truth()
        for tenant in self.tenants:
            if found := self._running.wrong(tenant, now):
                self.affected.setdefault(tenant, found)

    def late(self) -> dict[str, str]:
        """Who was polled too seldom so far."""
        now, due = self._running.look(), (time.monotonic() - self._began) / self._running.interval
        polls = {
            tenant: now[tenant].value("polls_total") - self._before[tenant].value("polls_total")
            for tenant in self.tenants
        }
        return {
            tenant: f"{count:g} of {due:.0f} polls"
            for tenant, count in polls.items()
            if count < ON_TIME * due
        }


@contextmanager
def accelerated():
    """Pauses that a test can wait for, instead of up to an hour."""
    with (
        patch("syncwatch.polling.breaker.LONGEST_PAUSE", LONGEST),
        patch("syncwatch.polling.scheduler.LONGEST_WAIT", LONGEST),
    ):
        yield


@asynccontextmanager
async def simulated(folder: Path, *options: str) -> AsyncIterator[tuple[int, Path]]:
    """A simulator in a process of its own: its port, and the configuration that it wrote."""
    port, fleet = free_port(), folder / "fleet.yaml"
    place = ("--listen", f"0.0.0.0:{port}", "--fleet", str(fleet))
    with (folder / "simulator.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: ASYNC220 - starting one takes no time
            [sys.executable, "-m", "syncwatch", "simulate", *options, *place],
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment(),
        )
    try:

        def there() -> None:
            said = (folder / "simulator.log").read_text()
            assert process.poll() is None, said
            assert "panels at" in said, "the configuration is written before that is said"

        await becomes(there, seconds=PATIENCE)
        yield port, fleet
    finally:
        process.terminate()
        process.wait(10)


def configured(fleet: Path, interval: float) -> Path:
    """The simulator's configuration, with a host for each tenant and hardly any patience."""
    config = yaml.safe_load(fleet.read_text())
    for number, tenant in enumerate(config["tenants"], 1):
        url = urlsplit(tenant["url"])
        tenant["url"] = f"http://127.1.{number // 250}.{number % 250 + 1}:{url.port}{url.path}"
    config["polling"] = {
        "interval": f"{round(interval * 1000)}ms",
        "timeout": "5s",
        "connect_timeout": "2s",
        "read_timeout": "2s",
    }
    fleet.write_text(yaml.safe_dump(config))
    return fleet


@asynccontextmanager
async def trial(
    folder: Path, *, tenants: int, users: int, interval: float, options: Sequence[str] = ()
) -> AsyncIterator[Trial]:
    """A trial that runs, every tenant of which was read."""
    size = ("--tenants", f"{tenants}", "--users", f"{users}", "--page-size", "5", "--retry-after", "1s")
    log = io.StringIO()
    configure(fmt="json", level="info", stream=log)
    async with simulated(folder, *size, *options) as (port, fleet):
        setup = load(configured(fleet, interval), {})
        secret = fleet.with_name("fleet.secret").read_text()
        async with client(setup) as http, aiohttp.ClientSession(f"http://127.0.0.1:{port}") as panels:
            app = App(setup, SystemClock(), http)
            running = Trial(app, panels, log, interval)
            loop = asyncio.get_running_loop()
            loop.set_exception_handler(lambda _, context: running.unhandled.append(f"{context}"))
            stop, hurry = asyncio.Event(), asyncio.Event()
            hurry.set()
            with accelerated():
                # No group: a test's failure is to be seen as it is.
                task = asyncio.create_task(app.run("127.0.0.1", 0, grace=1.0, stop=stop, hurry=hurry))
                try:
                    await running.start()
                    await running.confide(secret, running.tenants[0])
                    yield running
                finally:
                    stop.set()
                    await task
