"""What is counted, and when: commits that land, fail, are refused, or end nobody knows how."""

import pytest
from msgspec.structs import replace

from syncwatch.model import Running, State
from syncwatch.state.difference import SUCCESS_INTERVAL, worth_writing
from syncwatch.state.journal import Commit
from syncwatch.state.ledger import Ledger
from syncwatch.state.memory import Counters, KnownIssue, Mark, TenantMemory, UserMemory
from syncwatch.state.transitions import Tally
from unit.given import HOUR, T0, enabled, ended

USER = UserMemory(enabled(), State.UP, T0, mark=Mark("s1", T0))
WRITTEN = TenantMemory(
    version=4, epoch=2, written=T0, baseline=True, users={"u1": USER}, counters=Counters(sessions=10)
)
ONE = Tally(sessions=1)


def more(memory: TenantMemory, sessions: int = 1) -> TenantMemory:
    """What a poll learned on top."""
    return replace(memory, counters=Counters(sessions=memory.counters.sessions + sessions))


def tried(commit: Commit, ledger: Ledger | None = None) -> tuple[Ledger, Tally]:
    """One session ended, and the commit came to that."""
    ledger = ledger or Ledger(WRITTEN, WRITTEN)
    change = ledger.change("firm-1", more(ledger.known), T0 + HOUR)
    return ledger.settled(change, ONE, commit)


def test_a_commit_counts_and_moves_the_version():
    ledger, counted = tried(Commit.COMMITTED)
    assert (counted, ledger.counters.sessions) == (ONE, 11)
    assert (ledger.written.version, ledger.written.epoch, ledger.written.written) == (5, 2, T0 + HOUR)
    assert not ledger.must_read


def test_a_journal_that_is_away_counts_nothing_and_catches_up_in_one_commit():
    ledger, counted = tried(Commit.FAILED)
    ledger, again = tried(Commit.FAILED, ledger)
    assert (bool(counted), bool(again), ledger.counters.sessions) == (False, False, 10)
    assert (ledger.known.counters.sessions, ledger.must_read) == (12, False)
    ledger, counted = tried(Commit.COMMITTED, ledger)
    assert (counted.sessions, ledger.counters.sessions, ledger.written.version) == (3, 13, 5)


def test_who_is_refused_begins_with_what_the_journal_has():
    ledger, counted = tried(Commit.REFUSED)
    assert (bool(counted), ledger.must_read, ledger.counters) == (False, True, None)
    assert ledger.known.users == WRITTEN.users, "polling goes on from it until the journal was read"
    theirs = replace(more(WRITTEN, 7), version=5)
    ledger, counted = ledger.read(theirs)
    assert (ledger, bool(counted)) == (Ledger(theirs, theirs), False)


class TestUnknownOutcome:
    @pytest.fixture
    def doubt(self) -> Ledger:
        ledger, counted = tried(Commit.UNKNOWN)
        assert (bool(counted), ledger.counters.sessions, ledger.must_read) == (False, 10, True)
        assert ledger.change("firm-1", more(ledger.known), T0) is None, "before it is read"
        return ledger.learned(more(ledger.known), ONE)

    def test_one_that_landed_counts_once_it_was_read(self, doubt):
        ledger, counted = doubt.read(replace(doubt.attempt.memory, users={}))
        assert (counted.sessions, ledger.counters.sessions, ledger.known.counters.sessions) == (1, 11, 12)
        ledger, counted = tried(Commit.COMMITTED, ledger)
        assert (counted.sessions, ledger.counters.sessions, ledger.written.version) == (2, 13, 6)

    def test_one_that_did_not_land_is_written_with_the_next(self, doubt):
        ledger, counted = doubt.read(WRITTEN)
        assert (bool(counted), ledger.counters.sessions, ledger.must_read) == (False, 10, False)
        ledger, counted = tried(Commit.COMMITTED, ledger)
        assert (counted.sessions, ledger.counters.sessions, ledger.written.version) == (3, 13, 5)

    def test_somebody_else_may_have_written_meanwhile(self, doubt):
        theirs = replace(doubt.attempt.memory, written=T0 + 1, counters=Counters(sessions=99))
        ledger, counted = doubt.read(theirs)
        assert (ledger, bool(counted)) == (Ledger(theirs, theirs), False)

    def test_a_first_commit_that_did_not_land_is_no_forgotten_tenant(self):
        empty = Ledger(TenantMemory(), TenantMemory())
        ledger, _ = tried(Commit.UNKNOWN, empty)
        ledger, _ = ledger.read(TenantMemory())
        assert ledger.known.counters.sessions == 1


class TestBeforeTheJournalWasRead:
    def test_nothing_is_counted_nor_committed(self):
        ledger = Ledger().learned(more(TenantMemory()), ONE)
        assert (ledger.counters, ledger.must_read) == (None, True)
        assert ledger.change("firm-1", ledger.known, T0) is None

    def test_of_a_tenant_that_it_does_not_know_all_counts_since_the_baseline(self):
        ledger = Ledger().learned(more(TenantMemory(baseline=True)), ONE)
        ledger, _ = ledger.read(TenantMemory())
        ledger, counted = tried(Commit.COMMITTED, ledger)
        assert (counted.sessions, ledger.counters.sessions, ledger.written.version) == (2, 2, 1)

    def test_of_one_that_it_knows_the_difference_is_taken_anew(self):
        ledger = Ledger().learned(more(TenantMemory(baseline=True)), ONE)
        ledger, counted = ledger.read(WRITTEN)
        assert (ledger, bool(counted)) == (Ledger(WRITTEN, WRITTEN), False)


def test_a_tenant_that_was_forgotten_begins_anew():
    ledger, _ = tried(Commit.REFUSED)
    ledger, _ = ledger.read(TenantMemory())
    assert (ledger.known, ledger.counters) == (TenantMemory(), Counters())


@pytest.mark.parametrize(
    ("change", "worth"),
    [
        ({}, False),
        ({"polls": 9}, False),
        ({"suspicions": 1}, True),
        ({"user_pages": {"": None}}, False),
        ({"last_success": SUCCESS_INTERVAL - 1}, False),
        ({"last_success": SUCCESS_INTERVAL}, True),
        ({"counters": Counters(sessions=11)}, True),
        ({"baseline": False}, True),
        ({"rules": "r2"}, True),
        ({"settings_read": {"o1": T0}}, True),
        ({"users": {}}, True),
    ],
)
def test_what_of_a_tenant_is_worth_writing(change, worth):
    before = replace(WRITTEN, last_success=0.0)
    assert worth_writing(before, replace(before, **change)) is worth


@pytest.mark.parametrize(
    ("change", "worth"),
    [
        ({}, False),
        ({"missing": 1}, True),
        ({"facts": enabled(running=Running("s2", T0))}, False),
        ({"facts": enabled(odd_session=True)}, True),
        ({"facts": enabled(last=ended("s2"))}, True),
        ({"facts": enabled(organization="o2")}, True),
        ({"mark": Mark("s2", T0)}, True),
        ({"known": {b"1" * 12: KnownIssue(1)}}, True),
        ({"told": frozenset({"mailbox"})}, True),
        ({"state": State.STALLED}, True),
        ({"pending": True}, True),
    ],
)
def test_what_of_a_user_is_worth_writing(change, worth):
    users = {"u1": replace(USER, **change)}
    assert worth_writing(WRITTEN, replace(WRITTEN, users=users)) is worth
