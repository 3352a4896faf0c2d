"""The section `state` in the light of the whole file."""

import subprocess
import sys
from pathlib import Path

import pytest

from syncwatch.config.loader import Config, load
from syncwatch.errors import ConfigError

CANARY = "hunter2-canary"
URL = "url: postgresql://syncwatch@localhost/journal"
NORMAL = "postgresql+asyncpg://syncwatch@localhost/journal"


@pytest.fixture
def loading(tmp_path):
    (tmp_path / "password").write_text(f"{CANARY}\n")
    (tmp_path / "not-text").write_bytes(CANARY.encode() + b"\xff")

    def write(state: str, rest: str = "") -> Config:
        (tmp_path / "syncwatch.yaml").write_text(f"state: {{{state}}}\n{rest}tenants: []\n")
        return load(tmp_path / "syncwatch.yaml", {"PASSWORD": CANARY, "EMPTY": ""})

    return write


@pytest.fixture
def refused(loading):
    def write(state: str, rest: str = "") -> list[str]:
        with pytest.raises(ConfigError) as error:
            loading(state, rest)
        return [str(problem).partition("syncwatch.yaml:")[2] for problem in error.value.problems]

    return write


def test_a_database_with_its_password_in_a_file(loading, tmp_path):
    state = loading(f"{URL}, password_file: password, key_file: keys/one, retention: 30d").state
    assert (state.url, state.retention) == (NORMAL, 30 * 86400)
    assert state.password.read().get_secret_value() == CANARY
    assert state.key_file == tmp_path / "keys/one"
    assert state.path == Path("/var/lib/syncwatch")


def test_a_database_with_its_password_in_a_variable(loading):
    config = loading(f"{URL}, password_env: PASSWORD, key_file: /keys/one")
    assert config.state.password.read().get_secret_value() == CANARY
    assert config.state.key_file == Path("/keys/one")
    assert config.state == loading(f"{URL}, password_env: PASSWORD, key_file: /keys/one").state


def test_a_database_without_a_password(loading):
    state = loading(f"{URL}, key_file: k").state
    assert (state.url, state.password) == (NORMAL, None)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (URL, "state: needs a `key_file` with this `url`: make one by `head -c 32 /dev/urandom > FILE`, and keep it"),
        ("key_file: k", "state: `key_file` goes with a `url`, and only with one"),
        ("password_file: p", "state: `password_file` goes with a `url`, and only with one"),
        ("password_env: P", "state: `password_env` goes with a `url`, and only with one"),
        (
            f"{URL}, key_file: k, password_file: password, password_env: PASSWORD",
            "state: takes only one of `password_file`, `password_env`",
        ),
        (
            f"{URL}, key_file: k, password_file: absent",
            "state.password_file: the file that it names cannot be read: no such file or directory",
        ),
        (f"{URL}, key_file: k, password_file: not-text", "state.password_file: the file that it names is not UTF-8 text"),
        (
            f"{URL}, key_file: k, password_env: {CANARY}",
            "state.password_env: the environment variable that it names is not set",
        ),
        (
            f"{URL}, key_file: k, password_env: EMPTY",
            "state.password_env: the environment variable that it names is empty",
        ),
        (f"{URL}, key_file: ''", "state.key_file: must name a file, a folder or a variable"),
        (f'{URL}, key_file: "a\\0"', "state.key_file: must name a file, a folder or a variable"),
        (f"url: postgresql://u:{CANARY}@h/d, key_file: k", "state.url: must not carry a password: put it into a file"),
        (f"{URL}, key_file: k, password: {CANARY}", "state.password: unknown key; did you mean `password_env` or"),
        ("retention: 31d", "state.retention: must be longer than 0 and no longer than `30d`"),
        ("retention: 72", "state.retention: needs a unit"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_named_and_not_shown(refused, state, expected):
    (problem,) = refused(state)
    assert problem.startswith(f"1: {expected}")
    assert CANARY not in problem


def test_what_is_wrong_elsewhere_does_not_hide_a_missing_password(refused):
    found = refused(f"{URL}, key_file: k, password_env: ABSENT, retention: 0s", "polling: {interval: 5}\n")
    assert [problem.partition(": ")[2].partition(":")[0] for problem in found] == [
        "state.retention",
        "state.password_env",
        "polling.interval",
    ]


def test_no_password_reaches_a_repr(loading):
    config = loading(f"{URL}, password_file: password, key_file: k")
    config.state.password.read()
    assert CANARY not in repr(config)


def test_a_configuration_is_checked_without_the_weight_of_a_database():
    code = "import sys, syncwatch.config.loader; sys.exit(any(each in sys.modules for each in ('sqlalchemy', 'asyncpg')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
