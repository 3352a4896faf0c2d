"""`make demo`: a simulated fleet, the daemon that watches it, and a table of what the daemon finds.

Two of the tenants offer no interface: what is known of them comes from folders into which CSV exports are put.
Everything in the table comes from the daemon's own /metrics, as a Prometheus would read it; nothing is taken from
the simulator. Both programs are children in a session of their own, so that Ctrl-C reaches only this script and
they are stopped in order, the daemon first; should this script be killed outright, Linux kills them too.

Environment: DEMO_SECONDS stops it by itself; DEMO_PORT and DEMO_PANEL_PORT move it to other ports.
"""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TypeVar

from rich.console import Console, RenderableType
from rich.live import Live

from demo_tables import Scrape, tables

T = TypeVar("T")

HOST = "127.0.0.1"
FLEET = ("--tenants", "25", "--users", "40", "--seed", "7", "--broken", "1")
PACE = ("--plan-interval", "60s", "--poll-interval", "5s")
EXPORTED = ("--exported", "2", "--export-interval", "5s")
START_LIMIT = 60.0  # seconds for each of: the simulator, the daemon, the first look at every tenant
STOP_LIMIT = 20.0  # seconds that a child may take to stop before it is killed
REFRESH = 5.0  # seconds
LAST_LINES = 15
PR_SET_PDEATHSIG = 1


class DemoError(Exception):
    """Why the demo cannot go on, and what to do."""


@dataclass(frozen=True)
class Options:
    """What the environment asks for; `end` is when to stop, as `time.monotonic` counts."""

    port: int
    panel_port: int
    end: float

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "Options":
        """Raises DemoError for what is no number."""
        try:
            return cls(
                port=int(environ.get("DEMO_PORT", "9797")),
                panel_port=int(environ.get("DEMO_PANEL_PORT", "9898")),
                end=time.monotonic() + float(environ.get("DEMO_SECONDS") or "inf"),
            )
        except ValueError:
            message = "DEMO_SECONDS, DEMO_PORT and DEMO_PANEL_PORT are numbers"
            raise DemoError(message) from None


class Child:
    """One of the two programs, its output kept in a file."""

    def __init__(self, name: str, folder: Path, *arguments: str, **environ: str) -> None:
        self.name = name
        self._log = folder / f"{name}.log"
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("SYNCWATCH_")}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "syncwatch", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=inherited | environ,
                preexec_fn=_die_with(os.getpid()),  # noqa: PLW1509 - this script has one thread
            )

    def check(self) -> None:
        """Raises DemoError with the child's last lines if it has ended."""
        if (status := self._process.poll()) is not None:
            lines = self._log.read_text(errors="replace").splitlines()[-LAST_LINES:]
            raise DemoError(
                "\n".join([f"the {self.name} ended with status {status}; its last lines:", *lines])
            )

    def stop(self) -> None:
        """Asks it to stop, waits, and kills it if it does not."""
        self._process.terminate()
        try:
            self._process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            print(
                f"demo: the {self.name} did not stop within {STOP_LIMIT:.0f} s: killing it", file=sys.stderr
            )
            self._process.kill()
            self._process.wait()


def _die_with(parent: int) -> Callable[[], None] | None:
    """What a child runs first on Linux, so that it never outlives this script."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl

    def run() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return run


def fetch(port: int, path: str) -> str | None:
    """The body of a 200, None for anything else."""
    with closing(HTTPConnection(HOST, port, timeout=5)) as connection:
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            body = response.read()
        except (OSError, HTTPException):
            return None
        return body.decode() if response.status == 200 else None  # noqa: PLR2004


def wait_for(find: Callable[[], T | None], what: str, children: list[Child]) -> T:
    """What `find` gives once it is not None; raises DemoError when a child has ended or the time is over."""
    limit = time.monotonic() + START_LIMIT
    while True:
        for child in children:
            child.check()
        if (found := find()) is not None:
            return found
        if time.monotonic() > limit:
            raise DemoError(f"{what} took longer than {START_LIMIT:.0f} s")
        time.sleep(0.1)


def require_free(port: int, variable: str) -> None:
    """Raises DemoError if something listens there already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError):
            raise DemoError(f"port {port} cannot be used: set {variable} to a free one") from None


@contextmanager
def running(options: Options, folder: Path) -> Iterator[list[Child]]:
    """The simulator and the daemon, both ready; stopped in the other order, whatever happens."""
    fleet = folder / "fleet.yaml"
    panels = ("--listen", f"{HOST}:{options.panel_port}", "--fleet", str(fleet))
    exports = (*EXPORTED, "--exports", str(folder / "exports"))
    children: list[Child] = []
    try:
        children.append(Child("simulator", folder, "simulate", *FLEET, *PACE, *panels, *exports))
        wait_for(
            lambda: fetch(options.panel_port, "/truth") if fleet.exists() else None, "the simulator", children
        )
        # It would wait for one more scrape, which is not going to come.
        settings = {"SYNCWATCH_LISTEN": f"{HOST}:{options.port}", "SYNCWATCH_SHUTDOWN_GRACE": "1s"}
        children.append(Child("daemon", folder, "run", "--config", str(fleet), **settings))
        wait_for(lambda: fetch(options.port, "/-/ready"), "the daemon", children)
        yield children
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for child in reversed(children):
            child.stop()


def watch(options: Options, children: list[Child], show: Callable[[RenderableType], object]) -> None:
    """Shows the tables again and again, at least once, until the time is over."""

    def complete() -> Scrape | None:
        text = fetch(options.port, "/metrics")
        return scrape if text and (scrape := Scrape(text)).complete else None

    while True:
        scrape = wait_for(complete, "a look at every tenant", children)
        page, panel = (f"http://{HOST}:{port}" for port in (options.port, options.panel_port))
        show(tables(scrape, time.time(), page, panel))
        if (left := options.end - time.monotonic()) <= 0:
            return
        time.sleep(min(REFRESH, left))


def main() -> int:
    """The exit status: 0 after a stop that was asked for, 1 when something is wrong."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    console = Console(markup=False, emoji=False, highlight=False, width=None if sys.stdout.isatty() else 180)
    try:
        options = Options.read(os.environ)
        require_free(options.port, "DEMO_PORT")
        require_free(options.panel_port, "DEMO_PANEL_PORT")
        console.print("starting a simulated fleet and the daemon")
        with (
            tempfile.TemporaryDirectory(prefix="syncwatch-demo-") as folder,
            running(options, Path(folder)) as children,
        ):
            if console.is_terminal:
                with Live(console=console, auto_refresh=False) as live:
                    watch(options, children, lambda view: live.update(view, refresh=True))
            else:
                watch(options, children, console.print)
    except KeyboardInterrupt:
        pass
    except DemoError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    console.print("stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
