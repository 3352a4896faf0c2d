"""The daemon over a journal in a file: a disk that is full, read-only or damaged, and a file that is gone."""

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from integration.journaled import FIRMS, Fleet, Sums, Watched, fleet, refuses, watched
from integration.serving import Daemon, eventually

GARBAGE = b"\xa5"
PAGE = 4096
AND_RUN = "os.execv(sys.executable, [sys.executable, '-m', 'syncwatch', *sys.argv[1:]])"
# Root may write wherever it likes, unless it gives that up (CAP_DAC_OVERRIDE) before it starts the daemon.
GIVE_UP = "import ctypes, os, sys; ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)"
WITHOUT_POWER = (sys.executable, "-c", f"{GIVE_UP}; {AND_RUN}")
# None of its files may be as large as a page of a database.
LIMIT = f"import os, resource as r, sys; r.setrlimit(r.RLIMIT_FSIZE, ({PAGE - 1}, r.RLIM_INFINITY))"
WITHOUT_ROOM = (sys.executable, "-c", f"{LIMIT}; {AND_RUN}")


@contextmanager
def disk(folder: Path) -> Iterator[bool]:
    """A small disk of its own for a folder; gives whether the machine lets us have one."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m,mode=700", "tmpfs", folder], capture_output=True, check=False
    )
    try:
        yield mounted.returncode == 0
    finally:
        if mounted.returncode == 0:
            subprocess.run(["umount", folder], check=True)


def has_disks() -> bool:
    with TemporaryDirectory() as folder, disk(Path(folder)) as has:
        return has


@pytest.fixture(scope="module")
def firms() -> Iterator[Fleet]:
    with fleet() as both:
        yield both


@pytest.fixture(scope="module")
def living(firms, tmp_path_factory) -> Iterator[Daemon]:
    """One daemon that has counted something, and that no test but the last one ends."""
    folder = tmp_path_factory.mktemp("living")
    (folder / "state").mkdir()
    firms.begins_anew(*FIRMS)
    with disk(folder / "state"), watched(firms, folder, SYNCWATCH_SHUTDOWN_GRACE="1s") as seen:
        seen.goes_on_counting()
        yield seen.daemon


@pytest.fixture
def live(firms, living) -> Watched:
    return Watched(firms, living)


@dataclass(frozen=True)
class Left:
    """What a daemon left behind after it had counted something: its folder as of a kill, and as of its end."""

    killed: Path
    ended: Path
    baselines: Mapping[str, tuple[int, int]]
    counted: Sums


@pytest.fixture(scope="module")
def left(firms, tmp_path_factory) -> Left:
    folder = tmp_path_factory.mktemp("left")
    firms.begins_anew(*FIRMS)
    with watched(firms, folder) as seen:
        seen.goes_on_counting()
        shutil.copytree(folder / "state", folder / "killed")  # it has nothing to write now
        seen.ends()
    return Left(folder / "killed", folder / "state", firms.baselines, firms.truth)


@pytest.fixture
def state(firms, left, tmp_path) -> Path:
    """A folder that was left behind."""
    firms.baselines = left.baselines
    return shutil.copytree(left.ended, tmp_path / "state")


def folder_of(seen: Watched) -> Path:
    return seen.daemon.config.with_name("state")


@contextmanager
def full(seen: Watched) -> Iterator[None]:
    """The disk is full."""
    filler = folder_of(seen) / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while file.write(bytes(PAGE)):
            pass
    yield
    filler.unlink()


@contextmanager
def limited(seen: Watched) -> Iterator[None]:
    """No file of the daemon may be larger than a part of the journal is; the log is still smaller."""
    pid = seen.daemon.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (5 * PAGE, before[1]))
    yield
    if seen.daemon.process.poll() is None:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize(
    ("trouble", "kind"), [(full, "full") if has_disks() else (limited, "unreachable")], ids=["no room"]
)
def test_a_disk_that_takes_no_more_costs_nothing_but_time(live, trouble, kind):
    with trouble(live):
        live.has_only_gauges(kind)
    live.catches_up()


def test_a_first_start_on_a_disk_that_takes_no_more_does_without_until_it_does(firms, tmp_path):
    with watched(firms, tmp_path, program=WITHOUT_ROOM) as seen:
        firms.begins_anew(*FIRMS)
        assert seen.sums() == dict.fromkeys(FIRMS, (None, None))
        eventually(lambda: seen.has_failed("unreachable"))
        resource.prlimit(seen.daemon.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        seen.counts()
        seen.is_sound()


@pytest.mark.parametrize("end", ["killed", pytest.param("ended", marks=pytest.mark.soak)])
def test_a_folder_that_is_read_only_is_left_alone_until_it_is_not(firms, left, tmp_path, end):
    folder = shutil.copytree(getattr(left, end), tmp_path / "state")
    firms.baselines = left.baselines
    _chmod(folder, 0o500, 0o400)
    with watched(firms, tmp_path, program=WITHOUT_POWER) as seen:
        # SQLite reads a file in such a folder only if the files that it keeps beside it are there.
        assert seen.sums() == (left.counted if end == "killed" else dict.fromkeys(FIRMS, (None, None)))
        seen.has_only_gauges("read_only")
        _chmod(folder, 0o700, 0o600)
        seen.counts()
        seen.is_sound()


def _chmod(folder: Path, mode: int, files: int) -> None:
    for file in folder.iterdir():
        file.chmod(files)
    folder.chmod(mode)


def test_a_first_start_in_a_folder_that_is_read_only_is_refused_in_one_line(firms, tmp_path):
    (tmp_path / "state").mkdir(mode=0o500)
    line = refuses(tmp_path, firms.config(tmp_path), program=WITHOUT_POWER)
    assert line.startswith(f"cannot make the key {tmp_path / 'state' / 'journal.key'}: permission denied")


def _page(file: Path) -> None:
    _overwrite(file, 2 * PAGE, PAGE)


def _nothing(file: Path) -> None:
    os.truncate(file, 0)


def _overwrite(file: Path, start: int, length: int) -> None:
    with file.open("r+b") as opened:
        opened.seek(start)
        opened.write(GARBAGE * length)


@pytest.mark.parametrize("damage", [_page, pytest.param(_nothing, marks=pytest.mark.soak)])
def test_a_file_that_is_damaged_is_moved_aside_and_a_new_one_begun(firms, state, damage):
    damage(state / "journal.db")
    damaged = (state / "journal.db").read_bytes()
    with watched(firms, state.parent) as seen:
        seen.begins_anew(*FIRMS)
        assert seen.told()["journal_corrupt"] == 1
        assert [file.read_bytes() for file in state.glob("journal.db.corrupt-*")] == [damaged]


def test_damage_while_it_runs_is_found_with_the_next_look_and_costs_no_start(live):
    file = folder_of(live) / "journal.db"
    with sqlite3.connect(file) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    other.close()
    _overwrite(file, PAGE, file.stat().st_size - PAGE)
    live.fleet.runs()
    eventually(lambda: _told(live, journal_corrupt=1, journal_back=1))
    live.begins_anew(*FIRMS)
    assert live.told()["journal_corrupt"] == 1


def _told(seen: Watched, **events: int) -> None:
    told = seen.told()
    assert {event: told[event] for event in events} == events


def test_a_file_that_is_deleted_while_it_runs_is_begun_anew_and_not_written_to_in_vain(live):
    (folder_of(live) / "journal.db").unlink()
    live.fleet.runs()
    eventually(lambda: _told(live, journal_gone=1))
    live.begins_anew(*FIRMS)
    with sqlite3.connect(folder_of(live) / "journal.db") as written:
        counted = dict(written.execute("SELECT tenant, sessions FROM tenants"))
    written.close()
    assert counted == {id_: sessions for id_, (sessions, _) in live.fleet.truth.items()}


@pytest.mark.parametrize("change", ["lost", pytest.param("another", marks=pytest.mark.soak)])
def test_without_the_key_that_it_was_written_with_it_is_not_touched(firms, state, change):
    key, file = state / "journal.key", state / "journal.db"
    before = file.read_bytes()
    if change == "lost":
        key.unlink()
    else:
        key.write_bytes(bytes(32))
    line = refuses(state.parent, firms.config(state.parent))
    assert ("is lost" if change == "lost" else "is not the one this journal was written with") in line
    assert file.read_bytes() == before
    assert key.exists() == (change == "another")


@pytest.mark.soak
def test_a_newer_schema_is_refused_in_one_line(firms, state):
    with sqlite3.connect(state / "journal.db") as newer:
        newer.execute("UPDATE journal_schema SET version_num = '0002'")
    newer.close()
    line = refuses(state.parent, firms.config(state.parent))
    assert line.startswith(
        "the journal was written by a newer Syncwatch (schema 0002; this one knows up to 0001)"
    )


def test_at_last_it_ends_in_its_time_and_well_while_its_files_may_not_grow(live):
    with limited(live):
        live.fleet.runs()
        eventually(lambda: _told(live, journal_away=1))
        live.daemon.signal(signal.SIGTERM)
        assert live.daemon.exit_code(4) == 0
    assert "Traceback" not in live.daemon.log.read_text()
