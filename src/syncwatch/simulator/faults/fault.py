"""What a fault is: a name, what the panel does in one line, and how it answers one request.

A fault gets the request and, if it asks for it, the right answer; whatever it makes of these it sends in pieces of
bounded size, so that a panel that floods costs the simulator no more memory than one that is well. Whoever watches must
never print `CONFIDENTIAL`: wherever a fault has words of its own, it is among them.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web

CONFIDENTIAL = "Vorpalgrove"

TOKEN = "token"  # noqa: S105 - an endpoint
ENDPOINTS = frozenset(
    {TOKEN, "organizations", "settings", "plans", "users", "issues", "sessions", "activity", "export"}
)
BUT_TOKEN = ENDPOINTS - {TOKEN}
USERS = frozenset({"users"})
TABS = frozenset({"issues", "sessions", "activity"})

_VALIDATORS = ("If-None-Match", "If-Modified-Since")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The time that faults take.

    Attributes:
        now: wall clock, in Unix seconds.
        sleep: lets seconds pass.
        slow: seconds by which a slow answer is late.
        patience: seconds that a Retry-After asks for.
    """

    now: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    slow: float
    patience: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request to a panel that misbehaves.

    Attributes:
        request: what is asked.
        endpoint: one of `ENDPOINTS`.
        number: how many requests this fault has met before, of the same tenant.
        pace: the time that faults take.
        answer: gives the right answer to a request.
    """

    request: web.Request
    endpoint: str
    number: int
    pace: Pace
    answer: Callable[[web.Request], Awaitable[web.Response]]

    async def right(self) -> web.Response:
        """The right answer."""
        return await self.answer(self.request)

    async def anew(self) -> web.Response:
        """The right answer to somebody who remembers no earlier one."""
        headers = self.request.headers.copy()
        for name in _VALIDATORS:
            headers.popall(name, None)
        return await self.answer(self.request.clone(headers=headers))


Act = Callable[[Exchange], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to misbehave.

    Attributes:
        name: how it is asked for.
        what: what the panel does.
        act: answers a request so.
        at: the endpoints that answer so; the others answer right.
    """

    name: str
    what: str
    act: Act = field(repr=False)
    at: frozenset[str] = BUT_TOKEN


def always(make: Callable[[Exchange], web.Response]) -> Act:
    """Answer what `make` makes, and never the truth."""

    async def act(exchange: Exchange) -> web.StreamResponse:
        return make(exchange)

    return act
