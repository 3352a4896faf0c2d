"""Telling our own network from the panels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncwatch.errors import Reason
from syncwatch.polling.offline import Reachability, Uplink, reached
from syncwatch.polling.poll import Result
from syncwatch.rows import EVERYTHING, Figures
from syncwatch.state.ledger import Ledger
from syncwatch.state.transitions import Tally
from unit.given import T0, failed

FOREVER = 1e9


def seen(*hosts: bool) -> Uplink:
    uplink = Uplink()
    for number, fine in enumerate(hosts):
        uplink.note(f"h{number}", 0.0, FOREVER, reached=fine)
    return uplink


def test_a_few_firms_may_be_down_at_once():
    assert not seen(*[False] * 4).now.offline
    assert seen(*[False] * 5).now == Reachability(5, 5, offline=True)


def test_it_begins_at_four_fifths_and_ends_at_half():
    uplink = seen(*[True] * 2, *[False] * 7)
    assert not uplink.now.offline
    uplink.note("h9", 0.0, FOREVER, reached=False)
    assert (uplink.now.ratio, uplink.now.offline) == (0.8, True)
    for number in (9, 8):
        uplink.note(f"h{number}", 0.0, FOREVER, reached=True)
        assert uplink.now.offline
    uplink.note("h7", 0.0, FOREVER, reached=True)
    assert (uplink.now.ratio, uplink.now.offline) == (0.5, False)


def test_many_tenants_behind_one_host_are_one_host():
    uplink = Uplink()
    for _ in range(20):
        uplink.note("one.example", 0.0, FOREVER, reached=False)
    assert uplink.now == Reachability(1, 1, offline=False)


def test_what_came_of_a_host_is_not_believed_for_ever():
    uplink = seen(*[False] * 5)
    uplink.note("h0", 100.0, 700.0, reached=False)
    for number in range(1, 5):
        uplink.note(f"h{number}", 100.0, 200.0, reached=False)
    uplink.note("new", FOREVER + 1, FOREVER + 600, reached=True)
    assert uplink.now == Reachability(1, 0, offline=False)


@given(st.lists(st.tuples(st.integers(0, 8), st.booleans(), st.integers(0, 20))))
def test_the_counts_are_those_of_the_newest_polls_that_are_still_believed(polls):
    uplink, now, newest = Uplink(), 0.0, {}
    for host, fine, passed in polls:
        now += passed
        uplink.note(f"h{host}", now, now + 50, reached=fine)
        newest[host] = (now + 50, fine)
        believed = [fine for until, fine in newest.values() if until > now]
        assert uplink.now[:2] == (len(believed), believed.count(False))
        assert len(uplink._ends) == len(uplink._seen)


@pytest.mark.parametrize(
    ("codes", "reason", "expected"),
    [
        (["200"], None, True),
        (["503"], Reason.HTTP_5XX, True),
        (["200", "timeout"], Reason.TIMEOUT, True),
        (["connect"], Reason.CONNECT, False),
        (["dns"], Reason.DNS, False),
        (["tls"], Reason.TLS, False),
        (["timeout"], Reason.TIMEOUT, False),
        (["rate_limited"], Reason.RATE_LIMITED, None),
        ([], Reason.AUTH, None),
        ([], None, None),
    ],
)
def test_only_an_answer_says_that_a_host_was_reached_and_only_some_reasons_that_it_was_not(
    codes, reason, expected
):
    figures = Figures()
    for code in codes:
        figures.requests["users", code] += 1
    error = failed(reason) if reason else None
    assert reached(Result(Ledger(), T0, 1.0, error, None, None, Tally(), figures, EVERYTHING)) is expected
