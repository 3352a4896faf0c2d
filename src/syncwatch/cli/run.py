"""`syncwatch run`: the daemon."""

import asyncio
import gc
import signal
import sys
from pathlib import Path
from typing import Annotated

import structlog
import typer
import uvloop

from syncwatch.app import App, client
from syncwatch.classification.find import NORMALISATION
from syncwatch.cli.complain import fail, prepare
from syncwatch.clock import SystemClock
from syncwatch.config.settings import Settings
from syncwatch.setup import Setup
from syncwatch.state.store.opening import store
from syncwatch.state.store.refused import JournalRefused

# The values of a poll are acyclic and die with it: collecting often finds nothing and holds up the loop.
GC_ALLOCATIONS = 50_000
# Seconds for which a thread that computes, as the journal's does, may hold up the event loop.
SWITCH_INTERVAL = 0.001

log = structlog.get_logger(__name__)


def command(
    config: Annotated[Path, typer.Option(help="The configuration file.", metavar="FILE", show_default=False)],
) -> None:
    """Watch all tenants and serve /metrics, until SIGTERM or Ctrl-C."""
    settings, setup = prepare(config)
    for warning in setup.config.warnings:
        log.warning("configuration", detail=warning)
    gc.freeze()  # what is loaded now stays; full collections need not look at it again
    gc.set_threshold(GC_ALLOCATIONS, 20, 100)
    sys.setswitchinterval(SWITCH_INTERVAL)
    uvloop.run(_serve(settings, setup))


async def _serve(settings: Settings, setup: Setup) -> None:
    stop, hurry = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, _asked_to_stop, stop, hurry)
    loop.add_signal_handler(signal.SIGINT, _interrupted, stop, hurry)
    host, port = settings.listen or setup.config.web_listen
    clock = SystemClock()
    async with client(setup) as http:
        try:
            journal = store(setup.config.state, clock, NORMALISATION)
            app = App(setup, clock, http, journal)
            await app.run(host, port, grace=settings.shutdown_grace, stop=stop, hurry=hurry)
        except JournalRefused as refused:
            fail(str(refused))
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            fail(f"cannot listen on {host}:{port}: {reason}; set web.listen or SYNCWATCH_LISTEN")


def _asked_to_stop(stop: asyncio.Event, hurry: asyncio.Event) -> None:
    """The first time, leave time for a last scrape; the second time, do not."""
    if stop.is_set():
        hurry.set()
    stop.set()


def _interrupted(stop: asyncio.Event, hurry: asyncio.Event) -> None:
    """Whoever presses Ctrl-C is waiting."""
    hurry.set()
    stop.set()
