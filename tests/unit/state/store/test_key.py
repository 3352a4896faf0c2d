"""The fingerprint key: made once, whole, for nobody else to read, and never replaced while a journal needs it."""

import errno
import os
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from syncwatch.state.store.key import embedded_key, key_check, read_key
from syncwatch.state.store.refused import JournalRefused


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "state"


def test_the_key_is_made_at_the_first_start_and_stays(folder):
    key = embedded_key(folder)
    assert len(key) == 32
    assert embedded_key(folder) == key == (folder / "journal.key").read_bytes()


def test_nobody_else_may_read_it(folder):
    embedded_key(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "journal.key").stat().st_mode) == 0o600


def test_nothing_else_is_left_in_the_folder(folder):
    embedded_key(folder)
    assert [file.name for file in folder.iterdir()] == ["journal.key"]


def test_two_folders_have_two_keys(tmp_path):
    assert embedded_key(tmp_path / "a") != embedded_key(tmp_path / "b")


def test_of_many_first_starts_at_once_all_have_the_same_key(folder):
    with ThreadPoolExecutor(16) as starts:
        keys = set(starts.map(lambda _: embedded_key(folder), range(64)))
    assert len(keys) == 1


def test_a_start_that_loses_by_a_moment_uses_the_key_of_the_other(folder, monkeypatch):
    fsync = os.fsync

    def meanwhile(handle):
        monkeypatch.setattr(os, "fsync", fsync)
        (folder / "journal.key").write_bytes(b"o" * 32)

    monkeypatch.setattr(os, "fsync", meanwhile)
    assert embedded_key(folder) == b"o" * 32


def test_a_lost_key_is_not_made_again_for_a_journal_that_is_there(folder):
    folder.mkdir()
    (folder / "journal.db").touch()
    with pytest.raises(JournalRefused, match=r"journal.key is lost.*put it back"):
        embedded_key(folder)
    assert not (folder / "journal.key").exists()


def test_a_disk_that_cannot_be_written_at_the_first_start_says_what_to_do(folder, monkeypatch):
    def refuse(*_, **__):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    with pytest.raises(JournalRefused) as told:
        embedded_key(folder)
    assert str(told.value) == (
        f"cannot make the key {folder}/journal.key: read-only file system: make the folder writable once, or put 32 "
        "random bytes there"
    )


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(JournalRefused, match="cannot make the key"):
        embedded_key(tmp_path / "file" / "state")


def test_a_key_without_a_folder_to_write_in_is_enough(folder, monkeypatch):
    embedded_key(folder)
    monkeypatch.setattr("tempfile.mkstemp", None)
    assert len(embedded_key(folder)) == 32


@pytest.mark.parametrize("length", [32, 64 << 10])
def test_a_configured_key_is_taken_as_it_is(tmp_path, length):
    content = b"\n" * length
    (tmp_path / "key").write_bytes(content)
    assert read_key(tmp_path / "key") == content


@pytest.mark.parametrize(("length", "why"), [(0, "too short"), (31, "too short"), ((64 << 10) + 1, "64 KiB")])
def test_what_is_no_key_is_refused_without_showing_it(tmp_path, length, why):
    (tmp_path / "key").write_bytes(b"x" * length)
    with pytest.raises(JournalRefused, match=why) as told:
        read_key(tmp_path / "key")
    assert str(tmp_path / "key") in str(told.value)
    assert "xxx" not in str(told.value)


def test_a_configured_key_that_is_not_there_names_the_file(tmp_path):
    with pytest.raises(JournalRefused, match=r"key: no such file or directory"):
        read_key(tmp_path / "key")


def test_the_check_tells_keys_apart_and_is_always_the_same():
    assert key_check(b"a" * 32) == key_check(b"a" * 32) == bytes.fromhex("bbfe697ce46e4ea618cdc700f97d1da5")
    assert key_check(b"a" * 32) != key_check(b"b" * 32)
