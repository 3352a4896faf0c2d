"""What callers ask of the journal, waiting for its answer; and how much of it is done at once."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from syncwatch.state.journal import Change, Commit, JournalAway

JOBS = 100  # that go together at most: what is asked for at a start must not hold up what comes after it
LOADS = 16  # in one transaction at most: how large the tenants are is known only when they are read
ROWS = 2000  # written in one transaction at most; a tenant that is larger has one of its own
PACE = 500.0  # rows a second that any database writes


@dataclass(eq=False, slots=True)
class Job:
    """Something asked for; whoever asked may have gone, and then the answer is cancelled.

    Attributes:
        tenant: whose memory it is about; "" if all are.
        operation: what it is, for figures and the log.
        rows: about how many are written.
        answer: what the asker waits for.
    """

    tenant: str
    operation: str = field(default="", init=False)
    rows: int = field(default=0, init=False)
    answer: asyncio.Future[Any] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future(), kw_only=True
    )

    def gives(self, answer: object) -> None:
        """Answer, if somebody still waits."""
        if not self.answer.done():
            self.answer.set_result(answer)

    def fails(self) -> None:
        """Answer that nothing was done."""
        if not self.answer.done():
            self.answer.set_exception(JournalAway("the journal is away"))

    def is_in_doubt(self) -> None:
        """Answer that nobody knows."""
        self.fails()


@dataclass(eq=False, slots=True)
class Load(Job):
    """One tenant's memory is to be read."""

    operation: str = field(default="load", init=False)


@dataclass(eq=False, slots=True)
class Write(Job):
    """One tenant's change is to be committed."""

    operation: str = field(default="commit", init=False)
    change: Change

    def __post_init__(self) -> None:
        self.rows = _rows(self.change)

    def fails(self) -> None:
        """See `Job.fails`."""
        self.gives(Commit.FAILED)

    def is_in_doubt(self) -> None:
        """See `Job.is_in_doubt`."""
        self.gives(Commit.UNKNOWN)


@dataclass(eq=False, slots=True)
class Other(Job):
    """Anything that is done by itself."""

    operation: str
    do: Callable[[], Awaitable[Any]]


def take(waiting: deque[Job]) -> list[Job]:
    """Take the next jobs that go together out of those that wait, without those whose asker has gone."""
    taken: list[Job] = []
    while waiting and len(taken) < JOBS and not (taken and isinstance(waiting[0], Other)):
        job = waiting.popleft()
        if not job.answer.done():
            taken.append(job)
            if isinstance(job, Other):
                break
    return taken


def loads(jobs: Sequence[Load]) -> Iterator[Sequence[Load]]:
    """In their order, as many as one transaction takes."""
    return (jobs[start : start + LOADS] for start in range(0, len(jobs), LOADS))


def batches(jobs: Sequence[Write]) -> Iterator[list[Write]]:
    """In their order, as many as one transaction takes, and no tenant twice in one."""
    batch: dict[str, Write] = {}
    rows = 0
    for job in jobs:
        more = job.rows
        if batch and (rows + more > ROWS or job.tenant in batch):
            yield list(batch.values())
            batch, rows = {}, 0
        batch[job.tenant] = job
        rows += more
    if batch:
        yield list(batch.values())


def seconds(jobs: Sequence[Job]) -> float:
    """For how much longer than usual they may be written, so that a tenant's first poll fits, however large it is."""
    return sum(job.rows for job in jobs) / PACE


def _rows(change: Change) -> int:
    """Users and issues of whom something may be written.

    Before a baseline that is all of them: what the journal has may be of another normalisation.
    """
    before = change.before.users if change.before.baseline else {}
    after = change.after.users
    changed = [user for id_, user in after.items() if user is not before.get(id_)]
    return sum(1 + len(user.known) for user in changed) + len(before.keys() - after.keys())
