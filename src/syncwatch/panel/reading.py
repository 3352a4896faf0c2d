"""The requests of one poll of one panel: rows in, figures kept, `PollError` and no other error out.

Everything that is sent to a panel passes `_get` or `_post_token`, so that each request is counted, the credential
is only ever sent to a host it names, and a token that the panel no longer takes is renewed once.
"""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

from pydantic import SecretStr
from yarl import URL

from syncwatch.clock import Clock
from syncwatch.errors import PollError, Reason
from syncwatch.panel.auth import Authorizer
from syncwatch.panel.client import Http, Response, Timeouts
from syncwatch.panel.compile import CompiledProfile
from syncwatch.panel.pages import Caps, Enough, Walk, never
from syncwatch.panel.reasons import of_exception, of_status
from syncwatch.panel.tables import OF_ONE_USER
from syncwatch.panel.urls import Urls
from syncwatch.rows import Figures, IssueTab, OrganizationRow, Page, PageMark, PlanRow, SessionRow, UserRow

MAX_SESSION_PAGES = 5
MAX_ISSUES = 2000  # rows kept of one user

_OK, _NOT_MODIFIED, _UNAUTHORIZED, _NOT_FOUND = 200, 304, 401, 404
_CLIENT_REFUSED = frozenset({400, 401, 403})  # RFC 6749 section 5.2, and what panels make of it
_CAPS = Caps()
_NO_MARKS: Mapping[str, PageMark] = MappingProxyType({})


class _GoneError(Exception):
    """The panel no longer knows the user."""


@dataclass(frozen=True, slots=True, repr=False)
class Access:
    """What every poll of one panel shares.

    Attributes:
        profile: how the panel is read.
        urls: where.
        authorizer: who we are.
        trusted: whether the credential may be sent there.
        http: the client.
        clock: what time it is.
        timeouts: of one request.
    """

    profile: CompiledProfile
    urls: Urls
    authorizer: Authorizer
    trusted: bool
    http: Http
    clock: Clock
    timeouts: Timeouts


class Reading:
    """One poll's reading; see `rows.PanelReading`."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._figures = Figures()

    @property
    def figures(self) -> Figures:
        """See `PanelReading.figures`."""
        return self._figures

    async def organizations(self, marks: Mapping[str, PageMark]) -> tuple[Page[OrganizationRow], ...]:
        """See `PanelReading.organizations`."""
        return await self._list("organizations", marks)

    async def users(self, marks: Mapping[str, PageMark]) -> tuple[Page[UserRow], ...]:
        """See `PanelReading.users`."""
        return await self._list("users", marks)

    async def plans(self) -> tuple[PlanRow, ...]:
        """See `PanelReading.plans`."""
        return _rows(await self._list("plans"))

    async def sessions(self, user: str, *, back_to: float | None) -> tuple[SessionRow, ...] | None:
        """See `PanelReading.sessions`."""

        def enough(rows: tuple[SessionRow, ...]) -> bool:
            return back_to is None or any(row.started < back_to for row in rows)

        walked = await self._walk("sessions", user=user, caps=Caps(pages=MAX_SESSION_PAGES), enough=enough)
        return None if walked is None else _rows(walked[0])

    async def issues(self, user: str) -> IssueTab | None:
        """See `PanelReading.issues`."""
        walked = await self._walk("issues", user=user, caps=Caps(rows=MAX_ISSUES))
        if walked is None:
            return None
        pages, walk = walked
        rows = _rows(pages)
        cut = len(rows) > MAX_ISSUES
        self._figures.truncated |= cut
        return IssueTab(rows[:MAX_ISSUES], whole=walk.whole and not cut)

    async def _list(self, name: str, marks: Mapping[str, PageMark] = _NO_MARKS) -> tuple[Page[Any], ...]:
        walked = await self._walk(name, marks=marks)
        return walked[0] if walked else ()

    async def _walk(
        self,
        name: str,
        *,
        user: str | None = None,
        marks: Mapping[str, PageMark] = _NO_MARKS,
        caps: Caps = _CAPS,
        enough: Enough = never,
    ) -> tuple[tuple[Page[Any], ...], Walk] | None:
        """Read a list; its pages and the walk that read them, None if its user is gone."""
        table = self._access.profile.tables[name]
        try:
            first = self._access.urls.first(table.path, user)
            walk = Walk(table, self._figures, partial(self._page, name, first), caps, enough)
            return await walk.pages(marks), walk
        except _GoneError:
            return None
        except Exception as error:  # noqa: BLE001 - the one place that promises PollError and no other
            failure = of_exception(error, name)
        raise failure

    async def _page(self, name: str, first: URL, cursor: str, etag: str | None) -> Response:
        response = await self._get(name, self._access.urls.at(first, cursor), etag)
        if response.status == _NOT_MODIFIED and etag:
            return response
        if response.status == _NOT_FOUND and name in OF_ONE_USER:
            raise _GoneError
        if response.status != _OK:
            raise self._refusal(name, response)
        if response.for_people:
            raise PollError(Reason.AUTH, f"{name}: a page of HTML instead of data, most likely a login")
        return response

    async def _get(self, name: str, url: URL, etag: str | None) -> Response:
        access = self._access
        if not access.trusted:
            raise PollError(Reason.AUTH, "the credential may not be sent to this host")
        get = partial(access.http.get, url, name, etag=etag, timeouts=access.timeouts)
        shown = await access.authorizer.current(self._post_token)
        response = await self._counted(name, get(authorization=shown))
        if response.status == _UNAUTHORIZED:
            shown = await access.authorizer.renewed(shown, self._post_token)
            if shown is not None:
                response = await self._counted(name, get(authorization=shown))
        return response

    async def _post_token(self, client_id: str, client_secret: SecretStr) -> Response:
        access = self._access
        send = access.http.post_token(
            access.urls.token, client_id=client_id, client_secret=client_secret, timeouts=access.timeouts
        )
        response = await self._counted("token", send)
        if response.status in _CLIENT_REFUSED:
            raise PollError(Reason.AUTH, f"token: HTTP {response.status}: the client is not accepted")
        if response.status != _OK:
            raise self._refusal("token", response)
        return response

    async def _counted(self, name: str, sent: Awaitable[Response]) -> Response:
        try:
            response = await sent
        except PollError as error:
            self._figures.requests[name, error.reason.value] += 1
            raise
        self._figures.requests[name, str(response.status)] += 1
        return response

    def _refusal(self, name: str, response: Response) -> PollError:
        now = self._access.clock.now()
        return of_status(response.status, name, retry_after=response.retry_after, now=now)


def _rows(pages: tuple[Page[Any], ...]) -> tuple[Any, ...]:
    return tuple(row for page in pages for row in page.rows or ())
