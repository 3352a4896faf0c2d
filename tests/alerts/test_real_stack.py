"""A fault of a firm, all the way to whoever is woken for it; and every expression, on what the real programs show.

The tests are one story in this order, of one stack. `pytest -s` prints what was notified and how long that took, at the
pace of alerts/realstack.py.
"""

import json
import subprocess
import sys
import time

import pytest
import yaml

from alerts.dashboards import PATHS, expressions
from alerts.realstack import WORLD, whole_stack
from alerts.selectors import selectors
from integration.serving import ROOT, eventually
from syncwatch.simulator import Options
from syncwatch.simulator.wordings import failure
from syncwatch.simulator.world import World
from tools import tool

CLASS = "impersonation_denied"
REMEDY = "Grant the service account the ApplicationImpersonation role for these mailboxes."
ILL, DARK, BROKEN = "firm-001", "firm-002", "firm-005"
CAUSE = "InboxSyncOrganizationWideCause"

# Series that are not there while one firm is ill and two panels are dark, but all else is well.
ABSENT = {
    "ALERTS_FOR_STATE": "nothing is wrong with Syncwatch",
    "syncwatch_discovery_failures_total": "the source can be read",
    "syncwatch_http_refused_total": "nobody is refused at the door",
    "syncwatch_journal_failures_total": "the journal works",
    "syncwatch_journal_refusals_total": "nobody else writes to it",
    "syncwatch_refused_rows_total": "every row fits the profile",
    "tenant:inboxsync_session_failures:burning": "it comes and goes",
    "tenant_class:inboxsync_organization_wide_causes:min1d": "no organization is ill for a day",
    "tenant:inboxsync_users_firm_down:sum": "in no firm everybody is down",
}

GROUPS = [
    group
    for file in sorted((ROOT / "config" / "prometheus" / "rules").glob("*.yaml"))
    for group in yaml.safe_load(file.read_text())["groups"]
]
RULES = [rule for group in GROUPS for rule in group["rules"]]
RECORDS = [rule["record"] for rule in RULES if "record" in rule]
ALERTS = [rule for rule in RULES if "alert" in rule]


def test_promtool_has_nothing_against_the_example():
    command = [tool("promtool"), "check", "config", str(ROOT / "config" / "prometheus" / "prometheus.yml")]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def transcript(stack, since, tenant):
    for each in stack.about(tenant, since):
        sys.stdout.write(f"\n{each.at - since:6.1f} s  {each}")


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with whole_stack(tmp_path_factory.mktemp("stack")) as running:

        def settled() -> None:
            assert len(running.query("tenant:inboxsync_users_sync_down:min1d")) == 3
            assert not running.query('ALERTS{alertname="SyncwatchAbsent"}')

        eventually(settled)
        yield running


@pytest.fixture(scope="module")
def fault(stack) -> float:
    """When the mailbox access of a firm broke."""
    now = time.time()
    stack.control("break", tenant=ILL, **{"class": CLASS})
    return now


def test_a_cause_pages_with_whom_and_what_to_do(stack, fault):
    page = stack.told(ILL, fault, CAUSE, "firing")
    labels, said = page.labels, page.alert["annotations"]
    assert (labels["severity"], labels["class"], labels["owner"]) == ("page", CLASS, "mail_admin")
    assert ILL in said["summary"]
    assert "mail_admin" in said["description"]
    assert REMEDY in said["description"]
    assert said["page_url"] == f"https://syncwatch.example.com/tenants/{ILL}?class={CLASS}"
    assert said["dashboard_url"] == f"https://grafana.example.com/d/syncwatch-tenant?var-tenant={ILL}"


def expected(expression: str) -> bool:
    """Whether there must be series; what was a while ago is not known to a Prometheus that has just started."""
    return " offset " not in expression and not any(name in expression for name in ABSENT)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.get("record") or rule["alert"])
def test_every_rule_is_evaluated_without_an_error(stack, rule):
    stack.query(rule["expr"])


def test_every_recorded_series_is_there(stack, fault):
    def recorded() -> None:
        assert [name for name in RECORDS if expected(name) and not stack.query(name)] == []

    eventually(recorded)


def test_every_series_that_an_alert_looks_at_is_there(stack, fault):
    asked = {each for rule in ALERTS for each in selectors(rule["expr"])}

    def present() -> None:
        assert [each for each in sorted(asked) if expected(each) and not stack.query(each)] == []

    eventually(present)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_every_panel_of_a_dashboard_shows_something(stack, fault, path):
    asked = [list(expressions(path, {"tenant": tenant})) for tenant in (ILL, BROKEN)]

    def shown() -> None:
        empty = [
            (title, expression)
            for (_, title, expression), (_, _, other) in zip(*asked, strict=True)
            if not (stack.query(expression) or stack.query(other)) and expected(expression)
        ]
        assert empty == []

    eventually(shown)


def test_what_is_excused_is_asked_for():
    shown = [each for path in PATHS for _, _, each in expressions(path, {"tenant": ILL})]
    texts = " ".join([*RECORDS, *(rule["expr"] for rule in RULES), *shown])
    assert [name for name in ABSENT if name not in texts] == []


def test_it_was_one_page_and_its_end_is_told(stack, fault):
    stack.told(ILL, fault, CAUSE, "firing")
    stack.control("break", tenant=ILL, **{"class": None})
    stack.told(ILL, fault, CAUSE, "resolved")
    transcript(stack, fault, ILL)
    pages = [each for each in stack.about(ILL, fault) if each.labels["severity"] == "page"]
    assert [(each.labels["alertname"], each.alert["status"]) for each in pages] == [
        (CAUSE, "firing"), (CAUSE, "resolved"),
    ]  # fmt: skip


def test_a_dark_panel_is_the_operators_ticket_and_says_nothing_of_its_users(stack):
    now = time.time()
    stack.control("fault", tenant=DARK, kind="http_500")

    def dark() -> None:
        assert stack.daemon.figures(DARK)["inboxsync_tenant_up"] == {(): 0}

    eventually(dark)
    stack.control("break", tenant=DARK, **{"class": CLASS})
    ticket = stack.told(DARK, now, "InboxSyncPanelUnreachable", "firing")
    transcript(stack, now, DARK)
    assert (ticket.labels["severity"], ticket.labels["owner"]) == ("ticket", "operator")
    of_users = [each for each in stack.about(DARK, now) if each.labels["scope"] == "users"]
    assert [each for each in of_users if each.labels["severity"] == "page" or each.at >= ticket.at] == []


def test_nothing_of_a_person_is_in_any_notification(stack, fault):
    stack.told(ILL, fault, CAUSE, "firing")
    world = World(Options(**WORLD))
    people = [user for tenant in world.ids for user in world.tenant(tenant).users]
    texts = json.dumps([each.alert for each in stack.inbox])
    assert failure(CLASS).template.partition(":")[0] not in texts
    assert [user for user in people if user.name in texts or user.email in texts] == []
