"""The unit of systemd is one that systemd takes, and as hardened as docs/systemd.md says."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UNIT = ROOT / "config" / "systemd" / "syncwatch.service"

pytestmark = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="this system has no systemd-analyze to ask"
)


def analyzed(*arguments):
    return subprocess.run(
        ["systemd-analyze", "--no-pager", *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def test_systemd_takes_every_line(tmp_path):
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/syncwatch/bin/syncwatch", sys.executable))
    said = analyzed("verify", str(unit))
    assert (said.returncode, said.stderr) == (0, "")


def test_it_is_as_hardened_as_the_page_says():
    said = analyzed("security", "--offline=true", "--threshold=15", str(UNIT))
    assert said.returncode == 0, said.stdout
    (exposure,) = re.findall(r"Overall exposure level for syncwatch.service: ([0-9.]+)", said.stdout)
    assert float(exposure) <= float(
        re.search(r"gives the unit ([0-9.]+)", (ROOT / "docs/systemd.md").read_text())[1]
    )


def test_a_stop_is_given_more_time_than_the_daemon_takes():
    text = UNIT.read_text()
    (grace,) = re.findall(r"SYNCWATCH_SHUTDOWN_GRACE=(\d+)s", text)
    (limit,) = re.findall(r"TimeoutStopSec=(\d+)s", text)
    assert int(limit) > int(grace) + 5
