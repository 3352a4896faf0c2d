"""A list of targets over HTTP, asked for by the same bounded client as panels: nothing is followed, all is verified."""

import asyncio
from collections.abc import Mapping

from yarl import URL

from syncwatch.config.fleet import HttpDiscovery
from syncwatch.config.secrets import Credential
from syncwatch.config.target import Target
from syncwatch.discovery.source import Look
from syncwatch.discovery.targets import TargetsError, parsed
from syncwatch.errors import PollError
from syncwatch.transport.client import Http, Response, Shown, Timeouts
from syncwatch.transport.shown import basic_of, bearer_of
from syncwatch.transport.way import Way

INTERVAL_HEADER = "X-Prometheus-Refresh-Interval-Seconds"
OK = 200
MAX_BODY = 16 << 20  # bytes; parsing stops everything else for as long as it takes


class HttpSource:
    """The list of one section `http_sd`.

    Args:
        discovery: says where it is and what to send.
        http: the client.
    """

    def __init__(self, discovery: HttpDiscovery, http: Http) -> None:
        self._discovery = discovery
        self._http = http

    async def look(self) -> Look:
        """See `Source.look`; a long list is parsed in a thread."""
        try:
            response = await self._asked()
        except PollError as error:
            return Look(None, (error.detail,))
        if response.status != OK:
            return Look(None, (f"HTTP {response.status}",))
        return await asyncio.to_thread(_read, response.body)

    async def _asked(self) -> Response:
        of = self._discovery
        return await self._http.get(
            URL(of.url, encoded=True),
            "targets",
            shown=_shown(of.credential),
            etag=None,
            timeouts=Timeouts(of.timeout, of.timeout),
            told=self._told(),
            way=Way(of.tls, of.proxy),
            most=MAX_BODY,
        )

    def _told(self) -> Mapping[str, str]:
        return {INTERVAL_HEADER: f"{self._discovery.interval:g}"}


def _read(body: bytes) -> Look:
    targets: tuple[Target, ...]
    try:
        targets = parsed(body)
    except TargetsError as error:
        return Look(None, (f"the answer {error}",))
    return Look(targets)


def _shown(credential: Credential | None) -> Shown | None:
    """The header of a token, or of a name with its password; the configuration lets no other kind through."""
    if credential is None:
        return None
    if credential.token is not None:
        return bearer_of(credential.token)
    assert credential.username is not None
    assert credential.password is not None
    return basic_of(credential.username, credential.password)
