"""The HTTP client: one for the process, and only able to read.

It has two verbs, `get` and `post_token`, and the latter can send nothing but a token request. Nothing else in the
daemon talks to panels. Redirects are not followed, cookies and proxies of the environment are not used, and a body
is read in chunks up to a limit that counts what comes out of decompression: a panel may be hostile. The narrow
interface is on purpose: the HTTP library can be exchanged behind it.
"""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType, TracebackType
from typing import Literal, NamedTuple, Self
from urllib.parse import urlencode

import aiohttp
from pydantic import SecretStr
from yarl import URL

from syncwatch import __version__
from syncwatch.errors import PollError, Reason
from syncwatch.panel.reasons import instant, of_exception
from syncwatch.turns import Turns

MAX_BODY = 32 << 20  # bytes, after decompression
MAX_TOKEN_BODY = 64 << 10
MAX_HEADER = 256  # characters of a header that we keep
MAX_LINKS = 16 << 10

# RFC 8288, as far as pages are concerned; possessive, so that no header is looked at twice.
_LINK = re.compile(r'<(?P<target>[^>]*+)>(?P<parameters>(?:\s*+;[^,;"]*+(?:"[^"]*+")?+)*+)')
_PARAMETER = re.compile(r';\s*([A-Za-z*]++)\s*+(?:=\s*+(?:"([^"]*+)"|([^;,\s]*+)))?')

_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Accept": "application/json, text/csv;q=0.9",
        "Accept-Encoding": "gzip, deflate",
        "User-Agent": f"syncwatch/{__version__}",
    }
)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds that one request may take in all, and to connect."""

    total: float = 30.0
    connect: float = 10.0


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
    url: URL = field(default=URL(), repr=False)

    @property
    def for_people(self) -> bool:
        """Whether it is a page of HTML: with status 200 that asks to log in."""
        start = self.body[:100].lstrip(b"\xef\xbb\xbf \t\r\n")
        return self.content_type == "text/html" or start.startswith(b"<")


class Http:
    """The client; an asynchronous context manager. Its methods raise `PollError`, and no other error.

    Args:
        limit: connections at most, to all panels together.
        max_body: bytes of a body at most.
        tls: instead of the system's trust store.
    """

    def __init__(
        self, *, limit: int = 100, max_body: int = MAX_BODY, tls: ssl.SSLContext | None = None
    ) -> None:
        self._limit = limit
        self._max_body = max_body
        self._tls = tls
        self._turns = Turns()
        self._open: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        # One context for the process: building one costs 15 ms and more.
        tls = self._tls or ssl.create_default_context()
        self._open = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._limit, ssl=tls),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=_HEADERS,
            trust_env=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._open
        await self._open.close()
        self._open = None

    async def get(
        self, url: URL, where: str, *, shown: Shown | None, etag: str | None, timeouts: Timeouts
    ) -> Response:
        """Read `url`; `where` names the table in errors. With an `etag` the answer may be 304."""
        headers = {shown.header: shown.value} if shown else {}
        if etag:
            headers["If-None-Match"] = etag
        return await self._send("GET", url, where, headers=headers, timeouts=timeouts, limit=self._max_body)

    async def post_token(
        self, url: URL, *, client_id: str, client_secret: SecretStr, scope: str | None, timeouts: Timeouts
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
            "POST", url, "token", headers=headers, timeouts=timeouts, limit=MAX_TOKEN_BODY, data=body
        )

    async def _send(
        self,
        method: Literal["GET", "POST"],
        url: URL,
        where: str,
        *,
        headers: Mapping[str, str],
        timeouts: Timeouts,
        limit: int,
        data: bytes | None = None,
    ) -> Response:
        assert self._open
        async with self._turns:
            pass  # one request starts in each turn of the loop
        timeout = aiohttp.ClientTimeout(total=timeouts.total, sock_connect=timeouts.connect)
        try:
            async with self._open.request(
                method, url, headers=headers, data=data, allow_redirects=False, timeout=timeout
            ) as answer:
                body = await _body(answer, limit) if answer.status == 200 else b""  # noqa: PLR2004
                return _response(url, answer, body)
        except (aiohttp.ClientError, OSError, ValueError, PollError) as error:
            failure = of_exception(error, where)
        raise failure


async def _body(answer: aiohttp.ClientResponse, limit: int) -> bytes:
    chunks: list[bytes] = []
    left = limit
    async for chunk in answer.content.iter_any():
        left -= len(chunk)
        if left < 0:
            raise PollError(Reason.DECODE, f"the answer is larger than {limit} bytes")
        chunks.append(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _response(url: URL, answer: aiohttp.ClientResponse, body: bytes) -> Response:
    content_type = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return Response(
        answer.status,
        body,
        content_type[:MAX_HEADER],
        _sendable(answer.headers.get("ETag", "")),
        instant(answer.headers.get("Last-Modified")),
        instant(answer.headers.get("Date")),
        _next(answer.headers.getall("Link", [])),
        answer.headers.get("Retry-After", "")[:MAX_HEADER] or None,
        url,
    )


def _next(links: list[str]) -> str | None:
    """The target of the first link with the relation `next`; what is no such header is none."""
    for link in _LINK.finditer(",".join(links)[:MAX_LINKS]):
        for name, quoted, plain in _PARAMETER.findall(link["parameters"]):
            if name.lower() == "rel" and "next" in (quoted or plain).lower().split():
                return link["target"]
    return None


def _sendable(etag: str) -> str | None:
    """An entity tag that can be remembered and sent back."""
    return etag if 0 < len(etag) <= MAX_HEADER and etag.isascii() and etag.isprintable() else None
