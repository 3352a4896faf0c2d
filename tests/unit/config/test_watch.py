"""What counts as a change of a file: its content, however it comes about."""

import os

import pytest

from syncwatch.config.watch import Watch


@pytest.fixture
def watch():
    return Watch()


def test_the_first_look_finds_nothing_changed(watch, tmp_path):
    file = tmp_path / "a.yaml"
    file.write_text("a")
    assert watch.changed([file, tmp_path / "absent"], [f"{tmp_path}/*.yaml"]) == set()
    assert watch.changed([file, tmp_path / "absent"], [f"{tmp_path}/*.yaml"]) == set()


def test_another_content_is_a_change_once(watch, tmp_path):
    file, other = tmp_path / "a", tmp_path / "b"
    file.write_text("a")
    other.write_text("b")
    watch.changed([file, other])
    file.write_text("A")
    assert watch.changed([file, other]) == {file}
    assert watch.changed([file, other]) == set()


def test_the_same_content_written_anew_is_none(watch, tmp_path):
    file, written = tmp_path / "a", tmp_path / "new"
    file.write_text("a")
    watch.changed([file])
    os.utime(file, (1, 1))
    assert watch.changed([file]) == set()
    written.write_text("a")
    written.replace(file)  # as editors save
    assert watch.changed([file]) == set()


def test_a_file_that_comes_or_goes_has_changed(watch, tmp_path):
    file = tmp_path / "a"
    watch.changed([file])
    file.write_text("a")
    assert watch.changed([file]) == {file}
    file.unlink()
    assert watch.changed([file]) == {file}
    assert watch.changed([file]) == set()


def test_a_file_that_comes_to_fit_a_pattern_or_no_longer_does_has_changed(watch, tmp_path):
    (tmp_path / "a.yaml").write_text("a")
    patterns = [f"{tmp_path}/*.yaml"]
    watch.changed([], patterns)
    (tmp_path / "b.yaml").write_text("b")
    (tmp_path / "b.txt").write_text("b")
    assert watch.changed([], patterns) == {tmp_path / "b.yaml"}
    (tmp_path / "a.yaml").unlink()
    assert watch.changed([], patterns) == {tmp_path / "a.yaml"}
    assert watch.changed([], patterns) == set()


def test_a_pattern_that_is_new_has_no_changes_yet(watch, tmp_path):
    (tmp_path / "a.yaml").write_text("a")
    watch.changed([])
    assert watch.changed([], [f"{tmp_path}/*.yaml"]) == set()


def test_a_folder_swapped_behind_a_symbolic_link_is_seen_through(watch, tmp_path):
    """As a ConfigMap is updated: file -> ..data -> a folder with a time in its name."""
    for name, content in (("..1", "old"), ("..2", "new"), ("..3", "new")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "syncwatch.yaml").write_text(content)
    data, file = tmp_path / "..data", tmp_path / "syncwatch.yaml"
    data.symlink_to("..1")
    file.symlink_to("..data/syncwatch.yaml")

    def swap(folder):
        (tmp_path / "..tmp").symlink_to(folder)
        (tmp_path / "..tmp").replace(data)

    watch.changed([file])
    swap("..2")
    assert watch.changed([file]) == {file}
    swap("..3")
    assert watch.changed([file]) == set(), "another folder, the same content"


def test_what_is_no_file_keeps_nobody_waiting(watch, tmp_path):
    pipe, folder = tmp_path / "pipe", tmp_path / "folder"
    os.mkfifo(pipe)
    folder.mkdir()
    assert watch.changed([pipe, folder]) == set()
    folder.rmdir()
    folder.write_text("now a file")
    assert watch.changed([pipe, folder]) == {folder}


def test_contents_are_not_kept(watch, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("hunter2-canary")
    watch.changed([secret])
    assert "hunter2-canary" not in repr(vars(watch))


def test_what_was_written_since_it_was_read_has_changed_at_the_first_look_too(watch, tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("a")
    new.write_text("a")
    read = old.stat().st_ctime + 100
    os.utime(new, (read + 1, read + 1))
    assert watch.changed([old, new, tmp_path / "absent"], since=read) == {new}
    assert watch.changed([old, new, tmp_path / "absent"], since=read) == set()


def test_a_time_that_was_set_back_hides_no_change(watch, tmp_path):
    file = tmp_path / "a"
    file.write_text("secret-a")
    os.utime(file, (1, 1))
    watch.changed([file])
    file.write_text("secret-b")
    os.utime(file, (1, 1))
    assert watch.changed([file]) == {file}
