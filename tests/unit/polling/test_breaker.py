"""The circuit breaker, turned by hand."""

from hypothesis import given
from hypothesis import strategies as st

from syncwatch.errors import Reason
from syncwatch.polling.breaker import CLOSED, Breaker, State
from syncwatch.polling.schedule import LONGEST_PAUSE

intervals = st.floats(1, 86_400)
chances = st.floats(0, 1, exclude_max=True)
reasons = st.sampled_from(Reason)


def after(*seen: Reason | None) -> Breaker:
    breaker = CLOSED
    for reason in seen:
        breaker = breaker.probing().after(reason)
    return breaker


def test_it_opens_after_three_polls_in_a_row_that_found_no_lists():
    assert after(Reason.DNS, Reason.HTTP_5XX).state is State.CLOSED
    assert after(Reason.DNS, None, Reason.DNS, Reason.DNS).state is State.CLOSED
    assert after(Reason.DNS, Reason.HTTP_5XX, Reason.DNS) == Breaker(State.OPEN, 3, Reason.DNS)


def test_a_refused_credential_opens_it_at_once_for_the_longest_pause():
    assert after(Reason.AUTH).state is State.OPEN
    assert after(Reason.AUTH).pause(60, 0) == LONGEST_PAUSE
    assert after(Reason.AUTH).pause(7200, 0) == 7200


def test_while_it_is_tried_it_is_half_open_and_one_poll_decides():
    probe = after(*[Reason.CONNECT] * 3).probing()
    assert probe.state is State.HALF_OPEN
    assert probe.after(None) == CLOSED
    assert probe.after(Reason.DECODE).state is State.OPEN
    assert CLOSED.probing() is CLOSED


def test_a_probe_that_fails_for_no_fault_of_the_panel_leaves_it_as_it_was():
    opened = after(*[Reason.CONNECT] * 3)
    assert opened.probing().excused(Reason.CONNECT) == opened
    assert CLOSED.excused(Reason.DNS) == Breaker(State.CLOSED, 0, Reason.DNS)
    assert CLOSED.excused(Reason.DNS).pause(60, 0) is None


def test_one_failure_costs_no_pause_unless_it_was_a_refusal():
    assert CLOSED.pause(300, 0.5) is None
    assert after(Reason.HTTP_5XX).pause(300, 0.5) is None
    assert after(Reason.RATE_LIMITED).pause(300, 0) == 300


@given(intervals, st.integers(2, 10_000), chances, reasons)
def test_pauses_grow_to_a_limit_and_vary_a_little(interval, failures, chance, reason):
    shorter, longer = Breaker(State.OPEN, failures, reason), Breaker(State.OPEN, failures + 1, reason)
    assert interval <= shorter.pause(interval, chance) <= max(interval, LONGEST_PAUSE) * 1.1
    assert shorter.pause(interval, 0.5) <= longer.pause(interval, 0.5)


@given(st.lists(reasons | st.none(), max_size=20))
def test_it_is_closed_exactly_while_few_polls_in_a_row_failed_and_none_was_refused(seen):
    newest = seen[::-1]
    run = newest[: newest.index(None)] if None in newest else newest
    opened = len(run) >= 3 or Reason.AUTH in run
    assert after(*seen).state is (State.OPEN if opened else State.CLOSED)
