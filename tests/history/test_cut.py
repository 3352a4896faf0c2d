"""The connection to PostgreSQL is cut between a COMMIT and its answer, again and again, and polling goes on."""

from collections import Counter
from random import Random

import pytest

from history.engines import Jumping, kept_in
from history.script import World, lengths
from history.scripted import classifier
from history.watcher import Process, Written, counts
from history.weather import Weathered
from proxy import Loss, proxy
from syncwatch.state.journal import Commit
from unit.given import T0
from unit.polling.watched import stages

STEPS = 24


@pytest.mark.parametrize("lost", Loss)
async def test_every_event_counts_once_although_nobody_hears_of_a_commit(tmp_path, postgres, database, lost):
    random, clock = Random("cut"), Jumping()
    world, going = World(random, began=T0), lengths(random)
    became: Counter[Commit] = Counter()
    async with (
        proxy(postgres.port) as between,
        kept_in(tmp_path, between.through(database))("firm", clock) as real,
    ):
        journal = Doubted(real, landed=lost is Loss.ANSWER)
        process = Process("firm", world, stages(classify=classifier().classify), journal, Written())
        for step in range(STEPS):
            between.loss = lost if step % 2 else None
            clock.time = world.now
            result = await process.poll(clock, "r1")
            became.update(answer for _, answer in journal.commits)
            world.step(random, next(going))
        between.loss = None
        for _ in range(2):
            clock.time = world.now
            result = await process.poll(clock, "r1")
    assert became[Commit.UNKNOWN] >= STEPS / 4
    assert result.counters is not None
    assert counts(result.counters) == process.book.known.counts


class Doubted(Weathered):
    """The journal in fair weather; of a commit in doubt the test knows what the network did to it."""

    def __init__(self, real, *, landed: bool) -> None:
        super().__init__(real)
        self._in_doubt = Commit.COMMITTED if landed else Commit.FAILED

    async def commit(self, changes):
        told = await self.real.commit(changes)
        [answer] = told.values()
        self.commits.append((self._in_doubt if answer is Commit.UNKNOWN else answer, answer))
        return told
