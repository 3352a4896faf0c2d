"""The one worker of the journal: does what waits, in its order, as much as possible in one transaction.

While one transaction is written the next jobs gather, so that the more there is to do, the less each costs. What
fails and may have failed because of one tenant, or took too long because there are so many, is done again tenant by
tenant, so that it costs the others nothing. While the journal is away one call at a time is risked, and nobody else
waits for it.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Protocol, TypeVar

import structlog
from sqlalchemy import Connection

from syncwatch.clock import Clock
from syncwatch.state.journal import Change, Commit, Recalled
from syncwatch.state.memory import TenantMemory
from syncwatch.state.store.engine import Away, Engine, InDoubt, Kind
from syncwatch.state.store.jobs import Job, Load, Other, Write, batches, loads, seconds, take
from syncwatch.state.store.outage import Outage
from syncwatch.state.store.refused import JournalRefused

J = TypeVar("J", bound=Job)
_Do = Callable[[Sequence[J], float], Awaitable[None]]
"""Does jobs in one transaction, with so many seconds more than usual."""

READING = {"open", "load", "recall", "size"}  # all other operations write
OF_ONE = frozenset({Kind.DATA, Kind.FAULT, Kind.OTHER})  # what may have failed because of one tenant
OF_MANY = OF_ONE | {Kind.TIMEOUT}  # ... or because they are so many, or one so large
ALONE = 50.0  # seconds more for a load of those that took too long together, once another went well

log = structlog.get_logger(__name__)


class Transacting(Protocol):
    """What is done to the journal over one connection, within one transaction; see `Journal`."""

    def recall(self, connection: Connection, /) -> Mapping[str, Recalled]:
        """Tell of all tenants that there are."""
        ...

    def load(self, connection: Connection, tenants: Sequence[str], /) -> Mapping[str, TenantMemory]:
        """Read the memories of these tenants."""
        ...

    def commit(self, connection: Connection, changes: Sequence[Change], /) -> Mapping[str, Commit]:
        """Write the changes, each of another tenant; each is COMMITTED or REFUSED."""
        ...

    def retain(
        self, connection: Connection, present: Collection[str], now: float, retention: float, /
    ) -> tuple[str, ...]:
        """Delete some of what has been gone for longer than `retention` seconds; gives those tenants."""
        ...


class Observer(Protocol):
    """Who counts what the journal does."""

    def wrote(self, seconds: float) -> None:
        """Changes were committed in one transaction, which took so long."""
        ...

    def failed(self, operation: str, kind: Kind) -> None:
        """A transaction failed; of a write nobody may know whether it did."""
        ...

    def refused(self) -> None:
        """A tenant's change was derived from a memory that is no longer the newest."""
        ...


class Worker:
    """Does jobs over an engine; see `DurableJournal` for its collaborators."""

    def __init__(self, engine: Engine, store: Transacting, clock: Clock, observer: Observer) -> None:
        self._engine = engine
        self._store = store
        self._clock = clock
        self._observer = observer
        self._outage = Outage(clock)
        self._waiting: deque[Job] = deque()
        self._wake = asyncio.Event()
        self._closing = False
        self._risked: asyncio.Future[Any] | None = None
        self._unwritten: set[str] = set()  # tenants of whom it was told that they cannot be

    @property
    def is_away(self) -> bool:
        """Whether a job would fail without a try, or wait for the one that is risked."""
        risked = self._risked is not None and not self._risked.done()
        return self._closing or risked or self._outage.rests()

    def give(self, job: Job) -> asyncio.Future[Any]:
        """Have a job done in its turn; gives the answer to wait for."""
        if self._outage.risks(writing=job.operation not in READING):
            self._risked = job.answer
        self._waiting.append(job)
        self._wake.set()
        return job.answer

    def keep(self, tenants: Collection[str]) -> None:
        """Forget what was told of all other tenants."""
        self._unwritten &= frozenset(tenants)

    def close(self) -> None:
        """Take no job any more; `run` does those that wait, and ends."""
        self._closing = True
        self._wake.set()

    async def run(self) -> None:
        """Work until `close`; when cancelled, those that still wait are told that nobody knows, or that it failed."""
        taken: list[Job] = []
        try:
            while self._waiting or not self._closing:
                await self._wake.wait()
                self._wake.clear()
                while self._waiting:
                    taken = take(self._waiting)
                    await self._do(taken)
        finally:
            self._closing = True
            for job in taken:
                job.is_in_doubt()
            for job in self._waiting:
                job.fails()

    def failed(self, operation: str, kind: Kind, spared: AbstractSet[Kind] = OF_ONE) -> None:
        """Note that a transaction failed; unless it is for one of `spared`, the journal is away."""
        self._observer.failed(operation, kind)
        if kind not in spared:
            self._goes_on(operation, kind)

    def _goes_on(self, operation: str, kind: Kind) -> None:
        self._outage.goes_on(kind, writing=operation not in READING)

    async def _do(self, jobs: Sequence[Job]) -> None:
        """Writes come first, so that a load sees everything that was given before it."""
        for writes in batches([job for job in jobs if isinstance(job, Write)]):
            await self._together(writes, self._write)
        for some in loads([job for job in jobs if isinstance(job, Load)]):
            await self._together(some, self._load)
        for job in jobs:
            if isinstance(job, Other):
                await self._together([job], self._other)

    async def _together(self, jobs: Sequence[J], do: _Do[J]) -> None:
        """Do jobs in one transaction; if that fails and may be one's fault, or is too much, each in its own."""
        if len(jobs) == 1 or await self._try(jobs, do, OF_MANY):
            await self._each(jobs, do)

    async def _each(self, jobs: Sequence[J], do: _Do[J]) -> None:
        """Do each of the jobs, the smallest first.

        If none goes well, or one takes too long and the one before it did not go well, it is nobody's fault, and the
        journal is away.
        """
        kinds: dict[J, Kind | None] = {}
        alive = False
        for job in sorted(jobs, key=lambda job: job.rows):
            extra = ALONE if alive and isinstance(job, Load) else 0.0
            kinds[job] = await self._try([job], do, OF_MANY if alive else OF_ONE, extra)
            alive = kinds[job] is None
        if Kind.OTHER in kinds.values() and None not in kinds.values():
            self._goes_on(jobs[0].operation, Kind.OTHER)
        for job, kind in kinds.items():
            if kind:
                self._fails(job, kind, shared=len(jobs) > 1 and self._outage.rests())

    async def _try(
        self, jobs: Sequence[J], do: _Do[J], spared: AbstractSet[Kind], extra: float = 0.0
    ) -> Kind | None:
        """Do jobs in one transaction; if it fails for one of `spared`, gives that, and the jobs are not answered yet."""
        operation = jobs[0].operation
        kind: Kind | None = None
        try:
            if not self._outage.rests():
                await do(jobs, seconds(jobs) + extra)
                self._outage.ends(writing=operation not in READING)
        except InDoubt as doubt:
            self.failed(operation, doubt.kind, frozenset())
            for job in jobs:
                job.is_in_doubt()
        except Away as away:
            kind = away.kind
            self.failed(operation, kind, spared)
        except JournalRefused as refusal:
            self._observer.failed(operation, Kind.REFUSED)
            self._outage.stays(str(refusal))
        except Exception:  # of ours; the others must not wait for ever
            kind = Kind.FAULT
            self.failed(operation, kind)
            if len(jobs) == 1 and jobs[0].tenant not in self._unwritten:
                log.exception("journal_fault", operation=operation, tenant=jobs[0].tenant)
        if kind in spared:
            return kind
        for job in jobs:
            job.fails()
        return None

    def _fails(self, job: Job, kind: Kind, *, shared: bool) -> None:
        """Answer; and tell once of a tenant that cannot be written, unless no other can."""
        job.fails()
        if isinstance(job, Write) and not shared and job.tenant not in self._unwritten:
            self._unwritten.add(job.tenant)
            log.error("commit_failed", tenant=job.tenant, kind=kind.value)

    async def _write(self, jobs: Sequence[Write], extra: float) -> None:
        started = self._clock.monotonic()
        changes = [job.change for job in jobs]
        answers = await self._engine.write(
            lambda connection: self._store.commit(connection, changes), extra=extra
        )
        self._observer.wrote(self._clock.monotonic() - started)
        for job in jobs:
            answer = answers.get(job.tenant, Commit.UNKNOWN)
            if answer is Commit.REFUSED:
                self._observer.refused()
            self._unwritten.discard(job.tenant)
            job.gives(answer)

    async def _load(self, jobs: Sequence[Load], extra: float) -> None:
        tenants = list(dict.fromkeys(job.tenant for job in jobs))
        memories = await self._engine.read(
            lambda connection: self._store.load(connection, tenants), extra=extra
        )
        for job in jobs:
            job.gives(memories.get(job.tenant, TenantMemory()))

    async def _other(self, jobs: Sequence[Other], _extra: float) -> None:
        for job in jobs:
            job.gives(await job.do())
