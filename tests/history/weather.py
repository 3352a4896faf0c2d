"""Journals for tests: one that goes away, and loses its answers, when a test says so."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from msgspec.structs import replace

from syncwatch.state.journal import Change, Commit, Journal, JournalAway, MemoryJournal, Recalled
from syncwatch.state.memory import TenantMemory


class Weather(StrEnum):
    """How the journal is to be had."""

    FAIR = "fair"
    AWAY = "away"
    ANSWER_LOST = "answer lost"  # the commit lands and nobody hears of it
    COMMIT_LOST = "commit lost"  # it does not land, and nobody hears of that


class Lasting(MemoryJournal):
    """A journal in memory, of which a new process gets no more than of a lasting one."""

    async def load(self, tenant: str) -> TenantMemory:
        memory = await super().load(tenant)
        users = {
            id_: replace(user, facts=replace(user.facts, running=None)) for id_, user in memory.users.items()
        }
        return replace(memory, polls=0, organization_pages={}, user_pages={}, users=users)


class Weathered:
    """The real journal behind the weather.

    Attributes:
        weather: how it is now; lost answers are lost once.
        loads: how often it was read.
        commits: what became of each commit in truth, and what was answered.
    """

    def __init__(self, real: Journal) -> None:
        self.real = real
        self.weather = Weather.FAIR
        self.loads = 0
        self.commits: list[tuple[Commit, Commit]] = []

    def forget(self) -> None:
        """Count anew."""
        self.loads, self.commits = 0, []

    async def recall(self) -> Mapping[str, Recalled]:
        self._reachable()
        return await self.real.recall()

    async def load(self, tenant: str) -> TenantMemory:
        self._reachable()
        memory = await self.real.load(tenant)
        self.loads += 1
        return memory

    async def commit(self, changes: Sequence[Change]) -> Mapping[str, Commit]:
        [change] = changes
        become = answer = Commit.FAILED
        match self.weather:
            case Weather.FAIR:
                become = answer = (await self.real.commit(changes))[change.tenant]
            case Weather.ANSWER_LOST:
                become, answer = (await self.real.commit(changes))[change.tenant], Commit.UNKNOWN
            case Weather.COMMIT_LOST:
                answer = Commit.UNKNOWN
        if answer is Commit.UNKNOWN:
            self.weather = Weather.FAIR
        self.commits.append((become, answer))
        return {change.tenant: answer}

    def _reachable(self) -> None:
        if self.weather is Weather.AWAY:
            raise JournalAway("as the test says")
