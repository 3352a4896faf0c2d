"""`check-config` with sources of tenants: files are read, and nothing is asked."""

import json

import pytest
from typer.testing import CliRunner

from syncwatch.cli import app

CONFIG = """
discovery:
  file_sd: [{files: ["targets/*"]}]
  http_sd: [{url: "https://inventory.invalid"}]
tenants: [{id: own, url: "https://own.example.com"}]
rules: {files: [rules.yaml]}
"""
RULES = "rules:\n  - {id: x, class: network_error, any: [said], cases: [{text: said}]}\n"  # few, because the shipped ones take long


@pytest.fixture
def checked(tmp_path):
    (tmp_path / "targets").mkdir()
    (tmp_path / "rules.yaml").write_text(RULES)
    (tmp_path / "syncwatch.yaml").write_text(CONFIG.replace("targets/*", "targets/*.json"))

    def write(**files: str):
        for name, content in files.items():
            (tmp_path / "targets" / f"{name}.json").write_text(content)
        return CliRunner().invoke(app, ["check-config", str(tmp_path / "syncwatch.yaml")])

    return write


def group(tenant, **labels):
    return json.dumps(
        [{"targets": [f"https://{tenant}.example.com"], "labels": {"tenant": tenant, **labels}}]
    )


def test_how_many_tenants_there_are(checked):
    result = checked(a=group("a"), b=group("b"))
    assert result.exit_code == 0, result.output
    assert "fine: 3 tenants (2 of them in files of targets) and those of 1 lists over HTTP" in result.output


def test_everything_that_is_wrong_in_the_files_is_told_and_exit_code_is_2(checked, tmp_path):
    result = checked(a=group("own"), b="[", c=group("c", __profile__="none"))
    assert result.exit_code == 2
    folder = tmp_path / "targets"
    broken, taken, profile = result.stderr.splitlines()
    assert broken.startswith(f"{folder}/b.json: is not a list of")
    assert (
        taken
        == f"{folder}/a.json: own.tenant: is taken by a tenant of the configuration file: remove one of them"
    )
    assert profile.startswith(f'{folder}/c.json: c.__profile__: there is no panel profile "none"')
