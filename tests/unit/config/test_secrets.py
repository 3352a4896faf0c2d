import os
import traceback

import pytest

from syncwatch.config.secrets import Credential, FileSecret, SecretUnavailable, VariableSecret

CANARY = "hunter2-canary"


def test_a_file_is_read_again_when_it_changes(tmp_path):
    file = tmp_path / "secret"
    file.write_text("one\n")
    secret = FileSecret(file)
    assert secret.read().get_secret_value() == "one"

    file.write_text("second\r\n")
    assert secret.read().get_secret_value() == "second"

    other = tmp_path / "other"  # as Kubernetes does it: another inode, the same size
    other.write_text("fourth\n\n")
    os.replace(other, file)  # noqa: PTH105 - as it is done
    assert secret.read().get_secret_value() == "fourth"


def test_a_file_that_does_not_change_is_not_read_again(tmp_path):
    file = tmp_path / "secret"
    file.write_text("one")
    secret = FileSecret(file)
    before = file.stat()
    secret.read()
    file.write_text("two")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert secret.read().get_secret_value() == "one"


def test_a_file_that_goes_bad_is_not_answered_from_memory(tmp_path):
    file = tmp_path / "secret"
    file.write_text("one")
    secret = FileSecret(file)
    secret.read()
    file.write_text("")
    for _ in range(2):
        with pytest.raises(SecretUnavailable, match="is empty"):
            secret.read()
    file.unlink()
    with pytest.raises(SecretUnavailable, match="cannot be read: no such file or directory"):
        secret.read()


def test_a_file_that_became_a_pipe_is_refused_and_not_waited_for(tmp_path):
    file = tmp_path / "secret"
    file.write_text("one")
    secret = FileSecret(file)
    secret.read()
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(SecretUnavailable, match="cannot be read: is no regular file"):
        secret.read()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (CANARY.encode() + b"\xff", "is not UTF-8 text"),
        (CANARY.encode() * 10_000, "is larger than 64 KiB"),
    ],
)
def test_what_can_be_no_secret_is_named_and_not_shown(tmp_path, content, says):
    file = tmp_path / "secret"
    file.write_bytes(content)
    with pytest.raises(SecretUnavailable) as error:
        FileSecret(file).read()
    assert str(error.value) == f"the file {file} {says}"
    assert error.value.reason == f"the file that it names {says}"
    assert error.value.__context__ is None
    assert CANARY not in "".join(traceback.format_exception(error.value))


def test_a_variable():
    environ = {"TOKEN": "abc\n", "EMPTY": "", "ODD": f"{CANARY}\udcff"}
    assert VariableSecret("TOKEN", environ).read().get_secret_value() == "abc"
    for name, says in (("EMPTY", "is empty"), ("ABSENT", "is not set"), ("ODD", "is not UTF-8 text")):
        with pytest.raises(SecretUnavailable, match=f"^the environment variable {name} {says}$") as error:
            VariableSecret(name, environ).read()
        assert error.value.reason == f"the environment variable that it names {says}"


def test_reprs_say_where_a_secret_is_and_not_what_it_is(tmp_path):
    file = tmp_path / "secret"
    file.write_text(CANARY)
    in_file, in_variable = FileSecret(file), VariableSecret("NAME", {"NAME": CANARY})
    values = [in_file.read(), in_variable.read()]
    credential = Credential("c", "client", in_file, in_variable, frozenset({"secret-host"}))
    named = Credential("c", None, None, None, frozenset(), username="somebody@x.example", password=in_file)
    seen = repr([credential, named, *values]) + str(values[0])
    assert [each for each in (CANARY, "secret-host", "somebody") if each in seen] == []
    assert str(file) in seen
    assert "NAME" in seen


def test_the_same_place_is_the_same_secret_so_that_a_reload_finds_no_difference(tmp_path):
    (tmp_path / "s").write_text("one")
    used = FileSecret(tmp_path / "s")
    used.read()
    first = Credential("c", None, None, used, frozenset())
    assert first == Credential("c", None, None, FileSecret(tmp_path / "s"), frozenset())
    assert first != Credential("c", None, None, FileSecret(tmp_path / "t"), frozenset())
    assert VariableSecret("A", {"A": "1"}) == VariableSecret("A", {"A": "2"})
