"""The daemon with too little of everything: descriptors, patience of its clients, and time to stop."""

import json
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from integration.serving import PATIENCE, Daemon, environment, eventually, few_rules, running, served
from syncwatch.simulator import Options
from syncwatch.simulator.access import CLIENT_ID, client_secret
from syncwatch.simulator.server import Simulator

HEALTHY, HANGING = 20, 60
OPTIONS = Options(tenants=HEALTHY + HANGING, users=5, seed=11, plan_interval=60)
IDS = OPTIONS.tenant_ids
FEW = ("bash", "-c", 'ulimit -n 256; exec "$0" -m syncwatch "$@"', sys.executable)
GRACE = "3s"


@pytest.fixture(scope="module")
def panels():
    """The panels: all but the first ones take each request and never answer."""
    options = Options(
        tenants=OPTIONS.tenants,
        users=OPTIONS.users,
        seed=OPTIONS.seed,
        plan_interval=OPTIONS.plan_interval,
        faults=dict.fromkeys(IDS[HEALTHY:], "hang"),
    )
    with served(Simulator(options).app()) as url:
        yield url


@pytest.fixture
def config(panels, tmp_path):
    (tmp_path / "secret").write_text(client_secret(OPTIONS.seed))

    def configured(tenants):
        return {
            **few_rules(tmp_path),
            "polling": {"interval": "500ms", "timeout": "1s", "concurrency": 50},
            "budgets": {"host": {"concurrency": 1000}},  # all these panels are one host
            "credentials": {"panel": {"client_id": CLIENT_ID, "client_secret_file": "secret"}},
            "tenants": [
                {"id": tenant, "url": f"{panels}/{tenant}", "credentials": "panel"} for tenant in tenants
            ],
        }

    return configured


def polls(daemon: Daemon) -> dict[str, float]:
    lines = daemon.ask().body.decode().splitlines()
    found = (line for line in lines if line.startswith("inboxsync_tenant_polls_total{"))
    return {line.split('"')[1]: float(line.split()[-1]) for line in found}


def descriptors(daemon: Daemon) -> int:
    return len([*Path(f"/proc/{daemon.process.pid}/fd").iterdir()])


def healthy_go_on(daemon: Daemon, more: int = 2) -> None:
    before = polls(daemon)

    def further() -> None:
        now = polls(daemon)
        assert all(now[tenant] >= before[tenant] + more for tenant in IDS[:HEALTHY])

    eventually(further)


def entries(daemon: Daemon) -> list[dict]:
    return [json.loads(line) for line in daemon.log.read_text().splitlines() if line.startswith("{")]


def test_with_few_descriptors_hanging_panels_and_clients_cost_errors_and_no_standstill(config, tmp_path):
    with running(tmp_path, config(IDS), program=FEW, SYNCWATCH_SHUTDOWN_GRACE=GRACE) as daemon:
        assert "few_descriptors" in {entry["event"] for entry in entries(daemon)}
        healthy_go_on(daemon)
        with ExitStack() as stack:
            for _ in range(300):  # more than the process may have open
                stack.enter_context(socket.create_connection(("127.0.0.1", daemon.port), PATIENCE))
            assert descriptors(daemon) < 256
        healthy_go_on(daemon)
        failed = daemon.figures(IDS[-1])["inboxsync_tenant_poll_failures_total"]
        assert set(failed) == {("timeout",)}
        assert not [entry for entry in entries(daemon) if entry["event"].endswith("_fault")]
        assert "Traceback" not in daemon.log.read_text()
        daemon.signal(signal.SIGTERM)
        assert daemon.exit_code() == 0


def test_too_few_descriptors_to_work_with_are_refused_with_what_to_do(config, tmp_path):
    program = ("bash", "-c", 'ulimit -n 100; exec "$0" -m syncwatch "$@"', sys.executable)
    daemon = Daemon(tmp_path, config(IDS[:1]), program=program)
    assert daemon.exit_code() == 1
    assert "ulimit -n" in daemon.log.read_text()


@pytest.mark.parametrize("moment", ["starting", "polling", "reloading"])
def test_sigterm_in_the_middle_of_anything_ends_well(config, tmp_path, moment):
    daemon = Daemon(tmp_path, config(IDS), SYNCWATCH_SHUTDOWN_GRACE=GRACE)
    try:
        if moment == "starting":
            eventually(lambda: _listens(daemon))
        else:
            daemon.ready()
        if moment == "reloading":
            daemon.config.write_text(daemon.config.read_text().replace("500ms", "400ms"))
            daemon.signal(signal.SIGHUP)
        daemon.signal(signal.SIGTERM)
        assert daemon.exit_code() == 0
        assert "Traceback" not in daemon.log.read_text()
    finally:
        daemon.kill()


def _listens(daemon: Daemon) -> None:
    socket.create_connection(("127.0.0.1", daemon.port), 1).close()


def test_a_thread_that_hangs_does_not_keep_the_process():
    """As one does that reads from a mount or asks a name server that never answers."""
    script = (
        "import threading\n"
        "from syncwatch.cli.run import _end_in\n"
        "threading.Thread(target=threading.Event().wait).start()\n"
        "_end_in(0.1, 3)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], timeout=PATIENCE, env=environment(), check=False)
    assert ended.returncode == 3


def test_a_hangup_before_there_is_anything_to_reload_ends_nothing(config, tmp_path):
    daemon = Daemon(tmp_path, config(IDS[:1]))
    try:
        eventually(lambda: _ignores_hangups(daemon))
        daemon.signal(signal.SIGHUP)
        daemon.ready()
    finally:
        daemon.kill()


def _ignores_hangups(daemon: Daemon) -> None:
    """Whether it has come far enough; what comes before is the interpreter's own start."""
    status = Path(f"/proc/{daemon.process.pid}/status").read_text()
    (ignored,) = (int(line.split()[1], 16) for line in status.splitlines() if line.startswith("SigIgn"))
    (caught,) = (int(line.split()[1], 16) for line in status.splitlines() if line.startswith("SigCgt"))
    assert (ignored | caught) & 1 << signal.SIGHUP - 1
