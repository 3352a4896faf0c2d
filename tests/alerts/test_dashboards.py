"""The committed dashboards: made by their sources, complete, right at any size of the fleet, and leading to each other.

Whether Prometheus answers what they ask is for the tests with a real one; here nothing is started.
"""

import json
import re
import shutil
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from alerts.dashboards import PATHS, expressions, panels, read
from alerts.promql import metrics
from syncwatch.model import Owner, State

ROOT = Path(__file__).resolve().parents[2]
FIRM = {"tenant": "firm-001"}
# Grafana's source for Prometheus reads these of an annotation, which the schema does not know.
BEYOND_SCHEMA = {"step", "titleFormat", "textFormat", "tagKeys"}
OF_PROMETHEUS = {"up", "scrape_duration_seconds", "ALERTS", "ALERTS_FOR_STATE"}
OF_TENANTS = re.compile(r"(tenant|tenant_class|inboxsync)[:_]")
WITHOUT_TENANT = re.compile(r"inboxsync_(class_info|fleet_\w+|session_duration_seconds\w*)$")

every = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def walk(value):
    """Every object within."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from walk(inner)


def queries(path):
    """(panel, PromQL) of every query."""
    return [(panel, target["expr"]) for panel in panels(read(path)) for target in panel["targets"]]


def known_metrics():
    documented = "".join((ROOT / "docs" / page).read_text() for page in ("metrics.md", "web.md"))
    names = set(re.findall(r"`((?:inboxsync|syncwatch|process|python)_\w+)", documented))
    names |= {name + part for name in names for part in ("_bucket", "_sum", "_count")}
    for file in (ROOT / "config" / "prometheus" / "rules").glob("*.yaml"):
        for group in yaml.safe_load(file.read_text())["groups"]:
            names |= {rule["record"] for rule in group["rules"] if "record" in rule}
    return names | OF_PROMETHEUS


def test_the_committed_files_are_what_the_sources_say():
    check = [sys.executable, ROOT / "scripts" / "dashboards.py", "--check"]
    run = subprocess.run(check, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (0, ""), "run `python scripts/dashboards.py`: " + run.stdout


def test_a_file_that_was_edited_by_hand_is_named(tmp_path):
    for folder in ("grafana", "config"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / "scripts").mkdir()
    script = shutil.copy(ROOT / "scripts" / "dashboards.py", tmp_path / "scripts")
    edited = tmp_path / "grafana" / "dashboards" / "fleet.json"
    edited.write_text(edited.read_text().replace("Firms hurt", "Firms broken"))
    run = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout) == (1, "grafana/dashboards/fleet.json differs from its sources\n")
    assert "Firms broken" in edited.read_text()


@every
def test_grafana_knows_every_key(path):
    committed = read(path)
    for annotation in committed["annotations"]["list"]:
        for key in BEYOND_SCHEMA:
            annotation.pop(key, None)
    assert json.loads(json.dumps(Dashboard.from_json(committed), cls=JSONEncoder)) == committed


@every
def test_a_panel_says_what_it_shows_and_what_stands_there_when_nothing_comes(path):
    for panel in panels(read(path)):
        defaults = panel["fieldConfig"]["defaults"]
        assert panel["description"].endswith("."), panel["title"]
        assert defaults["noValue"], panel["title"]
        assert panel["type"] == "table" or defaults["unit"], panel["title"]


@every
def test_ids_and_titles_are_unique_and_no_panel_covers_another(path):
    dashboard = read(path)
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(ids) == len(set(ids))
    for one, other in combinations([panel["gridPos"] for panel in dashboard["panels"]], 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or above, (one, other)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in dashboard["panels"])
    for panel in panels(dashboard):
        refs = [target["refId"] for target in panel["targets"]]
        assert all(refs), panel["title"]
        assert len(refs) == len(set(refs)), panel["title"]


@every
def test_the_data_source_is_a_choice(path):
    sources = [each["datasource"]["uid"] for each in walk(read(path)) if "datasource" in each]
    assert set(sources) == {"${datasource}"}


@every
def test_every_variable_is_one_that_the_dashboard_has(path):
    known = {variable["name"] for variable in read(path)["templating"]["list"]}
    used = set(re.findall(r"\$\{?([a-z]\w*)", path.read_text()))
    assert used <= known
    assert list(expressions(path, FIRM))


@every
def test_every_metric_is_documented_or_recorded(path):
    asked = {name for _, _, expr in expressions(path, FIRM) for name, _ in metrics(expr)}
    assert asked
    assert asked - known_metrics() == set()


@every
def test_a_tenant_that_two_replicas_show_for_a_moment_counts_once(path):
    for _, title, expr in expressions(path, FIRM):
        for name, around in metrics(expr):
            if name.startswith("inboxsync_") and not WITHOUT_TENANT.match(name):
                operation, grouping = around[0]
                assert operation in {"min", "max"}, (title, expr)
                assert grouping == "without (instance, pod)", (title, expr)


@every
def test_no_job_is_named_and_rates_fit_the_time_that_is_shown(path):
    for panel, expr in queries(path):
        assert "job=" not in expr, panel["title"]
        for window in re.findall(r"\brate\([^\[]*\[([^\]]*)\]", expr):
            assert window.rstrip(":") == "$__rate_interval", panel["title"]


@pytest.mark.parametrize(
    "path", [path for path in PATHS if path.stem != "tenant"], ids=lambda path: path.stem
)
def test_a_thousand_tenants_are_no_thousand_lines_or_rows(path):
    for panel, expr in queries(path):
        for name, around in metrics(expr):
            if OF_TENANTS.match(name) and not WITHOUT_TENANT.match(name):
                added_up = [by for _, by in around if not by.startswith("without") and "tenant" not in by]
                assert added_up or "topk(" in expr, (panel["title"], expr)


@every
def test_a_graph_by_class_has_few_lines_and_the_same_at_each_point(path):
    for panel in panels(read(path)):
        for target in panel["targets"]:
            if panel["type"] == "timeseries" and "{{class}}" in target["legendFormat"]:
                assert re.search(r"and on \(class\) topk\(6, .*@ end\(\)", target["expr"]), panel["title"]


@every
def test_what_is_no_graph_asks_only_for_now(path):
    for panel in panels(read(path)):
        if panel["type"] in {"stat", "table", "bargauge"}:
            assert all(target["instant"] for target in panel["targets"]), panel["title"]


def test_every_state_and_owner_has_a_colour_of_its_own():
    colours = {"{{state}}": {}, "{{owner}}": {}}
    for path in PATHS:
        for panel in panels(read(path)):
            for target in panel["targets"]:
                if target["legendFormat"] in colours and path.stem != "daemon":
                    for each in panel["fieldConfig"]["overrides"]:
                        colour = each["properties"][0]["value"]["fixedColor"]
                        known = colours[target["legendFormat"]].setdefault(each["matcher"]["options"], colour)
                        assert known == colour, panel["title"]
    for legend, names in (("{{state}}", State), ("{{owner}}", Owner)):
        assert set(colours[legend]) == set(names)
        assert len(set(colours[legend].values())) == len(names)


def test_links_lead_from_an_alert_to_the_firm_and_on_to_the_page_about_it():
    fleet, tenant, daemon = (read(path) for path in sorted(PATHS, key=lambda path: "ftd".index(path.stem[0])))
    assert [fleet["uid"], tenant["uid"], daemon["uid"]] == [
        "syncwatch-fleet",
        "syncwatch-tenant",
        "syncwatch-daemon",
    ]
    for dashboard in (fleet, tenant, daemon):
        assert dashboard["links"][0]["type"] == "dashboards"
        assert set(dashboard["links"][0]["tags"]) <= set(dashboard["tags"])
    (alerts,) = (panel for panel in panels(fleet) if panel["title"] == "Alerts that fire")
    urls = [each["url"] for each in walk(alerts) if "url" in each]
    assert any(url.startswith(f"/d/{tenant['uid']}?") and "var-tenant=${__value.raw}" in url for url in urls)
    assert "${external_url:raw}/tenants/${__value.raw}" in urls
    assert "${external_url:raw}/causes/${__value.raw}" in urls
    assert "${external_url:raw}/tenants/${tenant}" in [link.get("url") for link in tenant["links"]]
