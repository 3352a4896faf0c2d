import os
import socket

import pytest

from syncwatch.config.files import opened


def test_a_file_is_opened_also_behind_a_link(tmp_path):
    (tmp_path / "file").write_bytes(b"here")
    (tmp_path / "link").symlink_to("file")
    with opened(tmp_path / "link") as file:
        assert file.read() == b"here"


def test_what_is_no_regular_file_is_an_oserror_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name, says in (
        ("pipe", "is no regular file"),
        ("/dev/zero", "is no regular file"),
        ("folder", "Is a directory"),
        ("absent", "No such file"),
    ):
        with pytest.raises(OSError, match=says):
            opened(tmp_path / name)


def test_a_socket_is_none_either(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # its name must be short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        with pytest.raises(OSError, match="No such device or address"):
            opened(tmp_path / "socket")
