"""What is built from a checkout holds all that it needs, and works where there is no checkout."""

import json
import os
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = [
    "vocabulary.txt",
    *sorted(
        path.relative_to(ROOT / "config").as_posix()
        for kind in ("panels", "rules")
        for path in (ROOT / "config" / kind).rglob("*.yaml")
    ),
]


def run(*command, cwd):
    """What a command prints, in an environment that does not know the checkout; shows what it said if it fails."""
    environ = {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "SYNCWATCH_"))
    }
    done = subprocess.run(
        command, cwd=cwd, env=environ, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The sdist, and the wheel that is built from it."""
    folder = tmp_path_factory.mktemp("built")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT), cwd=folder)
    (sdist,) = folder.glob("*.tar.gz")
    (wheel,) = folder.glob("*.whl")
    return sdist, wheel


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory):
    """The folder of commands of an environment with the wheel, and with the dependencies installed here."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python)]
    run(*pip, "install", "--quiet", "--no-deps", "--no-index", str(built[1]), cwd=folder)
    # A path in a .pth file is searched last, and the .pth files in it, like our own editable install, are not read.
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / "bin"


def test_the_wheel_holds_the_shipped_profiles_rules_and_vocabulary(built):
    with zipfile.ZipFile(built[1]) as wheel:
        names = {name.removeprefix("syncwatch/shipped/") for name in wheel.namelist()}
    assert any(name.startswith("panels/") for name in SHIPPED)
    assert any(name.startswith("rules/") for name in SHIPPED)
    assert [name for name in SHIPPED if name not in names] == []


def test_the_sdist_holds_what_it_takes_to_build_and_check(built):
    with tarfile.open(built[0]) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    wanted = {f"config/{name}" for name in SHIPPED} | {"LICENSE", "Makefile", "requirements/dev.lock"}
    assert sorted(wanted - names) == []


def test_the_wheel_runs_without_the_checkout(built, installed, tmp_path):
    where = run(str(installed / "python"), "-c", "import syncwatch; print(syncwatch.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(installed.parent)
    said = run(str(installed / "syncwatch"), "version", cwd=tmp_path)
    assert said.split()[1] == built[1].name.split("-")[1]


def test_the_wheel_classifies_by_its_own_rules(installed, tmp_path):
    answer = run(str(installed / "syncwatch"), "classify", "--json", "Mailbox does not exist.", cwd=tmp_path)
    assert json.loads(answer)["class"] == "mailbox_missing_or_disabled"
