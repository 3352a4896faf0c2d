"""Two firms whose sessions a test counts, and a daemon that must come to the same sums whatever becomes of its journal.

What is asserted of an outage is what users rely on: gauges stay fresh, counters stand still, the figures say why; and
when it is over the counters are what happened, not one more and not one less.
"""

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from integration.bench import Person, firm
from integration.firm_x import UNHEARD
from integration.other_panel import Firm, OtherPanel
from integration.serving import PATIENCE, Daemon, environment, eventually, running, served

FIRMS = ("firm", "other")
INTERVAL = "100ms"
PLAN, SPACING = 1, 2.0  # seconds; with so much between two sessions one in between may have been missed
LONG_AGO = 800.0  # seconds before now for the first session: late enough for nobody to be stalled
RULES = "rules: [{id: own, class: network_error, codes: [E-1], cases: [{text: E-1}]}]\n"
COUNTERS = ("inboxsync_sessions_total", "inboxsync_session_failures_total")
DATA_TIME = "inboxsync_tenant_data_timestamp_seconds"
FAULTS = {"journal_fault", "poll_fault", "watch_fault"}

Sums = dict[str, tuple[float | None, ...]]
"""Sessions and failures of each firm; None where a counter is absent."""


class Fleet:
    """Two firms of one user each, and what became of them since their baselines.

    Attributes:
        baselines: what had happened when counting began, by firm.
    """

    def __init__(self, panel: OtherPanel, url: str) -> None:
        self._url = url
        self._time = time.time() - LONG_AGO
        self._people = {id_: Person(panel.firms[id_], lambda: self._time, f"user-of-{id_}") for id_ in FIRMS}
        self._happened = dict.fromkeys(FIRMS, (0, 0))
        self.runs()
        self.baselines = dict(self._happened)

    @property
    def truth(self) -> Sums:
        """What the counters must be."""
        return {
            id_: (sessions - self.baselines[id_][0], failures - self.baselines[id_][1])
            for id_, (sessions, failures) in self._happened.items()
        }

    def config(self, folder: Path, **state: str) -> dict[str, Any]:
        """A configuration that watches both firms, with what it refers to in `folder`."""
        (folder / "secret").write_text(firm().client_secret)
        (folder / "rules.yaml").write_text(RULES)
        return {
            "state": state or {"path": "state"},
            "polling": {"interval": INTERVAL},
            "rules": {"files": ["rules.yaml"]},
            "credentials": {"x": {"client_id": "syncwatch", "client_secret_file": "secret"}},
            "tenants": [{"id": id_, "url": f"{self._url}/panel/{id_}", "credentials": "x"} for id_ in FIRMS],
        }

    def runs(self, *, fails: bool = False) -> None:
        """One more session of each user ends."""
        self._time += SPACING
        for id_, person in self._people.items():
            person.starts()
            person.ends(UNHEARD if fails else None)
            sessions, failures = self._happened[id_]
            self._happened[id_] = (sessions + 1, failures + fails)

    def begins_anew(self, *firms: str) -> None:
        """What happened so far in these firms is a baseline."""
        self.baselines = self.baselines | {id_: self._happened[id_] for id_ in firms}


@contextmanager
def fleet() -> Iterator[Fleet]:
    panel = OtherPanel(**{id_: _firm() for id_ in FIRMS})
    with served(panel.app()) as url:
        yield Fleet(panel, url)
    assert panel.violations == []


def _firm() -> Firm:
    made = firm()
    made.plans[0]["synchronizationIntervalSeconds"] = PLAN
    return made


class Watched:
    """A fleet, the daemon that watches it, and what that has logged since this was made."""

    def __init__(self, fleet: Fleet, daemon: Daemon) -> None:
        self.fleet = fleet
        self.daemon = daemon
        self._begun = daemon.log.stat().st_size

    def sums(self) -> Sums:
        page = self.daemon.ask().body
        return {id_: tuple(_value(page, name, id_) for name in COUNTERS) for id_ in FIRMS}

    def polled(self) -> None:
        """Wait until a poll of each firm is shown that began after this call."""
        now = time.time()

        def seen() -> None:
            page = self.daemon.ask().body
            for id_ in FIRMS:
                assert (_value(page, DATA_TIME, id_) or 0) > now

        eventually(seen)

    def counts(self) -> None:
        """The journal keeps up, and counters are what happened, and stay that."""

        def do() -> None:
            assert self.sums() == self.fleet.truth
            assert self.journal()["lag_seconds"] == 0

        eventually(do)
        self.polled()
        do()

    def goes_on_counting(self) -> None:
        """What happens from now on is counted."""
        for fails in (True, False):
            self.fleet.runs(fails=fails)
            self.counts()

    def has_only_gauges(self, kind: str) -> None:
        """While the journal is away: gauges are fresh, counters stand still, the figures say why."""
        before, known = self.sums(), self.journal()["kinds"]
        for fails in (True, False):
            self.fleet.runs(fails=fails)
            self._shows(failing=fails)
            assert self.sums() == before
        eventually(lambda: self._is_away(kind, known))

    def has_failed(self, kind: str) -> None:
        assert self.journal()["kinds"][kind] > 0

    def catches_up(self) -> None:
        """The journal is back: everything is counted, once, and it is told once."""
        self.counts()
        self.goes_on_counting()
        told = {event: self.told()[event] for event in ("journal_away", "journal_back", "commit_refused")}
        assert told == {"journal_away": 1, "journal_back": 1, "commit_refused": 0}
        self.is_sound()

    def begins_anew(self, *firms: str) -> None:
        """Firms of which the journal has nothing any more start at 0, and count from there."""

        def at_zero() -> None:
            sums = self.sums()
            assert [sums[id_] for id_ in firms] == [(0, 0)] * len(firms)

        eventually(at_zero)
        self.fleet.begins_anew(*firms)
        self.counts()
        self.goes_on_counting()
        self.is_sound()

    def is_sound(self) -> None:
        """It still runs, and nothing that it logged is a fault."""
        assert self.daemon.process.poll() is None
        assert "Traceback" not in self.daemon.log.read_text()
        assert not FAULTS & self.told().keys()

    def ends(self) -> None:
        """It ends as it should, at once, for nobody waits for a last scrape."""
        self.daemon.signal(signal.SIGINT)
        assert self.daemon.exit_code() == 0

    def told(self) -> Counter[str]:
        """How often it has logged what."""
        return Counter(entry["event"] for entry in self.entries())

    def entries(self) -> list[Mapping[str, Any]]:
        text = self.daemon.log.read_bytes()[self._begun :].decode()
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    def journal(self) -> dict[str, Any]:
        """The journal's own figures, and how many failures of each kind there were."""
        lines = self.daemon.ask().body.decode().splitlines()
        own = "\n".join(line for line in lines if "syncwatch_journal_" in line)
        found: dict[str, Any] = {"kinds": Counter()}
        for family in text_string_to_metric_families(f"{own}\n"):
            for sample in family.samples:
                if sample.name == "syncwatch_journal_failures_total":
                    found["kinds"][sample.labels["kind"]] += sample.value
                else:
                    found[sample.name.removeprefix("syncwatch_journal_")] = sample.value
        return found

    def _is_away(self, kind: str, known: Counter[str]) -> None:
        figures = self.journal()
        assert figures["lag_seconds"] > 0
        assert figures["kinds"][kind] > known[kind], figures
        assert self.told()["journal_away"] == 1

    def _shows(self, *, failing: bool) -> None:
        def does() -> None:
            for id_ in FIRMS:
                users = self.daemon.figures(id_)["inboxsync_users"]
                assert (users["failing",], users["up",]) == ((1, 0) if failing else (0, 1))

        eventually(does)
        self.polled()


@contextmanager
def watched(
    fleet: Fleet, folder: Path, config: Mapping[str, Any] | None = None, **how: Any
) -> Iterator[Watched]:
    """A daemon that is ready and has polled; `how` as of `Daemon`."""
    with running(folder, config or fleet.config(folder), **how) as daemon:
        seen = Watched(fleet, daemon)
        seen._begun = 0
        seen.polled()
        yield seen


def refuses(folder: Path, config: Mapping[str, Any], **how: Any) -> str:
    """The daemon does not start; gives the one line in which it says why."""
    daemon = Daemon(folder, config, **how)
    assert daemon.exit_code() == 1, daemon.log.read_text()
    [line] = [line for line in daemon.log.read_text().splitlines() if not line.startswith("{")]
    return line


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "syncwatch", *map(str, arguments)],
        capture_output=True, text=True, timeout=PATIENCE, check=False, env=environment(),
    )  # fmt: skip


def _value(page: bytes, name: str, tenant: str) -> float | None:
    """Of the one sample of a tenant."""
    for line in page.decode().splitlines():
        if line.startswith(f"{name}{{") and f'tenant="{tenant}"' in line:
            return float(line.rpartition(" ")[2])
    return None
