"""`make demo`: a simulated fleet, the daemon that watches it, and a table of what the daemon finds.

Everything in the table comes from the daemon's own /metrics, as a Prometheus would read it; nothing is taken from
the simulator.

Environment: DEMO_SECONDS stops it by itself; DEMO_PORT and DEMO_PANEL_PORT move it to other ports.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console, RenderableType
from rich.live import Live

import simulated_fleet
from children import HOST, CannotGoOn, Children, fetch, interrupted_by_signals, require_free
from demo_tables import Scrape, tables

REFRESH = 5.0  # seconds


@dataclass(frozen=True)
class Options:
    """What the environment asks for; `end` is when to stop, as `time.monotonic` counts."""

    port: int
    panel_port: int
    end: float

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "Options":
        """Raises CannotGoOn for what is no number."""
        try:
            return cls(
                port=int(environ.get("DEMO_PORT", "9797")),
                panel_port=int(environ.get("DEMO_PANEL_PORT", "9898")),
                end=time.monotonic() + float(environ.get("DEMO_SECONDS") or "inf"),
            )
        except ValueError:
            message = "DEMO_SECONDS, DEMO_PORT and DEMO_PANEL_PORT are numbers"
            raise CannotGoOn(message) from None


def watch(options: Options, children: Children, show: Callable[[RenderableType], object]) -> None:
    """Shows the tables again and again, at least once, until the time is over."""

    def complete() -> Scrape | None:
        text = fetch(options.port, "/metrics")
        return scrape if text and (scrape := Scrape(text)).complete else None

    while True:
        scrape = children.wait_for(complete, "a look at every tenant")
        page, panel = (f"http://{HOST}:{port}" for port in (options.port, options.panel_port))
        show(tables(scrape, time.time(), page, panel))
        if (left := options.end - time.monotonic()) <= 0:
            return
        time.sleep(min(REFRESH, left))


def main() -> int:
    """The exit status: 0 after a stop that was asked for, 1 when something is wrong."""
    interrupted_by_signals()
    console = Console(markup=False, emoji=False, highlight=False, width=None if sys.stdout.isatty() else 180)
    try:
        options = Options.read(os.environ)
        require_free(options.port, "DEMO_PORT")
        require_free(options.panel_port, "DEMO_PANEL_PORT")
        console.print("starting a simulated fleet and the daemon")
        with (
            tempfile.TemporaryDirectory(prefix="syncwatch-demo-") as folder,
            Children(Path(folder)) as children,
        ):
            simulated_fleet.start(children, Path(folder), options.port, options.panel_port)
            if console.is_terminal:
                with Live(console=console, auto_refresh=False) as live:
                    watch(options, children, lambda view: live.update(view, refresh=True))
            else:
                watch(options, children, console.print)
    except KeyboardInterrupt:
        pass
    except CannotGoOn as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    console.print("stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
