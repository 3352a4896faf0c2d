"""`syncwatch forget` beside a daemon that watches the tenant."""

from collections.abc import Iterator

import pytest
import yaml

from integration.journaled import FIRMS, Fleet, Watched, command, fleet, watched
from integration.serving import eventually

GONE, OTHER = FIRMS


@pytest.fixture(scope="module")
def firms() -> Iterator[Fleet]:
    with fleet() as both:
        yield both


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path) -> dict[str, str]:
    """Where an empty journal is to be."""
    if request.param == "sqlite":
        return {"path": "state"}
    (tmp_path / "key").write_bytes(bytes(32))
    return {"url": request.getfixturevalue("database"), "key_file": "key"}


@pytest.fixture
def seen(firms, tmp_path, place) -> Iterator[Watched]:
    firms.begins_anew(*FIRMS)
    with watched(firms, tmp_path, firms.config(tmp_path, **place)) as seen:
        seen.goes_on_counting()
        yield seen


def test_a_tenant_is_forgotten_while_the_daemon_runs(seen, place, firms):
    kept = seen.sums()[OTHER]
    done = command("forget", seen.daemon.config, "--tenant", GONE)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{GONE}: forgotten, with 1 users and 0 issues\n"
    if "path" in place:
        files = list(seen.daemon.config.with_name("state").glob("journal.db*"))
        content = b"".join(file.read_bytes() for file in files)
        assert f"user-of-{OTHER}".encode() in content
        assert f"user-of-{GONE}".encode() not in content
    firms.runs()
    eventually(lambda: _is(seen.told()["commit_refused"], 1))
    seen.begins_anew(GONE)
    assert seen.sums()[OTHER] > kept
    again = command("forget", seen.daemon.config, "--tenant", "nobody")
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr == "the journal has nothing of a tenant 'nobody'\n"
    assert seen.told()["commit_refused"] == 1


def _is(found: object, expected: object) -> None:
    assert found == expected


def test_where_there_is_no_journal_none_is_begun(firms, tmp_path, place, postgres):
    config = tmp_path / "syncwatch.yaml"
    config.write_text(yaml.safe_dump(firms.config(tmp_path, **place)))
    before = sorted(tmp_path.rglob("*"))
    done = command("forget", config, "--tenant", GONE)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"{config}: there is no journal where `state` points")
    assert len(done.stderr.splitlines()) == 1
    assert sorted(tmp_path.rglob("*")) == before
    if "url" in place:
        name = place["url"].rpartition("/")[2]
        assert postgres.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", name) == ""
