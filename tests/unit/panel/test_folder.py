"""Exports in a folder, in the hands of somebody who writes them at any time and in any way."""

import asyncio
import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from syncwatch.errors import PollError, Reason
from syncwatch.panel.exports import Kept
from syncwatch.panel.panel import Panel
from unit.panel.made import SESSIONS, compiled, ids, merged, users

CSV = {"format": "csv", **users(path="users.csv")}
WIDE = merged(CSV, {"tables": {"sessions": {**SESSIONS, "path": "sessions.csv"}}})
HEAD = "id,mailbox,switch\n"


def listed(*names: str, quoted: bool = False) -> str:
    mark = '"' if quoted else ""
    return HEAD + "".join(f"{mark}{name}{mark},{mark}Ready{mark},{mark}On{mark}\n" for name in names)


def runs(*jobs: str) -> str:
    return "who,job,at,status\n" + "".join(
        f"a,{job},2026-01-02T03:04:0{at},ok\n" for at, job in enumerate(jobs)
    )


class Dropped:
    """A folder that a test writes to, and the panel that reads it."""

    def __init__(self, folder: Path, panel: Panel, clock: Any) -> None:
        self.folder, self.panel, self.clock = folder, panel, clock
        self.marks: Mapping[str, Any] = {}
        self.reading = panel.reading()

    def put(self, name: str, content: str | bytes, age: float = 100.0) -> None:
        """Write a file that is so many seconds old."""
        file = self.folder / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        os.utime(file, (self.clock.time - age,) * 2)

    def forget(self) -> None:
        """As if the process had started anew, and nothing was in the journal."""
        self.marks = {}
        self.panel._kept = Kept()

    async def poll(self, *, reread: bool = False) -> list[str] | None:
        """The ids of the users, None if nothing has changed; marks are kept as by a poll."""
        self.reading = self.panel.reading()
        [page] = await self.reading.users({} if reread else self.marks)
        self.marks = {"": page.mark}
        return None if page.rows is None else [row.id for row in page.rows]


@pytest.fixture
def dropped(tmp_path, http, clock):
    def make(change: dict[str, Any] = CSV, **own: Any) -> Dropped:
        folder = tmp_path / "firm exports"
        folder.mkdir(exist_ok=True)
        panel = Panel(folder.as_uri(), compiled(tmp_path, change), None, http, clock, **own)
        return Dropped(folder, panel, clock)

    return make


async def test_the_time_of_the_data_is_that_of_the_oldest_file(dropped, clock):
    folder = dropped(WIDE)
    folder.put("users.csv", listed("a"), age=100)
    folder.put("sessions.csv", runs("j1"), age=5000)
    assert await folder.poll() == ["a"]
    assert folder.reading.time == clock.time - 5000


async def test_a_file_from_the_future_is_of_now(dropped, clock):
    folder = dropped()
    folder.put("users.csv", listed("a"), age=-900)
    assert await folder.poll() == ["a"]
    assert folder.reading.time == clock.time


async def test_a_set_that_has_not_changed_is_not_read_again_not_even_by_another_process(dropped, clock):
    folder = dropped(WIDE)
    folder.put("users.csv", listed("a"))
    folder.put("sessions.csv", runs("j1"))
    assert await folder.poll() == ["a"]
    assert await folder.poll() is None
    restarted = dropped(WIDE)
    restarted.marks = folder.marks
    assert await restarted.poll() is None
    assert restarted.reading.time == clock.time - 100
    assert [row.job for row in await restarted.reading.sessions("a", back_to=None)] == ["j1"]


async def test_one_new_file_makes_a_new_set(dropped):
    folder = dropped(WIDE)
    folder.put("users.csv", listed("a"))
    folder.put("sessions.csv", runs("j1"))
    await folder.poll()
    folder.put("sessions.csv", runs("j1", "j2"), age=50)
    assert await folder.poll() == ["a"]
    assert {row.job for row in await folder.reading.sessions("a", back_to=None)} == {"j1", "j2"}


async def test_what_is_asked_for_whole_comes_whole(dropped):
    folder = dropped()
    folder.put("users.csv", listed("a"))
    await folder.poll()
    assert await folder.poll(reread=True) == ["a"]
    assert await folder.poll() is None


async def test_a_set_that_lost_most_of_itself_is_believed_by_the_second_poll_that_finds_it(dropped, clock):
    folder = dropped()
    folder.put("users.csv", listed(*"abcdefghij"))
    await folder.poll()
    before = folder.reading.time
    clock.time += 60
    folder.put("users.csv", listed("a"), age=10)
    assert await folder.poll() is None, "the set before counts"
    assert folder.reading.time == before
    assert await folder.poll() == ["a"]
    assert folder.reading.time == clock.time - 10


async def test_a_file_that_was_small_for_one_poll_only_is_never_believed(dropped):
    folder = dropped()
    for age, names in ((90, "abcdefghij"), (80, "a"), (70, "abcdefghijk"), (60, "b"), (50, "abcdefghij")):
        folder.put("users.csv", listed(*names), age=age)
        assert await folder.poll() == (list(names) if len(names) > 1 else None)


async def test_users_who_are_missing_are_not_believed_to_be_gone_at_first_sight(dropped):
    folder = dropped()
    folder.put("users.csv", listed(*"abcdefghij"))
    await folder.poll()
    folder.put("users.csv", listed(*"abcdefg"), age=10)
    assert await folder.poll() is None
    assert await folder.poll() == list("abcdefg")


async def test_a_smaller_set_without_the_one_before_in_memory_is_an_error_first(dropped):
    folder = dropped()
    folder.put("users.csv", listed(*"abcdefghij"))
    await folder.poll()
    folder.put("users.csv", listed("a"), age=10)
    with pytest.raises(PollError, match="decode: users: fewer rows than before"):
        await folder.poll(reread=True)
    assert await folder.poll(reread=True) == ["a"]


async def test_an_older_set_is_not_believed(dropped, clock):
    folder = dropped()
    folder.put("users.csv", listed("a", "b"), age=100)
    await folder.poll()
    folder.put("users.csv", listed("x", "y", "z"), age=9000)
    for _ in range(2):
        assert await folder.poll() is None
        assert folder.reading.time == clock.time - 100


async def test_a_missing_file_fails_the_poll_and_names_no_path(dropped):
    folder = dropped(WIDE)
    folder.put("users.csv", listed("a"))
    with pytest.raises(PollError, match="connect: sessions: the file cannot be read: no such file") as caught:
        await folder.poll()
    assert str(folder.folder) not in str(caught.value)
    assert "firm exports" not in str(caught.value)
    assert caught.value.__context__ is None


async def test_a_folder_in_the_place_of_a_file_fails_the_poll(dropped):
    folder = dropped()
    (folder.folder / "users.csv").mkdir()
    with pytest.raises(PollError) as caught:
        await folder.poll()
    assert caught.value.reason is Reason.CONNECT


async def test_a_file_that_was_written_a_moment_ago_is_left_to_settle(dropped, clock):
    folder = dropped()
    folder.put("users.csv", listed("a"), age=0.5)
    before = clock.time
    assert await folder.poll() == ["a"]
    assert before < clock.time <= before + 5


@pytest.mark.parametrize("replace", [True, False])
async def test_a_file_that_changes_while_it_settles_is_not_read(dropped, clock, monkeypatch, replace):
    folder = dropped()
    folder.put("users.csv", listed("a"), age=100)
    await folder.poll()
    folder.put("users.csv", listed("a", "b"), age=0)

    async def written_meanwhile(seconds: float) -> None:
        clock.time += seconds
        if replace:
            folder.put("new.csv", listed("a", "z"), age=0)
            (folder.folder / "new.csv").replace(folder.folder / "users.csv")
        else:
            folder.put("users.csv", listed("a", "b", "c"), age=0)

    monkeypatch.setattr(clock, "sleep", written_meanwhile)
    assert await folder.poll() is None
    clock.time += 60
    assert len(await folder.poll() or ()) == (2 if replace else 3)


@pytest.mark.parametrize("quoted", [True, False])
@pytest.mark.parametrize("before", [True, False])
async def test_however_a_file_is_cut_no_user_is_lost_without_a_word(dropped, quoted, before):
    """Cut at each of its bytes: an error, or the set before."""
    whole = listed("a", "b", "cee", quoted=quoted)
    folder = dropped()
    for cut in range(1, len(whole)):
        half = whole[:-cut]
        if half.endswith("\n") and not before:
            continue  # a whole file, as far as anybody can tell
        folder.forget()
        if before:
            folder.put("users.csv", whole, age=200)
            await folder.poll()
        folder.put("users.csv", half, age=10)
        found: object = "an error"
        with suppress(PollError):
            found = await folder.poll()
        assert found in ((None,) if before else ("an error",)), half


async def test_a_last_line_without_its_end_is_believed_when_it_has_stood_still(dropped, clock):
    folder = dropped()
    folder.put("users.csv", listed("a", "b").removesuffix("\n"), age=10)
    with pytest.raises(PollError, match="decode: users: the last line is not finished"):
        await folder.poll()
    clock.time += 60
    assert await folder.poll() == ["a", "b"]


async def test_a_longer_file_that_ends_in_the_middle_leaves_the_set_before(dropped, clock):
    folder = dropped()
    folder.put("users.csv", listed("a"), age=100)
    await folder.poll()
    for half in (
        listed("a", "b") + "c,Rea",
        listed("a", "b") + '"c","Rea',
        listed("a", "b").encode() + b"c,Ready,\xc3",
    ):
        folder.put("users.csv", half, age=90)
        assert await folder.poll() is None
        assert folder.reading.time == clock.time - 100


async def test_an_empty_file_is_not_a_firm_without_users(dropped):
    folder = dropped()
    folder.put("users.csv", "", age=9000)
    with pytest.raises(PollError, match="decode: users: the file is empty"):
        await folder.poll()


async def test_two_users_of_one_id_are_told_and_neither_is_guessed(dropped):
    folder = dropped()
    folder.put("users.csv", listed("a", "b", "a"))
    folder.reading = folder.panel.reading()
    [page] = await folder.reading.users({})
    assert ids([page]) == ["b"]
    assert page.refused == ("a",)
    assert folder.reading.figures.unknown_values == {"users.id": 2}


async def test_a_restart_makes_the_same_ids(dropped):
    change = merged(CSV, users(fields={"id": {"hash": ["id"]}}))
    first, second = dropped(change), dropped(change)
    first.put("users.csv", listed("Ann"))
    assert await first.poll() == await second.poll() != ["Ann"]


async def test_a_tenants_parameters_are_filled_into_a_files_name(dropped):
    folder = dropped(merged(CSV, users(path="{firm}-users.csv")), parameters={"firm": "firm-7"})
    folder.put("firm-7-users.csv", listed("a"))
    assert await folder.poll() == ["a"]


async def test_a_pipe_is_no_file(dropped, monkeypatch):
    folder = dropped()
    os.mkfifo(folder.folder / "users.csv")
    opened = []

    def would_hang(self: Path, *_: object, **__: object) -> None:
        opened.append(self)
        raise PermissionError

    monkeypatch.setattr(Path, "open", would_hang)
    os.utime(folder.folder / "users.csv", (1, 1))
    with pytest.raises(PollError):
        await folder.poll()
    assert not opened


async def test_the_tenant_says_whether_an_export_is_whole(tmp_path):
    assert not compiled(tmp_path, WIDE).sight.silence
    assert compiled(tmp_path, WIDE, complete=True).sight.silence
    whole = merged(WIDE, {"tables": {"sessions": {"complete": True}}})
    assert compiled(tmp_path, whole).sight.silence
    assert not compiled(tmp_path, whole, complete=False).sight.silence
    assert compiled(tmp_path, CSV).sight.live is False


async def test_a_file_server_that_hangs_keeps_nobody_else_waiting(dropped, monkeypatch):
    folder = dropped()
    folder.put("users.csv", listed("a"))
    await folder.poll()
    released, stat = threading.Event(), Path.stat

    def hang(path: Path, **options: Any) -> os.stat_result:
        if path.name == "users.csv":
            released.wait()
        return stat(path, **options)

    monkeypatch.setattr(Path, "stat", hang)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await folder.poll()
    with pytest.raises(PollError, match="timeout: the folder has not answered"):
        await folder.poll()
    released.set()
    folder.panel._kept.busy.wait(5)
    assert await folder.poll() is None


async def test_a_time_in_the_future_is_that_at_which_it_was_first_seen(dropped, clock):
    folder = dropped()
    folder.put("users.csv", listed("a"), age=-900)
    await folder.poll()
    seen = clock.time
    clock.time += 600
    assert await folder.poll() is None
    assert folder.reading.time == seen
    folder.put("users.csv", listed("a", "b"), age=60)
    assert await folder.poll() == ["a", "b"]


async def test_a_set_that_shrinks_further_is_not_believed_either(dropped):
    folder = dropped()
    for names, age, believed in (
        ("abcdefgh", 90, True),
        ("abcdefg", 80, False),
        ("ab", 70, False),
        ("abc", 60, True),
    ):
        folder.put("users.csv", listed(*names), age=age)
        assert await folder.poll() == (list(names) if believed else None)


@pytest.mark.parametrize(
    ("content", "age", "why"),
    [
        (listed("a", "b") + "c,Rea", 10, "users: the last line is not finished"),
        (listed("a", "b") + 'c,"Rea', 100, "users: the file ends inside quotes"),
        (listed("a", "b"), 5000, "the files are older than those read before"),
    ],
)
async def test_what_keeps_the_newest_set_from_being_read_is_told_when_it_lasts(dropped, content, age, why):
    folder = dropped()
    folder.put("users.csv", listed("a", "b"), age=200)
    await folder.poll()
    assert folder.reading.held is None
    folder.put("users.csv", content, age=age)
    await folder.poll()
    assert folder.reading.held is None  # somebody may be writing it right now
    assert await folder.poll() is None
    assert folder.reading.held.reason is Reason.DECODE
    assert why in folder.reading.held.detail
    folder.put("users.csv", listed("a", "b", "c"), age=5)
    assert await folder.poll() == ["a", "b", "c"]
    assert folder.reading.held is None
