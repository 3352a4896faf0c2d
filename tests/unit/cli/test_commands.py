"""The commands that need no panel, as a person or a script calls them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from syncwatch import __version__
from syncwatch.cli import app

SECRET = "s3cr3t-value-of-firm-001"
CONFIG = """\
credentials:
  firm: {client_id: syncwatch, client_secret_file: secret}
tenants:
  - {id: firm-001, url: "https://firm-001.example.com", credentials: firm}
  - {id: firm-002, url: "https://firm-001.example.com/b", credentials: firm}
"""


def run(*args: str, stdin: bytes = b""):
    return CliRunner().invoke(app, args, input=stdin)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text(SECRET)
    file = tmp_path / "syncwatch.yaml"
    file.write_text(CONFIG)
    return file


@pytest.fixture
def few(tmp_path: Path) -> str:
    """Rules that are read in no time, for tests of what is around them."""
    file = tmp_path / "few.yaml"
    file.write_text("rules:\n  - {id: x, class: network_error, any: [said], cases: [{text: said}]}\n")
    return str(file)


def test_the_commands_there_are():
    listed = run("--help").output
    for command in (
        "run",
        "healthy",
        "check-config",
        "check-panel",
        "check-rules",
        "poll-once",
        "classify",
        "unclassified",
        "suggest-rule",
        "diagnose",
        "ticket",
        "forget",
        "simulate",
        "version",
    ):
        assert command in listed


def test_version():
    result = run("version")
    assert result.exit_code == 0
    assert result.output.startswith(f"syncwatch {__version__} ")


def test_python_m_works_too():
    done = subprocess.run(
        [sys.executable, "-m", "syncwatch", "version"], capture_output=True, check=True, timeout=60
    )
    assert __version__.encode() in done.stdout


def test_texts_as_arguments():
    result = run(
        "classify", "LimitExceeded: TotalRequests Limit exceeded. REQUEST_LIMIT_EXCEEDED", "gibberish here"
    )
    first, second = result.stdout.splitlines()
    assert first.split("\t")[0] == "salesforce_limit"
    assert second.split("\t")[:3] == ["unclassified", "vendor_support", "-"]
    assert result.exit_code == 0


def test_json_has_the_promised_fields_and_prints_no_text():
    result = run("classify", "--json", "REQUEST_LIMIT_EXCEEDED for Jane Roe")
    answer = json.loads(result.stdout)
    assert {"class", "owner", "rule"} <= answer.keys()
    assert "id" not in answer
    assert answer["codes"] == ["REQUEST_LIMIT_EXCEEDED"]
    assert "Jane" not in result.output


@pytest.mark.parametrize("id_", ["a-1", 7, 2**80 + 1, 1.5, None, True, [1, "x"], {"b": {"c": []}}, "é\u2028"])
def test_the_id_comes_back_whatever_json_it_is(id_, few):
    line = json.dumps({"id": id_, "text": "x", "more": 1}).encode()
    answer = json.loads(run("classify", "--json", "--rules", few, stdin=line).stdout)
    assert answer["id"] == id_
    assert type(answer["id"]) is type(id_)


BAD = [
    b"Jane Roe",
    b"[]",
    b'{"id": 3}',
    b'{"text": 5}',
    b'{"text": "\xff"}',
    b"{" * 5000,
    b'{"text": "\\ud800"}',
]


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_line_is_told_and_keeps_the_good_ones(bad, few):
    lines = b'{"id": 1, "text": "x"}\n\n' + bad + b'\n{"id": 2, "text": "y"}\n'
    result = run("classify", "--json", "--rules", few, stdin=lines)
    assert [json.loads(line)["id"] for line in result.stdout.splitlines()] == [1, 2]
    assert result.exit_code == 2
    assert "<stdin>:3:" in result.stderr
    assert "Jane" not in result.output


def test_own_rules_that_are_wrong_are_told_with_their_place(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("rules:\n  - {id: x, class: no_such_class, any: [y]}\n")
    result = run("classify", "--rules", str(file), "y")
    assert result.exit_code == 2
    assert f"{file}:2" in result.stderr


def test_explain_says_which_rules_were_called_for_where_and_what_kept_them():
    text = "Error occurred during Export: INVALID_FIELD for Jane Roe, not a valid value"
    result = run("classify", "--explain", text)
    lines = [line.strip() for line in result.stdout.splitlines()]
    assert lines[0].startswith("salesforce_invalid_value\t")
    assert lines[1] == f"characters 29 to {len(text)} of the normalised text:"
    assert "code 'INVALID_FIELD' at 30-43" in lines
    assert any(line.startswith("speaks: ") for line in lines)
    assert any(line.startswith("lacks: ") for line in lines)
    assert any(line.startswith("outranked: ") for line in lines)
    assert "Jane" not in result.output


def test_explain_beside_json_keeps_standard_output_json():
    result = run("classify", "--json", "--explain", "ErrorServerBusy")
    assert len([json.loads(line) for line in result.stdout.splitlines()]) == 1
    assert "speaks: " in result.stderr


def test_the_shipped_rules_are_fine():
    result = run("check-rules")
    assert result.exit_code == 0, result.output
    assert "fine: " in result.stdout


def test_rules_whose_case_fails_are_refused_with_file_and_line(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(
        "rules:\n  - {id: x, class: network_error, any: [said],\n     cases: [{text: Jane Roe}]}\n"
    )
    result = run("check-rules", str(file))
    assert result.exit_code == 2
    assert result.stderr == f'{file}:3: rules[x].cases[0]: rule "x": no rule speaks of this case\n'


def test_a_construct_that_cannot_run_is_told_with_rule_and_column(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(
        "rules:\n  - {id: x, class: network_error, any: ['busy(?!ness)'], cases: [{text: busy}]}\n"
    )
    result = run("check-rules", str(file))
    assert result.exit_code == 2
    assert f"{file}:2: rules[x].any[0]: rule \"x\": pattern 'busy(?!ness)' cannot be used: " in result.stderr
    assert "(?! (column 5)" in result.stderr


def test_a_good_configuration(config):
    result = run("check-config", str(config))
    assert result.exit_code == 0, result.output
    assert "2 tenants" in result.output
    assert SECRET not in result.output


def test_everything_that_is_wrong_is_told_at_once_and_exit_code_is_2(config):
    config.write_text(CONFIG.replace("firm-002", "firm-001") + "surprise: 1\n")
    (config.parent / "secret").unlink()
    result = run("check-config", str(config))
    assert result.exit_code == 2
    lines = result.stderr.splitlines()
    assert len(lines) >= 3
    assert all(line.startswith(str(config)) for line in lines)
    assert "surprise" in result.stderr


@pytest.mark.parametrize(
    "command", [["check-config"], ["poll-once"], ["unclassified"], ["suggest-rule"], ["run", "--config"]]
)
def test_a_file_that_is_not_there(command, tmp_path):
    result = run(*command, str(tmp_path / "none.yaml"))
    assert result.exit_code == 2
    assert "none.yaml" in result.stderr
    assert "Traceback" not in result.output


def test_a_tenant_that_there_is_not(config):
    for args in (
        ["poll-once", str(config), "--tenant", "x"],
        ["suggest-rule", str(config), "--tenant", "x"],
        ["diagnose", str(config), "--tenant", "x", "--user", "y"],
        ["ticket", str(config), "--tenant", "x", "--user", "y"],
    ):
        result = run(*args)
        assert result.exit_code == 2
        assert "there is no tenant" in result.stderr


def test_simulate_refuses_what_makes_no_sense():
    assert run("simulate", "--listen", "nowhere").exit_code == 2
    assert run("simulate", "--plan-interval", "soon").exit_code == 2
    assert run("simulate", "--break", "firm-001=gremlins").exit_code == 2
    assert run("simulate", "--break", "firm-999=impersonation_denied").exit_code == 2
