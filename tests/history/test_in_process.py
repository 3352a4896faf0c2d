"""Random histories of one tenant, polled by processes that come and go, with a journal that does so too."""

import asyncio
from collections.abc import Callable
from functools import partial
from itertools import count
from random import Random

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from history.engines import Jumping, Open, in_memory, kept_in
from history.script import World, lengths
from history.scripted import NONE, Trouble, classifier
from history.truth import DAY, Look, Truth
from history.watcher import Process, Written, counts
from history.weather import Lasting, Weather, Weathered
from syncwatch.classification.find import Classify
from syncwatch.state.journal import Journal, MemoryJournal
from unit.given import T0
from unit.polling.watched import stages

MANY, SOME, SOAK = 150, 40, 1000  # histories: of a journal in memory, of a real one, of the long form
SEEDS = st.integers(0, 2**32)
RULES = st.sampled_from(["r1", "r2"])
TROUBLES = ["none", "no lists", "no sessions", "no issues", "user gone", "tab cut"]
THEN = st.sampled_from(["no poll", "no poll", "none", "none", *TROUBLES])
PATIENCE = 6  # polls within which everything must be settled: two lists that are not believed among them


class Histories(RuleBasedStateMachine):
    """The script, the processes, and after each poll what must be counted.

    Args:
        open_: opens the journal of one process.
        tenants: ids that nobody had before.
        classify: see there.
    """

    def __init__(self, open_: Open, tenants: Callable[[], int], classify: Classify) -> None:
        super().__init__()
        self.open = open_
        self.tenant = f"firm-{tenants()}"
        self.runner = asyncio.Runner()
        self.clock = Jumping()
        self.stages = stages(classify=classify)
        self.rules = "r1"
        self.journal = Weathered(MemoryJournal())
        self.life: asyncio.Task[None] | None = None
        self.written = Written()
        self.shown = Truth()
        self.ideal = Truth()
        self.misled = False
        self.fine = False

    def teardown(self) -> None:
        try:
            if self.fine:
                self.all_is_counted_in_the_end()
        finally:
            self.runner.run(self._ends())
            self.runner.close()

    @initialize(seed=SEEDS, terse=st.booleans(), then=THEN)
    def begins(self, seed, terse, then):
        self.world = World(Random(seed), began=T0, terse=terse, unborn=True)
        self._now_is()
        self.runner.run(self._starts())
        self._polls_in(then, seed)

    @rule(seed=SEEDS, then=THEN)
    def life_goes_on(self, seed, then):
        random = Random(seed)
        self.world.step(random, next(lengths(random)))
        self._now_is()
        self._polls_in(then, seed)

    @rule(seed=SEEDS, trouble=st.sampled_from(TROUBLES))
    def polls(self, seed, trouble):
        self._polls_in(trouble, seed)

    @precondition(lambda self: self.written.version)
    @rule(seed=SEEDS, whole=st.booleans(), share=st.sampled_from([0.2, 0.9]))
    def polls_a_list_that_lacks_some(self, seed, whole, share):
        random, users = Random(seed), tuple(self.world.users)
        left_out = random.sample(users, max(1, int(share * len(users))))
        self._poll(Trouble(left_out=frozenset(left_out), whole=whole))

    @rule(weather=st.sampled_from(Weather))
    def the_weather_changes(self, weather):
        self.journal.weather = weather

    @rule()
    def restarts(self):
        self.runner.run(self._starts())

    @rule()
    def somebody_else_polls(self):
        other = Process(self.tenant, self.world, self.stages, Weathered(self.journal.real), self.written)
        self._poll(by=other)

    @rule(rules=RULES)
    def other_rules_are_loaded(self, rules):
        self.rules = rules

    @invariant()
    def counters_never_fall_and_never_exceed_the_truth(self):
        now = self.written.truth
        assert self.shown.counts <= now.counts
        assert self.misled or now.counts <= self.ideal.counts
        self.shown = now

    def all_is_counted_in_the_end(self):
        self.journal.weather = Weather.FAIR
        for _ in range(PATIENCE):
            result = self._poll()
        assert result.error is None
        assert counts(result.counters) == self.written.truth.counts == self.process.book.known.counts
        loaded = self.runner.run(self.journal.load(self.tenant))
        recalled = self.runner.run(self.journal.recall())
        assert loaded.counters == recalled[self.tenant].counters == result.counters

    def _polls_in(self, trouble: str, seed: int) -> None:
        """Poll once if at all, in this trouble with somebody."""
        user = Random(seed).choice(tuple(self.world.users))
        match trouble:
            case "none":
                self._poll()
            case "no lists":
                self._poll(Trouble(lists=True))
            case "no sessions" | "no issues":
                self._poll(Trouble(failing={user: trouble.removeprefix("no ")}))
            case "user gone":
                self._poll(Trouble(gone=frozenset({user})))
            case "tab cut":
                self._poll(Trouble(cut=frozenset({user})))

    def _poll(self, trouble: Trouble = NONE, by: Process | None = None):
        self.clock.time += 7
        self.misled |= bool(trouble.left_out) or self._late()
        unwritten = self.written.version == 0
        self.fine = False  # and so it stays if the poll finds that something is not
        result = self.runner.run((by or self.process).poll(self.clock, self.rules, trouble))
        self.fine = True
        if unwritten:
            self.ideal = self.written.truth.after(self._look())  # nobody can have seen what was before
            self.misled |= any(user.before for user in self.written.truth.users.values())
        return result

    def _late(self) -> bool:
        """Whether a row that left may have come back within a day without a look, and counts as new when one comes."""
        return any(
            self.clock.time - went >= DAY and self.ideal.users[id_].open[problem]
            for id_, user in self.written.truth.users.items()
            if id_ in self.ideal.users
            for problem, times in user.left.items()
            for went in times
        )

    def _now_is(self) -> None:
        self.clock.time = self.world.now + 0.37
        self.ideal = self.ideal.after(self._look())

    def _look(self) -> Look:
        return Look(dict(self.world.users), self.clock.time)

    async def _starts(self) -> None:
        """Another process, with its own journal, in the same weather."""
        await self._ends()
        opened: asyncio.Future[Journal] = asyncio.get_running_loop().create_future()
        self.over = asyncio.Event()
        self.life = asyncio.create_task(self._lives(opened))
        await asyncio.wait([opened, self.life], return_when=asyncio.FIRST_COMPLETED)
        self.journal.real = opened.result()
        self.process = Process(self.tenant, self.world, self.stages, self.journal, self.written)

    async def _lives(self, opened: asyncio.Future[Journal]) -> None:
        async with self.open(self.tenant, self.clock) as journal:
            opened.set_result(journal)
            await self.over.wait()

    async def _ends(self) -> None:
        if self.life is not None:
            self.over.set()
            await self.life


def histories(open_: Open, *, examples: int) -> None:
    run_state_machine_as_test(
        partial(Histories, open_, partial(next, count()), classifier().classify),
        settings=settings(
            max_examples=examples,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )


class TestMemory:
    def test_every_counter_equals_the_truth(self):
        histories(in_memory(Lasting()), examples=MANY)

    @pytest.mark.soak
    def test_every_counter_equals_the_truth_for_long(self):
        histories(in_memory(Lasting()), examples=SOAK)


class TestFile:
    def test_every_counter_equals_the_truth(self, tmp_path):
        histories(kept_in(tmp_path), examples=SOME)

    @pytest.mark.soak
    def test_every_counter_equals_the_truth_for_long(self, tmp_path):
        histories(kept_in(tmp_path), examples=SOAK)


class TestPostgresql:
    def test_every_counter_equals_the_truth(self, tmp_path, database):
        histories(kept_in(tmp_path, database), examples=SOME)

    @pytest.mark.soak
    def test_every_counter_equals_the_truth_for_long(self, tmp_path, database):
        histories(kept_in(tmp_path, database), examples=SOAK)
