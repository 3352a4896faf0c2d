"""The daemon over a journal in PostgreSQL: a server that is down, killed, frozen, or does not let it in."""

import signal
from collections.abc import Callable, Iterator
from itertools import count

import pytest

from integration.journaled import FIRMS, Fleet, Watched, fleet, refuses, watched
from integration.serving import Daemon, eventually
from postgres import Server

NUMBERS = count()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One that is stopped, killed and frozen; each test leaves it running."""
    with Server() as server:
        yield server


@pytest.fixture(scope="module")
def firms() -> Iterator[Fleet]:
    with fleet() as both:
        yield both


@pytest.fixture
def config(firms, server, tmp_path):
    """A configuration with a database of its own."""
    name = f"journal{next(NUMBERS)}"
    server.sql(f"create database {name}")
    (tmp_path / "key").write_bytes(bytes(32))
    return firms.config(tmp_path, url=server.url(name), key_file="key")


@pytest.fixture(scope="module")
def living(firms, server, tmp_path_factory) -> Iterator[Daemon]:
    """One daemon that has counted something, and that no test but the last one ends."""
    folder = tmp_path_factory.mktemp("living")
    (folder / "key").write_bytes(bytes(32))
    firms.begins_anew(*FIRMS)
    config = firms.config(folder, url=server.url(), key_file="key")
    with watched(firms, folder, config, SYNCWATCH_SHUTDOWN_GRACE="1s") as seen:
        seen.goes_on_counting()
        yield seen.daemon


@pytest.fixture
def live(firms, living) -> Watched:
    return Watched(firms, living)


@pytest.mark.parametrize(
    ("away", "back", "kind"),
    [
        (Server.stop, Server.start, "unreachable"),
        (Server.kill, Server.start, "unreachable"),
        # It costs the patience of a call.
        pytest.param(Server.freeze, Server.thaw, "timeout", marks=pytest.mark.soak),
    ],
    ids=["stopped", "killed", "frozen"],
)
def test_a_server_that_is_away_costs_nothing_but_time(
    live, server, away: Callable[[Server], None], back: Callable[[Server], None], kind
):
    away(server)
    try:
        live.has_only_gauges(kind)
    finally:
        back(server)
    live.catches_up()


def test_a_connection_that_the_server_ends_between_two_commits_is_not_even_noticed(live, server):
    server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'syncwatch'")
    live.goes_on_counting()
    assert not live.told()["journal_away"]
    live.is_sound()


def test_what_ended_while_daemon_and_server_were_down_is_counted_once_the_server_is_back(
    firms, server, config, tmp_path
):
    firms.begins_anew(*FIRMS)
    with watched(firms, tmp_path, config) as before:
        before.counts()
        before.ends()
    server.stop()
    firms.runs(fails=True)
    firms.runs()
    with watched(firms, tmp_path, config) as seen:
        try:
            assert seen.sums() == dict.fromkeys(FIRMS, (None, None))
            eventually(lambda: seen.has_failed("unreachable"))
        finally:
            server.start()
        seen.counts()
        seen.is_sound()


def test_a_wrong_password_is_no_end_and_a_right_one_needs_no_restart(firms, server, config, tmp_path):
    server.add_role("alice", "right")
    name = config["state"]["url"].rpartition("/")[2]
    server.sql("GRANT ALL ON SCHEMA public TO alice", name)
    config["state"] |= {
        "url": server.url(name).replace("syncwatch@", "alice@"),
        "password_file": "password",
    }
    password = tmp_path / "password"
    password.write_text("wrong-and-secret")
    firms.begins_anew(*FIRMS)
    with watched(firms, tmp_path, config) as seen:
        eventually(lambda: seen.has_failed("refused"))
        password.write_text("right")
        seen.counts()
        seen.is_sound()
        assert "wrong-and-secret" not in seen.daemon.log.read_text()


def test_what_must_not_be_gone_on_with_is_refused_in_one_line(firms, server, living, tmp_path):
    (tmp_path / "key").write_bytes(b"k" * 32)
    config = firms.config(tmp_path, url=server.url(), key_file="key")
    assert refuses(tmp_path, config).startswith(
        "the fingerprint key is not the one this journal was written with"
    )
    [version] = server.sql("SELECT version_num FROM journal_schema").splitlines()
    server.sql("UPDATE journal_schema SET version_num = '9999'")
    try:
        line = refuses(tmp_path, config)
    finally:
        server.sql(f"UPDATE journal_schema SET version_num = '{version}'")
    assert line.startswith("the journal was written by a newer Syncwatch (schema 9999;")


def test_at_last_it_ends_in_its_time_and_well_while_the_server_is_frozen(live, server):
    server.freeze()
    try:
        live.fleet.runs()
        live.daemon.signal(signal.SIGTERM)
        assert live.daemon.exit_code(6) == 0
    finally:
        server.thaw()
    assert "Traceback" not in live.daemon.log.read_text()
