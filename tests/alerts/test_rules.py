"""The rules of Prometheus: what promtool says of them, and what they promise all alike."""

import re
import subprocess
import sys
from functools import cache

import pytest
import yaml

from alerts.alerts import PROMETHEUS, fired, looks, rules
from alerts.promql import metrics
from integration.serving import ROOT
from syncwatch.model import Owner
from tools import tool

FILES = sorted((PROMETHEUS / "rules").glob("*.yaml"))
CASES = sorted((PROMETHEUS / "tests").glob("*.yaml"))
THRESHOLDS = PROMETHEUS / "thresholds.yaml"
SEVERITIES = {"page", "ticket", "info"}
SCOPES = {"users", "tenant", "fleet", "syncwatch"}
OF_A_FIRM = {"users", "tenant"}
ANNOTATIONS = {"summary", "description", "runbook_url", "page_url", "dashboard_url"}
# Series that no rule and no shipped dashboard reads: for other people's.
FOR_OTHERS = {
    "fleet:inboxsync_users_sync_down:ratio",
    "fleet:inboxsync_tenants_hurt:count",
    "fleet_class:inboxsync_syncs_down:sum",
}
WITHOUT_TENANT = re.compile(r"inboxsync_(class_info|fleet_\w+)$")
ONE_TENANT = ("max", "without (instance, pod)")
ONE_LABELLING = ("max", "by (tenant, profile, team, tier, region)")
ALERTS = pytest.mark.parametrize("rule", rules(), ids=[rule["alert"] for rule in rules()])


def run(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)


def make(*arguments):
    return run(sys.executable, ROOT / "scripts" / "rules.py", *arguments)


def read(file):
    return yaml.safe_load(file.read_text(encoding="utf-8"))


@cache
def written():
    """Every rule, recording ones too."""
    return [rule for file in FILES for group in read(file)["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("file", CASES, ids=[file.stem for file in CASES])
def test_alerts_fire_and_stay_silent_as_the_cases_say(file):
    ran = run(tool("promtool"), "test", "rules", file)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_promtool_accepts_the_rules():
    checked = run(tool("promtool"), "check", "rules", *FILES)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_rules_are_what_the_templates_give():
    made = make("--check")
    assert (made.returncode, made.stderr) == (0, "")


def test_every_alert_has_a_case_in_which_it_fires_and_one_in_which_it_stays_silent():
    names = {rule["alert"] for rule in rules()}
    assert {look["alertname"] for look in looks() if look.get("exp_alerts")} == names
    assert {look["alertname"] for look in looks() if not look.get("exp_alerts")} == names - {"Watchdog"}


@ALERTS
def test_an_alert_says_how_urgent_it_is_what_it_is_about_and_where_to_look(rule):
    labels, annotations = rule["labels"], rule["annotations"]
    assert labels["severity"] in SEVERITIES
    assert labels["scope"] in SCOPES
    assert annotations.keys() == ANNOTATIONS
    assert all(annotations.values())
    assert "Who must act: " in annotations["description"]


@ALERTS
def test_a_text_asks_only_for_labels_that_the_expression_gives(rule):
    """Prometheus does not show a rule's own labels to its annotations."""
    asked = {name for text in rule["annotations"].values() for name in re.findall(r"\$labels\.(\w+)", text)}
    assert not asked & rule["labels"].keys()


def test_whoever_must_act_and_whose_firm_it_is_are_known_when_it_fires():
    for labels in fired():
        assert labels["owner"] in set(Owner), labels
        if labels["scope"] in OF_A_FIRM:
            assert labels.keys() >= {"tenant", "team", "region"}, labels


@ALERTS
def test_an_alert_about_a_firm_has_the_labels_of_the_firm(rule):
    joined = "group_left (team, tier, region)\ntenant:inboxsync_tenant_info:one" in rule["expr"]
    assert joined == (rule["labels"]["scope"] in OF_A_FIRM)


def test_no_rule_names_a_job():
    assert [rule for rule in written() if re.search(r"\bjob\b", rule["expr"])] == []


def test_a_tenant_that_two_replicas_show_for_a_moment_counts_once():
    for rule in written():
        for name, around in metrics(rule["expr"]):
            if name.startswith("inboxsync_") and not WITHOUT_TENANT.match(name):
                assert around[0] in {ONE_TENANT, ONE_LABELLING}, rule


def test_every_metric_is_one_that_the_daemon_has_or_a_rule_records():
    documented = set(re.findall(r"^\| `(\w+)`", (ROOT / "docs" / "metrics.md").read_text(), re.MULTILINE))
    recorded = {rule["record"] for rule in written() if "record" in rule}
    asked = {name for rule in written() for name, _ in metrics(rule["expr"])}
    known = documented | recorded | {"prometheus_rule_evaluation_failures_total"}
    assert {name.removesuffix("_bucket") for name in asked} - known == set()


def test_every_recorded_series_is_read_by_somebody():
    recorded = {rule["record"] for rule in written() if "record" in rule}
    texts = [rule["expr"] + "".join(rule.get("annotations", {}).values()) for rule in written()]
    texts += [file.read_text(encoding="utf-8") for file in (ROOT / "grafana" / "dashboards").glob("*.json")]
    words = set(re.findall(r"[a-z_]+:\w+:\w+", " ".join(texts)))
    assert recorded - words == FOR_OTHERS


def test_every_threshold_and_phrase_is_used():
    texts = "".join(file.read_text(encoding="utf-8") for file in (PROMETHEUS / "templates").glob("*.yaml"))
    used = set(re.findall(r"\$\{([a-z0-9_.]+)\}", texts)) | {
        "links.runbooks",
        "phrase.pages",
        "phrase.dashboards",
    }
    named = {**read(THRESHOLDS), **read(PROMETHEUS / "templates" / "phrases.yaml")}
    assert used - {"path"} == {f"{group}.{name}" for group, words in named.items() for name in words}


def test_windows_are_what_the_names_of_recorded_series_say():
    """Prometheus forgets a series after five minutes, so nothing may be evaluated less often."""
    numbers = read(THRESHOLDS)
    assert numbers["window"] == {"short": "15m", "hour": "1h", "long": "6h", "long_per_baseline": 4}
    assert numbers["baseline"]["window"] == "1d"
    assert numbers["evaluation"]["slow"] == "4m"


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("  users: 2        # active", "  user: 2  #", "recording.yaml: .*firm_down.users"),
        ("firm_down:", "firm_down: 5\nothers:", "thresholds.yaml: firm_down is not a group"),
        ("firm_down:", "firm_down: {", "thresholds.yaml: .*line"),
    ],
)
def test_a_wrong_threshold_is_refused_by_file_and_name(tmp_path, before, after, message):
    text = THRESHOLDS.read_text(encoding="utf-8")
    assert before in text
    wrong = tmp_path / "thresholds.yaml"
    wrong.write_text(text.replace(before, after, 1), encoding="utf-8")
    made = make("--thresholds", wrong, "--into", tmp_path / "rules")
    assert made.returncode == 1
    assert re.search(message, made.stderr, re.DOTALL), made.stderr
    assert not (tmp_path / "rules").exists()
