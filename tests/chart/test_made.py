"""What the chart has from elsewhere is what is there now, and every value is explained."""

import json
import subprocess
import sys

import yaml

from chart.engine import CHART

ROOT = CHART.parents[1]
SOURCES = {"rules": ROOT / "config" / "prometheus" / "rules", "dashboards": ROOT / "grafana" / "dashboards"}


def test_nothing_has_drifted():
    script = ROOT / "scripts" / "chart.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_copies_are_equal_to_the_byte():
    for folder, source in SOURCES.items():
        copies = {file.name: file.read_bytes() for file in (CHART / "files" / folder).iterdir()}
        assert copies == {file.name: file.read_bytes() for file in source.glob("*.*")}


def leaves(values, path=""):
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, f"{path}{key}.")
        else:
            yield f"{path}{key}"


def test_every_value_is_explained_itself_or_as_a_part():
    page = (CHART / "README.md").read_text()
    rows = {row.split("`")[1] for row in page.splitlines() if row.startswith("| `")}
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    parts = {
        leaf: [leaf[:end] for end, letter in enumerate(leaf + ".") if letter == "."]
        for leaf in leaves(values)
    }
    assert [leaf for leaf, ways in parts.items() if not rows & {*ways}] == []


def objects(part, path=""):
    """Every part of a schema that is about an object, by its path."""
    if isinstance(part, dict):
        if "properties" in part and part.get("type") == "object":
            yield path, part
        for key, value in part.items():
            yield from objects(value, f"{path}/{key}")


def test_the_schema_refuses_what_it_does_not_know_at_every_level_of_ours():
    schema = json.loads((CHART / "values.schema.json").read_text())
    found = dict(objects(schema))
    assert len(found) > 30
    shared = {"/properties/global", "/$defs/labels"}
    assert {path for path, part in found.items() if part.get("additionalProperties") is not False} == shared
