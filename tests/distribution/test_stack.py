"""`make stack` brings up what it says, tells where, and leaves nothing behind."""

import os
import socket
import subprocess
import sys
from pathlib import Path

from integration.serving import free_port
from tools import FETCHED

STACK = Path(__file__).resolve().parents[2] / "scripts" / "stack.py"
PORTS = ("STACK_PORT", "STACK_PANEL_PORT", "STACK_PROMETHEUS_PORT", "STACK_ALERTMANAGER_PORT")


def stack(folder, **environ):
    found = os.pathsep.join([os.environ["PATH"], str(FETCHED / "bin")])
    return subprocess.run(
        [sys.executable, str(STACK)],
        env=os.environ | {"PATH": found, "TMPDIR": str(folder), **environ},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def listening(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", int(port))) == 0


def test_it_says_where_everything_is_and_how_to_break_a_firm_and_stops_by_itself(tmp_path):
    ports = {name: str(free_port()) for name in PORTS}
    done = stack(tmp_path, STACK_SECONDS="1", **ports)
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(f"http://127.0.0.1:{port}/" in done.stdout for port in ports.values())
    assert f"curl -X POST http://127.0.0.1:{ports['STACK_PANEL_PORT']}/control/break" in done.stdout
    assert not any(map(listening, ports.values()))
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_is_taken_is_named_with_the_way_out(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = stack(tmp_path, STACK_PROMETHEUS_PORT=str(port), STACK_PORT="0", STACK_PANEL_PORT="0")
    assert done.returncode == 1
    assert f"port {port} cannot be used: set STACK_PROMETHEUS_PORT" in done.stderr
