"""What one tenant's task knows of its journal: what is written, what is known beyond that, and what is in doubt.

Pure. Polling goes on from what is known, so that a journal that is away costs the panels nothing; counters are shown
as they are written. All that happened since is written by the next commit that succeeds, in one transaction. After a
commit of unknown outcome nothing is committed before the journal was read: then the commit has landed, or has not, or
somebody else wrote.
"""

from typing import Self

import msgspec
from msgspec.structs import replace

from syncwatch.state.difference import worth_writing
from syncwatch.state.journal import Change, Commit
from syncwatch.state.memory import Counters, TenantMemory
from syncwatch.state.transitions import Tally


class Attempt(msgspec.Struct, frozen=True):
    """A commit of which nobody knows whether it landed, and what it would have counted."""

    memory: TenantMemory
    tally: Tally


class Ledger(msgspec.Struct, frozen=True):
    """What one tenant's task holds between two polls.

    Attributes:
        known: all that was learned, written or not.
        written: what the journal has, as far as is known; None before it was read.
        waiting: what is to be counted since `written`, or since the attempt.
        attempt: the commit that is in doubt, if there is one.
        refused: whether somebody else wrote: what the journal has takes the place of what is known.
    """

    known: TenantMemory = TenantMemory()
    written: TenantMemory | None = None
    waiting: Tally = msgspec.field(default_factory=Tally)
    attempt: Attempt | None = None
    refused: bool = False

    @property
    def must_read(self) -> bool:
        """Whether the journal must be read before anything can be committed."""
        return self.written is None or self.attempt is not None

    @property
    def counters(self) -> Counters | None:
        """What is counted for good; None before the journal was read."""
        return self.written.counters if self.written else None

    def read(self, loaded: TenantMemory) -> tuple["Ledger", Tally]:
        """Go on after the journal was read, with what is counted by that: an attempt that has landed."""
        attempt, written = self.attempt, self.written
        if attempt is not None and _same_commit(attempt.memory, loaded):
            return Ledger(self.known, attempt.memory, self.waiting), attempt.tally
        if attempt is not None and written is not None and _same_commit(written, loaded):
            return Ledger(self.known, written, attempt.tally + self.waiting), Tally()
        if written is None and loaded.version == 0 and not self.refused:
            # Nobody ever wrote anything of this tenant: what was learned meanwhile counts.
            return Ledger(self.known, loaded, self.waiting), Tally()
        return Ledger(loaded, loaded), Tally()

    def change(self, tenant: str, after: TenantMemory, now: float) -> Change | None:
        """What is to be committed of `after`; None where that is nothing, or the journal must be read first."""
        written = self.written
        if written is None or self.must_read or not worth_writing(written, after):
            return None
        after = replace(after, version=written.version + 1, epoch=written.epoch, written=now)
        return Change(tenant, written, after)

    def learned(self, after: TenantMemory, tally: Tally) -> Self:
        """Go on with what a poll learned and nothing was committed of."""
        return replace(self, known=after, waiting=self.waiting + tally)

    def settled(self, change: Change, tally: Tally, commit: Commit) -> tuple["Ledger", Tally]:
        """Go on after a commit, with what is counted by it."""
        counted = self.waiting + tally
        match commit:
            case Commit.COMMITTED:
                return Ledger(change.after, change.after), counted
            case Commit.REFUSED:
                return Ledger(change.after, refused=True), Tally()
            case Commit.UNKNOWN:
                attempt = Attempt(change.after, counted)
                return Ledger(change.after, self.written, attempt=attempt), Tally()
            case Commit.FAILED:
                return self.learned(change.after, tally), Tally()


def _same_commit(memory: TenantMemory, loaded: TenantMemory) -> bool:
    """Whether the journal's newest is this commit: nobody else has both the version and the instant."""
    return (memory.version, memory.epoch, memory.written) == (loaded.version, loaded.epoch, loaded.written)
