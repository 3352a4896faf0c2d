"""A real Alertmanager with our routes and inhibition rules, that sends nothing to anybody."""

import json
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml

from integration.serving import ROOT, ask, eventually, free_port
from tools import tool

CONFIG = ROOT / "config" / "alertmanager" / "alertmanager.yml"
CASE = "case"
"""A label that must be equal too, so that one server holds any number of cases that do not see one another."""

Labels = Mapping[str, str]


def without_receivers() -> str:
    """Our configuration, whose receivers are names only."""
    config = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    del config["templates"], config["global"]
    config["receivers"] = [{"name": receiver["name"]} for receiver in config["receivers"]]
    for rule in config["inhibit_rules"]:
        rule["equal"] = [*rule.get("equal", ()), CASE]
    return yaml.safe_dump(config)


class Alertmanager:
    """A running one, by its API."""

    def __init__(self, port: int) -> None:
        self._port = port

    def get(self, path: str) -> Any:
        answer = ask(self._port, f"/api/v2/{path}")
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    def post(self, alerts: Sequence[Labels]) -> None:
        """Hand these over, and wait until all have been looked at."""
        last = f"last-{time.monotonic_ns()}"
        end = (
            {"alertname": "SyncwatchAbsent", "scope": "syncwatch", CASE: last},
            {"alertname": "InboxSyncFirmDown", "scope": "users", "tenant": "last", CASE: last},
        )
        body = json.dumps([{"labels": labels} for labels in (*alerts, *end)])
        answer = ask(self._port, "/api/v2/alerts", "POST", body.encode(), Content_Type="application/json")
        assert answer.status == 200, answer.body
        eventually(lambda: self._suppressed(last))

    def _suppressed(self, case: str) -> None:
        found = self.get("alerts?filter=" + quote(f'{CASE}="{case}"'))
        # Alerts are looked at in the order in which they come, so that the last pair speaks for all before it.
        assert any(alert["status"]["state"] == "suppressed" for alert in found)


@contextmanager
def alertmanager(folder: Path) -> Iterator[Alertmanager]:
    port = free_port()
    config = folder / "alertmanager.yml"
    config.write_text(without_receivers(), encoding="utf-8")
    command = [tool("alertmanager"), "--config.file", str(config)]
    command += [
        "--storage.path",
        str(folder),
        "--cluster.listen-address=",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        running = Alertmanager(port)
        eventually(lambda: running.get("status"))
        assert process.poll() is None, (folder / "log").read_text()
        yield running
    finally:
        process.terminate()
        process.wait(10)
