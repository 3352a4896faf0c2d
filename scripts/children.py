"""The programs that a script starts: each ready before the next, stopped in the other order, never outliving the script.

They are in sessions of their own, so that Ctrl-C reaches only the script; should that be killed outright, Linux kills
them too. What they print is kept in files and shown only of one that ended by itself. Not for a script with threads:
a child that is started meanwhile may never get to run.
"""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Self, TypeVar

T = TypeVar("T")

HOST = "127.0.0.1"
START_LIMIT = 60.0  # seconds that anything that is waited for may take
STOP_LIMIT = 20.0  # seconds that a child may take to stop before it is killed
LAST_LINES = 15
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PR_SET_PDEATHSIG = 1


class CannotGoOn(Exception):  # noqa: N818 - it reads as what it says
    """Why the script cannot go on, and what to do."""


class Child:
    """One program, its output kept in a file."""

    def __init__(self, name: str, folder: Path, *command: str, **environ: str) -> None:
        self.name = name
        self._log = folder / f"{name}.log"
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("SYNCWATCH_")}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=inherited | environ,
                preexec_fn=_die_with(os.getpid()),  # noqa: PLW1509 - the script has one thread
            )

    def check(self) -> None:
        """Raises CannotGoOn with the child's last lines if it has ended."""
        if (status := self._process.poll()) is not None:
            lines = self._log.read_text(errors="replace").splitlines()[-LAST_LINES:]
            raise CannotGoOn(
                "\n".join([f"the {self.name} ended with status {status}; its last lines:", *lines])
            )

    def stop(self) -> None:
        """Asks it to stop, waits, and kills it if it does not."""
        self._process.terminate()
        try:
            self._process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            print(f"the {self.name} did not stop within {STOP_LIMIT:.0f} s: killing it", file=sys.stderr)
            self._process.kill()
            self._process.wait()


class Children:
    """All of them; leaving the `with` stops them, whatever happens meanwhile."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._started: list[Child] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for number in STOPPING:
            signal.signal(number, signal.SIG_IGN)
        for child in reversed(self._started):
            child.stop()

    def start(self, name: str, *command: str, **environ: str) -> None:
        self._started.append(Child(name, self._folder, *command, **environ))

    def check(self) -> None:
        """Raises CannotGoOn if one has ended."""
        for child in self._started:
            child.check()

    def wait_for(self, find: Callable[[], T | None], what: str) -> T:
        """What `find` gives once it is not None; raises CannotGoOn when a child has ended or the time is over."""
        limit = time.monotonic() + START_LIMIT
        while True:
            self.check()
            if (found := find()) is not None:
                return found
            if time.monotonic() > limit:
                raise CannotGoOn(f"{what} took longer than {START_LIMIT:.0f} s")
            time.sleep(0.1)


def _die_with(parent: int) -> Callable[[], None] | None:
    """What a child runs first on Linux, so that it never outlives the script."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl

    def run() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return run


def interrupted_by_signals() -> None:
    """Lets every way of asking the script to stop be a KeyboardInterrupt."""
    for number in STOPPING:
        signal.signal(number, signal.default_int_handler)


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


def require_free(port: int, variable: str) -> None:
    """Raises CannotGoOn if something listens there already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError):
            raise CannotGoOn(f"port {port} cannot be used: set {variable} to a free one") from None
