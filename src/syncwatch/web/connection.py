"""One connection: aiohttp's, with an end to everything that a client may take its time with.

aiohttp waits for ever for headers and for whoever does not read. Here a connection is at each moment in a stage that
ends by itself, and one look a second at all of them finds those that have not. Bytes are counted before they are
parsed. Foreign messages are neither repeated to the client nor logged: they quote what was sent.
"""

import asyncio
from collections.abc import Iterator
from enum import Enum
from math import inf
from typing import Any, cast

import structlog
from aiohttp import web

from syncwatch.clock import Clock
from syncwatch.web import limits
from syncwatch.web.access import Trust
from syncwatch.web.figures import Figures, Refused
from syncwatch.web.headers import ALWAYS
from syncwatch.web.limits import Limits
from syncwatch.web.tls import names_of

LINGERING = 1.0  # seconds for the rest of a body that nobody reads
NEVER = 3600.0 * 24  # aiohttp's own end of a connection that is kept, which here is that of a stage

log = structlog.get_logger(__name__)


class Stage(Enum):
    """What a connection waits for."""

    REQUEST = "the client, to say what it wants"
    WORK = "us"
    SENDING = "the client, to read"
    IDLE = "the client, to want something again"
    CLOSING = "the client, to go"


class Connections:
    """All that are open.

    Args:
        most: what each may take.
        clock: what time it is.
        figures: what is counted.
    """

    def __init__(self, most: Limits, clock: Clock, figures: Figures) -> None:
        self.limits = most
        self.clock = clock
        self.figures = figures
        self.opening = 0  # accepted, and not yet through TLS
        self._open: set[Connection] = set()
        figures.watch_connections(self.__len__)

    def __len__(self) -> int:
        return len(self._open) + self.opening

    def __iter__(self) -> Iterator["Connection"]:
        return iter(tuple(self._open))

    @property
    def full(self) -> bool:
        """Whether there may be no more."""
        return len(self) >= self.limits.connections

    def add(self, connection: "Connection") -> None:
        """One more."""
        self._open.add(connection)

    def discard(self, connection: "Connection") -> None:
        """One less."""
        self._open.discard(connection)

    def sweep(self, trust: Trust) -> None:
        """Cut those that are overdue, and those that are not believed any more."""
        now = self.clock.monotonic()
        for connection in self:
            if connection.trust != trust:
                connection.cut(Refused.TRUST)
            elif connection.due <= now:
                connection.expire()


class Connection(web.RequestHandler):
    """One of them.

    Attributes:
        trust: by what it was believed when it was made.
        due: when its stage ends, by the monotonic clock.
    """

    __slots__ = ("_all", "_raw", "_received", "_stage", "due", "trust")

    def __init__(self, server: web.Server, all_: Connections, trust: Trust) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            access_log=cast(Any, None),
            keepalive_timeout=NEVER,
            lingering_time=LINGERING,
            auto_decompress=False,
            max_line_size=limits.LINE,
            max_field_size=limits.FIELD,
            max_headers=limits.FIELDS,
        )
        self._all = all_
        self._raw: asyncio.Transport | None = None
        self._received = 0
        self.trust = trust
        self._enter(Stage.REQUEST)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let a client in whose certificate bears one of the right names, where it has to."""
        self._raw = cast(asyncio.Transport, transport)
        self._all.add(self)
        super().connection_made(transport)
        if self.trust.names and not self.trust.names & names_of(transport.get_extra_info("peercert")):
            self.cut(Refused.CERTIFICATE)

    def connection_lost(self, exc: BaseException | None) -> None:
        """Forget it."""
        self._all.discard(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count, and parse what is not too much."""
        if self._stage is Stage.CLOSING:
            return
        self._received += len(data)
        if self._received > self._all.limits.size:
            self._turn_away(Refused.LARGE_REQUEST, b"413 Content Too Large")
            return
        if self._stage is Stage.IDLE and data:
            self._enter(Stage.REQUEST)
        super().data_received(data)

    def works(self) -> None:
        """A request is whole and its answer is being made."""
        self._enter(Stage.WORK)

    def sends(self) -> None:
        """The answer begins."""
        self._enter(Stage.SENDING)

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Send the rest of an answer; of a body that is still to come nothing is parsed."""
        try:
            return await super().finish_response(request, resp, start_time)
        finally:
            self._received = 0
            self._enter(Stage.IDLE if request.content.is_eof() else Stage.CLOSING)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - it quotes what was sent
    ) -> web.StreamResponse:
        """Answer in our own words: 400 to what is no HTTP, 500 to a fault of ours."""
        if status == 400:  # noqa: PLR2004 - what aiohttp calls all that it cannot parse
            self._all.figures.refused(Refused.BAD_REQUEST)
        elif not isinstance(exc, ConnectionError):  # else the client has gone in the middle of an answer
            log.error("web_fault", exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("in the middle of an answer")
        response = web.Response(status=status, text=f"{status}\n", headers=ALWAYS)
        response.force_close()
        return response

    def expire(self) -> None:
        """Its stage has lasted too long."""
        if self._stage is Stage.REQUEST:
            self._turn_away(Refused.SLOW_REQUEST, b"408 Request Timeout")
        elif self._stage is Stage.SENDING:
            self.cut(Refused.SLOW_READER)
        else:
            self.abort()

    def cut(self, reason: Refused) -> None:
        """End it at once, and count why."""
        self._all.figures.refused(reason)
        self.abort()

    def abort(self) -> None:
        """End it at once, whatever is still to be sent."""
        self._stage = Stage.CLOSING
        if self._raw is not None:
            self._raw.abort()

    def _turn_away(self, reason: Refused, status: bytes) -> None:
        """End it with a last word, if there is somebody who has said something and is not being answered."""
        if self._stage is not Stage.REQUEST or not self._received or self._raw is None:
            self.cut(reason)
            return
        self._all.figures.refused(reason)
        self.close()
        self._raw.write(b"HTTP/1.1 " + status + b"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        self._enter(Stage.CLOSING)

    def _enter(self, stage: Stage) -> None:
        most = self._all.limits
        spans: dict[Stage, float] = {
            Stage.REQUEST: most.request,
            Stage.SENDING: most.sending,
            Stage.IDLE: most.idle,
            Stage.CLOSING: most.closing,
        }
        self._stage = stage
        self.due = self._all.clock.monotonic() + spans.get(stage, inf)


def connection_of(request: web.BaseRequest) -> Connection:
    """The connection that a request came by."""
    connection: Any = request.protocol
    assert isinstance(connection, Connection)
    return connection
