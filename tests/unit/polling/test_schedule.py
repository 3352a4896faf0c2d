"""The arithmetic of when a tenant is due, for any tenant and any instant."""

from hypothesis import given
from hypothesis import strategies as st

from syncwatch.polling.schedule import grid

tenants = st.text(min_size=1, max_size=20)
intervals = st.floats(1, 86_400)
instants = st.floats(0, 4e9)
shares = st.floats(0, 1, exclude_max=True)


@given(tenants, intervals)
def test_a_tenants_place_is_always_the_same_and_within_its_interval(tenant, interval):
    assert grid(tenant, interval) == grid(tenant, interval)
    assert 0 <= grid(tenant, interval).phase <= 1


def test_tenants_are_spread_evenly():
    phases = [grid(f"firm-{n:03}", 300).phase for n in range(1000)]
    for tenth in range(10):
        assert 60 <= sum(tenth <= phase * 10 < tenth + 1 for phase in phases) <= 140


@given(tenants, intervals, instants)
def test_the_next_regular_instant_is_ahead_by_one_interval_at_most(tenant, interval, now):
    due = grid(tenant, interval).after(now)
    assert now <= due <= now + interval * (1 + 1e-6) + 1e-6


@given(tenants, st.integers(1, 86_400), st.integers(0, 4_000_000_000))
def test_regular_instants_are_one_interval_apart(tenant, interval, now):
    rhythm = grid(tenant, interval)
    due = rhythm.after(now)
    assert abs(rhythm.after(due + interval / 2) - due - interval) < 1e-3


@given(tenants, intervals, instants)
def test_the_first_poll_comes_soon(tenant, interval, now):
    assert now <= grid(tenant, interval).first(now) <= now + min(2 * interval, 30) + 1e-3


@given(tenants, intervals, instants, instants)
def test_whatever_the_clock_says_the_next_regular_instant_is_less_than_two_intervals_ahead(
    tenant, interval, planned, now
):
    due = grid(tenant, interval).following(planned, now)
    assert now <= due <= now + 1.52 * interval + 1e-6


@given(tenants, st.integers(1, 86_400), st.integers(1, 4_000_000_000), shares)
def test_a_poll_that_begins_a_little_early_is_not_followed_by_another_at_its_own_instant(
    tenant, interval, now, share
):
    rhythm = grid(tenant, interval)
    planned = rhythm.after(now)  # or what rounding makes of it
    early = planned - 0.49 * share * interval
    assert abs(rhythm.following(planned, early) - planned - interval) < 1e-3


@given(intervals, shares)
def test_while_we_are_offline_tries_are_steady(interval, chance):
    pause = grid("firm-1", interval).steady(chance)
    assert min(interval, 60) <= pause <= min(interval, 60) * 1.1


@given(intervals, instants, st.floats(0, 1e6), st.floats(-1e6, 1e6))
def test_a_change_by_time_alone_is_not_slept_through_nor_polled_to_death(interval, now, ahead, change):
    rhythm = grid("firm-1", interval)
    due, until = now + ahead, now + change
    at = rhythm.not_past(due, until, now)
    assert at <= due
    soonest = now + min(0.1 * interval, 15)
    assert at <= max(until, soonest)
    assert at >= min(due, soonest)


@given(intervals, st.integers(0, 1000))
def test_polls_left_out_are_those_whose_time_passed(interval, whole):
    assert grid("firm-1", interval).missed(1e6, 1e6 + (whole + 0.5) * interval) == whole
    assert grid("firm-1", interval).missed(1e6, 1e6 - 5) == 0
