"""Whoever is woken finds a page, and everything that it tells to type is there and works."""

import re
import subprocess

import pytest
import typer
import yaml

from alerts import runbook
from alerts.alerts import PROMETHEUS, rules
from alerts.runbook import FOLDER, INDEX, PAGES, ROOT
from syncwatch.cli import app
from syncwatch.web.routes import ROUTES
from tools import tool

OUTLINE = ["Meaning", "Impact", "Diagnosis", "Mitigation", "Escalation", "When it is wrong"]
LONGEST = 100  # lines: nobody scrolls through more at three in the morning
OTHERS = {"promtool", "amtool"}  # commands of programs that this repository does not hold
WITHOUT_A_NUMBER = {"InboxSyncTenantInMaintenance", "Watchdog"}
COMMANDS = typer.main.get_command(app)
EVERY_PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
EVERYWHERE = pytest.mark.parametrize("page", [INDEX, *PAGES], ids=lambda page: page.stem)


def written(folder: str) -> list[dict]:
    """All rules of a folder, recording ones too."""
    files = sorted((PROMETHEUS / folder).glob("*.yaml"))
    groups = [group for file in files for group in yaml.safe_load(file.read_text()).get("groups", ())]
    return [rule for group in groups for rule in group["rules"]]


@pytest.fixture(scope="module")
def alerts() -> dict[str, dict]:
    return {rule["alert"]: rule for rule in rules()}


@pytest.fixture(scope="module")
def templates() -> dict[str, dict]:
    return {rule["alert"]: rule for rule in written("templates") if "alert" in rule}


@pytest.fixture(scope="module")
def thresholds() -> set[str]:
    groups = yaml.safe_load((PROMETHEUS / "thresholds.yaml").read_text())
    return {f"{group}.{name}" for group, numbers in groups.items() for name in numbers}


@pytest.fixture(scope="module")
def known() -> set[str]:
    """Every metric and every recorded series."""
    page = (ROOT / "docs" / "metrics.md").read_text()
    listed = {
        name for name, *_ in re.findall(r"^\| `(\w+)` \| (gauge|counter|histogram)", page, re.MULTILINE)
    }
    histograms = set(re.findall(r"^\| `(\w+)` \| histogram", page, re.MULTILINE))
    parts = {f"{name}_{part}" for name in histograms for part in ("bucket", "sum", "count")}
    return listed | parts | {rule["record"] for rule in written("rules") if "record" in rule}


@pytest.fixture(scope="module")
def classes() -> dict[str, dict]:
    return yaml.safe_load((ROOT / "config" / "rules" / "classes.yaml").read_text())["classes"]


def test_every_alert_has_a_page_and_every_page_an_alert(alerts):
    assert {page.stem for page in PAGES} == set(alerts)


def test_the_alert_links_to_its_page(alerts):
    for name, rule in alerts.items():
        assert rule["annotations"]["runbook_url"].endswith(f"/docs/runbooks/{name}.md")


@EVERY_PAGE
def test_every_page_has_the_same_outline(page):
    assert runbook.headings(page) == [f"# {page.stem}", *(f"## {name}" for name in OUTLINE)]
    assert all(runbook.section(page, f"## {name}").strip() for name in OUTLINE)
    assert len(page.read_text().splitlines()) <= LONGEST


def test_the_index_says_of_each_alert_what_its_rule_says(alerts):
    index = {}
    for row in runbook.rows(INDEX):
        if link := re.fullmatch(r"\[(\w+)\]\(\1\.md\)", row[0]):
            index[link[1]] = row[1:4]
    labels = {name: rule["labels"] for name, rule in alerts.items()}
    assert index == {
        name: [of["severity"], of["scope"], of.get("owner", "by class")] for name, of in labels.items()
    }


def test_what_to_do_is_said_for_every_class_and_all_of_its_owners(classes):
    table = {
        name[1]: set(row[1].split(", "))
        for row in runbook.rows(INDEX)
        if len(row) == 4 and (name := re.match(r"`(\w+)`", row[0])) and name[1] in classes
    }
    assert table == {name: set(of["remedies"]) for name, of in classes.items()}


@EVERY_PAGE
def test_the_meaning_names_the_numbers_that_the_rule_uses(page, templates, thresholds):
    template = templates[page.stem]
    used = set(re.findall(r"\$\{(\w+\.\w+)\}", f"{template['expr']} {template.get('for', '')}"))
    general = {key for key in used if key.split(".")[0] in ("evaluation", "baseline", "window")}
    meaning = set(re.findall(r"`(\w+\.\w+)`", runbook.section(page, "## Meaning"))) - {"thresholds.yaml"}
    assert used - general <= meaning
    assert meaning <= thresholds
    assert meaning or page.stem in WITHOUT_A_NUMBER


@EVERYWHERE
def test_every_metric_that_is_named_exists(page, known):
    assert runbook.metrics(page) - known == set()


def test_every_expression_is_one_that_prometheus_takes(tmp_path):
    expressions = [(page.stem, each) for page in [INDEX, *PAGES] for each in runbook.expressions(page)]
    scratch = [{"record": f"{page}:{at}", "expr": each} for at, (page, each) in enumerate(expressions)]
    file = tmp_path / "expressions.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "runbooks", "rules": scratch}]}))
    done = subprocess.run(
        [tool("promtool"), "check", "rules", file], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(expressions)} rules found" in done.stdout


@EVERYWHERE
def test_every_class_that_an_expression_asks_for_exists(page, classes):
    matchers = [each for text in runbook.expressions(page) for each in re.findall(r'class=~?"([^"]+)"', text)]
    assert {name for matcher in matchers for name in matcher.split("|")} - {"CLASS", *classes} == set()


@EVERY_PAGE
def test_it_ends_as_long_after_its_cause_as_the_page_says(page):
    said = re.findall(r"It ends (\d+) minutes \(`evaluation\.hold", page.read_text())
    held = {rule["alert"]: rule.get("keep_firing_for") for rule in written("rules") if "alert" in rule}
    assert [held[page.stem]] * len(said) == [f"{minutes}m" for minutes in said]


@EVERYWHERE
def test_every_command_is_one_that_there_is(page):
    for command, *arguments in runbook.commands(page):
        if command == "syncwatch":
            name, *options = arguments
            COMMANDS.get_command(None, name).make_context(name, options).close()
        elif command == "curl":
            assert answered(arguments), arguments
        elif command == "python":
            assert (ROOT / arguments[0]).exists()
        else:
            assert command in OTHERS
    for name in re.findall(r"`syncwatch ([\w-]+)", page.read_text()):
        assert name in COMMANDS.list_commands(None)


def answered(arguments: list[str]) -> bool:
    """Whether the daemon has a route for what curl is told to ask."""
    method = arguments[arguments.index("-X") + 1] if "-X" in arguments else "GET"
    path = re.sub(r"https?://[^/]+|\?.*", "", arguments[-1])
    routes = [route for route in ROUTES if route.method == method]
    return any(re.fullmatch(re.sub(r"\{\w+:(.+)\}", r"\1", route.path), path) for route in routes)


def test_nothing_else_lies_in_the_folder():
    assert {file for file in FOLDER.iterdir() if file.suffix != ".md"} == set()
