"""`make demo` shows what it promises, and leaves no process behind however it ends."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from syncwatch.model import State

DEMO = Path(__file__).resolve().parents[2] / "scripts" / "demo.py"
LIMIT = 90.0


def free_ports():
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


def listening(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def demo(ports, folder, **environ):
    environ |= {"DEMO_PORT": str(ports[0]), "DEMO_PANEL_PORT": str(ports[1]), "TMPDIR": str(folder)}
    process = subprocess.Popen(
        [sys.executable, str(DEMO)],
        env=os.environ | environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_it_shows_the_whole_fleet_and_stops_by_itself(tmp_path):
    ports = free_ports()
    with demo(ports, tmp_path, DEMO_SECONDS="1") as process:
        output, _ = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, output
    assert all(state in output for state in State)
    assert "24 of 25 panels answer" in output
    assert re.search(r"folders of CSV exports.*: firm-023 \(\d+ s old\), firm-024 \(\d+ s old\)\.", output)
    assert f"http://127.0.0.1:{ports[0]}/metrics" in output
    assert not any(map(listening, ports))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_nothing_survives_it(number, tmp_path):
    ports = free_ports()
    end = time.monotonic() + LIMIT
    with demo(ports, tmp_path) as process:
        while not all(map(listening, ports)):
            assert process.poll() is None, process.stdout.read()
            assert time.monotonic() < end
            time.sleep(0.05)
        process.send_signal(number)
        assert process.wait(LIMIT) == (-number if number == signal.SIGKILL else 0)
    while any(map(listening, ports)):
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_port_that_is_taken_is_named_with_the_way_out(tmp_path):
    ports = free_ports()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", ports[1]))
        taken.listen()
        with demo(ports, tmp_path) as process:
            output, _ = process.communicate(timeout=LIMIT)
    assert process.returncode == 1
    assert f"port {ports[1]} cannot be used: set DEMO_PANEL_PORT" in output
