"""Prometheus finds the daemon, its rules and its dashboards; the kubelet and `helm test` find its probes."""

import json
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
import yaml

from chart.engine import CHART
from chart.release import CASES
from syncwatch.web.access import Access
from syncwatch.web.routes import ROUTES
from tools import tool

ROOT = CHART.parents[1]
RULES = sorted((ROOT / "config" / "prometheus" / "rules").glob("*.yaml"))
DASHBOARDS = sorted((ROOT / "grafana" / "dashboards").glob("*.json"))
EVERYTHING = {"prometheusRule": {"enabled": True}, "dashboards": {"enabled": True}}
# As the operator's own definitions have them.
ENDPOINT = {
    "port", "path", "scheme", "honorLabels", "interval", "scrapeTimeout", "tlsConfig", "basicAuth", "authorization",
    "relabelings", "metricRelabelings",
}  # fmt: skip
MONITOR = {"jobLabel", "selector", "namespaceSelector", "sampleLimit"}
RULE = {"alert", "record", "expr", "for", "keep_firing_for", "labels", "annotations"}
GROUP = {"name", "interval", "limit", "labels", "query_offset", "partial_response_strategy", "rules"}


def monitor(release):
    """The one monitor there is, and its one endpoint."""
    (found,) = release.all("ServiceMonitor") + release.all("PodMonitor")
    kind = "endpoints" if found["kind"] == "ServiceMonitor" else "podMetricsEndpoints"
    (endpoint,) = found["spec"][kind]
    assert found["spec"].keys() <= MONITOR | {kind}
    assert endpoint.keys() <= ENDPOINT
    return found, endpoint


@pytest.mark.parametrize("case", ["monitoring", "podmonitor", "users"])
def test_the_labels_of_firms_stay_what_they_are(install, case):
    assert monitor(install(CASES[case]))[1]["honorLabels"] is True


def test_a_monitor_selects_what_there_is_to_scrape(install):
    watched = install(CASES["monitoring"])
    found, endpoint = monitor(watched)
    service = watched.one("Service")
    assert found["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert found["spec"]["namespaceSelector"] == {"matchNames": [service["metadata"]["namespace"]]}
    assert endpoint["port"] in [each["name"] for each in service["spec"]["ports"]]
    assert (endpoint["interval"], endpoint["scrapeTimeout"]) == ("30s", "20s")
    assert found["metadata"]["labels"]["release"] == "prometheus"

    scraped = install(CASES["podmonitor"])
    found, endpoint = monitor(scraped)
    labels = scraped.workload["spec"]["template"]["metadata"]["labels"]
    assert found["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert endpoint["port"] in [each["name"] for each in scraped.daemon["ports"]]


def test_a_door_with_tls_and_users_is_scraped_and_probed_so(install):
    release = install(CASES["users"])
    _, endpoint = monitor(release)
    assert endpoint["scheme"] == "https"
    assert endpoint["basicAuth"]["password"] == {"name": "syncwatch-scrape", "key": "password"}
    assert {release.daemon[each]["httpGet"]["scheme"] for each in PROBES} == {"HTTPS"}
    assert release.tester["spec"]["containers"][0]["args"][-1].startswith("https://")


PROBES = ("startupProbe", "livenessProbe", "readinessProbe")


def test_probes_ask_for_what_the_daemon_answers_to_everybody(install):
    open_to_all = {route.path for route in ROUTES if route.access is Access.OPEN}
    release = install()
    asked = {each: release.daemon[each]["httpGet"]["path"] for each in PROBES}
    assert set(asked.values()) <= open_to_all
    assert asked["readinessProbe"] != asked["livenessProbe"]
    assert {release.daemon[each]["httpGet"]["port"] for each in PROBES} == {"http"}
    assert monitor(install(CASES["monitoring"]))[1]["path"] in {route.path for route in ROUTES}
    assert "httpGet" not in install(CASES["pod"]).daemon["livenessProbe"]


def test_the_way_down_is_found_by_who_takes_the_last_figures(install):
    assert install().one("Service")["spec"]["publishNotReadyAddresses"] is True


def test_helm_test_asks_the_service_for_a_probe_without_a_shell(install):
    release = install(CASES["additions"])
    (container,) = release.tester["spec"]["containers"]
    assert release.tester["metadata"]["annotations"]["helm.sh/hook"] == "test"
    assert container["command"] == ["python", "-c"]
    assert container["args"][1] == "http://watcher:80/-/ready"


@pytest.mark.parametrize(("answer", "code"), [(b"ready\n", 0), (b"a page of something else", 1)])
def test_helm_test_passes_where_the_daemon_is_ready(install, answer, code):
    class Answers(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    (container,) = install().tester["spec"]["containers"]
    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = Thread(target=server.handle_request)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/-/ready"
        done = subprocess.run([sys.executable, "-c", container["args"][0], url], check=False, timeout=60)
        thread.join(10)
    assert done.returncode == code


def test_the_rules_are_those_of_the_repository(install):
    written = [
        group for file in RULES for group in yaml.load(file.read_text(), Loader=yaml.CSafeLoader)["groups"]
    ]
    found = install(EVERYTHING).one("PrometheusRule")["spec"]["groups"]
    assert found == written
    for group in found:
        assert group.keys() <= GROUP
        assert all(rule.keys() <= RULE for rule in group["rules"])


def test_groups_and_alerts_can_be_left_out_and_others_added(install):
    groups = install(CASES["monitoring"]).one("PrometheusRule")["spec"]["groups"]
    everything = install(EVERYTHING).one("PrometheusRule")["spec"]["groups"]
    names = [each["name"] for each in everything if each["name"] != "syncwatch-users-tickets"]
    assert [each["name"] for each in groups] == [*names, "syncwatch-additional"]
    alerts = {rule.get("alert") for group in groups for rule in group["rules"]}
    before = {rule.get("alert") for group in everything for rule in group["rules"]}
    assert "Watchdog" in before - alerts
    assert groups[-1]["rules"] == CASES["monitoring"]["prometheusRule"]["additionalRules"]


def test_promtool_takes_the_rules(install, tmp_path):
    file = tmp_path / "rules.yaml"
    file.write_text(
        yaml.dump(install(CASES["monitoring"]).one("PrometheusRule")["spec"], Dumper=yaml.CSafeDumper)
    )
    done = subprocess.run(
        [tool("promtool"), "check", "rules", file], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dashboards_are_those_of_the_repository_to_the_byte(install):
    found = {}
    for each in install(EVERYTHING).all("ConfigMap"):
        if "grafana_dashboard" in each["metadata"]["labels"]:
            assert each["metadata"]["labels"]["grafana_dashboard"] == "1"
            assert each["metadata"]["annotations"] == {"grafana_folder": "Syncwatch"}
            found |= each["data"]
    assert found == {file.name: file.read_text() for file in DASHBOARDS}
    assert all(json.loads(text)["uid"] for text in found.values())
    assert found


def test_the_sidecar_may_look_for_another_label_and_folder(install):
    shown = [
        each["metadata"] for each in install(CASES["monitoring"]).all("ConfigMap")
        if each["metadata"]["namespace"] == "monitoring"
    ]  # fmt: skip
    assert len(shown) == len(DASHBOARDS)
    for each in shown:
        assert each["labels"]["dashboards"] == "yes"
        assert each["annotations"] == {"k8s-sidecar-target-directory": "/tmp/dashboards/Syncwatch"}
