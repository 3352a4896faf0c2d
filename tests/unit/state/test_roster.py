"""Who is gone, who is missing, and which list is not believed."""

from syncwatch.model import State, Verdict
from syncwatch.rows import EVERYTHING
from syncwatch.state.memory import TenantMemory
from syncwatch.state.reading import Reading, UserReading
from syncwatch.state.roster import HELD, muster
from syncwatch.state.transitions import transitions
from unit.given import T0, enabled, ended


class Firm:
    """A tenant whose list says who is there."""

    def __init__(self, *ids: str, whole: bool = True) -> None:
        self.memory = TenantMemory()
        self.job = 0
        self.lists(*ids, whole=whole)

    def lists(self, *ids: str, whole: bool = True, nameless: int = 0) -> set[str]:
        """Read a list in which everybody has a new session; gives those who are shown."""
        self.job += 1
        session = ended(f"s{self.job}", T0 + 1000 * self.job)
        users = {id_: UserReading(enabled(id=id_, last=session), sessions=(session,)) for id_ in ids}
        reading = Reading(
            T0, "r", complete=True, whole_list=whole, organization_pages={}, user_pages={}, organizations={},
            plans={}, plans_read=None, odd_plans=frozenset(), users=users, sight=EVERYTHING, nameless=nameless,
        )  # fmt: skip
        self.roster = muster(self.memory, reading)
        there = {*self.roster.listed, *self.roster.kept}
        verdicts = dict.fromkeys(there, Verdict(State.UP))
        self.memory, self.events = transitions(self.memory, reading, self.roster, verdicts)
        return there


def test_who_is_missing_from_one_complete_list_is_not_shown_and_not_forgotten():
    firm = Firm("a", "b", "c")
    assert firm.lists("a", "b") == {"a", "b"}
    assert set(firm.memory.users) == {"a", "b", "c"}
    assert firm.lists("a", "b", "c") == {"a", "b", "c"}
    assert (firm.events.sessions, firm.memory.users["c"].missing) == (3, 0)


def test_who_is_missing_from_two_is_forgotten():
    firm = Firm("a", "b", "c")
    firm.lists("a", "b")
    firm.lists("a", "b")
    assert set(firm.memory.users) == {"a", "b"}


def test_a_list_that_was_cut_short_says_nothing_of_who_is_gone():
    firm = Firm("a", "b", "c")
    firm.lists("a", "b")
    for _ in range(3):
        assert firm.lists("a", whole=False) == {"a", "b"}
    assert firm.memory.users["c"].missing == 1


def test_who_is_missing_may_be_in_a_row_of_which_nobody_can_say_whose_it_is():
    firm = Firm("a", "b", "c")
    for _ in range(4):
        assert firm.lists("a", "b", nameless=1) == {"a", "b", "c"}
        assert (firm.roster.lost, firm.roster.nameless) == (1, 1)
    assert firm.lists("a", "b") == {"a", "b"}, "the row is gone, and so is the user"


def test_a_row_that_was_there_when_nobody_was_missing_is_nobody_who_is():
    firm = Firm("a", "b", "c")
    assert firm.lists("a", "b", "c", nameless=1) == {"a", "b", "c"}
    assert firm.lists("a", "b", nameless=1) == {"a", "b"}
    assert firm.roster.lost == 0


def test_parts_of_lists_bring_in_strangers_only_up_to_a_bound(monkeypatch):
    monkeypatch.setattr("syncwatch.state.roster.MOST_KEPT", 3)
    firm = Firm("a", "b", "c")
    for number in range(5):
        firm.lists(f"new-{number}", whole=False)
    assert set(firm.memory.users) == {"a", "b", "c", "new-0"}
    assert firm.lists("a", "b", "c", "new-9") == {"a", "b", "c", "new-9"}, "a whole one does"


def test_a_list_that_lost_more_than_half_is_held_for_two_more_polls():
    firm = Firm("a", "b", "c", "d", "e")
    for number in range(1, HELD + 1):
        assert firm.lists("a", "b", "new") == {"a", "b", "c", "d", "e"}, "it brings nobody in either"
        assert (firm.roster.suspicions, firm.roster.lost, firm.events.sessions) == (number, 3, 2)
    assert firm.lists("a", "b", "new") == {"a", "b", "new"}
    assert (set(firm.memory.users), firm.memory.suspicions) == ({"a", "b", "c", "d", "e", "new"}, 0)
    firm.lists("a", "b", "new")
    assert set(firm.memory.users) == {"a", "b", "new"}


def test_a_list_that_is_whole_again_was_never_suspicious():
    firm = Firm("a", "b", "c")
    firm.lists("a")
    assert firm.lists("a", "b", "c") == {"a", "b", "c"}
    assert firm.memory.suspicions == 0
    assert firm.lists("a") == {"a", "b", "c"}, "it begins anew"


def test_half_is_no_suspicion():
    firm = Firm("a", "b", "c", "d")
    assert firm.lists("a", "b") == {"a", "b"}


def test_an_empty_list_takes_everybody_away_only_when_it_is_believed():
    firm = Firm("a")
    assert [firm.lists() for _ in range(HELD + 2)] == [{"a"}] * HELD + [set()] * 2
    assert firm.memory.users == {}


def test_who_was_in_one_of_the_lists_that_were_held_is_not_forgotten_for_missing_from_the_next():
    firm = Firm("a", "b", "c", "d", "e")
    firm.lists("d", "e")
    firm.lists("a", "b")
    assert firm.lists("a", "c") == {"a", "c"}, "the third is believed"
    assert set(firm.memory.users) == {"a", "b", "c", "d", "e"}


def test_a_list_that_is_cut_short_is_the_baseline_only_if_it_is_so_each_time():
    firm = Firm("a", "b", whole=False)
    assert not firm.memory.baseline
    firm.lists("a", "b", "c")
    assert (firm.memory.baseline, firm.memory.counters.sessions) == (True, 0)
    firm = Firm("a", "b", whole=False)
    for _ in range(HELD):
        firm.lists("a", "b", whole=False)
    assert (firm.memory.baseline, firm.memory.counters.sessions) == (True, 0)
    firm.lists("a", "b", whole=False)
    assert firm.memory.counters.sessions == 2
