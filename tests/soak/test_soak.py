"""The daemon over a long time: right at every look, counters that never fall, and no growth.

A lively fleet does fill what is bounded: RE2's automata, the answers known by digest, the fingerprints of a day. So
its bar is wider, and what polls and faults cost is measured where hardly any new text comes.

SOAK_SECONDS is how long the evolving fleet is watched (600); the others take less.
"""

import os
import sys
import time
from random import Random

import pytest

from integration.serving import eventually, expected
from soak.simulated import Watch, watched

pytestmark = pytest.mark.soak

SECONDS = float(os.environ.get("SOAK_SECONDS", "600"))
FAULTS = ("down", "slow", "garbage", "html", "unauthorized", "rate_limited", "http_500")
GROWTH = 0.02  # of the resident size, over the last two thirds
LIVELY_GROWTH = 0.10  # the same, while hundreds of new texts come each minute
AT_ONCE = 6  # tenants that misbehave
MISBEHAVING = 10.0  # seconds
RECOVERY = 35.0  # seconds in which the last of them is asked again: Retry-After is 30
CATCH_UP = 15.0  # seconds


@pytest.fixture
def say(capsys):
    """Show figures, whether the test fails or not."""

    def show(text: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n  {text}")

    return show


def megabytes(watch: Watch) -> str:
    return f"{watch.sizes[-1] / 1e6:.1f} MB"


def agree(watch: Watch, since: float) -> None:
    """Every tenant was read whole since then, and every figure is the truth."""
    told = watch.world.truth()
    watch.scrape()
    assert told["frozen"]
    for tenant in watch.tenants:
        read = watch.of("inboxsync_tenant_last_poll_success_timestamp_seconds", tenant)
        assert read[()] > since, tenant
        wanted = expected(told["tenants"][tenant])
        assert {name: watch.of(name, tenant) for name in wanted} == wanted, tenant


def trouble(watch: Watch, rng: Random) -> None:
    """Some tenants misbehave, each in its way, for a while."""
    chosen = rng.sample(watch.tenants, AT_ONCE)
    for tenant in chosen:
        watch.world.misbehave(tenant, rng.choice(FAULTS))
    watch.go_on(MISBEHAVING)
    for tenant in chosen:
        watch.world.misbehave(tenant, "none")


def test_an_evolving_fleet_is_told_right(tmp_path, say):
    rng = Random(1)
    with watched(tmp_path, tenants=25, users=40, plan="15s", poll="2s") as watch:
        end, revision = time.monotonic() + SECONDS, watch.world.truth()["revision"]
        while time.monotonic() < end:
            trouble(watch, rng)
            watch.go_on(RECOVERY)
            with watch.world.frozen() as since:
                eventually(lambda since=since: agree(watch, since), seconds=CATCH_UP)
                caught_up = time.time() - since
                now = watch.world.truth()["revision"]
            polls, failed = (
                watch.total(f"inboxsync_tenant_{name}_total") for name in ("polls", "poll_failures")
            )
            say(
                f"{now - revision} changes, all figures right after {caught_up:.1f} s; "
                f"{polls:.0f} polls, {failed:.0f} failed; {megabytes(watch)}"
            )
            assert now - revision > len(watch.tenants), "the world stood still"
            revision = now
        say(f"resident size over the last two thirds: {watch.growth():+.2%}")
        assert failed > AT_ONCE
        assert watch.growth() < LIVELY_GROWTH


def test_polls_and_faults_cost_no_memory(tmp_path, say):
    rng = Random(2)
    with watched(tmp_path, tenants=25, users=40, plan="1h", poll="1s") as watch:
        end = time.monotonic() + SECONDS / 2
        while time.monotonic() < end:
            trouble(watch, rng)
        polls, failed = (watch.total(f"inboxsync_tenant_{name}_total") for name in ("polls", "poll_failures"))
        say(f"{polls:.0f} polls, {failed:.0f} failed; {megabytes(watch)}, {watch.growth():+.2%}")
        assert failed > AT_ONCE
        assert watch.growth() < GROWTH


def test_a_fleet_that_lets_nobody_in_costs_no_memory_and_comes_back(tmp_path, say):
    spell = SECONDS / 3
    with watched(tmp_path, tenants=300, users=5, plan="60s", poll="1s") as watch:
        for tenant in watch.tenants:
            watch.world.misbehave(tenant, "unauthorized")
        calm = len(watch.sizes)
        watch.go_on(spell)
        growth, failures = watch.growth(since=calm), watch.total("inboxsync_tenant_poll_failures_total")
        say(
            f"{failures:.0f} polls refused by {len(watch.tenants)} tenants; {megabytes(watch)}, {growth:+.2%}"
        )
        for tenant in watch.tenants:
            assert watch.of("inboxsync_tenant_poll_failures_total", tenant)["auth",] > 1
            assert watch.of("inboxsync_tenant_up", tenant) == {(): 0}
            watch.world.misbehave(tenant, "none")
        assert growth < GROWTH
        back = time.monotonic()
        eventually(watch.all_up, seconds=2 * spell + 10)  # the pauses have grown as long as the spell
        say(f"all of them up again after {time.monotonic() - back:.0f} s")
