"""Two hundred tenants, a third of which misbehave, in another way every few seconds; and what that costs the process."""

import asyncio
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

from faults.expected import EXPECTED, Outcome
from faults.trial import LOOK, PATIENCE, Shown, Trial, Well

SHARE = 3  # every third tenant misbehaves
QUIET = ("none", "none", "none", "none")  # some of them behave for a while
COSTLY = {"huge_page"}  # twenty thousand users every other second would be a test of the machine


class Process(NamedTuple):
    """What this process holds."""

    resident: int  # bytes
    descriptors: int
    threads: int

    @classmethod
    def now(cls) -> "Process":
        """As /proc has it."""
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        descriptors = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - counts them
        return cls(pages * os.sysconf("SC_PAGE_SIZE"), descriptors, threading.active_count())

    def __str__(self) -> str:
        return f"{self.resident / 1e6:.0f} MB, {self.descriptors} descriptors, {self.threads} threads"


def draws(tenants: tuple[str, ...], rng: Random) -> Iterator[dict[str, str]]:
    """For each round what every tenant that misbehaves does; each fault comes once in a few rounds."""
    while True:
        faults = [*(name for name in EXPECTED if name not in COSTLY), *QUIET]
        rng.shuffle(faults)
        while len(faults) >= len(tenants):
            yield dict(zip(tenants, faults, strict=False))
            del faults[: len(tenants)]


async def a_round(running: Trial, well: Well, faults: dict[str, str], lasts: float) -> dict[str, str]:
    """Let tenants misbehave for so many seconds, and until each shows why; gives who does not."""
    before = running.look()
    await running.misbehave(faults)
    missing, began = dict(faults), time.monotonic()
    while (passed := time.monotonic() - began) < lasts or (missing and passed < PATIENCE):
        await asyncio.sleep(LOOK)
        now = running.look()
        await well.look(now)
        missing = {
            tenant: fault
            for tenant, fault in missing.items()
            if not _shows(fault, before[tenant], now[tenant])
        }
    return missing


def _shows(fault: str, before: Shown, now: Shown) -> bool:
    outcome = EXPECTED.get(fault, Outcome())
    if outcome.up or not outcome.lasting:  # what is doubted depends on what was there before
        return now.value("polls_total") > before.value("polls_total")
    return bool(now.failed_since(before) & outcome.reason)
