"""How much panels are asked: requests at once and in a second, and polls at once, of a host, of a group, and of all.

Promises that nobody who waits for something narrow holds something wide: places are taken from the host to the whole,
and turns of a rate, or the rest that a host asks for, are waited for without any place. A wait that does not fit into
the poll is not begun. Where nothing is to be waited for, nothing is awaited: every request comes through here. A host or
group that is as good as new is forgotten, because a panel may have a new address every day.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from math import ceil, inf
from typing import NamedTuple

from syncwatch.clock import Clock
from syncwatch.config.fleet import Budget, Budgets
from syncwatch.errors import PollError, Reason
from syncwatch.panel.places import Places
from syncwatch.rows import Figures
from syncwatch.transport.answers import MAX_RETRY_AFTER

ROOM = 64  # hosts or groups that nobody looks through for those to be forgotten
UNLIMITED = Budget()


class Limiter:
    """The budgets of the process.

    Args:
        clock: the only source of time.
        budgets: what is allowed.
        polls: how many polls may be in flight, whatever the budgets say.
    """

    def __init__(self, clock: Clock, budgets: Budgets | None = None, polls: float = inf) -> None:
        self._clock = clock
        self._total = _Gate(UNLIMITED)
        self._no_host = _Gate(UNLIMITED)
        self._hosts = _Gates(clock)
        self._groups = _Gates(clock)
        self.apply(budgets or Budgets(host=UNLIMITED), polls)

    def apply(self, budgets: Budgets, polls: float) -> None:
        """Go by these from now on; who waits goes on waiting, at its place."""
        self._total.apply(budgets.total, polls)
        self._hosts.apply(lambda _: budgets.host)
        self._groups.apply(lambda name: budgets.groups.get(name, UNLIMITED))

    def of(self, group: str) -> "Allowance":
        """What a tenant of this group is allowed."""
        return Allowance(self, self._clock, group)

    def ways(self, host: str | None, group: str) -> "_Ways":
        """What a request, or a poll, has to pass, from narrow to wide."""
        narrow = self._hosts.of(host) if host else self._no_host
        return _Ways(narrow, self._groups.of(group), self._total)


@dataclass(frozen=True, slots=True, repr=False)
class Allowance:
    """What a tenant may ask, and when."""

    limiter: Limiter
    clock: Clock
    group: str

    @asynccontextmanager
    async def poll(self, host: str | None) -> AsyncIterator[None]:
        """Around a poll of this host; None for a folder. Waits until it has rested, and one more is allowed."""
        ways = self.limiter.ways(host, self.group)
        while (rest := ways.host.rest - self.clock.monotonic()) > 0:
            await self.clock.sleep(rest)
        async with ways.host.polls, ways.group.polls, ways.total.polls:
            yield

    @asynccontextmanager
    async def request(self, host: str | None, figures: Figures, until: float) -> AsyncIterator[None]:
        """Around a request to this host. Waits until it is allowed, and notes in `figures` how long.

        Args:
            host: whom it goes to.
            figures: of the poll.
            until: when the poll ends, monotonic seconds.

        Raises:
            PollError: it will not be allowed before.
        """
        ways = self.limiter.ways(host, self.group)
        begun = self.clock.monotonic()
        if all(gate.open(begun) for gate in ways):
            for gate in ways:
                gate.rate.spend(begun)
                await gate.requests.take()
        else:
            try:
                await self._turn(ways, begun, until)
                await _take([gate.requests for gate in ways])
            finally:
                figures.waited += self.clock.monotonic() - begun
        try:
            yield
        finally:
            for gate in ways:
                gate.requests.leave()

    def rest(self, host: str | None, seconds: float) -> None:
        """Ask nothing more of this host for so long, an hour at most."""
        gate = self.limiter.ways(host, self.group).host
        gate.rest = max(gate.rest, self.clock.monotonic() + min(seconds, MAX_RETRY_AFTER))

    async def _turn(self, ways: "_Ways", now: float, until: float) -> None:
        """Wait for a turn of each rate, and for the end of a rest; a turn that is not used is given back."""
        wait = max(gate.wait(now) for gate in ways)
        rates = [gate.rate for gate in ways]
        for rate in rates:
            rate.spend(now)
        try:
            while wait > 0:
                _must_fit(ways, now, wait, until)
                await self.clock.sleep(wait)
                now = self.clock.monotonic()
                wait = max(gate.rest for gate in ways) - now  # asked for meanwhile
        except BaseException:
            for rate in rates:
                rate.give_back()
            raise


class _Rate:
    """So many requests a second in the long run, some of them in a row: of each it is known when its turn is.

    A turn that is given back after later ones were handed out brings the next one forward, and none of those.
    """

    __slots__ = ("_gap", "_next", "_slack")

    def __init__(self, budget: Budget) -> None:
        rate = budget.rate or inf
        burst = budget.burst or (max(1, ceil(rate)) if budget.rate else 1)
        self._gap = 1 / rate
        self._slack = (burst - 1) * self._gap
        self._next = -inf  # when the next turn would be if none were ever allowed in a row

    def wait(self, now: float) -> float:
        """Seconds until the next turn."""
        return self._next - self._slack - now

    def spend(self, now: float) -> None:
        """Use the next turn."""
        self._next = max(self._next, now) + self._gap

    def give_back(self) -> None:
        """Take it back."""
        self._next -= self._gap

    def full(self, now: float) -> bool:
        """Whether as many are allowed in a row as ever."""
        return self._next <= now


class _Gate:
    """What stands between us and one host, one group or all of them.

    Attributes:
        requests, polls: places of those in flight.
        rate: turns of requests.
        rest: until when nothing is asked, monotonic seconds.
    """

    __slots__ = ("_budget", "polls", "rate", "requests", "rest")

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.requests = Places(budget.concurrency or inf)
        self.polls = Places(_polls(budget))
        self.rate = _Rate(budget)
        self.rest = -inf

    def apply(self, budget: Budget, polls: float = inf) -> None:
        """Go by this budget, and by so many polls at once at the most."""
        self.requests.resize(budget.concurrency or inf)
        self.polls.resize(min(polls, _polls(budget)))
        if budget != self._budget:
            self._budget, self.rate = budget, _Rate(budget)

    def wait(self, now: float) -> float:
        """Seconds until a request may ask for its place; none if not positive."""
        return max(self.rate.wait(now), self.rest - now)

    def open(self, now: float) -> bool:
        """Whether a request may pass at once."""
        return self.requests.free and self.wait(now) <= 0

    def as_new(self, now: float) -> bool:
        """Whether nothing would change if it were made anew."""
        return self.requests.unused and self.polls.unused and self.rest <= now and self.rate.full(now)


class _Ways(NamedTuple):
    """The gates of one tenant, from narrow to wide."""

    host: _Gate
    group: _Gate
    total: _Gate


class _Gates:
    """The gates of all hosts, or of all groups, made when they are asked for."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._gates: dict[str, _Gate] = {}
        self._budget_of: Callable[[str], Budget] = lambda _: UNLIMITED
        self._full = ROOM

    def apply(self, budget_of: Callable[[str], Budget]) -> None:
        """Go by these budgets, each by its name."""
        self._budget_of = budget_of
        for name, gate in self._gates.items():
            gate.apply(budget_of(name))

    def of(self, name: str) -> _Gate:
        """The one of this name."""
        gate = self._gates.get(name)
        if gate is None:
            if len(self._gates) >= self._full:
                self._forget()
            gate = self._gates[name] = _Gate(self._budget_of(name))
        return gate

    def _forget(self) -> None:
        """Drop those that nobody uses; looked through only when they have doubled, so that it costs little."""
        now = self._clock.monotonic()
        self._gates = {name: gate for name, gate in self._gates.items() if not gate.as_new(now)}
        self._full = 2 * len(self._gates) + ROOM


def _polls(budget: Budget) -> float:
    """How many polls at once make use of it: more would only hold their places while they wait for their turns."""
    return min(budget.concurrency or inf, ceil(budget.rate) if budget.rate else inf)


async def _take(all_of: Sequence[Places]) -> None:
    """Take a place of each in their order, or none."""
    taken: list[Places] = []
    try:
        for places in all_of:
            await places.take()
            taken.append(places)
    except BaseException:
        for places in taken:
            places.leave()
        raise


def _must_fit(ways: _Ways, now: float, wait: float, until: float) -> None:
    """Whether a wait is over before the poll is; raises `PollError`, with a time only where it is the panel that asks."""
    if now + wait <= until:
        return
    rest = max(gate.rest for gate in ways) - now
    if now + rest <= until:
        raise PollError(Reason.RATE_LIMITED, "our own budget allows no request before the poll is over")
    wanted = f"the panel asked for {rest:.0f} s without a request"
    raise PollError(Reason.RATE_LIMITED, wanted, retry_after=rest)
