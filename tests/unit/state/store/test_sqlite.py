"""The engine over a file: what is committed stays, and what failed says for sure whether it was written."""

import asyncio
import sqlite3
import stat
import threading

import pytest
import structlog
from sqlalchemy import event

from syncwatch.state.store.engine import Away, InDoubt, Kind
from syncwatch.state.store.refused import JournalRefused
from syncwatch.state.store.sqlite import OPENING, Sqlite
from unit.given import VirtualClock, settled


def prepare(c):
    c.exec_driver_sql("CREATE TABLE IF NOT EXISTS event (n INTEGER PRIMARY KEY, what BLOB)")


def put(*numbers):
    return lambda c: c.exec_driver_sql("INSERT INTO event (n) VALUES (?)", [(n,) for n in numbers]) and None


def everything(c):
    return [n for (n,) in c.exec_driver_sql("SELECT n FROM event ORDER BY n")]


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "state"


@pytest.fixture
async def open_(folder):
    """Opens engines over the same folder and closes them after the test."""
    made = []

    def open_(prepare=prepare, **options):
        made.append(Sqlite(folder, prepare, VirtualClock(), **options))
        return made[-1]

    yield open_
    for engine in made:
        await engine.close()


def damage(path):
    """Overwrite all pages but the first, as a disk does that loses its mind."""
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xa5" * (len(content) - 4096))


def names(folder):
    return sorted(file.name for file in folder.iterdir())


async def test_what_was_written_is_there_after_a_restart(open_):
    first = open_()
    assert await first.write(lambda c: put(1, 2)(c) or "done") == "done"
    await first.close()
    assert await open_().read(everything) == [1, 2]


async def test_every_commit_reaches_the_disk_before_it_is_told(open_):
    engine = open_()
    for pragma, value in (("journal_mode", "wal"), ("synchronous", 2), ("secure_delete", 1)):
        assert await engine.read(lambda c, name=pragma: c.exec_driver_sql(f"PRAGMA {name}").scalar()) == value


async def test_only_the_owner_may_read_any_of_the_files(open_, folder):
    engine = open_()
    await engine.write(put(1))
    assert names(folder) == ["journal.db", "journal.db-shm", "journal.db-wal"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


async def test_closing_leaves_one_whole_file(open_, folder):
    engine = open_()
    await engine.write(put(1))
    await engine.close()
    assert names(folder) == ["journal.db"]


async def test_the_size_counts_the_log(open_, folder):
    engine = open_()
    await engine.write(put(*range(1000)))
    assert await engine.size() == sum(file.stat().st_size for file in folder.iterdir())


async def test_a_fault_of_ours_goes_through_and_leaves_nothing(open_):
    engine = open_()
    with pytest.raises(ZeroDivisionError):
        await engine.write(lambda c: put(1)(c) or 1 / 0)
    assert await engine.read(everything) == []


async def test_what_a_reader_changes_is_not_kept(open_):
    engine = open_()
    await engine.read(put(1))
    assert await engine.read(everything) == []


async def test_a_row_that_cannot_be_is_told_apart_and_nothing_of_its_transaction_stays(open_):
    engine = open_()
    await engine.write(put(1))
    with pytest.raises(Away) as told:
        await engine.write(put(2, 1))
    assert told.value.kind is Kind.DATA
    assert await engine.read(everything) == [1]


async def test_no_message_shows_what_the_driver_said(open_):
    with pytest.raises(Away) as told:
        await open_().write(lambda c: c.exec_driver_sql("SELECT privileged FROM nowhere"))
    assert str(told.value) == "the journal is away: other"
    assert told.value.__cause__ is None
    assert told.value.__suppress_context__


async def test_a_full_disk_is_away_until_there_is_room(open_):
    engine = open_()
    limit = await engine.read(lambda c: c.exec_driver_sql("PRAGMA page_count").scalar())

    def too_much(c):
        c.exec_driver_sql(f"PRAGMA max_page_count = {limit + 2}")
        c.exec_driver_sql("INSERT INTO event VALUES (1, zeroblob(100000))")

    with pytest.raises(Away) as told:
        await engine.write(too_much)
    assert told.value.kind is Kind.FULL
    await engine.read(lambda c: c.exec_driver_sql("PRAGMA max_page_count = 100000") and None)
    await engine.write(put(2))
    assert await engine.read(everything) == [2]


async def test_a_file_that_cannot_be_written_is_away_until_it_can(open_):
    engine = open_()
    with pytest.raises(Away) as told:
        await engine.write(lambda c: c.exec_driver_sql("PRAGMA query_only = 1") and put(1)(c))
    assert told.value.kind is Kind.READ_ONLY
    await engine.write(put(2))
    assert await engine.read(everything) == [2]


async def test_a_folder_that_cannot_be_made_is_away(tmp_path):
    (tmp_path / "file").touch()
    engine = Sqlite(tmp_path / "file" / "state", prepare, VirtualClock())
    with pytest.raises(Away) as told:
        await engine.read(everything)
    assert told.value.kind is Kind.UNREACHABLE
    await engine.close()


async def test_somebody_else_s_lock_is_away_and_not_forever(open_, folder, monkeypatch):
    monkeypatch.setattr("syncwatch.state.store.sqlite.BUSY", 0.0)
    engine = open_()
    await engine.write(put(1))
    other = sqlite3.connect(folder / "journal.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Away) as told:
        await engine.write(put(2))
    assert told.value.kind is Kind.LOCKED
    other.execute("ROLLBACK")
    other.close()
    await engine.write(put(3))
    assert await engine.read(everything) == [1, 3]


async def test_a_failure_out_of_the_commit_itself_is_in_doubt_and_the_next_call_begins_well(open_):
    engine = open_()

    def keep_promises(c):
        driver = c.connection.driver_connection
        driver.rollback()
        driver.execute("PRAGMA foreign_keys = 1")

    def owe(c):
        c.exec_driver_sql("CREATE TABLE debt (n REFERENCES event DEFERRABLE INITIALLY DEFERRED)")
        c.exec_driver_sql("INSERT INTO debt VALUES (7)")

    await engine.read(keep_promises)
    with pytest.raises(InDoubt):
        await engine.write(owe)
    await engine.write(put(1))
    assert await engine.read(everything) == [1]


class Held:
    """Where the journal's thread waits until the end of `with`."""

    def __init__(self):
        self._here, self._go_on = threading.Event(), threading.Event()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._go_on.set()

    def wait(self, *_):
        self._here.set()
        self._go_on.wait()

    async def times_out(self, call):
        """Begin a call, and once the thread waits let the call's time be over; gives what it fails with."""
        calling = asyncio.create_task(call)
        await asyncio.to_thread(self._here.wait)
        await settled()
        loop, now = asyncio.get_running_loop(), asyncio.get_running_loop().time
        loop.time = lambda: now() + OPENING
        [failure] = await asyncio.gather(calling, return_exceptions=True)
        return failure


async def test_a_call_that_takes_too_long_is_not_committed_later_and_the_next_one_waits_for_it(open_):
    engine = open_()
    await engine.read(everything)
    with Held() as held:
        for call in (engine.write(lambda c: put(1)(c) or held.wait()), engine.write(put(2)), engine.size()):
            failure = await held.times_out(call)
            assert (type(failure), failure.kind) == (Away, Kind.TIMEOUT)
    await engine.write(put(3))
    assert await engine.read(everything) == [3]


async def test_a_commit_that_takes_too_long_is_in_doubt(open_):
    engine = open_()
    await engine.read(everything)
    with Held() as held:
        event.listen(engine._engine, "commit", held.wait)
        failure = await held.times_out(engine.write(put(1)))
        assert (type(failure), failure.kind) == (InDoubt, Kind.TIMEOUT)
    assert await engine.read(everything) == [1]


async def test_only_the_first_look_at_a_file_may_take_long(open_):
    engine = open_()
    await engine.read(everything)
    engine._let_go()  # as after an error
    with Held() as held:
        engine._prepare, engine._patience = held.wait, 0.0
        with pytest.raises(Away):
            await engine.read(everything)


async def test_a_caller_who_goes_away_does_not_disturb_the_next(open_):
    engine = open_()
    go_on, begun = threading.Event(), threading.Event()

    def slow(c):
        put(1)(c)
        begun.set()
        go_on.wait()

    caller = asyncio.create_task(engine.write(slow))
    await asyncio.to_thread(begun.wait)
    caller.cancel()
    after = asyncio.create_task(engine.write(put(2)))
    go_on.set()
    await after
    assert await engine.read(everything) == [1, 2]


async def test_a_damaged_file_is_moved_aside_at_start_and_a_fresh_one_is_begun(open_, folder):
    before = open_()
    await before.write(put(*range(5000)))
    await before.close()
    damage(folder / "journal.db")
    engine = open_()
    with structlog.testing.capture_logs() as logs:
        assert await engine.read(everything) == []
    [entry] = logs
    assert (entry["event"], entry["log_level"]) == ("journal_corrupt", "error")
    assert entry["moved_to"] == "journal.db.corrupt-20231114T221320.000000Z"
    assert entry["moved_to"] in names(folder)
    await engine.write(put(1))
    assert await engine.read(everything) == [1]


@pytest.mark.parametrize(
    "content", [b"this is no database, whatever its name says" * 100, b"SQLite format 3\0"]
)
async def test_what_is_no_database_is_moved_aside(open_, folder, content):
    folder.mkdir()
    (folder / "journal.db").write_bytes(content)
    engine = open_()
    await engine.write(put(1))
    assert await engine.read(everything) == [1]
    assert (folder / "journal.db.corrupt-20231114T221320.000000Z").read_bytes() == content


async def test_damage_found_in_the_middle_costs_that_call_and_nothing_after_it(open_, folder):
    engine = open_()
    await engine.write(put(*range(5000)))
    await engine.read(lambda c: c.exec_driver_sql("PRAGMA cache_size = 0") and None)
    other = sqlite3.connect(folder / "journal.db")
    other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    other.close()
    damage(folder / "journal.db")
    with structlog.testing.capture_logs() as logs, pytest.raises(Away) as told:
        await engine.read(everything)
    assert told.value.kind is Kind.CORRUPT
    assert [entry["event"] for entry in logs] == ["journal_corrupt"]
    await engine.write(put(1))
    assert await engine.read(everything) == [1]


@pytest.mark.parametrize("pause", [0.0000005, 1.0])
async def test_of_the_damaged_files_the_newest_are_kept_and_none_is_overwritten(folder, pause):
    folder.mkdir()
    clock = VirtualClock()
    for n in range(5):
        clock.time += pause
        (folder / "journal.db").write_bytes(b"damage %d " % n * 1000)
        engine = Sqlite(folder, prepare, clock)
        await engine.read(everything)
        await engine.close()
    kept = [file for file in sorted(folder.iterdir()) if "corrupt" in file.name]
    assert [file.read_bytes()[:8] for file in kept] == [b"damage 2", b"damage 3", b"damage 4"]


async def test_the_log_of_a_damaged_file_is_not_read_into_a_fresh_one(open_, folder):
    before = open_()
    await before.write(put(1))
    log = (folder / "journal.db-wal").read_bytes()
    await before.close()
    (folder / "journal.db").unlink()
    (folder / "journal.db-wal").write_bytes(log)  # as if the move had ended half way
    assert await open_().read(everything) == []


async def test_a_refusal_goes_through_each_time(open_):
    def refuse(c):
        raise JournalRefused("newer than this program")

    engine = open_(refuse)
    for _ in range(2):
        with pytest.raises(JournalRefused, match="newer"):
            await engine.read(everything)


async def test_a_schema_that_could_not_be_made_is_made_with_the_next_call(open_):
    tries = []

    def at_the_second_try(c):
        tries.append(c)
        prepare(c)
        if len(tries) == 1:
            c.exec_driver_sql("SELECT * FROM nowhere")

    engine = open_(at_the_second_try)
    with pytest.raises(Away):
        await engine.write(put(1))
    await engine.write(put(2))
    assert await engine.read(everything) == [2]
    assert len(tries) == 2


async def test_a_file_that_was_cut_to_nothing_is_moved_aside_like_any_other_damage(open_, folder):
    folder.mkdir()
    (folder / "journal.db").touch()
    engine = open_()
    with structlog.testing.capture_logs() as logs:
        await engine.write(put(1))
    assert [entry["event"] for entry in logs] == ["journal_corrupt"]
    assert await engine.read(everything) == [1]


async def test_a_file_that_is_begun_and_not_filled_yet_is_no_damage(open_):
    tries = []

    def fail_once(c):
        tries.append(c)
        if len(tries) == 1:
            raise Away(Kind.FULL)
        prepare(c)

    engine = open_(fail_once)
    with structlog.testing.capture_logs() as logs:
        with pytest.raises(Away):
            await engine.write(put(1))
        await engine.write(put(2))
    assert logs == []


@pytest.mark.parametrize("write", [True, False])
async def test_a_file_that_was_deleted_while_it_was_open_is_begun_anew(open_, folder, write):
    engine = open_()
    await engine.write(put(1))
    (folder / "journal.db").unlink()
    with structlog.testing.capture_logs() as logs:
        assert await (engine.write if write else engine.read)(everything) == []
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [("journal_gone", "error")]
    await engine.write(put(2))
    await engine.close()
    assert await open_().read(everything) == [2]


async def test_a_file_put_in_the_place_of_the_open_one_is_gone_on_with_and_not_mixed_with_its_log(
    open_, folder
):
    backup = open_()
    await backup.write(put(7))
    await backup.close()
    content = (folder / "journal.db").read_bytes()
    engine = open_()
    await engine.write(put(*range(10, 2000)))
    (folder / "backup").write_bytes(content)
    (folder / "backup").rename(folder / "journal.db")
    assert await engine.read(everything) == [7]
    await engine.write(put(8))
    await engine.close()
    assert await open_().read(everything) == [7, 8]


async def test_closing_leaves_nothing_of_what_was_deleted_though_another_has_it_open(open_, folder):
    secret = b"a user of a firm that is to be forgotten"
    daemon, command = open_(), open_()
    await daemon.write(lambda c: c.exec_driver_sql("INSERT INTO event VALUES (1, ?)", (secret,)) and None)
    await command.write(lambda c: c.exec_driver_sql("DELETE FROM event") and None)
    assert any(secret in file.read_bytes() for file in folder.iterdir())
    await command.close()
    assert not any(secret in file.read_bytes() for file in folder.iterdir())
    await daemon.write(put(2))
    assert await daemon.read(everything) == [2]
