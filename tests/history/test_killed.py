"""A real daemon, killed again and again at any moment, counts every event of many tenants exactly once."""

import os
import time
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from history.script import World, lengths
from history.served import firm, show
from history.truth import Counts, Look, Truth
from history.victim import Victim, victim
from integration.other_panel import Firm, OtherPanel
from integration.serving import Figures, eventually, figures, served

TENANTS = 6
RULES = Path(__file__).with_name("rules.yaml")
KILLS = 20
SOAK_KILLS = int(os.environ.get("SOAK_KILLS", "300"))
SEED = os.environ.get("SOAK_SEED", "soak")
START = 0.4  # seconds that a start takes, or a little more
LOOKS = 0.02  # seconds between two looks at the counters
LIVES = (
    0.6  # seconds that a daemon which answers lives at most; fewer than a step takes sometimes, and more too
)
EARLY = 0.2  # share of the daemons that are killed while they start
AHEAD = 60 * 86_400.0  # seconds that the histories begin in the past, because they go faster than time


class Tenant:
    """One firm, what must be counted of it, and what was counted before.

    Attributes:
        steps: how many steps of its life were counted.
    """

    def __init__(self, name: str, seed: str) -> None:
        self.name = name
        self.steps = 0
        self._random = Random(seed)
        self._lengths = lengths(self._random)
        self._world = World(
            self._random,
            began=float(int(time.time() - AHEAD)),
            terse=self._random.random() < 0.5,
        )
        self.firm = firm(self._world)
        self._truth = Truth()
        self._looked()

    def goes_on(self) -> None:
        self._world.step(self._random, next(self._lengths))
        self._looked()
        self.steps += 1
        show(self._world, self.firm)

    def is_counted(self, seen: Figures) -> bool:
        """Whether this page shows all that happened; whatever it shows is never more than that."""
        found = counts(seen)
        if found is None:
            return False
        assert found <= self._truth.counts, f"{self.name}: {found} of {self._truth.counts}"
        assert not self._before - found, f"{self.name}: {found} after {self._before}"
        self._before = found
        return found == self._truth.counts and seen.get("inboxsync_tenant_up") == {(): 1.0}

    def _looked(self) -> None:
        self._before = self._truth.counts
        self._truth = self._truth.after(Look(dict(self._world.users), time.time()))


def counts(seen: Figures) -> Counts | None:
    """The counters of a page in the script's words; None if they are not there (yet)."""
    if "inboxsync_sessions_total" not in seen:
        return None
    labelled = {
        "duplicates": ("dedup_conflicts", "item"),
        "users stopped": ("dedup_conflicts", "user"),
        "expired mailbox tokens": ("token_expiries", "mailbox"),
        "expired CRM tokens": ("token_expiries", "crm"),
    }
    plain = {"sessions": "sessions", "failures": "session_failures", "issues": "issues_seen"}
    return +Counter(
        {what: int(seen[f"inboxsync_{name}_total"][()]) for what, name in plain.items()}
        | {what: int(seen[f"inboxsync_{name}_total"][label,]) for what, (name, label) in labelled.items()}
    )


class Killings:
    """Tenants that live, and one daemon after the other that counts what happens.

    Args:
        folder: of the daemon.
        state: where its journal is.
        seed: of all that is left to chance.
    """

    def __init__(self, folder: Path, state: dict[str, str], seed: str) -> None:
        self._random = Random(seed)
        self._folder = folder
        self._state = state
        self.tenants = [Tenant(f"firm-{number}", f"{seed}-{number}") for number in range(TENANTS)]

    def run(self, kills: int) -> None:
        panel = OtherPanel(**{tenant.name: tenant.firm for tenant in self.tenants})
        with served(panel.app()) as url:
            for _ in range(kills):
                with victim(self._folder, self._config(url)) as daemon:
                    self._lives(daemon)
            with victim(self._folder, self._config(url)) as daemon:
                daemon.ready()
                eventually(lambda: self._all_is_counted(daemon))
                polls = min(self._polls(daemon, tenant) for tenant in self.tenants)
                eventually(lambda: self._all_is_counted(daemon, polls + 3))
            said = daemon.log.read_text()
        assert panel.violations == []
        assert "Traceback" not in said
        assert said.count('"started"') > kills / 2, "they hardly lived"
        assert all(tenant.steps > kills / 4 for tenant in self.tenants), "they counted hardly anything"

    def _lives(self, daemon: Victim) -> None:
        """Let it live for a while, from its start or from its first answer; each tenant goes on that is counted."""
        if self._random.random() < EARLY:
            time.sleep(self._random.uniform(0.0, START))
            return
        daemon.ready()
        end = time.monotonic() + self._random.uniform(0.0, LIVES)
        while time.monotonic() < end:
            page = daemon.ask()
            for tenant in self.tenants:
                if tenant.is_counted(figures(page, tenant.name)):
                    tenant.goes_on()
            time.sleep(LOOKS)

    def _all_is_counted(self, daemon: Victim, polls: int = 0) -> None:
        page = daemon.ask()
        for tenant in self.tenants:
            seen = figures(page, tenant.name)
            assert tenant.is_counted(seen), tenant.name
            assert seen["inboxsync_tenant_polls_total"][()] >= polls

    def _polls(self, daemon: Victim, tenant: Tenant) -> float:
        return figures(daemon.ask(), tenant.name)["inboxsync_tenant_polls_total"][()]

    def _config(self, url: str) -> dict[str, object]:
        (self._folder / "secret").write_text(Firm().client_secret)
        names = [tenant.name for tenant in self.tenants]
        return {
            "state": self._state,
            "polling": {"interval": "100ms"},
            "credentials": {
                "x": {"client_id": "syncwatch", "client_secret_file": str(self._folder / "secret")}
            },
            "rules": {"files": [str(RULES)]},
            "tenants": [{"id": name, "url": f"{url}/panel/{name}", "credentials": "x"} for name in names],
        }


def file(folder: Path) -> dict[str, str]:
    return {"path": str(folder / "state")}


def postgresql(folder: Path, url: str) -> dict[str, str]:
    (folder / "key").write_bytes(b"k" * 32)
    return {"url": url, "key_file": str(folder / "key")}


class TestFile:
    def test_every_counter_equals_the_truth_after_many_kills(self, tmp_path):
        Killings(tmp_path, file(tmp_path), "file").run(KILLS)

    @pytest.mark.soak
    def test_every_counter_equals_the_truth_after_very_many_kills(self, tmp_path):
        Killings(tmp_path, file(tmp_path), SEED).run(SOAK_KILLS)


class TestPostgresql:
    def test_every_counter_equals_the_truth_after_many_kills(self, tmp_path, database):
        Killings(tmp_path, postgresql(tmp_path, database), "postgresql").run(KILLS)

    @pytest.mark.soak
    def test_every_counter_equals_the_truth_after_very_many_kills(self, tmp_path, database):
        Killings(tmp_path, postgresql(tmp_path, database), SEED).run(SOAK_KILLS)
