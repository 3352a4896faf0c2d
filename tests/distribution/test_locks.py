"""The locks in requirements/ say the same as pyproject.toml, name no registry, and leave nothing unpinned."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]


def locked(name):
    """Requirement by name; a lock's entry is one logical line that ends in its hashes."""
    entries = (ROOT / "requirements" / f"{name}.lock").read_text().replace("\\\n", " ").splitlines()
    found = {}
    for entry in filter(None, entries):
        text, *hashes = re.split(r"\s+--hash=", entry.strip())
        assert hashes, f"{text} has no hash"
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", value) for value in hashes), text
        requirement = Requirement(text)
        found[canonicalize_name(requirement.name)] = requirement
    return found


def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def asked_for(project, *groups):
    """What pyproject.toml asks for: the dependencies and the named groups, with the groups that these include."""
    entries = [*project["project"]["dependencies"]]
    pending = [entry for group in groups for entry in project["dependency-groups"][group]]
    while pending:
        entry = pending.pop()
        if isinstance(entry, dict):
            pending += project["dependency-groups"][entry["include-group"]]
        else:
            entries.append(entry)
    return [Requirement(entry) for entry in entries]


@pytest.mark.parametrize(
    ("lock", "groups"), [("run", []), ("dev", ["build", "dev"]), ("fuzz", ["build", "fuzz"])]
)
def test_a_lock_has_a_fitting_version_of_everything_that_is_asked_for(lock, groups):
    assert_has(lock, asked_for(project(), *groups))


def test_what_builds_is_locked_apart_from_what_runs():
    building = asked_for({**project(), "project": {"dependencies": []}}, "build")
    assert_has("build", building)
    assert not {canonicalize_name(each.name) for each in building} & locked("run").keys()


def assert_has(lock, asked):
    pins = locked(lock)
    for requirement in asked:
        pin = pins.get(canonicalize_name(requirement.name))
        assert pin is not None, f"{requirement.name} is not locked: run `make lock`"
        (exact,) = pin.specifier
        assert exact.operator == "=="
        assert requirement.specifier.contains(exact.version), (
            f"{pin} does not fit {requirement}: run `make lock`"
        )


def test_whoever_has_the_development_set_has_what_runs_at_the_same_versions():
    development = locked("dev")
    for name, pin in (locked("run") | locked("build")).items():
        assert str(development[name].specifier) == str(pin.specifier), name


@pytest.mark.parametrize("lock", ["run", "build", "dev", "fuzz"])
def test_no_lock_names_an_address(lock):
    text = (ROOT / "requirements" / f"{lock}.lock").read_text()
    assert "://" not in text
