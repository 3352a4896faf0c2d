"""The bill of materials names what is locked for the image, and the same lock gives the same bytes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from distribution.test_locks import locked

ROOT = Path(__file__).resolve().parents[2]


def written():
    command = [sys.executable, str(ROOT / "scripts" / "sbom.py"), "1.2.3"]
    environ = os.environ | {"SOURCE_DATE_EPOCH": "1700000000"}
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=True, timeout=60).stdout


@pytest.fixture(scope="module")
def sbom():
    return written()


def test_it_is_valid_and_the_same_each_time(sbom):
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(sbom) is None
    assert written() == sbom
    assert json.loads(sbom)["metadata"]["timestamp"] == "2023-11-14T22:13:20+00:00"


def test_it_lists_what_is_locked_for_linux_and_syncwatch_itself(sbom):
    told = json.loads(sbom)
    pins = {
        name: str(pin.specifier).removeprefix("==")
        for name, pin in locked("run").items()
        if pin.marker is None or pin.marker.evaluate({"sys_platform": "linux"})
    }
    assert {each["name"]: each["version"] for each in told["components"]} == pins
    own = told["metadata"]["component"]
    assert (own["name"], own["version"], own["purl"]) == ("syncwatch", "1.2.3", "pkg:pypi/syncwatch@1.2.3")


def test_each_package_has_its_address_its_license_and_the_hashes_of_the_lock(sbom):
    lock = (ROOT / "requirements" / "run.lock").read_text()
    for each in json.loads(sbom)["components"]:
        assert each["purl"] == f"pkg:pypi/{each['name']}@{each['version']}"
        assert each["licenses"], each["name"]
        (files,) = each["externalReferences"]
        assert files["hashes"]
        assert all(f"sha256:{one['content']}" in lock for one in files["hashes"]), each["name"]
