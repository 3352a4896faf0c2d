"""Looks at all sources of targets in their time, and tells what they come to whenever that changes.

One loop looks at every source that is due, all of them at once, so that nobody is told of a part: at the start the set
is told when each source has answered or failed once, and what is slow holds up the others by its timeout at most. Of a
source that fails the last good set stays, and a doubtful one is held (see `belief`). What a source says is logged at
changes only, and never with an address or a value of it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass, field
from itertools import chain
from math import inf
from typing import Protocol

import structlog

from syncwatch.clock import Clock
from syncwatch.config.fleet import Discovery, FileDiscovery
from syncwatch.config.target import Batch, Rejected
from syncwatch.discovery.belief import Belief
from syncwatch.discovery.file_sd import FileSource
from syncwatch.discovery.http_sd import HttpSource
from syncwatch.discovery.source import Look, Source
from syncwatch.transport.client import Http

log = structlog.get_logger(__name__)

MOST_TOLD = 10  # problems of a source in one log entry

Tell = Callable[[tuple[Batch, ...]], Awaitable[Iterable[Rejected]]]
"""Takes all targets by source, and gives those that it left out; these are offered again at each look. Raises nothing."""


class Meters(Protocol):
    """What is counted and shown of sources, by their name."""

    def keep(self, sources: Collection[str]) -> None:
        """There are exactly these."""
        ...

    def failed(self, source: str) -> None:
        """A look failed, in whole or in part."""
        ...

    def succeeded(self, source: str, now: float) -> None:
        """A look found all well, at this Unix time."""
        ...

    def show(self, source: str, *, targets: int, held: bool, rejected: int) -> None:
        """How many targets there are that count, how many of them are left out, and whether an answer is held."""
        ...


@dataclass(eq=False)
class _Watched:
    """One source with all that is remembered of it; times are monotonic seconds.

    `well` is whether it has answered without anything wrong since it was configured.
    """

    name: str
    discovery: Discovery
    source: Source
    belief: Belief = field(default_factory=Belief)
    due: float = -inf
    wrong: tuple[str, ...] = ()
    well: bool = False
    rejected: tuple[str, ...] = field(default=(), repr=False)


class Discoverer:
    """Finds tenants.

    Args:
        http: the client for lists over HTTP.
        clock: the only source of time.
        meters: shows how it goes.
        tell: see `Tell`; awaited before anything else is looked at.

    Attributes:
        settled: set once what is found was told for the first time, with each source asked once; and at once where
            there is none.
    """

    def __init__(self, http: Http, clock: Clock, meters: Meters, tell: Tell) -> None:
        self._http = http
        self._clock = clock
        self._meters = meters
        self._tell = tell
        self._watched: tuple[_Watched, ...] = ()
        self._told: tuple[Batch, ...] = ()
        self._look_now = False
        self._wake = asyncio.Event()
        self.settled = asyncio.Event()

    @property
    def batches(self) -> tuple[Batch, ...]:
        """All targets that are believed now, by source."""
        return tuple(Batch(each.name, each.belief.targets) for each in self._watched)

    @property
    def complete(self) -> bool:
        """Whether every source has answered well since it was configured, so that what is not there is gone."""
        return all(each.well for each in self._watched)

    def apply(self, discoveries: Iterable[Discovery]) -> None:
        """Look at exactly these sources from now on.

        One that did not change goes on undisturbed. One that did is asked at once, and until it answers the tenants of
        the one that had its name stay.
        """
        before = list(self._watched)
        watched = []
        for name, discovery in named(discoveries):
            same = next((each for each in before if each.discovery == discovery), None)
            if same is not None:
                before.remove(same)
                same.name = name
            watched.append(same or _Watched(name, discovery, self._source(discovery)))
        for each in watched:
            last = next((old for old in before if old.name == each.name), None)
            if last is not None and not each.belief.asked:
                each.belief = Belief(last.belief.targets)
        self._watched = tuple(watched)
        self._meters.keep([each.name for each in watched])
        self._show()
        if not watched:
            self.settled.set()
        self._wake.set()

    def rejected(self, rejected: Iterable[Rejected]) -> None:
        """Note what is left out of the targets, by somebody who was not told them just now: a reload."""
        self._reject(rejected)
        self._show()

    def refresh(self) -> None:
        """Look at all sources now."""
        self._look_now = True
        self._wake.set()

    def believe(self) -> tuple[str, ...]:
        """Believe the answers that are held, because a person says that they are right; gives the names of their sources."""
        held = [each for each in self._watched if each.belief.held is not None]
        for each in held:
            self._believed(each, each.belief.confirmed())
        self._wake.set()
        return tuple(each.name for each in held)

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            self._wake.clear()
            await self.once()
            await self._wait()

    async def once(self) -> None:
        """Look at what is due, which at first is everything, and tell what that comes to."""
        looked = await self._look()
        await self._tell_if_new(again=looked)

    async def _look(self) -> bool:
        """Look at every source that is due, or at all if somebody wants that; whether there was any."""
        now, everything = self._clock.monotonic(), self._look_now
        self._look_now = False
        chosen = [each for each in self._watched if everything or each.due <= now]
        async with asyncio.TaskGroup() as group:
            for each in chosen:
                group.create_task(self._look_at(each, counts=each.due <= now))
        return bool(chosen)

    async def _look_at(self, watched: _Watched, *, counts: bool) -> None:
        try:
            look = await watched.source.look()
        except Exception:  # the next look may go well, and the other sources and all polls must go on
            log.exception("discovery_fault", source=watched.name)
            look = Look(None, ("a fault of Syncwatch",))
        self._note(watched, look)
        if counts:
            watched.due = self._clock.monotonic() + watched.discovery.interval
        if look.targets is not None:
            self._believed(watched, watched.belief.after(look.targets, counts=counts))

    def _note(self, watched: _Watched, look: Look) -> None:
        """Count and tell how a look went."""
        if look.wrong:
            self._meters.failed(watched.name)
        else:
            self._meters.succeeded(watched.name, self._clock.now())
            watched.well = True
        if look.wrong and look.wrong != watched.wrong:
            log.warning("discovery_failed", source=watched.name, problems=list(look.wrong[:MOST_TOLD]))
        elif watched.wrong and not look.wrong:
            log.info("discovery_recovered", source=watched.name)
        watched.wrong = look.wrong

    def _believed(self, watched: _Watched, belief: Belief) -> None:
        before, watched.belief = watched.belief, belief
        if belief.held is not None and before.dropped != belief.dropped:
            log.warning("discovery_held", source=watched.name, would_drop=belief.dropped)
        elif before.held is not None and belief.held is None:
            log.info("discovery_held_no_longer", source=watched.name, targets=len(belief.targets))

    async def _tell_if_new(self, *, again: bool) -> None:
        """Tell what is found if that changed; with `again` also if targets of it were left out: files may be there now."""
        batches = self.batches
        if not self._watched and not self._told:
            return
        left_out = any(each.rejected for each in self._watched)
        if batches != self._told or (again and left_out) or not self.settled.is_set():
            self._told = batches
            self._reject(await self._tell(batches))
        self._show()
        self.settled.set()

    def _reject(self, rejected: Iterable[Rejected]) -> None:
        by_source: dict[str, list[str]] = {}
        for each in rejected:
            by_source.setdefault(each.source, []).append("; ".join(map(str, each.problems)))
        for watched in self._watched:
            problems = tuple(by_source.get(watched.name, ()))
            if problems and problems != watched.rejected:
                log.warning(
                    "targets_rejected",
                    source=watched.name,
                    targets=len(problems),
                    problems=list(problems[:MOST_TOLD]),
                )
            elif watched.rejected and not problems:
                log.info("targets_accepted", source=watched.name)
            watched.rejected = problems

    def _show(self) -> None:
        for each in self._watched:
            belief = each.belief
            self._meters.show(
                each.name,
                targets=len(belief.targets),
                held=belief.held is not None,
                rejected=len(each.rejected),
            )

    async def _wait(self) -> None:
        """Wait until a source is due, or somebody wants something."""
        now = self._clock.monotonic()
        next_ = min((each.due for each in self._watched), default=inf)
        waiting: list[asyncio.Future[object]] = [asyncio.ensure_future(self._wake.wait())]
        if next_ < inf:
            waiting.append(asyncio.ensure_future(self._clock.sleep(max(0.0, next_ - now))))
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waiting:
                each.cancel()

    def _source(self, discovery: Discovery) -> Source:
        if not isinstance(discovery, FileDiscovery):
            return HttpSource(discovery, self._http)
        files = (each.source for each in self._watched if isinstance(each.source, FileSource))
        return FileSource(discovery, dict(chain.from_iterable(each.good.items() for each in files)))


def named(discoveries: Iterable[Discovery]) -> Iterable[tuple[str, Discovery]]:
    """Each source with its name, as it stands in the configuration: `file_sd[0]`, `http_sd[1]`."""
    counts: dict[str, int] = {}
    for discovery in discoveries:
        kind = "file_sd" if isinstance(discovery, FileDiscovery) else "http_sd"
        counts[kind] = counts.get(kind, -1) + 1
        yield f"{kind}[{counts[kind]}]", discovery
