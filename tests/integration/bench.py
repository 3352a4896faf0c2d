"""The daemon inside the test's own process: a clock that can be moved, a panel that can be changed."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml
from aiohttp.test_utils import TestServer

from integration.firm_x import iso
from integration.other_panel import Firm, OtherPanel, Row
from integration.serving import PATIENCE, Figures, becomes, figures
from syncwatch.app import App
from syncwatch.setup import Setup, load
from syncwatch.transport.client import Http

POLL = "100ms"


class MovedClock:
    """The machine's clock, which a test may put forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def now(self) -> float:
        return time.time() + self.ahead

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead

    async def sleep(self, seconds: float) -> None:
        until = self.monotonic() + seconds
        while (left := until - self.monotonic()) > 0:  # noqa: ASYNC110 - short looks, for the clock may be moved
            await asyncio.sleep(min(left, 0.01))

    def random(self) -> float:
        return 0.5


class Bench:
    """An `App` that runs, the panel that it watches, and its clock."""

    def __init__(self, folder: Path, panel: OtherPanel, url: str, http: Http) -> None:
        self.clock = MovedClock()
        self.panel = panel
        self._folder = folder
        self._url = url
        self._http = http
        self.app: App

    def setup(self, *tenants: str, polling: dict[str, str] | None = None, rules: str = "") -> Setup:
        """A configuration with these tenants; `rules` instead of the shipped ones."""
        config: dict[str, Any] = {
            "polling": {"interval": POLL, **(polling or {})},
            "credentials": {"x": {"client_id": "syncwatch", "client_secret_env": "SECRET"}},
            "tenants": [{"id": id_, "url": f"{self._url}/{id_}", "credentials": "x"} for id_ in tenants],
        }
        if rules:
            (self._folder / "rules.yaml").write_text(rules)
            config["rules"] = {"files": ["rules.yaml"]}
        (self._folder / "syncwatch.yaml").write_text(yaml.safe_dump(config))
        return self.loaded()

    def loaded(self) -> Setup:
        """The configuration as it is written now."""
        return load(self._folder / "syncwatch.yaml", {"SECRET": Firm().client_secret})

    @asynccontextmanager
    async def running(self, setup: Setup) -> AsyncIterator[None]:
        self.app = App(setup, self.clock, self._http)
        stop, hurry = asyncio.Event(), asyncio.Event()
        hurry.set()
        async with asyncio.TaskGroup() as group:
            group.create_task(self.app.run("127.0.0.1", 0, grace=1.0, stop=stop, hurry=hurry))
            try:
                yield
            finally:
                stop.set()

    def figures(self, tenant: str = "firm") -> Figures:
        return figures(self.app.metrics(), tenant)

    def value(self, name: str, *labels: str, tenant: str = "firm") -> float | None:
        return self.figures(tenant).get(f"inboxsync_{name}", {}).get(labels)

    async def polled(self, tenant: str = "firm") -> None:
        """Wait until a poll has ended that began after this call."""
        now = self.clock.now()

        def begun() -> None:
            last = self.value("tenant_last_poll_timestamp_seconds", tenant=tenant)
            assert last is not None
            assert last >= now

        await becomes(begun)

    async def first_poll(self) -> None:
        """Put the clock forward, second by second, until the first poll of a long interval has ended."""

        def seen() -> None:
            self.clock.ahead += 1
            assert self.value("tenant_up") is not None

        await becomes(seen)

    async def shows(
        self, expected: object, name: str, *labels: str, tenant: str = "firm", seconds: float = PATIENCE
    ) -> None:
        """Wait until a sample has this value; None until there is none."""

        def does() -> None:
            assert self.value(name, *labels, tenant=tenant) == expected

        await becomes(does, seconds=seconds)


@asynccontextmanager
async def bench(folder: Path, **firms: Firm) -> AsyncIterator[Bench]:
    """A bench with these firms; no app runs yet."""
    panel = OtherPanel(**firms)
    async with TestServer(panel.app()) as server, Http() as http:
        yield Bench(folder, panel, str(server.make_url("/panel")), http)
    assert panel.violations == []


class Person:
    """One user of a firm, whose sessions run one after the other.

    Args:
        firm: where the user is added.
        now: what time it is.
        id_: the user's id.
    """

    def __init__(self, firm: Firm, now: Callable[[], float], id_: str = "u-1") -> None:
        self._now = now
        self._firm = firm
        self._jobs = 0
        self.row: Row = {
            "userId": id_,
            "email": "x@y.example",
            "organizationId": "org",
            "planId": "plan",
            "mailboxStatus": "Initialized",
            "synchronizationStatus": "Enabled",
            "effectiveSynchronizationStatus": "Enabled",
            "disabledDueToError": False,
            "lastSession": None,
            "issues": 0,
            "createdOn": iso(now() - 86_400),
        }
        firm.users.append(self.row)
        firm.sessions[id_], firm.issues[id_] = [], []

    def starts(self, *, ago: float = 1.0) -> None:
        """A session starts."""
        self._jobs += 1
        session = {
            "jobId": f"{self.row['userId']}/{self._jobs}",
            "startedAt": iso(self._now() - ago),
            "endedAt": None,
            "status": "running",
            "message": None,
        }
        self._firm.sessions[self.row["userId"]].insert(0, session)
        self.row["lastSession"] = session

    def ends(self, message: str | None = None, *, ago: float = 0.5, tab: list[Row] | None = None) -> None:
        """The session that runs ends; with a message it had errors. `tab` is the Issues tab then."""
        session = self.row["lastSession"]
        session |= {
            "endedAt": iso(self._now() - ago),
            "status": "errors" if message else "finished",
            "message": message,
        }
        self._firm.issues[self.row["userId"]] = tab or []
        self.row["issues"] = len(tab or [])

    def runs(self, message: str | None = None, *, ago: float = 0.5, tab: list[Row] | None = None) -> None:
        """A whole session."""
        self.starts(ago=ago + 30)
        self.ends(message, ago=ago, tab=tab)


def firm() -> Firm:
    """A firm without users, with a plan of 10 minutes."""
    return Firm(
        organizations=[
            {"id": "org", "name": "x", "mailboxAccessType": "x", "synchronizationStatus": "Enabled"}
        ],
        plans=[{"id": "plan", "name": "x", "synchronizationIntervalSeconds": 600, "active": True}],
    )
