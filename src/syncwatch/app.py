"""The composition root: builds every stage, hands each its collaborators, and owns start and shutdown.

`apply` works on the difference to what runs, keyed by tenant id. On the way down the server closes last, so that the
last figures can be read.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import replace

import structlog

from syncwatch import __version__
from syncwatch.clock import Clock
from syncwatch.compose import stages
from syncwatch.config.configuration import Config
from syncwatch.config.fleet import Tenant
from syncwatch.config.target import Rejected
from syncwatch.discovery.discoverer import Discoverer
from syncwatch.display import Display
from syncwatch.errors import Problem
from syncwatch.exposition.discovery import DiscoveryMeters
from syncwatch.exposition.own import new_registry
from syncwatch.keeper import Keeper
from syncwatch.panel.budget import Limiter
from syncwatch.polling.fan_out import AT_ONCE
from syncwatch.polling.meters import PollMeters
from syncwatch.polling.poll import Result
from syncwatch.polling.schedule import longest_silence
from syncwatch.polling.scheduler import Scheduler
from syncwatch.polling.watch import Watch
from syncwatch.reach import Reached, reach
from syncwatch.reloading import Reloader
from syncwatch.setup import Setup
from syncwatch.shutdown import Shutdown
from syncwatch.state.journal import Journal, MemoryJournal
from syncwatch.state.store.key import passing_key
from syncwatch.state.store.opening import Store
from syncwatch.telemetry.looplag import watch_lag
from syncwatch.transport.client import Http
from syncwatch.turns import Turns
from syncwatch.web.door import Door
from syncwatch.web.limits import Limits
from syncwatch.web.server import Server, start
from syncwatch.web.view import TenantView, View

log = structlog.get_logger(__name__)


class App:
    """The daemon.

    Args:
        setup: what it begins with.
        clock: the only source of time and chance.
        http: the client for all panels; the caller closes it.
        store: the durable journal with its key; without one the journal lives and dies with the process.
        load: reads again what a person wrote; raises `ConfigError`.
        most: how much the door takes on.
        since: when the reading of `setup` began, Unix seconds.
    """

    def __init__(
        self,
        setup: Setup,
        clock: Clock,
        http: Http,
        store: Store | None = None,
        *,
        load: Callable[[], Setup] | None = None,
        most: Limits | None = None,
        since: float | None = None,
    ) -> None:
        self._clock = clock
        self._http = http
        self._turns = Turns()
        registry = new_registry()
        self._keeper = Keeper(store, clock, registry) if store else None
        self._journal: Journal = self._keeper.journal if self._keeper else MemoryJournal()
        self._key = store.key if store else passing_key()
        self._meters = PollMeters(registry, setup.ruleset.catalogue.classes)
        self._display = Display(registry, clock)
        self._door = Door(clock, registry)
        self._most = most
        self._limiter = Limiter(clock, setup.config.budgets, self._polls(setup.config))
        self._panels: dict[str, Reached] = {}
        self._scheduler = Scheduler(clock, self._meters, self._publish)
        self._shutdown = Shutdown(clock, self._scheduler)
        self._reloader = Reloader(setup, load or (lambda: setup), self, clock, since=since)
        self._discoverer = Discoverer(http, clock, DiscoveryMeters(registry), self._reloader.found)
        self._progress = clock.monotonic()
        self._started = False
        self._use(setup)
        self.loaded()

    async def run(
        self, host: str, port: int, *, grace: float, stop: asyncio.Event, hurry: asyncio.Event
    ) -> None:
        """Work until `stop` is set, then shut down within `grace` seconds.

        A scraper that came lately is waited for once more, unless `hurry` is set.

        Raises:
            OSError: the address cannot be listened on.
            JournalRefused: the journal is there and must not be used as it is.
        """
        work = asyncio.ensure_future(self._work(host, port, grace, stop, hurry))
        asked = asyncio.ensure_future(stop.wait())
        try:
            await asyncio.wait((work, asked), return_when=asyncio.FIRST_COMPLETED)
            if not self._started:  # what it waits for, a journal that is being looked through, may take long
                work.cancel()
            await work
        except asyncio.CancelledError:
            if not stop.is_set():
                raise
        finally:
            asked.cancel()
            work.cancel()
        log.info("stopped")

    async def _work(
        self, host: str, port: int, grace: float, stop: asyncio.Event, hurry: asyncio.Event
    ) -> None:
        server = await start(self._view(), host, port, self._door, most=self._most)
        try:
            async with self._journal_kept(), asyncio.TaskGroup() as group:
                beside = [group.create_task(each) for each in self._beside()]
                started = asyncio.Event()
                group.create_task(self._scheduler.run(started.set))
                await started.wait()
                self._schedule()
                self._started = True
                log.info("started", version=__version__, listen=_listens(server), tenants=len(self._panels))
                await stop.wait()
                for task in beside:
                    task.cancel()
                await self._shutdown.run(grace, hurry)
        finally:
            await server.close()
            self._door.close()

    def _beside(self) -> tuple[Coroutine[None, None, None], ...]:
        """What goes on besides polling, until the way down begins."""
        return (
            watch_lag(self._clock, self._display.own.lag),
            self._reloader.watch(),
            self._reloader.obey(),
            self._discoverer.run(),
        )

    def ask_to_reload(self) -> None:
        """Do it soon; what comes of it is told in the log."""
        self._reloader.ask()

    async def reload(self) -> tuple[Problem, ...]:
        """Run what is written now; if that is wrong anywhere, go on with what runs, and give the reasons."""
        return await self._reloader.asked()

    def apply(self, setup: Setup) -> None:
        """Run `setup` from now on; what it does not change goes on undisturbed."""
        self._use(setup)
        self._schedule()

    def nudge(self, tenants: Iterable[str]) -> None:
        """Poll these now, and not only when they are due."""
        self._scheduler.nudge(tenants)

    def look_for_targets(self) -> None:
        """Look now at all sources of targets."""
        self._discoverer.refresh()

    def targets_left_out(self, rejected: Iterable[Rejected]) -> None:
        """These targets do not fit what is written now."""
        self._discoverer.rejected(rejected)

    def believe_targets(self) -> None:
        """Take over the targets that were held back, because a person said so."""
        self._discoverer.believe()

    def retry(self, tenants: Iterable[str]) -> None:
        """Poll those of these soon that wait because they failed."""
        self._scheduler.retry(tenants)

    def loaded(self) -> None:
        """What is written now is what runs."""
        self._display.loaded(self._setup)

    def refused(self) -> None:
        """What is written now is not what runs."""
        self._display.own.refused()

    def metrics(self, *, openmetrics: bool = False) -> bytes:
        """The page that /metrics answers with."""
        return self._display.metrics(openmetrics=openmetrics)

    def _journal_kept(self) -> AbstractAsyncContextManager[None]:
        return self._keeper.kept(self._display.board.recall) if self._keeper else nullcontext()

    def _use(self, setup: Setup) -> None:
        """Take over everything of `setup` but the schedule: all of it is made before any of it counts."""
        made = stages(setup, key=self._key, journal=self._journal, turns=self._turns)
        panels = reach(
            setup, self._panels, key=self._key, http=self._http, clock=self._clock, limiter=self._limiter
        )
        if not self._panels:
            self._progress = self._clock.monotonic()
        self._setup, self._stages, self._panels = setup, made, panels
        self._meters.know(setup.ruleset.catalogue.classes)
        self._discoverer.apply(setup.config.discovery)
        self._door.apply(setup.web)
        self._display.show(setup, lambda tenant: self._panels[tenant].panel.sight)
        if self._keeper:
            self._keeper.watch(
                self._panels.keys(), setup.config.state.retention, lambda: self._discoverer.complete
            )
        else:
            self._display.board.recall({})

    def _schedule(self) -> None:
        config = self._setup.config
        watches = {tenant.id: self._watch(tenant) for tenant in config.tenants}
        self._limiter.apply(config.budgets, self._polls(config))
        self._scheduler.apply(watches, self._stages, config.budgets.shared_pauses)

    def _polls(self, config: Config) -> int:
        """How many polls may be in flight: each of them has its connections, whatever was written since the start."""
        return min(config.polling.concurrency, max(1, self._http.limit // AT_ONCE))

    def _watch(self, tenant: Tenant) -> Watch:
        identity, panel = self._panels[tenant.id]
        return Watch(
            tenant.id,
            tenant.interval,
            panel.reading,
            identity=(identity, tenant.interval),
            panel=identity,
            group=tenant.budget_group,
            host=lambda: panel.host,
            admit=panel.admitted,
        )

    def _publish(self, tenant: str, result: Result) -> None:
        self._progress = self._clock.monotonic()
        self._display.publish(tenant, result, self._scheduler.reachability)

    def _view(self) -> View:
        return View(
            version=__version__,
            page=lambda openmetrics: self.metrics(openmetrics=openmetrics),
            scraped=self._shutdown.scraped,
            not_ready=self._not_ready,
            standstill=self._standstill,
            tenants=lambda: self._panels,
            tenant=self._tenant,
            templates=lambda: self._display.shown_templates(self._setup.config.template_tenants),
            reload=self.reload,
            poll_now=self._poll_now,
        )

    def _tenant(self, tenant: str) -> TenantView | None:
        view, standing = self._display.tenant(tenant), self._scheduler.standing(tenant)
        if view is None or standing is None:
            return view
        return replace(view, breaker=standing.breaker.state.value, next_poll=standing.due)

    def _poll_now(self, tenant: str) -> bool:
        if tenant not in self._panels:
            return False
        self.nudge((tenant,))
        return True

    def _not_ready(self) -> str | None:
        if self._shutdown.begun:
            return "shutting down"
        return None if self._discoverer.settled.is_set() and self._started else "starting"

    def _standstill(self) -> str | None:
        """Polling stands still if nothing ended for longer than all panels together can keep it waiting."""
        if not self._panels:
            return None
        intervals = (tenant.interval for tenant in self._setup.config.tenants)
        patience = longest_silence(intervals, self._setup.config.polling.timeout)
        silence = self._clock.monotonic() - self._progress
        return f"no poll ended for {silence:.0f} s" if silence > patience else None


def _listens(server: Server) -> str:
    """Where it listens really: the configured port may be 0."""
    host, port = server.addresses[0][:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def connections(setup: Setup) -> int:
    """How many connections to panels there may be at once, so that one tenant's slow panel is never another's queue."""
    return setup.config.polling.concurrency * AT_ONCE


def client(setup: Setup, limit: int | None = None) -> Http:
    """The client for a set-up, with so many connections at most instead of as many as it could use."""
    return Http(limit=limit or connections(setup))
