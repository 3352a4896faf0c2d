"""Random histories of one user's Issues tab and sessions, against a model written straight from the definition."""

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from syncwatch.model import IssueFacts, State, Verdict
from syncwatch.polling.needs import settle, with_issues
from syncwatch.rows import EVERYTHING
from syncwatch.state.memory import TenantMemory
from syncwatch.state.reading import Reading, UserReading
from syncwatch.state.roster import muster
from syncwatch.state.transitions import transitions
from unit.given import HOUR, REQUIRED, T0, enabled, ended

PRINTS = st.sampled_from([b"a" * 12, b"b" * 12, b"c" * 12])
TABS = st.dictionaries(PRINTS, st.integers(1, 3)).map(Counter)


class Histories(RuleBasedStateMachine):
    """The model: what a row that was seen less than a day ago means, and nothing else."""

    def __init__(self):
        super().__init__()
        self.memory = TenantMemory()
        self.now, self.job = T0, 0
        self.open: Counter[bytes] = Counter()
        self.left: dict[bytes, list[float]] = {}
        self.sessions = self.failures = self.issues = 0
        self.poll(())

    def poll(self, table, tab=None, *, pending=False, whole=True, shown=True):
        old = self.memory.users.get("u1")
        issues = old.facts.issues if old else ()
        last = table[-1] if table else (old.mark if old and shown else None)
        facts = enabled(last=last, issues=issues)
        user = UserReading(facts, pending=True) if pending else settle(facts, table[::-1] or None, old)
        if not pending and tab is not None:
            rows = tuple(IssueFacts(print_, REQUIRED, count) for print_, count in tab.items())
            user = with_issues(user, rows, whole=whole)
        reading = Reading(
            self.now, "r", complete=not pending, whole_list=True, organization_pages={}, user_pages={},
            organizations={}, plans={}, plans_read=None, odd_plans=frozenset(), users={"u1": user},
            sight=EVERYTHING,
        )  # fmt: skip
        self.memory, _ = transitions(
            self.memory, reading, muster(self.memory, reading), {"u1": Verdict(State.UP)}
        )

    @rule(
        runs=st.lists(st.booleans(), min_size=1, max_size=3),
        tab=TABS,
        hours=st.integers(1, 30),
        whole=st.booleans(),
    )
    def sessions_end(self, runs, tab, hours, whole):
        self.now += hours * HOUR
        table = []
        for number, ok in enumerate(runs):
            self.job += 1
            at = self.now - 60 * (len(runs) - number)
            table.append(ended(f"s{self.job}", at, finding=None if ok else REQUIRED))
        self.poll(tuple(table), tab, whole=whole)
        self.sessions += len(table)
        self.failures += sum(not session.completed for session in table)
        self._tab_shows(tab if runs[-1] and whole else tab | self.open)

    def _tab_shows(self, tab):
        for print_ in tab | self.open:
            left = [at for at in self.left.get(print_, ()) if self.now - at < 24 * HOUR]
            for _ in range(tab[print_] - self.open[print_]):
                if left:
                    left.pop()
                else:
                    self.issues += 1
            self.left[print_] = left + [self.now] * (self.open[print_] - tab[print_])
        self.open = tab

    @rule()
    def nothing_new(self):
        self.poll(())

    @rule()
    def an_export_leaves_the_session_out(self):
        self.poll((), shown=False)

    @precondition(lambda self: self.job)
    @rule()
    def details_fail(self):
        self.poll((), pending=True)

    @invariant()
    def every_event_counts_once(self):
        counters = self.memory.counters
        assert (counters.sessions, counters.failures) == (self.sessions, self.failures)
        assert counters.issues == self.issues

    @invariant()
    def what_is_open_is_what_the_model_has_open(self):
        issues = self.memory.users["u1"].facts.issues
        assert {issue.fingerprint: issue.count for issue in issues} == self.open


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
