"""What Alertmanager tells people, told to this terminal instead: the committed configuration with other receivers.

Routes, grouping, inhibition and templates stay as they are. Whom a notification reaches is replaced: each receiver is a
webhook here, whose path is the receiver's name. And no hours are kept, because whoever tries it does so at any time.
One thread reads what comes, whoever calls `Receiver.receive`.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, Self

import yaml

PATIENCE = 5.0  # seconds for a request that has begun
ALWAYS = [{"times": [{"start_time": "00:00", "end_time": "24:00"}]}]
LINKS = {"runbook": "runbook_url", "dashboard": "dashboard_url", "page": "page_url"}


def redirected(config: Path, url: str) -> dict[str, Any]:
    """An Alertmanager configuration whose receivers all post to `url`/NAME; it may be written to any folder."""
    committed = yaml.safe_load(config.read_text(encoding="utf-8"))
    templates = [str(config.parent.resolve() / pattern) for pattern in committed.get("templates", [])]
    # One that reaches nobody stays so.
    receivers = [
        each if each.keys() == {"name"} else {"name": each["name"], "webhook_configs": [_webhook(url, each)]}
        for each in committed["receivers"]
    ]
    return {
        **committed,
        "global": {},  # is about ways that nobody is reached by here, with secrets in files
        "templates": templates,
        "time_intervals": [
            {**each, "time_intervals": ALWAYS} for each in committed.get("time_intervals", [])
        ],
        "receivers": receivers,
    }


def _webhook(url: str, receiver: Mapping[str, str]) -> dict[str, Any]:
    return {"url": f"{url}/{receiver['name']}", "send_resolved": True}


class Receiver:
    """Waits for notifications on a port; within `with`."""

    def __init__(self, host: str, port: int = 0) -> None:
        self._received: list[tuple[str, dict[str, Any]]] = []
        self._server = HTTPServer((host, port), self._handler())
        self.url = f"http://{host}:{self._server.server_port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.server_close()

    def receive(self, seconds: float) -> list[tuple[str, dict[str, Any]]]:
        """What came, by receiver, once something did or after so many seconds."""
        self._server.timeout = seconds
        self._server.handle_request()
        received, self._received[:] = list(self._received), []
        return received

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        received = self._received

        class Handler(BaseHTTPRequestHandler):
            timeout = PATIENCE

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                received.append((self.path.strip("/"), json.loads(body)))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nothing: what came is shown by whoever asked for it."""

        return Handler


def told(receiver: str, notification: Mapping[str, Any]) -> Iterator[str]:
    """The lines that a person reads: each alert with what it says and where to look."""
    now = datetime.now().astimezone().strftime("%H:%M:%S")
    for alert in notification["alerts"]:
        labels, annotations = alert["labels"], alert["annotations"]
        what = f"{alert['status'].upper()}  {labels.get('severity', '-')}  {labels['alertname']}"
        yield f"{now}  {what}  ->  {receiver}"
        for text in (annotations.get("summary"), annotations.get("description")):
            if text and alert["status"] == "firing":
                yield from (f"          {line}" for line in text.strip().splitlines())
        for name, key in LINKS.items():
            if alert["status"] == "firing" and annotations.get(key):
                yield f"          {name}: {annotations[key]}"
