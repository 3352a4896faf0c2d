"""The composition root: builds every stage, hands each its collaborators, and owns start and shutdown.

`apply` works on the difference to what runs, keyed by tenant id. On the way down the order matters: no new poll,
then those in flight end, then whoever scrapes may take the last figures, and the server closes last.
"""

import asyncio
import secrets
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, nullcontext

import structlog
from aiohttp import web

from syncwatch import __version__
from syncwatch.classification.classifier import Classifier
from syncwatch.classification.find import Finder
from syncwatch.classification.masking import Mask
from syncwatch.clock import Clock
from syncwatch.config.fleet import Tenant
from syncwatch.diagnosis.case import Case
from syncwatch.errors import ConfigError, Problem
from syncwatch.exposition import families
from syncwatch.exposition.board import Board, Polled
from syncwatch.exposition.own import OwnMeters, new_registry
from syncwatch.exposition.page import Page
from syncwatch.exposition.templates import Templates
from syncwatch.keeper import Keeper
from syncwatch.model import SessionFacts
from syncwatch.panel.client import Http
from syncwatch.panel.meanings import hashed
from syncwatch.polling.announce import Announcer
from syncwatch.polling.fan_out import AT_ONCE
from syncwatch.polling.history import history
from syncwatch.polling.meters import PollMeters
from syncwatch.polling.poll import Result, Stages, poll
from syncwatch.polling.schedule import longest_silence
from syncwatch.polling.scheduler import Scheduler, Watch
from syncwatch.reach import Reached, reach
from syncwatch.rows import Sight
from syncwatch.setup import Setup
from syncwatch.state.journal import Journal, MemoryJournal
from syncwatch.state.ledger import Ledger
from syncwatch.state.store.opening import Store
from syncwatch.telemetry.looplag import watch_lag
from syncwatch.turns import Turns
from syncwatch.web.server import start
from syncwatch.web.view import View

log = structlog.get_logger(__name__)

KEY_BYTES = 32
SERVING_SHARE = 0.8  # of the grace period; the rest is for closing connections
RECENT_SCRAPE = 300.0  # seconds within which somebody who scraped is expected again


class App:
    """The daemon.

    Args:
        setup: what it begins with.
        clock: the only source of time and chance.
        http: the client for all panels; the caller closes it.
        store: the durable journal with its key; without one the journal lives and dies with the process ...
        key: ... and this is the key of hashed ids, or a new one.

    Attributes:
        templates: the texts that no rule knows, masked.
    """

    def __init__(
        self, setup: Setup, clock: Clock, http: Http, store: Store | None = None, *, key: bytes | None = None
    ) -> None:
        self._clock = clock
        self._http = http
        self._turns = Turns()
        self._announcer = Announcer()
        registry = new_registry()
        self._keeper = Keeper(store, clock, registry) if store else None
        self._journal: Journal = self._keeper.journal if self._keeper else MemoryJournal()
        self._key = store.key if store else key or secrets.token_bytes(KEY_BYTES)
        self._own = OwnMeters(registry, __version__)
        self._meters = PollMeters(registry, setup.ruleset.catalogue.classes)
        self._board = Board(clock)
        self.templates = Templates()
        self._own.count_templates(self.templates.present)
        self._page = Page(self._board, registry, clock)
        self._panels: dict[str, Reached] = {}
        self._scheduler = Scheduler(clock, self._meters, self._publish)
        self._scraped: float | None = None
        self._scrape = asyncio.Event()
        self._progress = clock.monotonic()
        self._not_ready: str | None = "starting"
        self._use(setup)

    async def run(
        self, host: str, port: int, *, grace: float, stop: asyncio.Event, hurry: asyncio.Event
    ) -> None:
        """Work until `stop` is set, then shut down within `grace` seconds.

        A scraper that came lately is waited for once more, unless `hurry` is set.

        Raises:
            OSError: the address cannot be listened on.
            JournalRefused: the journal is there and must not be used as it is.
        """
        runner = await start(self._view(), host, port)
        try:
            async with self._journal_kept(), asyncio.TaskGroup() as group:
                lag = group.create_task(watch_lag(self._clock, self._own.lag))
                started = asyncio.Event()
                group.create_task(self._scheduler.run(started.set))
                await started.wait()
                self._schedule()
                log.info("started", version=__version__, listen=_listens(runner), tenants=len(self._panels))
                await stop.wait()
                await self._shut_down(grace, hurry)
                lag.cancel()
        finally:
            await runner.cleanup()
        log.info("stopped")

    def reload(self, load: Callable[[], Setup]) -> tuple[Problem, ...]:
        """Run what `load` gives from now on; if it refuses, go on with what runs, and give its reasons."""
        try:
            self.apply(load())
        except ConfigError as error:
            problems = error.problems
        except Exception as fault:  # what runs must go on running, whatever is wrong with a new set
            log.exception("reload_fault")
            file = self._setup.config.document.file
            problems = (
                Problem(file, None, "", f"cannot be run, by a fault of Syncwatch: {type(fault).__name__}"),
            )
        else:
            return ()
        self._own.refused()
        log.error("configuration_refused", problems=[str(problem) for problem in problems])
        return problems

    def apply(self, setup: Setup) -> None:
        """Run `setup` from now on; what it does not change goes on undisturbed."""
        self._use(setup)
        self._schedule()

    async def poll_once(self, tenant: str, *, only: str | None = None, items: bool = False) -> Result:
        """Poll one prepared tenant outside of the schedule, with no memory of it.

        Args:
            tenant: its id.
            only: the one user whose sessions and issues are wanted; None for everybody's. Exports are read whole.
            items: whether, where single items of that user do not sync, the issues of the whole organization are wanted.
        """
        panel = self._panels[tenant].panel
        only = only if panel.sight.live else None
        result = await poll(
            tenant, panel.reading(), Ledger(), self._stages, self._clock, only=only, items=items
        )
        self._publish(tenant, result)
        return result

    def case(self, result: Result, user: str) -> Case:
        """What the troubleshooting tree is asked about a user after a poll: by id, or by what an id is made of."""
        snapshot, stages = result.snapshot, self._stages
        remedy = self._setup.ruleset.catalogue.remedy
        if snapshot is None:
            now = result.started
            return Case(now, result.sight, stages.owner_of, remedy, unreadable=str(result.error))
        view = snapshot.user(user) or snapshot.user(hashed(self._key, (user,)))
        organization = view.facts.organization if view else ""
        return Case(
            now=snapshot.time,
            sight=snapshot.sight,
            owner_of=stages.owner_of,
            remedy=remedy,
            user=view,
            organization=snapshot.organization(organization),
            causes=snapshot.causes(organization),
        )

    async def sessions(self, tenant: str, case: Case) -> tuple[SessionFacts, ...]:
        """All ended sessions that the panel shows of a case's user, newest first."""
        if case.user is None:
            return ()
        panel = self._panels[tenant].panel
        finder = Finder(tenant, self._stages.classify, self._stages.mask, self._key)
        return await history(panel.reading(), finder, case.facts, case.organization)

    def metrics(self, *, openmetrics: bool = False) -> bytes:
        """The page that /metrics answers with."""
        return self._page.body(openmetrics=openmetrics)

    def _journal_kept(self) -> AbstractAsyncContextManager[None]:
        return self._keeper.kept(self._board.recall) if self._keeper else nullcontext()

    def _use(self, setup: Setup) -> None:
        """Take over everything of `setup` but the schedule: all of it is made before any of it counts."""
        stages = self._compose(setup)
        panels = reach(setup, self._panels, key=self._key, http=self._http, clock=self._clock)
        self._setup, self._stages, self._panels = setup, stages, panels
        self._show(setup)

    def _schedule(self) -> None:
        config = self._setup.config
        watches = {tenant.id: self._watch(tenant) for tenant in config.tenants}
        self._scheduler.apply(watches, self._stages, config.polling.concurrency)
        self._not_ready = None

    def _compose(self, setup: Setup) -> Stages:
        polling = setup.config.polling
        catalogue = setup.ruleset.catalogue
        return Stages(
            classify=Classifier(setup.book).classify,
            mask=Mask(setup.vocabulary).template,
            rules=setup.ruleset.digest + setup.vocabulary.digest,
            owner_of=catalogue.owner,
            fingerprint_key=self._key,
            journal=self._journal,
            turns=self._turns,
            inventory_interval=polling.inventory_interval,
            max_session=polling.max_session,
            default_plan_interval=polling.default_plan_interval,
            timeout=polling.timeout,
            organization_wide=setup.config.organization_wide,
            session_time_limit=setup.config.session_time_limit,
        )

    def _watch(self, tenant: Tenant) -> Watch:
        identity, panel = self._panels[tenant.id]
        return Watch(tenant.id, tenant.interval, panel.reading, identity=(identity, tenant.interval))

    def _show(self, setup: Setup) -> None:
        catalogue = setup.ruleset.catalogue
        shown = [_shown(tenant, self._panels[tenant.id].panel.sight) for tenant in setup.config.tenants]
        self._board.apply(shown, setup.config.label_names)
        if self._keeper:
            self._keeper.watch(self._panels.keys(), setup.config.state.retention)
        else:
            self._board.recall({})
        self.templates.keep(self._panels)
        self._announcer.keep({tenant.id: tenant.stale_after for tenant in setup.config.tenants})
        self._meters.know(catalogue.classes)
        self._page.describe(
            {
                (class_, owner.value): (entry.area, entry.severity, remedy)
                for class_, entry in catalogue.classes.items()
                for owner, remedy in entry.remedies.items()
            }
        )
        self._own.loaded(
            digest=setup.config.digest,
            rules_digest=setup.ruleset.digest,
            rules=len(setup.ruleset.rules),
            tenants=len(setup.config.tenants),
            now=self._clock.now(),
        )

    def _publish(self, tenant: str, result: Result) -> None:
        self._progress = self._clock.monotonic()
        self._announcer.announce(tenant, result)
        self._board.publish(
            tenant,
            Polled(
                snapshot=result.snapshot,
                counters=result.counters,
                last_success=result.memory.last_success,
                started=result.started,
                duration=result.duration,
                error=result.error,
                truncated=result.figures.truncated,
                sight=result.sight,
            ),
        )
        counts = self._board.counts(tenant) if result.snapshot else None
        if counts is not None:
            self.templates.tell(tenant, counts.templates, self._clock.now())

    def _view(self) -> View:
        return View(
            version=__version__,
            page=lambda openmetrics: self.metrics(openmetrics=openmetrics),
            scraped=self._note_scrape,
            not_ready=lambda: self._not_ready,
            standstill=self._standstill,
            tenants=lambda: (self._board.tenants(), self._board.polled()),
        )

    def _note_scrape(self) -> None:
        self._scraped = self._clock.monotonic()
        self._scrape.set()

    def _standstill(self) -> str | None:
        """Polling stands still if nothing ended for longer than all panels together can keep it waiting."""
        if not self._panels:
            return None
        intervals = (tenant.interval for tenant in self._setup.config.tenants)
        patience = longest_silence(intervals, self._setup.config.polling.timeout)
        silence = self._clock.monotonic() - self._progress
        return f"no poll ended for {silence:.0f} s" if silence > patience else None

    async def _shut_down(self, grace: float, hurry: asyncio.Event) -> None:
        self._not_ready = "shutting down"
        deadline = self._clock.monotonic() + grace * SERVING_SHARE
        log.info("stopping", grace_seconds=grace)
        self._scheduler.close()
        await self._wait(self._scheduler.idle(), hurry, deadline)
        self._scheduler.abandon()
        scraped = self._scraped
        if scraped is not None and self._clock.monotonic() - scraped <= RECENT_SCRAPE and not hurry.is_set():
            self._scrape.clear()
            log.info("waiting_for_last_scrape")
            await self._wait(self._scrape.wait(), hurry, deadline)

    async def _wait(
        self, event: Coroutine[None, None, object], hurry: asyncio.Event, deadline: float
    ) -> None:
        """Wait for `event`, for `hurry` or until `deadline`, whichever comes first."""
        left = max(0.0, deadline - self._clock.monotonic())
        waiting = [asyncio.ensure_future(each) for each in (event, hurry.wait())]
        try:
            await asyncio.wait(waiting, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for future in waiting:
                future.cancel()


def _listens(runner: web.AppRunner) -> str:
    """Where it listens really: the configured port may be 0."""
    host, port = runner.addresses[0][:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def client(setup: Setup) -> Http:
    """The client for a set-up: connections enough that one tenant's slow panel is never another's queue."""
    return Http(limit=setup.config.polling.concurrency * AT_ONCE)


def _shown(tenant: Tenant, sight: Sight) -> families.Tenant:
    return families.Tenant(
        tenant.id, tenant.profile, tenant.labels, tenant.interval, tenant.stale_after, sight=sight
    )
