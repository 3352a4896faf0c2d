"""One process that polls a world, and what must be counted by it: the daemon's ledger beside a book of truths.

The book goes by what the journal is told to do and not by what the ledger makes of it: what is known, what the process
believes to be written, and whether an answer is open.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from history.script import World
from history.scripted import NONE, Trouble, look, panel
from history.truth import Counts, Truth
from history.weather import Weathered
from syncwatch.clock import Clock
from syncwatch.polling.poll import Result, Stages, poll
from syncwatch.state.journal import Commit
from syncwatch.state.ledger import Ledger
from syncwatch.state.memory import Counters, TenantMemory
from syncwatch.state.transitions import Tally


@dataclass
class Written:
    """What the journal has: shared by all processes.

    Attributes:
        truth: of the newest commit.
        version: how many commits there were.
    """

    truth: Truth = field(default_factory=Truth)
    version: int = 0


@dataclass
class Book:
    """What a process knows, by right.

    Attributes:
        known: all that it was shown, upon what it read.
        base: what it takes the journal to have; None before it was read.
        version: of that.
        doubtful: what it tried to write without learning what became of it.
        refused: whether somebody else wrote, so that what it reads takes the place of what it knows.
    """

    known: Truth = field(default_factory=Truth)
    base: Truth | None = None
    version: int = 0
    doubtful: Truth | None = None
    refused: bool = False

    @property
    def must_read(self) -> bool:
        return self.base is None or self.doubtful is not None

    def reads(self, written: Written) -> Counts:
        """The journal is read; gives what has turned out to be counted by this process."""
        assert self.must_read, "nobody reads in vain"
        landed = self.doubtful is not None and written.truth is self.doubtful
        lost = self.doubtful is not None and written.truth is self.base
        counted = self.doubtful.counts - self.base.counts if landed else Counts()
        unheard_of = self.base is None and written.version == 0 and not self.refused
        if not (landed or lost or unheard_of):
            self.known = written.truth.written()
        self.base, self.version, self.doubtful, self.refused = written.truth, written.version, None, False
        return counted

    def tries(self, written: Written, become: Commit, answer: Commit) -> Counts:
        """It tried to write what it knows; gives what is counted by that."""
        assert self.base is not None, "nothing is written before the journal was read"
        assert self.doubtful is None, "nothing is written while an answer is open"
        stale = written.version != self.version
        assert (become is Commit.REFUSED) == (stale and become is not Commit.FAILED)
        counted = Counts()
        if become is Commit.COMMITTED:
            written.truth, written.version = replace(self.known), written.version + 1
        if answer is Commit.COMMITTED:
            counted = self.known.counts - self.base.counts
            self.base, self.version = written.truth, written.version
        elif answer is Commit.REFUSED:
            self.base, self.refused = None, True
        elif answer is Commit.UNKNOWN:
            self.doubtful = written.truth if become is Commit.COMMITTED else self.known
        return counted


class Process:
    """One life of a daemon that watches one world.

    Attributes:
        ledger: the daemon's own.
        book: what must be in it.
    """

    def __init__(
        self, tenant: str, world: World, stages: Stages, journal: Weathered, written: Written
    ) -> None:
        self.tenant = tenant
        self.world = world
        self.ledger = Ledger()
        self.book = Book()
        self._stages = replace(stages, journal=journal)
        self._journal = journal
        self._written = written

    async def poll(self, clock: Clock, rules: str, trouble: Trouble = NONE) -> Result:
        """Poll once; everything that the poll says must be what the book says."""
        shown = panel(self.world, trouble)
        self._journal.forget()
        stages = replace(self._stages, rules=rules)
        result = await poll(self.tenant, shown, self.ledger, stages, clock)
        self.ledger = result.ledger
        counted = self.book.reads(self._written) if self._journal.loads else Counts()
        if not trouble.lists:
            seen = look(self.world, shown.asked, trouble, now=clock.now(), rules=rules)
            self.book.known = self.book.known.after(seen)
            counted += self._writes()
        else:
            assert not self._journal.commits
        self._compare(result, counted)
        return result

    def _writes(self) -> Counts:
        if self._journal.commits:
            [(become, answer)] = self._journal.commits
            return self.book.tries(self._written, become, answer)
        book = self.book
        if not book.must_read and book.version == self._written.version:
            assert book.known.counts == self._written.truth.counts, "what counts is written at once"
        return Counts()

    def _compare(self, result: Result, counted: Counts) -> None:
        book = self.book
        _same(counts(result.memory.counters), book.known.counts, "known")
        assert (result.counters is None) == (book.base is None)
        if result.counters is not None and book.base is not None:
            _same(counts(result.counters), book.base.counts, "written")
        _same(events(result.counted), counted, "counted by this poll")
        assert _open(result.memory) == {id_: known.open.total() for id_, known in book.known.users.items()}
        assert result.counted.durations.total() == result.counted.sessions


def _same(found: Counts, right: Counts, what: str) -> None:
    assert found == right, f"{what}: too many {dict(found - right)}, too few {dict(right - found)}"


def _open(memory: TenantMemory) -> dict[str, int]:
    """How many rows stand, by user."""
    return {id_: sum(issue.open for issue in user.known.values()) for id_, user in memory.users.items()}


def counts(counters: Counters) -> Counts:
    """The daemon's counters in the script's words."""
    return _counts(counters.sessions, counters.failures, counters.issues, counters.dedup, counters.tokens)


def events(happened: Tally) -> Counts:
    """The daemon's events in the script's words."""
    failures, issues = happened.failures.total(), happened.issues.total()
    return _counts(happened.sessions, failures, issues, happened.dedup, happened.tokens)


def _counts(
    sessions: int, failures: int, issues: int, dedup: Mapping[str, int], tokens: Mapping[str, int]
) -> Counts:
    return Counts({
        "sessions": sessions,
        "failures": failures,
        "issues": issues,
        "duplicates": dedup.get("item", 0),
        "users stopped": dedup.get("user", 0),
        "expired mailbox tokens": tokens.get("mailbox", 0),
        "expired CRM tokens": tokens.get("crm", 0),
    })  # fmt: skip
