"""The requests of one poll of one panel: who we are is shown, what came of each is counted, refusals get our words.

Nothing is asked of a host that the credential does not name. A token that the panel refuses is renewed once. An answer
for which there is no room is given up, and asked for again when there is.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from pydantic import SecretStr
from yarl import URL

from syncwatch.clock import Clock
from syncwatch.config.secrets import Credential
from syncwatch.errors import PollError, Reason
from syncwatch.panel.auth import Authorizer, may_receive
from syncwatch.panel.budget import Allowance
from syncwatch.panel.profile.asking import ClientCredentials
from syncwatch.panel.urls import Urls
from syncwatch.rows import Figures
from syncwatch.transport.client import Http, Response, Shown, Timeouts
from syncwatch.transport.reasons import of_status
from syncwatch.transport.room import Hold, NoPlaceError
from syncwatch.transport.way import DIRECT, Way

OK, NOT_MODIFIED, UNAUTHORIZED, NOT_FOUND = 200, 304, 401, 404
_CLIENT_REFUSED = frozenset({400, 401, 403})  # RFC 6749 section 5.2, and what panels make of it


@dataclass(frozen=True, slots=True, repr=False)
class Access:
    """What every poll of one panel shares.

    Attributes:
        urls: where it is.
        grant: how a token is asked for, if the profile has that.
        authorizer: who we are.
        credential: what we show; None where the panel asks nobody.
        http: the client.
        clock: what time it is.
        timeouts: of one request.
        way: how to get there.
        allowance: what may be asked, and when.
    """

    urls: Urls
    grant: ClientCredentials | None
    authorizer: Authorizer
    credential: Credential | None
    http: Http
    clock: Clock
    timeouts: Timeouts
    allowance: Allowance
    way: Way = DIRECT


class Requests:
    """See the module; counts into `figures`."""

    def __init__(self, access: Access, figures: Figures) -> None:
        self._access = access
        self._figures = figures
        self._until = access.clock.monotonic() + access.timeouts.total

    async def get(self, name: str, url: URL, etag: str | None, hold: Hold | None = None) -> Response:
        """What the panel answers, whatever its status; `name` is what the request is counted under.

        What comes counts into `hold`.

        Raises:
            PollError: no answer, or nothing that we may show.
        """
        access = self._access
        self._trust(url)
        get = partial(self._get, name, url, etag, hold)
        shown = await access.authorizer.current(self._post_token)
        response = await get(shown)
        if response.status == UNAUTHORIZED:
            shown = await access.authorizer.renewed(shown, self._post_token)
            if shown is not None:
                response = await get(shown)
        return response

    def refusal(self, name: str, response: Response) -> PollError:
        """What a status means that is not the hoped-for one."""
        now = self._access.clock.now()
        return of_status(
            response.status, name, retry_after=response.retry_after, now=now, leads=response.leads
        )

    async def _get(
        self, name: str, url: URL, etag: str | None, hold: Hold | None, shown: Shown | None
    ) -> Response:
        access = self._access
        get = partial(access.http.get, url, name, shown=shown, etag=etag, timeouts=access.timeouts)
        while True:
            try:
                return await self._counted(name, url, partial(get, way=access.way, hold=hold))
            except NoPlaceError:
                assert hold is not None, "raised only where something is held"
            await hold.wait()

    async def _post_token(self, client_id: str, client_secret: SecretStr) -> Response:
        access = self._access
        assert access.grant is not None, "asked for only by client credentials"
        url = access.urls.token(access.grant)
        self._trust(url)
        send = partial(
            access.http.post_token,
            url,
            client_id=client_id,
            client_secret=client_secret,
            scope=access.urls.filled(access.grant.scope) if access.grant.scope else None,
            timeouts=access.timeouts,
            way=access.way,
        )
        response = await self._counted("token", url, send)
        if response.status in _CLIENT_REFUSED:
            raise PollError(Reason.AUTH, f"token: HTTP {response.status}: the client is not accepted")
        if response.status != OK:
            raise self.refusal("token", response)
        return response

    def _trust(self, url: URL) -> None:
        credential = self._access.credential
        if credential is not None and not may_receive(credential, url):
            raise PollError(Reason.AUTH, "the credential may not be sent to this host")

    async def _counted(self, name: str, url: URL, send: Callable[[], Awaitable[Response]]) -> Response:
        allowance = self._access.allowance
        try:
            async with allowance.request(url.raw_host, self._figures, self._until):
                response = await send()
        except asyncio.CancelledError:  # whoever asked had no more time
            self._figures.requests[name, Reason.TIMEOUT.value] += 1
            raise
        except PollError as error:
            self._figures.requests[name, error.reason.value] += 1
            raise
        self._figures.requests[name, str(response.status)] += 1
        if response.exhausted is not None:
            allowance.rest(url.raw_host, response.exhausted)
        return response
