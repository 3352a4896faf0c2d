"""The main job under load: 500 tenants with 100 users each, every one polled every 15 s, over real HTTP.

Simulator and daemon are children on a core each where there are two. The daemon is scraped every 15 s as a
Prometheus would, and all its figures come from its own /metrics. Afterwards the baseline `bare` polls the same
simulator, for half as long. The first round, in which a daemon reads what it will remember, is told apart from what follows;
so is that of a second daemon, after the first was killed by SIGKILL, which goes on from the journal.
"""

import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from itertools import pairwise
from math import inf
from pathlib import Path
from statistics import median
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families

from figures import Figure, Report

TENANTS, USERS = 500, 100
INTERVAL = 15  # seconds: of polls, and of scrapes
LOOK = 3  # seconds between two looks whether the first round is over
PUNCTUAL = 0.5  # seconds after its time that a poll may start
HOST = "127.0.0.1"
START_LIMIT = 120.0  # seconds
STOP_LIMIT = 20.0  # seconds
LAG, DELAY = "syncwatch_event_loop_lag_seconds", "syncwatch_poll_delay_seconds"

Command = list[str | Path]
Histogram = list[tuple[float, float]]  # upper bound, observations between it and the bound before


class Scrape:
    """One answer of /metrics; `seconds` is how long it took, `size` its compressed bytes."""

    def __init__(self, port: int) -> None:
        begun = time.monotonic()
        with closing(HTTPConnection(HOST, port, timeout=INTERVAL)) as connection:
            connection.request("GET", "/metrics", headers={"Accept-Encoding": "gzip"})
            body = connection.getresponse().read()
        self.at = time.monotonic()
        self.seconds, self.size = self.at - begun, len(body)
        page = gzip.decompress(body).decode()
        self.polled = page.count("\ninboxsync_tenant_up{")
        self.counted = page.count("\ninboxsync_sessions_total{")
        self.series = sum(not line.startswith("#") for line in page.splitlines())
        own = "\n".join(line for line in page.splitlines() if line.startswith(("syncwatch_", "process_")))
        self._sums: defaultdict[str, float] = defaultdict(float)
        self._buckets: defaultdict[str, Histogram] = defaultdict(list)
        for family in text_string_to_metric_families(f"{own}\n"):
            for sample in family.samples:
                if "le" in sample.labels:
                    bound = float(sample.labels["le"])
                    self._buckets[sample.name.removesuffix("_bucket")].append((bound, sample.value))
                self._sums[sample.name] += sample.value

    def __getitem__(self, name: str) -> float:
        return self._sums[name]

    def histogram(self, name: str) -> Histogram:
        """What was observed so far, bucket by bucket."""
        counts = [(0.0, 0.0), *self._buckets[name]]
        return [(bound, upto - before) for (_, before), (bound, upto) in pairwise(counts)]


class Watched(NamedTuple):
    """What the daemon said: after its first round, which took `start` seconds, and every interval from then on.

    `known` is how many seconds after its restart a daemon said what is counted, `again` its first round.
    """

    start: float
    first: Scrape
    later: list[Scrape]
    known: float
    again: Scrape

    def grown(self, name: str) -> float:
        """By how much a counter grew after the first round."""
        return self.later[-1][name] - self.first[name]

    def histogram(self, name: str) -> Histogram:
        """What was observed after the first round."""
        both = zip(self.later[-1].histogram(name), self.first.histogram(name), strict=True)
        return [(bound, now - before) for (bound, now), (_, before) in both]


def run() -> Report:
    """Run daemon and baseline one after the other against the same simulator."""
    seconds = float(os.environ.get("BENCH_SECONDS", "60"))
    with tempfile.TemporaryDirectory(prefix="syncwatch-bench-") as folder:
        fleet = Path(folder) / "fleet.yaml"
        with _simulator(fleet):
            watched = _watch(fleet, seconds)
            bare = _bare(fleet, seconds / 2)
    return Report(
        f"fleet: {TENANTS} tenants x {USERS} users every {INTERVAL} s, {seconds:.0f} s after the first round",
        (*_punctuality(watched), *_costs(watched, bare), *_restart(watched)),
    )


def _punctuality(watched: Watched) -> Iterator[Figure]:
    delays = watched.histogram(DELAY)
    polls = sum(count for _, count in delays)
    punctual = sum(count for bound, count in delays if bound <= PUNCTUAL)
    before = f"{watched.first[f'{DELAY}_count']:.0f} before, in the first round of {watched.start:.0f} s"
    yield Figure("polls", f"{polls:.0f}", before)
    late = f"{polls - punctual:.0f} later than {PUNCTUAL} s"
    yield Figure("polls on time", f"{punctual / polls:.2%}", late)
    skipped = watched.later[-1]["syncwatch_polls_skipped_total"]
    yield Figure(
        "polls skipped", f"{watched.grown('syncwatch_polls_skipped_total'):.0f}", f"{skipped:.0f} in all"
    )
    for when, lags in (
        ("after the first round", watched.histogram(LAG)),
        ("over all", watched.later[-1].histogram(LAG)),
    ):
        bounds = " / ".join(_bound(lags, share) for share in (0.5, 0.99, 1))
        yield Figure("event-loop lag p50 / p99 / max", bounds, when)


def _costs(watched: Watched, bare: dict[str, float]) -> Iterator[Figure]:
    last, scrapes = watched.later[-1], watched.later
    cpu, polls = watched.grown("process_cpu_seconds_total"), watched.grown(f"{DELAY}_count")
    requests = watched.grown("syncwatch_panel_requests_total") / polls
    ours, least = cpu / polls, bare["cpu"] / bare["polls"]
    yield Figure(
        "daemon, CPU per poll", f"{ours * 1e6:,.0f} us", f"{requests:.2f} requests, scrapes included"
    )
    yield Figure("baseline `bare`, CPU per poll", f"{least * 1e6:,.0f} us", f"{bare['polls']:.0f} polls")
    yield Figure("daemon / bare", f"{ours / least:.2f} x")
    yield Figure("daemon, share of one core", f"{cpu / (last.at - watched.first.at):.1%}")
    yield Figure("resident memory", f"{last['process_resident_memory_bytes'] / 1e6:.0f} MB")
    yield Figure("series", f"{last.series:,}", f"{last.size / 1e3:,.0f} KB compressed")
    times = [scrape.seconds * 1e3 for scrape in scrapes]
    yield Figure("scrape, median / longest", f"{median(times):.0f} / {max(times):.0f} ms")


def _restart(watched: Watched) -> Iterator[Figure]:
    requests = "syncwatch_panel_requests_total"
    yield Figure("killed and started: counters are there", f"{watched.known:.1f} s")
    yield Figure(
        "requests of the first round, new / restarted",
        f"{watched.first[requests]:,.0f} / {watched.again[requests]:,.0f}",
        f"{watched.again[requests] / TENANTS:.2f} a tenant; {watched.grown(requests) / watched.grown(f'{DELAY}_count'):.2f} a poll otherwise",
    )


def _bound(histogram: Histogram, share: float) -> str:
    """The bound of the bucket below which this share of the observations lies."""
    wanted, seen = share * sum(count for _, count in histogram), 0.0
    for place, (bound, count) in enumerate(histogram):
        seen += count
        if seen >= wanted:
            return f"> {histogram[place - 1][0] * 1e3:g} ms" if bound == inf else f"<= {bound * 1e3:g} ms"
    raise AssertionError("a histogram ends with +Inf")


def _watch(fleet: Path, seconds: float) -> Watched:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port = probe.getsockname()[1]
    command: Command = [sys.executable, "-m", "syncwatch", "run", "--config", fleet]
    environ = {"SYNCWATCH_LISTEN": f"{HOST}:{port}", "SYNCWATCH_LOG_LEVEL": "warning"}
    with _child(command, core=0, environ=environ) as daemon:
        begun = time.monotonic()
        first = _first_round(daemon, port)
        later = []
        while first.at + seconds > time.monotonic():
            time.sleep(min(INTERVAL, seconds))
            later.append(Scrape(port))
        daemon.kill()
    with _child(command, core=0, environ=environ) as daemon:
        restarted = time.monotonic()
        known = _scrape(daemon, port, lambda scrape: scrape.counted == TENANTS, 0.1)
        again = _first_round(daemon, port)
    return Watched(first.at - begun, first, later, known.at - restarted, again)


def _first_round(daemon: subprocess.Popen[str], port: int) -> Scrape:
    """The first scrape that knows every tenant."""
    return _scrape(daemon, port, lambda scrape: scrape.polled == TENANTS, LOOK)


def _scrape(
    daemon: subprocess.Popen[str], port: int, wanted: Callable[[Scrape], bool], pause: float
) -> Scrape:
    """The first scrape that is as wanted, looking for it every `pause` seconds."""
    limit = time.monotonic() + START_LIMIT
    while time.monotonic() < limit:
        if daemon.poll() is not None:
            raise RuntimeError(f"the daemon ended with status {daemon.returncode}")
        try:
            scrape = Scrape(port)
        except ConnectionRefusedError:
            scrape = None
        if scrape and wanted(scrape):
            return scrape
        time.sleep(pause)
    raise RuntimeError(f"the first round took longer than {START_LIMIT:.0f} s")


def _bare(fleet: Path, seconds: float) -> dict[str, float]:
    command: Command = [
        sys.executable,
        Path(__file__).with_name("bare.py"),
        fleet,
        str(INTERVAL),
        str(seconds),
    ]
    with _child(command, core=0) as child:
        output, _ = child.communicate(timeout=START_LIMIT + seconds)
    figures: dict[str, float] = json.loads(output)
    return figures


@contextmanager
def _simulator(fleet: Path) -> Iterator[None]:
    command: Command = [sys.executable, "-m", "syncwatch", "simulate", "--listen", f"{HOST}:0"]
    size: Command = ["--tenants", str(TENANTS), "--users", str(USERS), "--poll-interval", f"{INTERVAL}s"]
    with _child([*command, *size, "--fleet", fleet], core=1) as child:
        assert child.stdout is not None, "a pipe was asked for"
        if not child.stdout.readline():
            raise RuntimeError("the simulator did not start")
        yield


@contextmanager
def _child(
    command: Command, *, core: int, environ: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """A process on a core of its own if there are two; ended with its block, however that ends."""
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("SYNCWATCH_")}
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=inherited | (environ or {}))
    try:
        if hasattr(os, "sched_setaffinity"):
            cores = sorted(os.sched_getaffinity(0))
            os.sched_setaffinity(child.pid, {cores[core % len(cores)]})
        yield child
    finally:
        child.send_signal(signal.SIGINT)
        try:
            child.communicate(timeout=STOP_LIMIT)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()
