"""`make stack`: a simulated fleet, the daemon that watches it, Prometheus and Alertmanager; what is notified is shown here.

Rules, thresholds and routes are the committed ones, so a page takes here as long as anywhere: minutes. All listen on
loopback only, and all they write is in a folder that is removed at the end.

Environment: STACK_SECONDS stops it by itself; STACK_PORT (daemon), STACK_PANEL_PORT (panels), STACK_PROMETHEUS_PORT and
STACK_ALERTMANAGER_PORT move it to other ports; STACK_THRESHOLDS is another file of numbers for the rules.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

import simulated_fleet
from children import HOST, CannotGoOn, Children, fetch, interrupted_by_signals, require_free
from notifications import Receiver, redirected, told

ROOT = Path(__file__).resolve().parents[1]
PROMETHEUS = ROOT / "config" / "prometheus"
ALERTMANAGER = ROOT / "config" / "alertmanager" / "alertmanager.yml"
HEARTBEAT = "Watchdog"  # is sent again and again for a machine that misses it
ALERTS = ("/alerts", "/classic/alerts")  # where the alerts are, by the version of Prometheus


@dataclass(frozen=True)
class Options:
    """What the environment asks for; `end` is when to stop, as `time.monotonic` counts."""

    daemon: int
    panels: int
    prometheus: int
    alertmanager: int
    thresholds: str
    end: float

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "Options":
        """Raises CannotGoOn for what is no number, and for a port that is taken."""
        try:
            options = cls(
                daemon=int(environ.get("STACK_PORT", "9797")),
                panels=int(environ.get("STACK_PANEL_PORT", "9898")),
                prometheus=int(environ.get("STACK_PROMETHEUS_PORT", "9090")),
                alertmanager=int(environ.get("STACK_ALERTMANAGER_PORT", "9093")),
                thresholds=environ.get("STACK_THRESHOLDS", ""),
                end=time.monotonic() + float(environ.get("STACK_SECONDS") or "inf"),
            )
        except ValueError:
            raise CannotGoOn("STACK_SECONDS and STACK_…PORT are numbers") from None
        require_free(options.daemon, "STACK_PORT")
        require_free(options.panels, "STACK_PANEL_PORT")
        require_free(options.prometheus, "STACK_PROMETHEUS_PORT")
        require_free(options.alertmanager, "STACK_ALERTMANAGER_PORT")
        return options


def program(name: str) -> str:
    """Raises CannotGoOn if it is not on PATH."""
    found = shutil.which(name)
    if found is None:
        raise CannotGoOn(f"{name} is not on PATH: start this by `make stack`, which fetches it")
    return found


def prometheus_config(options: Options, rules: Path) -> dict[str, Any]:
    """The committed one with the ports that are used here, and with scrapes as frequent as the polls."""
    config: dict[str, Any] = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text(encoding="utf-8"))
    places = {"syncwatch": options.daemon, "prometheus": options.prometheus}
    for job in config["scrape_configs"]:
        port = places.get(job["job_name"], options.alertmanager)
        job["static_configs"] = [{"targets": [f"{HOST}:{port}"]}]
    config["global"]["scrape_interval"] = "5s"
    config["rule_files"] = [str(rules / "*.yaml")]
    config["alerting"]["alertmanagers"] = [
        {"static_configs": [{"targets": [f"{HOST}:{options.alertmanager}"]}]}
    ]
    return config


def rules_of(options: Options, folder: Path) -> Path:
    """The folder of the rules: the committed ones, or those by other thresholds."""
    if not options.thresholds:
        return PROMETHEUS / "rules"
    made = folder / "rules"
    command = [sys.executable, str(ROOT / "scripts" / "rules.py"), "--thresholds", options.thresholds]
    if subprocess.run([*command, "--into", str(made)], check=False).returncode:
        raise CannotGoOn(f"{options.thresholds} cannot be used: see above")
    return made


def start(options: Options, children: Children, folder: Path, receiver: Receiver) -> None:
    """All four, each ready."""
    web = {"external_url": f"http://{HOST}:{options.daemon}"}
    simulated_fleet.start(children, folder, options.daemon, options.panels, web)
    write(folder / "alertmanager.yml", redirected(ALERTMANAGER, receiver.url))
    children.start(
        "alertmanager",
        program("alertmanager"),
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address={HOST}:{options.alertmanager}",
        "--cluster.listen-address=",
    )
    children.wait_for(lambda: fetch(options.alertmanager, "/-/ready"), "Alertmanager")
    write(folder / "prometheus.yml", prometheus_config(options, rules_of(options, folder)))
    children.start(
        "prometheus",
        program("prometheus"),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        f"--web.listen-address={HOST}:{options.prometheus}",
        "--rules.alert.for-grace-period=1m",
    )
    children.wait_for(lambda: fetch(options.prometheus, "/-/ready"), "Prometheus")


def write(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def introduction(options: Options) -> str:
    """Where everything is, and what to try."""
    alerts = next((path for path in ALERTS if fetch(options.prometheus, path)), "/api/v1/alerts")
    control = f"http://{HOST}:{options.panels}/control"
    return f"""\
daemon        http://{HOST}:{options.daemon}/  and /metrics
panels        http://{HOST}:{options.panels}/truth  says what a right monitor reports
Prometheus    http://{HOST}:{options.prometheus}{alerts}
Alertmanager  http://{HOST}:{options.alertmanager}/

Break a firm's mailbox access, and a page comes in a few minutes; null instead of "impersonation_denied" heals it:
  curl -X POST {control}/break -d '{{"tenant": "firm-002", "class": "impersonation_denied"}}'
Or let its panel fail, and "none" instead of "http_500" heals it:
  curl -X POST {control}/fault -d '{{"tenant": "firm-003", "kind": "http_500"}}'

What is notified comes below; Ctrl-C stops.
"""


def show(options: Options, children: Children, receiver: Receiver) -> None:
    """Prints what is notified until the time is over."""
    while (left := options.end - time.monotonic()) > 0:
        children.check()
        for name, notification in receiver.receive(min(left, 1.0)):
            if notification["commonLabels"].get("alertname") != HEARTBEAT:
                print(*told(name, notification), "", sep="\n", flush=True)


def main() -> int:
    """The exit status: 0 after a stop that was asked for, 1 when something is wrong."""
    interrupted_by_signals()
    try:
        options = Options.read(os.environ)
        print("starting a simulated fleet, the daemon, Alertmanager and Prometheus", flush=True)
        with (
            tempfile.TemporaryDirectory(prefix="syncwatch-stack-") as folder,
            Receiver(HOST) as receiver,
            Children(Path(folder)) as children,
        ):
            start(options, children, Path(folder), receiver)
            print(introduction(options), flush=True)
            show(options, children, receiver)
    except KeyboardInterrupt:
        pass
    except CannotGoOn as error:
        print(f"stack: {error}", file=sys.stderr)
        return 1
    print("stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
