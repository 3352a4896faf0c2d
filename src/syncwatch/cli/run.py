"""`syncwatch run`: the daemon."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Timer
from typing import Annotated

import structlog
import typer
import uvloop

from syncwatch.app import App, client, connections
from syncwatch.classification.find import NORMALISATION
from syncwatch.cli.complain import FAILED, fail
from syncwatch.cli.prepare import prepare
from syncwatch.clock import Clock, SystemClock
from syncwatch.config.settings import Settings
from syncwatch.descriptors import Shares, shares
from syncwatch.setup import Setup, load
from syncwatch.state.store.opening import store
from syncwatch.state.store.refused import JournalRefused
from syncwatch.web.limits import Limits

# The values of a poll are acyclic and die with it: collecting often finds nothing and holds up the loop.
GC_ALLOCATIONS = 50_000
# Seconds for which a thread that computes, as the journal's does, may hold up the event loop.
SWITCH_INTERVAL = 0.001

# Seconds for the process to end in, once all is done: a thread may hang on a mount or a name server that does.
LEAVING = 1.0
# Seconds beyond the grace after which nothing is waited for: closing the journal and the door may take four.
LATE = 5.0

log = structlog.get_logger(__name__)


def command(
    config: Annotated[Path, typer.Option(help="The configuration file.", metavar="FILE", show_default=False)],
) -> None:
    """Watch all tenants and serve /metrics, until SIGTERM or Ctrl-C."""
    clock = SystemClock()
    since = clock.now()
    settings, setup = prepare(config)
    for warning in setup.config.warnings:
        log.warning("configuration", detail=warning)
    gc.freeze()  # what is loaded now stays; full collections need not look at it again
    gc.set_threshold(GC_ALLOCATIONS, 20, 100)
    sys.setswitchinterval(SWITCH_INTERVAL)
    uvloop.run(_serve(config, settings, setup, clock, since))


async def _serve(file: Path, settings: Settings, setup: Setup, clock: Clock, since: float) -> None:
    stop, hurry = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    late = partial(_end_in, settings.shutdown_grace + LATE, FAILED)
    loop.add_signal_handler(signal.SIGTERM, _asked_to_stop, stop, hurry, late)
    loop.add_signal_handler(signal.SIGINT, _interrupted, stop, hurry, late)
    address = settings.listen or setup.config.web_listen
    share = _shares(setup)
    again = partial(load, file, os.environ, listen=settings.listen, bound=address)
    code = FAILED
    async with client(setup, share.panels) as http:
        try:
            journal = store(setup.config.state, clock, NORMALISATION)
            app = App(
                setup, clock, http, journal, load=again, most=Limits(connections=share.door), since=since
            )
            loop.add_signal_handler(signal.SIGHUP, app.ask_to_reload)
            await app.run(*address, grace=settings.shutdown_grace, stop=stop, hurry=hurry)
            code = 0
        except JournalRefused as refused:
            fail(str(refused))
        except OSError as error:
            reason = (error.strerror or type(error).__name__).lower()
            where = f"{address.host}:{address.port}"
            fail(f"cannot listen on {where}: {reason}; set web.listen or SYNCWATCH_LISTEN")
        finally:
            _end_in(LEAVING, code)


def _shares(setup: Setup) -> Shares:
    try:
        share = shares(connections(setup))
    except ValueError as error:
        fail(str(error))
    if share.scarce:
        log.warning("few_descriptors", panels=share.panels, wanted=share.wanted)
    return share


def _end_in(seconds: float, code: int) -> None:
    """End the process then if it has not ended by itself: threads that hang would be waited for without an end."""
    timer = Timer(seconds, os._exit, (code,))
    timer.daemon = True
    timer.start()


def _asked_to_stop(stop: asyncio.Event, hurry: asyncio.Event, late: Callable[[], None]) -> None:
    """The first time, leave time for a last scrape; the second time, do not."""
    if stop.is_set():
        hurry.set()
    else:
        late()
    stop.set()


def _interrupted(stop: asyncio.Event, hurry: asyncio.Event, late: Callable[[], None]) -> None:
    """Whoever presses Ctrl-C is waiting."""
    hurry.set()
    _asked_to_stop(stop, hurry, late)
