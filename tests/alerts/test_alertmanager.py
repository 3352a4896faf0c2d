"""Who gets which alert, together with which: amtool's word, and that of a real Alertmanager."""

import re
import subprocess
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
import yaml

from alerts.alertmanager import CONFIG, alertmanager
from alerts.alerts import Labels, everything, fired, rules
from integration.serving import eventually
from tools import tool

AMTOOL = tool("amtool")
OURS = {"operator", "vendor_support"}
RETENTION = 120  # hours for which Alertmanager remembers by default what it sent


@pytest.fixture(scope="module")
def config():
    return yaml.safe_load(CONFIG.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def told(tmp_path_factory) -> Iterator[list[dict[str, Any]]]:
    """The groups of a real one that was told of every alert, each one of a firm in two firms."""
    elsewhere = [{**labels, "tenant": "firm-b"} for labels in everything() if "tenant" in labels]
    alerts = [*everything(), *elsewhere]
    with alertmanager(tmp_path_factory.mktemp("alertmanager")) as server:
        server.post(alerts)

        def complete():
            groups = server.get("alerts/groups")
            assert sum(len(_ours(group)) for group in groups) == len(alerts)
            return groups

        yield eventually(complete)


def _ours(group: dict[str, Any]) -> list[dict[str, str]]:
    return [alert["labels"] for alert in group["alerts"] if "case" not in alert["labels"]]


def receiver(labels: Labels) -> str:
    """Who gets it, as docs/alerting.md says."""
    by_name = {"Watchdog": "dead-man", "InboxSyncTenantInMaintenance": "nobody"}
    if labels["alertname"] in by_name:
        return by_name[labels["alertname"]]
    if labels["severity"] == "info":
        return "weekly"
    place = {"page": "pager", "ticket": "desk"}[labels["severity"]]
    return f"{place}-{'sre' if labels['owner'] in OURS else 'support'}"


def test_amtool_has_nothing_to_say():
    answer = subprocess.run(
        [AMTOOL, "check-config", str(CONFIG)], capture_output=True, text=True, check=False
    )
    assert not answer.returncode, answer.stdout + answer.stderr


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ("severity=page scope=users owner=mail_admin tenant=firm-001", "pager-support"),
        ("severity=page scope=users owner=vendor_support tenant=firm-001", "pager-sre"),
        ("severity=ticket scope=fleet owner=operator", "desk-sre"),
        ("severity=ticket scope=tenant owner=client_admin tenant=firm-001", "desk-support"),
        ("severity=info scope=users owner=client_admin tenant=firm-001", "weekly"),
        ("alertname=Watchdog severity=info scope=syncwatch owner=nobody", "dead-man"),
        ("alertname=SomebodyElses", "desk-sre"),
    ],
)
def test_amtool_routes_by_severity_and_owner(labels, expected):
    command = [AMTOOL, "config", "routes", "test", f"--config.file={CONFIG}", *labels.split()]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == expected


def test_every_alert_of_every_owner_reaches_whom_it_should_and_nobody_else(told):
    for group in told:
        for labels in _ours(group):
            assert group["receiver"]["name"] == receiver(labels), labels


def test_what_is_wrong_in_one_firm_is_one_message_and_what_is_wrong_in_many_is_one_for_each_cause(told):
    by_scope = {
        "users": {"tenant"},
        "tenant": {"tenant"},
        "fleet": {"alertname", "class"},
        "syncwatch": {"alertname"},
    }
    for group in told:
        for labels in _ours(group):
            if receiver(labels).startswith(("pager", "desk")):
                assert set(group["labels"]) == by_scope[labels["scope"]] & set(labels), labels


def test_a_digest_is_one_message_for_each_kind_whatever_the_firms(told):
    digests = [group for group in told if group["receiver"]["name"] == "weekly"]
    assert [set(group["labels"]) for group in digests] == [{"alertname"}] * len(digests)
    assert {labels["tenant"] for group in digests for labels in _ours(group)} == {"firm-a", "firm-b"}


class Step(NamedTuple):
    """One route with what it inherits."""

    receiver: str
    repeat: str
    hours: list[str]


def steps(route: dict[str, Any], receiver: str = "", repeat: str = "") -> Iterator[Step]:
    receiver, repeat = route.get("receiver", receiver), route.get("repeat_interval", repeat)
    # Alertmanager hands hours down to no route below: each has to name its own.
    yield Step(receiver, repeat, route.get("active_time_intervals", []))
    for inner in route.get("routes", ()):
        yield from steps(inner, receiver, repeat)


def test_nobody_is_woken_for_a_ticket_or_a_digest_and_a_page_knows_no_hours(config):
    for route in config["route"]["routes"]:
        for step in steps(route):
            hours = {"desk": ["business-hours"], "weekly": ["monday-morning"]}.get(
                step.receiver.split("-")[0], []
            )
            assert step.hours == hours, step


def test_nothing_is_repeated_later_than_alertmanager_remembers_it(config):
    hours = {"s": 1 / 3600, "m": 1 / 60, "h": 1, "d": 24}
    for step in steps(config["route"]):
        assert float(step.repeat[:-1]) * hours[step.repeat[-1]] <= RETENTION, step


def test_no_secret_stands_in_the_file(config):
    def names(part):
        if isinstance(part, dict):
            yield from part
        for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
            yield from names(inner)

    secret = re.compile(r"(?!.*_file$).*(key|password|token|secret|credentials|api_url)")
    assert not [name for name in names(config) if secret.match(name)]


def _matches(matchers: list[str], labels: Labels) -> bool:
    def fits(matcher: str) -> bool:
        found = re.fullmatch(r'(\w+)(=~|!=|=)"(.*)"', matcher)
        assert found, f"this test does not know how to read {matcher}"
        name, how, text = found.groups()
        if how == "=~":
            return re.fullmatch(text, labels.get(name, "")) is not None
        return (labels.get(name, "") == text) == (how == "=")

    return all(map(fits, matchers))


def test_every_label_that_must_be_equal_is_on_every_alert_of_both_sides(config):
    for rule in config["inhibit_rules"]:
        for side in ("source_matchers", "target_matchers"):
            selected = [labels for labels in everything() if _matches(rule[side], labels)]
            assert selected, f"nothing is selected by {rule[side]}"
            for labels in selected:
                assert all(labels.get(name) for name in rule.get("equal", ())), (rule, labels)


def test_no_alert_is_on_both_sides_of_an_inhibition(config):
    for rule in config["inhibit_rules"]:
        for labels in everything():
            assert not all(_matches(rule[side], labels) for side in ("source_matchers", "target_matchers")), (
                rule
            )


def test_what_speaks_for_more_than_one_cause_is_held_until_those_it_silences_are_over(config):
    """By the longest interval between two messages of a page's group, or its firms would be told at its end."""
    holds = {rule["alert"]: int(rule.get("keep_firing_for", "0m").removesuffix("m")) for rule in rules()}
    for alert in ("InboxSyncCauseRising", "InboxSyncFleetActiveUsersFallen", "InboxSyncTenantInMaintenance"):
        (rule,) = [
            each for each in config["inhibit_rules"] if each["source_matchers"] == [f'alertname="{alert}"']
        ]
        silenced = {each["alertname"] for each in everything() if _matches(rule["target_matchers"], each)}
        assert all(holds[alert] >= holds[each] + 5 for each in silenced), alert


def test_matchers_name_alerts_that_there_are(config):
    there = {rule["alert"] for rule in rules()}
    for part in re.findall(r'alertname=~?"([^"]+)"', CONFIG.read_text(encoding="utf-8")):
        assert set(part.split("|")) <= there


def test_alerts_fire_with_the_labels_that_these_tests_take_them_to_have():
    deciding = {"alertname", "severity", "scope", "tenant", "owner", "class"}
    taken = {labels["alertname"]: [] for labels in everything()}
    for labels in everything():
        taken[labels["alertname"]].append(set(labels) & deciding)
    for labels in fired():
        assert set(labels) & deciding in taken[labels["alertname"]], labels
