"""compose.yaml cannot be run where the tests run: what it names exists, is pinned, and stays on this machine."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
import yaml

from syncwatch.cli import app
from syncwatch.simulator import Options, write_fleet

ROOT = Path(__file__).resolve().parents[2]
SERVICES = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_is_built_here_or_is_one_version(name):
    image = SERVICES[name]["image"]
    assert image == SERVICES["simulator"]["image"] or re.fullmatch(r"[a-z/]+:v?\d+\.\d+\.\d+", image)


@pytest.mark.parametrize("name", SERVICES)
def test_nobody_is_let_in_from_elsewhere(name):
    service = SERVICES[name]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    assert ("ports" in service) != (service.get("network_mode") == "service:simulator")


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_mounted_of_the_checkout_is_there_and_can_only_be_read(name):
    mounts = [volume.split(":") for volume in SERVICES[name].get("volumes", [])]
    for source, _, *mode in (mount for mount in mounts if mount[0].startswith(".")):
        assert (ROOT / source).is_dir(), source
        assert mode == ["ro"], source


def test_the_simulator_knows_its_options():
    command, *arguments = SERVICES["simulator"]["command"]
    simulate = typer.main.get_command(app).get_command(None, command)
    assert simulate.make_context(command, arguments).params["tenants"] == 25


def test_the_daemon_takes_what_the_simulator_writes_with_what_is_said_beside_it(tmp_path):
    write_fleet(tmp_path / "fleet.yaml", Options(tenants=2, users=1), "http://127.0.0.1:9898")
    (script,) = SERVICES["syncwatch"]["command"]
    script = script.replace("$$", "$").replace(
        "exec syncwatch run --config", f"{sys.executable} -m syncwatch check-config"
    )
    done = subprocess.run(
        ["sh", "-c", script], cwd=tmp_path, env=os.environ | SERVICES["syncwatch"]["environment"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    written = yaml.safe_load((tmp_path / "syncwatch.yaml").read_text())
    assert written["web"]["grafana_url"] == "http://localhost:3000"


def test_the_image_is_run_by_somebody_who_is_not_root():
    steps = [line.split() for line in (ROOT / "Dockerfile").read_text().splitlines() if line]
    last = max(place for place, step in enumerate(steps) if step[0] == "FROM")
    assert ["USER", "10001:10001"] in steps[last:]


def test_what_the_image_is_built_of_is_not_left_out():
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    let_in = {
        line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line[0] == "!"
    }
    assert {source for each in copied for source in each.split()} == let_in
