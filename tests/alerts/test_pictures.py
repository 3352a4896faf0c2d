"""What draws the dashboards for the README can draw all that they hold, from packages that are pinned."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RENDER = ROOT / "grafana" / "render"
DASHBOARDS = sorted((ROOT / "grafana" / "dashboards").glob("*.json"))
PICTURES = ["fleet-25", "fleet-1000", "tenant", "daemon"]


@pytest.fixture(scope="module")
def lock():
    return json.loads((RENDER / "package-lock.json").read_text())


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda path: path.stem)
def test_every_type_of_panel_has_a_stand_in(dashboard):
    kinds = re.search(r"const KINDS = \{(.*?)\};", (RENDER / "src" / "panel.jsx").read_text(), re.DOTALL)
    known = set(re.findall(r'^\s*"?([\w-]+)"?:', kinds[1], re.MULTILINE))
    used = {panel["type"] for panel in json.loads(dashboard.read_text())["panels"]}
    assert used - {"row"} <= known


def test_packages_are_pinned_and_the_lock_is_of_them(lock):
    package = json.loads((RENDER / "package.json").read_text())
    wanted = {**package["dependencies"], **package["devDependencies"]}
    assert {name: lock["packages"][f"node_modules/{name}"]["version"] for name in wanted} == wanted


def test_the_lock_has_a_hash_of_every_package_and_names_no_registry(lock):
    packages = [package for path, package in lock["packages"].items() if path]
    assert all(package.get("integrity") for package in packages)
    assert not any("resolved" in package for package in packages)


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_are_small_enough_for_a_repository(name):
    picture = (ROOT / "docs" / "images" / f"{name}.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) <= 400_000
