"""The HTTP client: one for the process, and only able to read.

It has two verbs, `get` and `post_token`, and the latter can send nothing but a token request. Nothing else in the
daemon talks to panels. Redirects are not followed, cookies and proxies of the environment are not used, and a body
is read in chunks up to a limit that counts what comes out of decompression: a panel may be hostile. The narrow
interface is on purpose: the HTTP library can be exchanged behind it.
"""

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from types import MappingProxyType, TracebackType
from typing import Any, Literal, NamedTuple, Self
from urllib.parse import urlencode

import aiohttp
from pydantic import SecretStr
from yarl import URL

from syncwatch import __version__
from syncwatch.clock import SystemClock
from syncwatch.errors import PollError, Reason
from syncwatch.transport.answers import (
    MAX_HEADER,
    Leads,
    exhausted,
    following,
    instant,
    leads,
    sendable,
)
from syncwatch.transport.lookups import Lookup, by_system
from syncwatch.transport.reasons import of_exception
from syncwatch.transport.resolver import Resolver, patience
from syncwatch.transport.room import Hold, Room
from syncwatch.transport.way import DIRECT, Contexts, Way, signed_on
from syncwatch.turns import Turns

OK, NOT_MODIFIED = 200, 304
REDIRECTS = range(300, 400)
MAX_BODY = 64 << 20  # bytes, after decompression
MAX_TOKEN_BODY = 64 << 10
MAX_LINE = 8190  # bytes of the status line, and of one header
MAX_HEADERS = 100
MAX_ALL_HEADERS = 64 << 10  # bytes
IDLE = 5.0  # seconds for which a connection waits for the next request: within a poll, and of the same vendor
ENCODINGS = ("gzip", "deflate")
_UNDERSTOOD = ([], *([each] for each in ("identity", *ENCODINGS)))

_NOTHING: Mapping[str, str] = MappingProxyType({})
_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Accept": "application/json, text/csv;q=0.9",
        "Accept-Encoding": ", ".join(ENCODINGS),
        "User-Agent": f"syncwatch/{__version__}",
    }
)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds that one request may take in all, to connect and to find out where, and between two pieces of its answer."""

    total: float = 30.0
    connect: float = 10.0
    read: float = 15.0


class Shown(NamedTuple):
    """The header that shows a panel who we are."""

    header: str
    value: str

    def __repr__(self) -> str:
        return f"<{self.header}>"


@dataclass(frozen=True, slots=True)
class Response:
    """What came back; only the status shows.

    Attributes:
        status: HTTP status.
        body: the decompressed body, empty unless the status is 200.
        content_type: without parameters, in lower case.
        etag: the entity tag, None if there is none that could be sent back.
        modified: when it was last changed, Unix seconds; None if that is not said.
        sent: when it was sent, by the panel's clock; None if that is not said.
        following: the URL that the header Link calls the next one.
        retry_after: as it was sent.
        leads: where a redirect leads; None for any other status.
        exhausted: seconds until the panel wants the next request, if it says that none is left until then; else None.
        url: what was asked for.
    """

    status: int
    body: bytes = field(default=b"", repr=False)
    content_type: str = field(default="", repr=False)
    etag: str | None = field(default=None, repr=False)
    modified: float | None = field(default=None, repr=False)
    sent: float | None = field(default=None, repr=False)
    following: str | None = field(default=None, repr=False)
    retry_after: str | None = field(default=None, repr=False)
    leads: Leads | None = field(default=None, repr=False)
    exhausted: float | None = field(default=None, repr=False)
    url: URL = field(default=URL(), repr=False)

    @property
    def for_people(self) -> bool:
        """Whether it is a page of HTML: with status 200 that asks to log in."""
        start = self.body[:100].lstrip(b"\xef\xbb\xbf \t\r\n")
        return self.content_type == "text/html" or start.startswith(b"<")


class Http:
    """The client; an asynchronous context manager. Its methods raise `PollError`, and `get` with a `hold` `NoPlaceError`.

    Args:
        limit: connections at most, to all panels together.
        max_body: bytes of a body at most.
        tls: instead of the system's trust store.
        room: bounds what all polls hold together.
        lookup: asks for the addresses of a host name, in a thread.
    """

    def __init__(
        self,
        *,
        limit: int = 100,
        max_body: int = MAX_BODY,
        tls: ssl.SSLContext | None = None,
        room: Room | None = None,
        lookup: Lookup = by_system,
    ) -> None:
        self.room = room or Room()
        self._limit = limit
        self._max_body = max_body
        self._contexts = Contexts(tls)
        self._resolver = Resolver(SystemClock(), lookup)
        self._turns = Turns()
        self._open: aiohttp.ClientSession | None = None

    @property
    def limit(self) -> int:
        """Connections at once, to all together."""
        return self._limit

    async def __aenter__(self) -> Self:
        self._open = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=self._limit, keepalive_timeout=IDLE, resolver=self._resolver, use_dns_cache=False
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=_HEADERS,
            trust_env=False,
            max_line_size=MAX_LINE,
            max_field_size=MAX_LINE,
            max_headers=MAX_HEADERS,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._open
        await self._open.close()
        self._open = None

    async def get(
        self,
        url: URL,
        where: str,
        *,
        shown: Shown | None,
        etag: str | None,
        timeouts: Timeouts,
        told: Mapping[str, str] = _NOTHING,
        way: Way = DIRECT,
        hold: Hold | None = None,
        most: int = MAX_BODY,
    ) -> Response:
        """Read `url`; `where` names the table in errors, `told` are more headers. With an `etag` the answer may be 304.

        The body has `most` bytes at most, and counts into `hold` until whoever has it closes that.
        """
        headers = {**told, shown.header: shown.value} if shown else {**told}
        if etag:
            headers["If-None-Match"] = etag
        return await self._send(
            "GET", url, where, way, headers, timeouts=timeouts, limit=min(most, self._max_body), hold=hold
        )

    async def post_token(
        self,
        url: URL,
        *,
        client_id: str,
        client_secret: SecretStr,
        scope: str | None,
        timeouts: Timeouts,
        way: Way = DIRECT,
    ) -> Response:
        """Ask for a token by OAuth2 client credentials."""
        form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": client_secret.get_secret_value(),
        }
        if scope:
            form["scope"] = scope
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode(form).encode()
        return await self._send(
            "POST", url, "token", way, headers, timeouts=timeouts, limit=MAX_TOKEN_BODY, data=body
        )

    async def _send(
        self,
        method: Literal["GET", "POST"],
        url: URL,
        where: str,
        way: Way,
        headers: dict[str, str],
        *,
        timeouts: Timeouts,
        limit: int,
        data: bytes | None = None,
        hold: Hold | None = None,
    ) -> Response:
        assert self._open
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=timeouts.connect, sock_read=timeouts.read)
        try:
            async with asyncio.timeout(timeouts.total):
                async with self._turns:
                    pass  # one request starts in each turn of the loop
                context = await self._contexts.of(way.tls)
                asked = self._open.request(
                    method,
                    url,
                    data=data,
                    allow_redirects=False,
                    timeout=timeout,
                    ssl=context,
                    **_by(way, url, headers),
                )
                with patience(timeouts.connect):
                    async with asked as answer:
                        _checked(answer, where)
                        body = await _body(answer, where, limit, hold) if answer.status == OK else b""
                        return _response(url, answer, body)
        except (aiohttp.ClientError, OSError, ValueError, PollError) as error:
            failure = of_exception(error, where, proxied=way.proxy is not None)
        raise failure


def _by(way: Way, url: URL, headers: dict[str, str]) -> dict[str, Any]:
    """The proxy of a request and its headers; who we are there is told to nobody behind it."""
    if way.proxy is None:
        return {"headers": headers}
    told = signed_on(way.proxy)
    if url.scheme == "https":
        return {"headers": headers, "proxy": URL(way.proxy.url), "proxy_headers": told}
    return {"headers": headers | told, "proxy": URL(way.proxy.url)}


def _checked(answer: aiohttp.ClientResponse, where: str) -> None:
    """Refuse an answer whose headers are too many, or whose body is encoded as nobody has asked for."""
    if sum(len(name) + len(value) for name, value in answer.raw_headers) > MAX_ALL_HEADERS:
        raise PollError(Reason.DECODE, f"{where}: the headers are larger than {MAX_ALL_HEADERS} bytes")
    encodings = answer.headers.getall("Content-Encoding", [])
    if encodings and answer.status == OK:
        named = [each.strip().lower() for each in ",".join(encodings).split(",")]
        if named not in _UNDERSTOOD:
            raise PollError(Reason.DECODE, f"{where}: the answer is encoded in a way that was not asked for")


async def _body(answer: aiohttp.ClientResponse, where: str, limit: int, hold: Hold | None) -> bytes:
    """What comes, in pieces of 512 KB at the most, be it compressed as it may."""
    chunks: list[bytes] = []
    size = 0
    try:
        async with hold.reading() if hold else nullcontext():
            async for chunk in answer.content.iter_any():
                _bounded(size + len(chunk), limit, where)
                if hold is not None:
                    await hold.take(len(chunk))
                size += len(chunk)
                chunks.append(chunk)
    except BaseException:
        if hold is not None:
            hold.drop(size)
        raise
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _bounded(size: int, limit: int, where: str) -> None:
    if size > limit:
        raise PollError(Reason.DECODE, f"{where}: the answer is larger than {limit} bytes")


def _response(url: URL, answer: aiohttp.ClientResponse, body: bytes) -> Response:
    headers, status = answer.headers, answer.status
    sent = instant(headers.get("Date"))
    return Response(
        status,
        body,
        headers.get("Content-Type", "").partition(";")[0].strip().lower()[:MAX_HEADER],
        sendable(headers.get("ETag", "")),
        instant(headers.get("Last-Modified")),
        sent,
        following(headers.getall("Link", [])),
        headers.get("Retry-After", "")[:MAX_HEADER] or None,
        leads(url, headers.get("Location")) if status in REDIRECTS and status != NOT_MODIFIED else None,
        exhausted(headers, sent),
        url,
    )
