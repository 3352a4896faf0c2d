"""The JSON Schemas beside the shipped rules: what editors check rule files by."""

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "config" / "rules"


def validator(name: str) -> jsonschema.Draft202012Validator:
    schema = json.loads((FOLDER / f"{name}.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_they_are_what_the_code_says():
    done = subprocess.run(
        [sys.executable, "scripts/schemas.py", "--check"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout}{done.stderr}: run scripts/schemas.py"


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.yaml")), ids=lambda file: file.name)
def test_every_shipped_file_fits(file):
    name = file.stem if file.stem in {"classes", "wrappers"} else "rules"
    assert [*validator(name).iter_errors(yaml.safe_load(file.read_text(encoding="utf-8")))] == []


@pytest.mark.parametrize(
    "rule",
    [
        {"coeds": ["E"]},
        {"owner": "someone"},
        {"owner": [{"access": ["pigeon"], "owner": "nobody"}]},
        {"marks": {"token_expired": "fax"}},
        {"languages": {"german": ["x"]}},
        {"severity": "critical"},
        {"cases": []},
    ],
)
def test_what_a_rule_may_not_say_does_not(rule):
    good = {"id": "a", "class": "network_error", "codes": ["E"], "cases": [{"text": "E"}]}
    assert validator("rules").is_valid({"rules": [good]})
    assert not validator("rules").is_valid({"rules": [good | rule]})
