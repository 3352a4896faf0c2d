"""The page of /metrics for many scrapers at once: sent piece by piece, to so many at a time, from few copies.

Who scrapes while another is being sent a page that is not a second old gets the same bytes, plain or compressed, so that a
thousand scrapers hold a few pages and not a thousand. Whoever comes alone gets the page as it is now. Where as many are
being sent as may be, the newcomer takes the place of one that takes nothing, has had its time, or is one of more than
the newcomer's client would have: so neither those who do not read keep Prometheus out, however often they come back, nor
one client that comes many times.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import inf
from weakref import WeakValueDictionary

from aiohttp import web

from syncwatch.clock import Clock
from syncwatch.exposition.page import compressed
from syncwatch.web.connection import Connection, Connections
from syncwatch.web.figures import Refused

SHARED = 1.0  # seconds
PIECE = 64 << 10  # bytes handed over at once; a client holds two of them and no more


class Made:
    """One page, and the same compressed once somebody wants it so."""

    def __init__(self, at: float, plain: bytes) -> None:
        self.at = at
        self.plain = plain
        self._compressed: bytes | None = None
        self._turn = asyncio.Lock()

    async def compressed(self) -> bytes:
        """It as gzip."""
        async with self._turn:
            if self._compressed is None:
                self._compressed = await compressed(self.plain)
        return self._compressed


class Pages:
    """The pages that are being sent; the argument of `render` says whether as OpenMetrics."""

    def __init__(self, render: Callable[[bool], bytes], clock: Clock) -> None:
        self._render = render
        self._clock = clock
        self._made: WeakValueDictionary[bool, Made] = WeakValueDictionary()

    def page(self, *, openmetrics: bool) -> Made:
        """The page as it is now, or one that somebody is being sent and that is not a second old."""
        now = self._clock.monotonic()
        made = self._made.get(openmetrics)
        if made is None or now - made.at >= SHARED:
            made = self._made[openmetrics] = Made(now, self._render(openmetrics))
        return made


class Place:
    """One page that is being sent.

    Args:
        client: to whom, a user or an address.
        clock: what time it is.

    Attributes:
        client: the same.
        since: when it began to be sent; until then it is we who keep the client waiting.
        taken: when the client last took a piece.
    """

    def __init__(self, client: str, clock: Clock) -> None:
        self.client = client
        self._clock = clock
        self.since = self.taken = inf

    def took(self) -> None:
        """The client has taken all that it was handed, at first nothing."""
        self.taken = self._clock.monotonic()
        self.since = min(self.since, self.taken)


class Sending:
    """Who is being sent a page."""

    def __init__(self, connections: Connections) -> None:
        self._all = connections
        self._places: dict[Connection, Place] = {}

    @contextmanager
    def place(self, connection: Connection, client: str) -> Iterator[Place]:
        """A place for as long as a page is sent.

        Raises:
            web.HTTPServiceUnavailable: there is none.
        """
        if len(self._places) >= self._all.limits.pages:
            self._make_room(client)
        place = self._places[connection] = Place(client, self._all.clock)
        try:
            yield place
        finally:
            self._places.pop(connection, None)

    def _make_room(self, client: str) -> None:
        held = Counter(place.client for place in self._places.values())
        for connection, place in sorted(self._places.items(), key=lambda item: item[1].taken):
            if self._is_slow(place) or held[place.client] > held[client] + 1:
                del self._places[connection]
                connection.cut(Refused.SLOW_READER)
                return
        self._all.figures.refused(Refused.PAGES)
        raise web.HTTPServiceUnavailable(headers={"Retry-After": "1"})

    def _is_slow(self, place: Place) -> bool:
        now, limits = self._all.clock.monotonic(), self._all.limits
        return now - place.taken >= limits.stall or now - place.since >= limits.patience


async def send(
    request: web.Request, body: bytes, headers: dict[str, str], place: Place
) -> web.StreamResponse:
    """Answer with `body`, piece by piece as the client reads."""
    response = web.StreamResponse(headers=headers)
    response.content_length = len(body)
    await response.prepare(request)
    place.took()
    with memoryview(body) as whole:
        for start in range(0, len(body), PIECE):
            await response.write(whole[start : start + PIECE])
            place.took()
    await response.write_eof()
    return response


PAGES = web.AppKey("pages", Pages)
SENDING = web.AppKey("sending", Sending)
