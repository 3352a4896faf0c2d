"""A real PostgreSQL server of the tests' own, on a free port: started, killed, stopped and frozen at will."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from tools import FETCHED

PATIENCE = 30.0  # seconds that a start or a stop may take
# Nobody pulls the plug.
QUICK = ("fsync=off", "full_page_writes=off", "shared_buffers=16MB", "max_connections=20")
PROGRAMS = ("postgres", "initdb", "psql")
NEEDED = {".": {"lib", "usr"}, "usr": {"lib", "share"}, "usr/share": {"postgresql"}}  # of a fetched folder


def programs() -> Path:
    """The folder with a server: the system's, else the fetched one; the tests fail without one, they do not skip."""
    on_path = shutil.which("postgres")
    folders = [Path(on_path).parent] if on_path else []
    for root in (Path("/"), *FETCHED.glob("postgresql-*")):
        found = root.glob("usr/lib/postgresql/*/bin")
        folders += sorted(found, key=lambda folder: float(folder.parent.name), reverse=True)
    whole = [folder for folder in folders if all((folder / each).exists() for each in PROGRAMS)]
    assert whole, "there is no PostgreSQL server: `scripts/fetch-tools postgres` fetches one"
    return whole[0]


class Server:
    """One server, listening on 127.0.0.1 only, without passwords; runs, and has its data, within `with`.

    The data is not in pytest's folders: another session of pytest closes these to all other users.
    """

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="syncwatch-postgres-", ignore_cleanup_errors=True)
        folder = Path(self._folder.name)
        self._programs = programs()
        self._environ: dict[str, str] | None = None
        self._data = folder / "data"
        self._process: subprocess.Popen[bytes] | None = None
        with closing(socket.socket()) as taken:
            taken.bind(("127.0.0.1", 0))
            self.port = taken.getsockname()[1]
        if self._user:
            shutil.chown(folder, self._user)
        if FETCHED in self._programs.parents:
            self._use_fetched(folder)
        self._run(
            "initdb", "-D", self._data, "-U", "syncwatch", "-A", "trust", "-N", "--no-locale", "-E", "UTF8"
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._folder.cleanup()

    def url(self, database: str = "postgres") -> str:
        return f"postgresql+asyncpg://syncwatch@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        settings = [*QUICK, f"port={self.port}", "listen_addresses=127.0.0.1", "unix_socket_directories="]
        options = [each for setting in settings for each in ("-c", setting)]
        with (self._data / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self._data, *options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environ, user=self._user, cwd="/",
                start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            assert self._process.poll() is None, (self._data / "server.log").read_text()
            assert time.monotonic() < deadline, "it does not come up"
            time.sleep(0.02)

    def stop(self) -> None:
        """Roll back what is open, and end."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(PATIENCE)
            self._process = None

    def freeze(self) -> None:
        """Let every process of it stand still: connections stay and nobody answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """As if the machine had lost power; `start` recovers."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait(PATIENCE)
            self._process = None

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run one statement; gives what psql prints, bare."""
        place = f"postgresql://syncwatch@127.0.0.1:{self.port}/{database}"
        return self._run("psql", "-XqAt", "-v", "ON_ERROR_STOP=1", place, "-c", statement).strip()

    def add_role(self, name: str, password: str) -> None:
        """Add somebody who may do everything in the databases' `public`, and is asked for a password."""
        self.sql(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'")
        self.sql(f"GRANT ALL ON SCHEMA public TO {name}")
        lines = (
            f"'host all {name} 127.0.0.1/32 scram-sha-256' UNION ALL SELECT 'host all all 127.0.0.1/32 trust'"
        )
        self.sql(f"COPY (SELECT {lines}) TO '{self.sql('SHOW hba_file')}'")
        self.sql("SELECT pg_reload_conf()")

    @property
    def _user(self) -> str | None:
        """Who it runs as: it refuses to be root."""
        if os.geteuid() != 0:
            return None
        return "postgres" if "postgres" in {each.pw_name for each in pwd.getpwall()} else "nobody"

    def _use_fetched(self, folder: Path) -> None:
        """Bring its own libraries; and where its user cannot reach the cache, run a copy.

        PostgreSQL finds the rest of its files from where its programs are, so the copy has the same folders.
        """
        fetched = root = next(each for each in self._programs.parents if each.parent == FETCHED)
        if self._user and not all(each.stat().st_mode & 0o001 for each in (root, *root.parents)):
            root = folder / "programs"
            shutil.copytree(fetched, root, symlinks=True, ignore=partial(_unneeded, fetched))
            self._programs = root / self._programs.relative_to(fetched)
        libraries = [*root.glob("usr/lib/*-linux-gnu*"), *root.glob("lib/*-linux-gnu*")]
        self._environ = {**os.environ, "LD_LIBRARY_PATH": os.pathsep.join(map(str, libraries))}

    def _answers(self) -> bool:
        with suppress(AssertionError):
            return bool(self.sql("select 1"))
        return False

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        main = self._process.pid
        children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
        for pid in (main, *map(int, children)):
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def _run(self, program: str, *arguments: object) -> str:
        done = subprocess.run(
            [str(self._programs / program), *map(str, arguments)],
            check=False, text=True, stdin=subprocess.DEVNULL, capture_output=True,
            env=self._environ, user=self._user, cwd="/",
        )  # fmt: skip
        assert done.returncode == 0, f"{program} failed: {done.stderr}"
        return done.stdout


def _unneeded(fetched: Path, folder: str, names: list[str]) -> set[str]:
    """Those in a folder of `fetched` that are no part of the server."""
    needed = NEEDED.get(str(Path(folder).relative_to(fetched)))
    return set() if needed is None else set(names) - needed
