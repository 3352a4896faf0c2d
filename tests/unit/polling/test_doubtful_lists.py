"""Lists that may be wrong, and a journal that may be away: nothing is counted twice, and nobody is lost sight of."""

from dataclasses import replace

import pytest
from msgspec import structs

from history.engines import Jumping, kept_in
from syncwatch.model import Outcome
from syncwatch.state.journal import Commit, JournalAway, MemoryJournal
from syncwatch.state.ledger import Ledger
from syncwatch.state.roster import HELD
from unit.given import MINUTE, T0, IssueLine, UserLine
from unit.polling.watched import Watched, stages

LINES = tuple(UserLine(id=f"u{n}", issues=1, session_job=f"j{n}") for n in range(10))
RAN = replace(LINES[0], session_job="n", session_started=T0 + 1, session_ended=T0 + 20)


class Firm(Watched):
    """Ten users with an issue each, on a list with an entity tag."""

    def __init__(self, journal=None) -> None:
        super().__init__(lines=[LINES], issues_={line.id: (IssueLine(name=line.id),) for line in LINES})
        self.clock = Jumping()
        self.panel.etags = ["0"]
        if journal is not None:
            self.stages = stages(journal=journal)

    def lists(self, *lines: UserLine) -> None:
        self.panel.lines, self.panel.etags = [lines], [f"{int(self.panel.etags[0]) + 1}"]
        self.panel.issues_ |= {line.id: (IssueLine(name=line.id),) for line in lines if line.issues}

    async def polls(self, times: int):
        for _ in range(times):
            result = await self.poll(MINUTE)
        return result


@pytest.fixture
async def firm() -> Firm:
    firm = Firm()
    await firm.poll()
    return firm


async def test_users_who_are_new_on_a_list_that_was_held_are_seen_once_it_is_believed(firm):
    new = (*LINES[:3], *(UserLine(id=f"n{n}") for n in range(7)))
    firm.lists(*new)
    result = await firm.polls(HELD)
    assert {view.facts.id for view in result.snapshot.users()} == {line.id for line in LINES}
    result = await firm.poll(MINUTE)
    assert {view.facts.id for view in result.snapshot.users()} == {line.id for line in new}


async def test_when_all_ids_are_new_nothing_counts_whenever_the_page_changes(firm):
    new = tuple(replace(line, id=f"x{line.id}") for line in LINES)
    firm.lists(*new)
    result = await firm.polls(5)
    assert {view.facts.id for view in result.snapshot.users()} == {line.id for line in new}
    firm.lists(*new)
    result = await firm.poll(MINUTE)
    assert (result.counters.sessions, result.counters.issues) == (0, 0)


async def test_a_list_that_was_empty_for_long_and_is_back_counts_nothing(firm):
    firm.lists()
    assert list((await firm.polls(5)).snapshot.users()) == []
    firm.lists(*LINES)
    result = await firm.poll(MINUTE)
    assert (result.counters.sessions, result.counters.issues) == (0, 0)
    firm.lists(RAN, *LINES[1:])
    assert (await firm.poll(MINUTE)).counters.sessions == 1


async def test_rules_that_change_while_a_user_is_missing_judge_that_user_too(firm):
    firm.lists(*LINES[1:])
    firm.stages = stages(journal=firm.stages.journal, rules="r2")
    await firm.poll(MINUTE)
    firm.lists(*LINES)
    await firm.poll(MINUTE)
    assert "issues u0" in firm.panel.asked


async def test_whoever_is_not_listed_stays_what_they_were_also_after_a_restart(tmp_path):
    opened, firm = kept_in(tmp_path), Watched(users_whole=False)
    odd = UserLine(id="odd", session_outcome=Outcome.UNKNOWN)
    firm.panel.lines, firm.clock = [(UserLine(), odd)], Jumping()
    seen = []
    for lines in ((UserLine(), odd), (UserLine(),)):
        async with opened("firm-1", firm.clock) as journal:
            firm.stages, firm.ledger = stages(journal=journal), Ledger()
            firm.panel.lines = [lines]
            result = await firm.poll(MINUTE)
        seen.append({view.facts.id: (view.verdict.state, view.since) for view in result.snapshot.users()})
    assert seen[0] == seen[1]


class Away(MemoryJournal):
    away = False

    async def load(self, tenant):
        if self.away:
            raise JournalAway
        return await super().load(tenant)

    async def commit(self, changes):
        if self.away:
            return {change.tenant: Commit.FAILED for change in changes}
        return await super().commit(changes)


async def test_who_is_refused_and_cannot_read_goes_on_from_what_is_known():
    firm = Firm(journal := Away())
    await firm.poll()
    theirs = structs.replace(await journal.load("firm-1"), version=7)
    journal._memories["firm-1"] = theirs
    firm.lists(RAN, *LINES[1:])
    refused = await firm.poll(MINUTE)
    journal.away = True
    await firm.poll(MINUTE)
    assert firm.panel.asked == ["organizations", "users"], "nothing is read twice"
    journal.away = False
    result = await firm.polls(2)
    assert (refused.counters, result.counters.sessions, result.memory.version) == (None, 1, 8)


async def test_what_waits_does_not_grow_with_what_is_only_said():
    firm = Firm(journal := Away())
    await firm.poll()
    journal.away = True
    for number in range(20):
        failed = replace(
            RAN,
            session_job=f"f{number}",
            session_started=T0 + 60 * number,
            session_ended=T0 + 60 * number + 30,
        )
        outcome = Outcome.ERRORS if number % 2 else Outcome.COMPLETED
        firm.lists(replace(failed, session_outcome=outcome, session_message="token"), *LINES[1:])
        result = await firm.poll(MINUTE)
        assert len(result.happened.changes) == (number > 0)
    waiting = firm.ledger.waiting
    assert (waiting.sessions, dict(waiting.durations)) == (20, {30: 20})
    assert not hasattr(waiting, "changes")
