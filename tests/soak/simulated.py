"""A simulated fleet that lives, the daemon that watches it, and everything that must hold at any moment of it."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from typing import Any

import yaml
from prometheus_client.parser import text_string_to_metric_families

from integration.serving import Daemon, environment, eventually, free_port, running

Labels = frozenset[tuple[str, str]]
Samples = dict[str, dict[Labels, float]]

STEP = 2.0  # seconds between two scrapes
ENDS = 0.1  # share of the samples that stand for the beginning, and for the end, of a time


class World:
    """The simulator's control side."""

    def __init__(self, port: int) -> None:
        self._port = port

    def ask(self, method: str, path: str, **body: str) -> Any:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=20)
        try:
            connection.request(method, path, body=json.dumps(body) if body else None)
            answer = connection.getresponse()
            assert answer.status == 200, f"{path}: {answer.status}"
            return json.loads(answer.read())
        finally:
            connection.close()

    def truth(self) -> Any:
        return self.ask("GET", "/truth")

    def misbehave(self, tenant: str, kind: str) -> None:
        self.ask("POST", "/control/fault", tenant=tenant, kind=kind)

    @contextmanager
    def frozen(self) -> Iterator[float]:
        """Nothing happens within the block; gives when it began."""
        self.ask("POST", "/control/freeze")
        try:
            yield time.time()
        finally:
            self.ask("POST", "/control/thaw")


class Watch:
    """The daemon as its scrapes tell: counters never fall, and the resident size is noted each time."""

    def __init__(self, world: World, daemon: Daemon, tenants: tuple[str, ...]) -> None:
        self.world = world
        self.tenants = tenants
        self.sizes: list[float] = []
        self.samples: Samples = {}
        self._daemon = daemon
        self._counters: Samples = {}

    def scrape(self) -> Samples:
        """One scrape."""
        page = self._daemon.ask().body.decode()
        samples: Samples = {}
        counters: Samples = {}
        for family in text_string_to_metric_families(page):
            for sample in family.samples:
                labels = frozenset(sample.labels.items())
                samples.setdefault(sample.name, {})[labels] = sample.value
                if family.type in {"counter", "histogram"}:
                    counters.setdefault(sample.name, {})[labels] = sample.value
        for name, before in self._counters.items():
            for labels, value in before.items():
                assert counters[name][labels] >= value, f"{name} {set(labels)} fell from {value}"
        self._counters, self.samples = counters, samples
        self.sizes.append(samples["process_resident_memory_bytes"][frozenset()])
        return samples

    def go_on(self, seconds: float) -> None:
        """Scrape again and again for so long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.scrape()
            time.sleep(min(STEP, left))

    def of(self, name: str, tenant: str) -> dict[tuple[str, ...], float]:
        """One tenant's samples in the last scrape, by the values of the other labels in the order of their names."""
        return {
            tuple(value for label, value in sorted(labels) if label != "tenant"): sample
            for labels, sample in self.samples.get(name, {}).items()
            if ("tenant", tenant) in labels
        }

    def all_up(self) -> None:
        self.scrape()
        assert [self.of("inboxsync_tenant_up", tenant) for tenant in self.tenants] == [{(): 1}] * len(
            self.tenants
        )

    def total(self, name: str) -> float:
        return sum(self.samples.get(name, {}).values())

    def growth(self, *, since: int = 0) -> float:
        """By which share the resident size grew over the last two thirds of the scrapes from `since` on."""
        late = self.sizes[since:]
        late = late[len(late) // 3 :]
        few = max(1, round(len(late) * ENDS))
        return median(late[-few:]) / median(late[:few]) - 1


@contextmanager
def watched(folder: Path, *, tenants: int, users: int, plan: str, poll: str) -> Iterator[Watch]:
    """A fleet whose users have a session in every `plan`, polled every `poll`, and seen once as a whole."""
    port, fleet = free_port(), folder / "fleet.yaml"
    size = ("--tenants", str(tenants), "--users", str(users), "--plan-interval", plan, "--page-size", "25")
    place = ("--listen", f"127.0.0.1:{port}", "--fleet", str(fleet), "--poll-interval", poll)
    with (folder / "simulator.log").open("wb") as log:
        simulator = subprocess.Popen(
            [sys.executable, "-m", "syncwatch", "simulate", *size, *place],
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment(),
        )
    try:
        world = World(port)
        ids = tuple(eventually(world.truth, seconds=60)["tenants"])
        config = yaml.safe_load(fleet.read_text())
        config["polling"]["timeout"] = "5s"
        with running(folder, config, SYNCWATCH_LOG_LEVEL="error") as daemon:
            watch = Watch(world, daemon, ids)
            eventually(watch.all_up, seconds=60)
            yield watch
    finally:
        simulator.terminate()
        simulator.wait(20)
