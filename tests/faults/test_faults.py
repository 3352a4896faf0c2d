"""Each fault alone shows what it must, and whatever a third of all panels does, those who are well are told right and on time.

All in one module, because one such world at a time is as much as two cores serve in time. The short form of the matrix takes half
a minute; the long one (`make soak`, SOAK_SECONDS) goes through all faults again and again and shows what the process
holds before and after.
"""

import os
import sys
import time
from itertools import islice
from random import Random

import pytest

from faults.expected import EXPECTED
from faults.matrix import SHARE, Process, a_round, draws
from faults.table import Report, printed, table
from faults.trial import PATIENCE, Well, trial
from integration.serving import becomes
from syncwatch.polling.fan_out import AT_ONCE
from syncwatch.simulator.faults.catalogue import CATALOGUE

TENANTS = 200
ROUNDS = 2
ROUND = 8.0  # seconds
SECONDS = float(os.environ.get("SOAK_SECONDS", "600"))
MORE_MEMORY = 0.10  # of the resident size, after every fault was met once
THREADS = 2  # of the pool that looks up names and reads files
SOME = 20  # connections more or less, of those that are kept for the next poll
BESIDE = 60  # descriptors that are no connection to a panel


def test_every_fault_has_an_expectation():
    assert list(EXPECTED) == list(CATALOGUE)


async def test_each_fault_shows_what_it_must_and_nobody_else_notices(tmp_path):
    report: Report = await table(tmp_path)
    text = printed(report)
    assert not report.affected, text
    assert not report.late, text
    assert not report.complaints, text
    assert [line.fault for line in report.lines if not line.fine] == [], text


async def settled(running, descriptors: int) -> Process:
    """What the process holds once all tenants are told right again and connections that are no longer used are gone."""
    await running.exact(running.tenants)

    def returned() -> None:
        assert Process.now().descriptors <= descriptors

    await becomes(returned, seconds=PATIENCE)
    return Process.now()


async def test_a_third_of_two_hundred_tenants_misbehaves_and_nobody_else_notices(tmp_path):
    async with trial(tmp_path, tenants=TENANTS, users=12, interval=3.0) as running:
        ill = running.tenants[::SHARE]
        well = Well(running, [tenant for tenant in running.tenants if tenant not in ill])
        before = Process.now()
        for faults in islice(draws(ill, Random(6)), ROUNDS):
            assert await a_round(running, well, faults, ROUND) == {}
        assert well.affected == {}
        assert well.late() == {}
        await running.misbehave(dict.fromkeys(ill, "none"))
        after = await settled(running, before.descriptors + SOME)
        assert after.threads <= before.threads + THREADS
        assert running.complaints() == []


@pytest.mark.soak
async def test_an_hour_of_faults_costs_neither_memory_nor_descriptors(tmp_path, capsys):
    def say(text: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n  {text}")

    async with trial(tmp_path, tenants=TENANTS, users=12, interval=2.0) as running:
        ill = running.tenants[::SHARE]
        well = Well(running, [tenant for tenant in running.tenants if tenant not in ill])
        rounds, warm, end = draws(ill, Random(7)), None, time.monotonic() + SECONDS
        most = TENANTS * AT_ONCE + BESIDE
        say(f"before: {await settled(running, most)}")
        while time.monotonic() < end:
            for faults in islice(rounds, 3):  # about every fault twice
                assert await a_round(running, well, faults, 2 * ROUND) == {}
            await running.misbehave(dict.fromkeys(ill, "none"))
            now = await settled(running, most)
            warm = warm or now
            say(f"{running.polls():.0f} polls, {running.failures():.0f} failed: {now}")
            assert running.complaints() == []
        assert well.affected == {}
        assert well.late() == {}
        assert now.resident < warm.resident * (1 + MORE_MEMORY)
        assert now.threads <= warm.threads + THREADS
