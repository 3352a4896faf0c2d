"""`make screenshots`: the dashboards' pictures in docs/images, drawn from their committed JSON with real data.

Two simulated fleets, each with its daemon and a Prometheus that evaluates the committed rules, live for a while; some
firms break meanwhile and one heals. Then a browser draws the dashboards with Grafana's own libraries, as
grafana/render/README.md says, and every panel that shows an error or nothing is named here.

Environment: SCREENSHOT_MINUTES (30) is how long the fleets live; CHROMIUM is the browser if it is not on PATH.
"""

import json
import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import yaml

from children import HOST, CannotGoOn, Children, fetch, interrupted_by_signals
from renderer import Job, Renderer

ROOT = Path(__file__).resolve().parents[1]
DASHBOARDS = ROOT / "grafana" / "dashboards"
PROMETHEUS = ROOT / "config" / "prometheus"
PICTURES = ROOT / "docs" / "images"
LARGEST = 400_000  # bytes: they are in the repository
LOOK = 5.0  # seconds between two looks at whether all still run


@dataclass(frozen=True)
class Event:
    """What is done to a firm, at which part of the time: `break` with a class of trouble, `fault` with one of a panel."""

    at: float
    what: str
    tenant: str
    value: str | None


@dataclass(frozen=True)
class Fleet:
    """One world: how the simulator makes it, how often it is scraped (in seconds), and what befalls it."""

    name: str
    simulated: tuple[str, ...]
    scrape: int
    events: tuple[Event, ...]


SMALL = Fleet(
    "small",
    ("--tenants", "25", "--users", "40", "--seed", "7", "--plan-interval", "2m", "--poll-interval", "15s"),
    5,
    (
        Event(0.0, "fault", "firm-009", "http_500"),
        Event(0.0, "fault", "firm-017", "unauthorized"),
        Event(0.3, "break", "firm-004", "salesforce_auth"),
        Event(0.5, "break", "firm-012", "impersonation_denied"),
        Event(0.5, "fault", "firm-021", "down"),
        Event(0.7, "break", "firm-004", None),
        Event(0.8, "fault", "firm-021", "none"),
    ),
)
LARGE = Fleet(
    "large",
    ("--tenants", "1000", "--users", "20", "--seed", "7", "--plan-interval", "5m", "--poll-interval", "60s"),
    15,
    (
        *(Event(0.0, "fault", f"firm-{number:04}", "html_502") for number in range(100, 1000, 90)),
        *(Event(0.5, "break", f"firm-{number:04}", "exchange_unavailable") for number in range(20, 1000, 20)),
    ),
)


@dataclass(frozen=True)
class Stack:
    """A fleet that is being watched: the ports of its simulator and its Prometheus, and since when."""

    fleet: Fleet
    panels: int
    prometheus: int
    start: float

    def happen(self, event: Event) -> None:
        """Lets the simulator do it."""
        key = "class" if event.what == "break" else "kind"
        body = json.dumps({"tenant": event.tenant, key: event.value}).encode()
        urlopen(Request(f"http://{HOST}:{self.panels}/control/{event.what}", body)).close()


def start(fleet: Fleet, children: Children, root: Path) -> Stack:
    """Simulator, daemon and Prometheus, each ready."""
    folder = root / fleet.name
    folder.mkdir()
    panels, daemon, prometheus = free_ports(3)
    config, python = folder / "fleet.yaml", (sys.executable, "-m", "syncwatch")
    listen = ("--listen", f"{HOST}:{panels}", "--fleet", str(config))
    children.start(f"{fleet.name}-simulator", *python, "simulate", *fleet.simulated, *listen)
    children.wait_for(lambda: fetch(panels, "/truth") if config.exists() else None, "the simulator")
    settings = {"SYNCWATCH_LISTEN": f"{HOST}:{daemon}", "SYNCWATCH_SHUTDOWN_GRACE": "1s"}
    children.start(f"{fleet.name}-daemon", *python, "run", "--config", str(config), **settings)
    children.wait_for(lambda: fetch(daemon, "/-/ready"), "the daemon")
    (folder / "prometheus.yml").write_text(yaml.safe_dump(prometheus_config(fleet, daemon, prometheus)))
    children.start(
        f"{fleet.name}-prometheus",
        required("prometheus"),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        f"--web.listen-address={HOST}:{prometheus}",
    )
    children.wait_for(lambda: fetch(prometheus, "/-/ready"), "Prometheus")
    return Stack(fleet, panels, prometheus, time.time())


def prometheus_config(fleet: Fleet, daemon: int, prometheus: int) -> dict[str, Any]:
    """The committed one with the ports that are used here, and without the Alertmanager that nobody looks at."""
    config: dict[str, Any] = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text(encoding="utf-8"))
    ports = {"syncwatch": daemon, "prometheus": prometheus}
    jobs = [job for job in config["scrape_configs"] if job["job_name"] in ports]
    for job in jobs:
        job["static_configs"] = [{"targets": [f"{HOST}:{ports[job['job_name']]}"]}]
    return {
        "global": {**config["global"], "scrape_interval": f"{fleet.scrape}s"},
        "rule_files": [str(PROMETHEUS / "rules" / "*.yaml")],
        "scrape_configs": jobs,
    }


def live(stacks: Sequence[Stack], children: Children, seconds: float) -> None:
    """Lets time pass and happen what is to happen."""
    begun = time.monotonic()
    due = [(event.at * seconds, stack, event) for stack in stacks for event in stack.fleet.events]
    due.sort(key=lambda one: one[0])
    while (passed := time.monotonic() - begun) < seconds:
        children.check()
        while due and due[0][0] <= passed:
            _, stack, event = due.pop(0)
            stack.happen(event)
        time.sleep(min(LOOK, seconds - passed))


def jobs(small: Stack, large: Stack) -> Iterator[Job]:
    """The pictures."""
    yield job("fleet", 4, "fleet-25", small)
    yield job("fleet", 4, "fleet-1000", large)
    yield job("tenant", 4, "tenant", small, tenant="firm-012")
    yield job("daemon", 3, "daemon", small)


def job(dashboard: str, sections: int, picture: str, stack: Stack, **variables: str) -> Job:
    """One of them, of all the time that the fleet has lived."""
    return Job(
        DASHBOARDS / f"{dashboard}.json",
        PICTURES / f"{picture}.png",
        sections,
        f"http://{HOST}:{stack.prometheus}",
        stack.fleet.scrape,
        stack.start,
        time.time(),
        variables,
    )


def take(renderer: Renderer, one: Job) -> bool:
    """Draws it and tells of it; False if a panel shows an error or the picture is too large."""
    panels = list(renderer.draw(one))
    failed = [panel for panel in panels if "error" in panel]
    size = one.picture.stat().st_size
    print(f"{one}: {len(panels)} panels, {size // 1000} kB", flush=True)
    for panel in panels:
        if "error" in panel:
            print(f"  {panel['title']}: {panel['error']}")
        elif not panel["rows"]:
            print(f"  {panel['title']}: shows nothing")
    if size > LARGEST:
        print(f"  larger than {LARGEST // 1000} kB")
    return not failed and size <= LARGEST


def minutes(text: str) -> float:
    """Raises CannotGoOn for what is no number."""
    try:
        return float(text)
    except ValueError:
        raise CannotGoOn(f"SCREENSHOT_MINUTES is {text!r}: make it a number") from None


def required(name: str) -> str:
    """Raises CannotGoOn if it is not on PATH."""
    if (found := shutil.which(name)) is None:
        raise CannotGoOn(f"{name} is not on PATH: start this by `make screenshots`, which fetches it")
    return found


def free_ports(count: int) -> list[int]:
    """Different ports on which nobody listens."""
    probes = [socket.create_server((HOST, 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def main() -> int:
    """The exit status: 0 when all pictures are taken and no panel shows an error."""
    interrupted_by_signals()
    try:
        seconds = 60 * minutes(os.environ.get("SCREENSHOT_MINUTES") or "30")
        renderer = Renderer()
        PICTURES.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="syncwatch-") as folder, Children(Path(folder)) as children:
            stacks = [start(fleet, children, Path(folder)) for fleet in (SMALL, LARGE)]
            print(f"two fleets live for {seconds / 60:g} minutes", flush=True)
            live(stacks, children, seconds)
            taken = [take(renderer, one) for one in jobs(*stacks)]
    except KeyboardInterrupt:
        return 1
    except CannotGoOn as error:
        print(f"screenshots: {error}", file=sys.stderr)
        return 1
    return 0 if all(taken) else 1


if __name__ == "__main__":
    sys.exit(main())
