"""The whole chain on this machine: simulator, daemon, Prometheus with our rules, Alertmanager with our routes, a webhook.

All of it is what runs elsewhere too, only faster: every duration of the thresholds and of the routes is a 300th of what
is committed, and a second at least, and everything is polled and scraped every second.
"""

import json
import re
import runpy
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import yaml
from aiohttp import web

from integration.serving import ROOT, Daemon, ask, child, eventually, free_port, running, served
from tools import tool

WORLD = {"tenants": 5, "users": 40, "seed": 7, "broken": 2}
BASES = {"external_url": "https://syncwatch.example.com", "grafana_url": "https://grafana.example.com"}
FASTER = 300
SETTLED = {"group_wait": "4s", "group_interval": "2s"}  # an evaluation and a little; what ends is told soon
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

redirected = runpy.run_path(str(ROOT / "scripts" / "notifications.py"))["redirected"]


class Notification(NamedTuple):
    """What the webhook got: when, for which receiver, and one of the alerts in it."""

    at: float
    receiver: str
    alert: Mapping[str, Any]

    @property
    def labels(self) -> Mapping[str, str]:
        return self.alert["labels"]

    def __str__(self) -> str:
        return f"{self.alert['status']:<9}{self.labels['alertname']} -> {self.receiver}: {self.alert['annotations']['summary']}"


@dataclass
class Stack:
    """What runs, by its ports; `inbox` is all that was notified, in order."""

    panels: int
    prometheus: int
    daemon: Daemon
    inbox: list[Notification] = field(default_factory=list)

    def control(self, what: str, **body: object) -> None:
        answer = ask(self.panels, f"/control/{what}", "POST", json.dumps(body).encode())
        assert answer.status == 200, answer.body

    def query(self, expression: str) -> list[Any]:
        """The series of an expression now; fails with what Prometheus has against it."""
        answer = ask(self.prometheus, f"/api/v1/query?{urlencode({'query': expression})}")
        assert answer.status == 200, answer.body.decode()
        return json.loads(answer.body)["data"]["result"]

    def about(self, tenant: str, since: float) -> list[Notification]:
        return [each for each in self.inbox if each.labels.get("tenant") == tenant and each.at >= since]

    def told(self, tenant: str, since: float, alertname: str, status: str) -> Notification:
        """The first of these, once it is there."""

        def find() -> Notification:
            found = [
                each
                for each in self.about(tenant, since)
                if (each.labels["alertname"], each.alert["status"]) == (alertname, status)
            ]
            assert found, [str(each) for each in self.about(tenant, since)]
            return found[0]

        return eventually(find, seconds=60)


def faster(value: Any) -> Any:
    """The same thresholds or routes at our pace."""
    if isinstance(value, Mapping):
        return {key: faster(each) for key, each in value.items()}
    if isinstance(value, str) and (duration := re.fullmatch(r"(\d+)([smhd])", value)):
        seconds = int(duration[1]) * SECONDS[duration[2]]
        return f"{max(1, round(seconds / FASTER))}s"
    return value


def routed(route: Mapping[str, Any]) -> dict[str, Any]:
    """A route and those below it, with groups that are told as soon as they have settled."""
    below = {"routes": [routed(each) for each in route["routes"]]} if "routes" in route else {}
    return {**route, **{key: soon for key, soon in SETTLED.items() if key in route}, **below}


def write(path: Path, content: Any) -> Path:
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def rules(folder: Path) -> Path:
    thresholds = faster(yaml.safe_load((ROOT / "config" / "prometheus" / "thresholds.yaml").read_text()))
    # Simulated sessions fail more often than real ones: each firm would burn a little, now and then.
    thresholds["session_failures"]["slow"] = 0.9
    numbers = write(folder / "thresholds.yaml", thresholds)
    command = [sys.executable, str(ROOT / "scripts" / "rules.py"), "--thresholds", str(numbers)]
    subprocess.run([*command, "--into", str(folder / "rules")], check=True)
    return folder / "rules"


def prometheus_config(folder: Path, targets: Mapping[str, int]) -> Path:
    """The committed example, with these ports instead of the usual ones."""
    config = yaml.safe_load((ROOT / "config" / "prometheus" / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(rules(folder) / "*.yaml")]
    places = {job: {"static_configs": [{"targets": [f"127.0.0.1:{port}"]}]} for job, port in targets.items()}
    config["alerting"] = {"alertmanagers": [places["alertmanager"]]}
    config["scrape_configs"] = [{**job, **places[job["job_name"]]} for job in config["scrape_configs"]]
    return write(folder / "prometheus.yml", config)


def alertmanager_config(folder: Path, webhook: str) -> Path:
    config = redirected(ROOT / "config" / "alertmanager" / "alertmanager.yml", webhook)
    return write(folder / "alertmanager.yml", {**config, "route": routed(config["route"])})


def webhook(inbox: list[Notification]) -> web.Application:
    async def receive(request: web.Request) -> web.Response:
        told = await request.json()
        now, receiver = time.time(), request.match_info["receiver"]
        inbox.extend(Notification(now, receiver, alert) for alert in told["alerts"])
        return web.Response()

    app = web.Application()
    app.router.add_post("/{receiver}", receive)
    return app


def simulator(folder: Path, port: int) -> list[str]:
    options = [f"--{name}={value}" for name, value in WORLD.items()]
    place = [f"--listen=127.0.0.1:{port}", f"--fleet={folder / 'fleet.yaml'}"]
    pace = ["--plan-interval=5s", "--poll-interval=1s"]
    return [sys.executable, "-m", "syncwatch", "simulate", *options, *place, *pace]


def written(folder: Path) -> dict[str, Any]:
    """What the simulator wrote, once it says that it has."""
    assert " panels at " in (folder / "simulator.log").read_text()
    return yaml.safe_load((folder / "fleet.yaml").read_text())


def discovered(folder: Path, fleet: Mapping[str, Any]) -> dict[str, Any]:
    """The same fleet, whose last tenant is in a file of targets."""
    *tenants, last = fleet["tenants"]
    labels = {"tenant": last["id"], "__profile__": last["profile"], "__credentials__": last["credentials"]}
    write(folder / "targets.yaml", [{"targets": [last["url"]], "labels": labels | last["labels"]}])
    hosts = {"hosts": [urlsplit(last["url"]).netloc]}
    return {
        **fleet,
        "tenants": tenants,
        "credentials": {name: each | hosts for name, each in fleet["credentials"].items()},
        "discovery": {"file_sd": [{"files": ["targets.yaml"]}]},
    }


def answers(port: int, path: str) -> Callable[[], None]:
    def check() -> None:
        assert ask(port, path).status == 200

    return check


@contextmanager
def whole_stack(folder: Path) -> Iterator[Stack]:
    """All of it, with figures of every panel that can be read."""
    panels, prometheus, alertmanager = (free_port() for _ in range(3))
    inbox: list[Notification] = []
    with ExitStack() as stack:
        stack.enter_context(child(*simulator(folder, panels), log=folder / "simulator.log"))
        fleet = discovered(folder, eventually(lambda: written(folder)))
        daemon = stack.enter_context(running(folder, {**fleet, "web": BASES}))
        url = stack.enter_context(served(webhook(inbox)))
        listen = f"--web.listen-address=127.0.0.1:{alertmanager}"
        config, data = alertmanager_config(folder, url), folder / "alertmanager"
        where = (f"--config.file={config}", f"--storage.path={data}", "--cluster.listen-address=", listen)
        stack.enter_context(child(tool("alertmanager"), *where, log=folder / "alertmanager.log"))
        ports = {"syncwatch": daemon.port, "prometheus": prometheus, "alertmanager": alertmanager}
        listen = f"--web.listen-address=127.0.0.1:{prometheus}"
        config, data = prometheus_config(folder, ports), folder / "prometheus"
        where = (f"--config.file={config}", f"--storage.tsdb.path={data}", listen)
        stack.enter_context(child(tool("prometheus"), *where, log=folder / "prometheus.log"))
        eventually(answers(alertmanager, "/-/ready"))
        eventually(answers(prometheus, "/-/ready"))
        yield Stack(panels, prometheus, daemon, inbox)
