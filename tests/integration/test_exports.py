"""The same firms read by JSON and by their CSV exports: one truth, and what exports do not show is absent."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from typer.testing import Result

from integration.commands import command
from integration.serving import (
    Daemon,
    ask,
    environment,
    eventually,
    figures,
    free_port,
    running,
    sample_lines,
)
from integration.test_simulated import child

EXPORTED = ("firm-001", "firm-002", "firm-003")
SAME = ("inboxsync_users", "inboxsync_syncs_down", "inboxsync_tokens_expired")
OF_ISSUES = ("inboxsync_issues_open", "inboxsync_issues_seen_total")


class World(NamedTuple):
    """A frozen fleet whose tenants are all exported."""

    folder: Path
    fleet: dict[str, Any]

    def exports(self, tenant: str) -> Path:
        return self.folder / "exports" / tenant


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Iterator[World]:
    folder, port = tmp_path_factory.mktemp("exported"), free_port()
    fleet = folder / "fleet.yaml"
    program = (
        *(sys.executable, "-m", "syncwatch", "simulate", "--tenants", "3", "--users", "60", "--seed", "5"),
        *("--plan-interval", "20m", "--listen", f"127.0.0.1:{port}", "--fleet", str(fleet)),
        *("--exports", str(folder / "exports"), "--exported", "3", "--export-interval", "3s"),
    )
    with child(*program, log=folder / "simulator"):

        def frozen() -> None:
            assert ask(port, "/control/freeze", "POST").status == 200
            assert fleet.exists()

        eventually(frozen)
        written = time.time()
        paths = [folder / "exports" / tenant / "sessions.csv" for tenant in EXPORTED]

        def exported() -> None:
            assert all(path.exists() and path.stat().st_mtime > written for path in paths)

        eventually(exported)
        configuration = yaml.safe_load(fleet.read_text())
        secret = next(folder.glob("*.secret"))
        panels = [
            {"id": f"{tenant}-json", "url": f"http://127.0.0.1:{port}/{tenant}", "credentials": "client"}
            for tenant in EXPORTED
        ]
        client = {"client_id": "syncwatch", "client_secret_file": str(secret)}
        configuration["credentials"] = {"client": client}
        configuration["tenants"] += panels
        configuration["polling"] = {"interval": "1s"}
        yield World(folder, configuration)


@pytest.fixture(scope="module")
def daemon(world: World) -> Iterator[Daemon]:
    with running(world.folder, world.fleet) as started:
        for tenant in world.fleet["tenants"]:
            started.polled(tenant["id"])
        yield started


@pytest.mark.parametrize("tenant", EXPORTED)
def test_json_and_csv_tell_the_same(daemon, tenant):
    def agree() -> None:
        csv, json = daemon.figures(tenant), daemon.figures(f"{tenant}-json")
        assert csv["inboxsync_tenant_up"] == json["inboxsync_tenant_up"] == {(): 1}
        assert {name: csv.get(name) for name in SAME} == {name: json.get(name) for name in SAME}
        assert sum(csv["inboxsync_syncs_down"].values()) > 0

    eventually(agree)


def test_what_is_read_can_be_written_down(daemon):
    def written() -> None:
        lines = sample_lines(daemon.ask().body)
        assert "syncwatch_journal_lag_seconds 0.0" in lines
        failed = [line for line in lines if line.startswith("syncwatch_journal_failures_total")]
        assert [line for line in failed if not line.endswith(" 0.0")] == []

    eventually(written)


@pytest.mark.parametrize("tenant", EXPORTED)
def test_what_needs_issues_is_absent(daemon, tenant):
    csv, json = daemon.figures(tenant), daemon.figures(f"{tenant}-json")
    assert not [name for name in OF_ISSUES if name in csv]
    assert all(name in json for name in OF_ISSUES)
    assert set(csv["inboxsync_dedup_conflicts"]) == set(csv["inboxsync_dedup_conflicts_total"]) == {("user",)}


@pytest.mark.parametrize("tenant", EXPORTED)
def test_the_data_time_is_that_of_the_files(world, daemon, tenant):
    def agree() -> None:
        oldest = min(path.stat().st_mtime for path in world.exports(tenant).glob("*.csv"))
        told = daemon.figures(tenant)["inboxsync_tenant_data_timestamp_seconds"][()]
        assert abs(told - oldest) < 3

    eventually(agree)


def _poll_once(folder: Path, exports: Path, **tenant: Any) -> Result:
    file = folder / "syncwatch.yaml"
    entry = {"id": "firm", "url": exports.as_uri(), "profile": "litify-inbox-csv", **tenant}
    file.write_text(yaml.safe_dump({"state": {"path": "state"}, "tenants": [entry]}))
    return command("poll-once", file)


@pytest.fixture
def copied(world: World, tmp_path: Path) -> Path:
    """One tenant's files, made ten seconds ago."""
    folder = tmp_path / "exports"
    folder.mkdir()
    for path in world.exports(EXPORTED[0]).glob("*.csv"):
        _write(folder / path.name, path.read_bytes(), age=10)
    return folder


def _write(path: Path, content: bytes, *, age: float) -> None:
    path.write_bytes(content)
    made = time.time() - age
    os.utime(path, (made, made))


def test_a_dead_export_job_is_old_data_and_nobody_stalls(copied, tmp_path):
    for path in copied.glob("*.csv"):
        _write(path, path.read_bytes(), age=7200)
    complete = {"exports_complete": True}
    done = _poll_once(tmp_path, copied, stale_after="3h", **complete)
    old = figures(done.stdout_bytes, "firm")
    assert old["inboxsync_tenant_up"] == {(): 1}
    fresh = _poll_once(tmp_path, copied, **complete)
    assert "inboxsync_users" not in figures(fresh.stdout_bytes, "firm")
    assert "data_stale" in fresh.stderr
    for path in copied.glob("*.csv"):
        _write(path, path.read_bytes(), age=10)
    now = figures(_poll_once(tmp_path, copied, **complete).stdout_bytes, "firm")
    # Two hours ago is when the sessions of these files were fresh: judged then, fewer are silent.
    assert old["inboxsync_users"][("stalled",)] <= now["inboxsync_users"][("stalled",)]


def test_in_an_export_that_may_leave_some_out_silence_tells_nothing(copied, tmp_path):
    lines = (copied / "sessions.csv").read_bytes()
    # The header alone: everybody's sessions are filtered away.
    text = lines.decode("utf-8-sig") if b"\0" not in lines else lines.decode("utf-16")
    (copied / "sessions.csv").write_bytes(text.splitlines(keepends=True)[0].encode())
    some, whole = (
        figures(_poll_once(tmp_path, copied, exports_complete=complete).stdout_bytes, "firm")[
            "inboxsync_users"
        ]
        for complete in (False, True)
    )
    assert some[("stalled",)] == 0
    assert 0 < whole[("stalled",)] <= some[("unknown",)] - whole[("unknown",)]


def test_diagnose_says_what_is_not_visible(world):
    file = world.folder / "diagnosed.yaml"
    file.write_text(yaml.safe_dump(world.fleet))
    exported = (world.exports(tenant) / "users.csv" for tenant in EXPORTED)
    texts = {path.parent.name: _text(path.read_bytes()) for path in exported}
    tenant, rows = next((name, text) for name, text in texts.items() if "User ID" in text.splitlines()[0])
    user = next(
        cell for cell in rows.splitlines()[1].replace(";", ",").replace("\t", ",").split(",") if _is_id(cell)
    )
    program = [sys.executable, "-m", "syncwatch", "diagnose", str(file), "--tenant", tenant, "--user", user]
    done = subprocess.run(program, capture_output=True, check=False, env=environment())
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"open issues: not visible" in done.stdout


def test_diagnose_takes_the_logon_of_a_user_without_an_id_and_does_not_repeat_it(world):
    file = world.folder / "diagnosed.yaml"
    file.write_text(yaml.safe_dump(world.fleet))
    rows = {
        tenant: _text((world.exports(tenant) / "users.csv").read_bytes()).splitlines() for tenant in EXPORTED
    }
    tenant = next(tenant for tenant, lines in rows.items() if "Account Logon" in lines[0])
    logon = next(cell for cell in re.split("[,;\t]", rows[tenant][1]) if "\\" in cell)
    program = [sys.executable, "-m", "syncwatch", "diagnose", str(file), "--tenant", tenant, "--user", logon]
    done = subprocess.run(program, capture_output=True, check=False, env=environment())
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"state:" in done.stdout
    assert logon.encode() not in done.stdout


def _text(content: bytes) -> str:
    return content.decode("utf-16" if b"\0" in content else "utf-8-sig")


def _is_id(cell: str) -> bool:
    return len(cell) == 36 and cell.count("-") == 4
