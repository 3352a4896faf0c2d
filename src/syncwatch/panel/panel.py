"""One tenant's panel: what stays from poll to poll, which is the token, the files' stamps, and how to read.

It lives as long as the tenant does with its credential and profile; each poll takes a `reading` of its own.
"""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote, urlsplit

from syncwatch.clock import Clock
from syncwatch.config.address import secret_base_url
from syncwatch.config.secrets import Credential, Secret, SecretUnavailable
from syncwatch.errors import PollError, Reason
from syncwatch.panel.auth import authorizer
from syncwatch.panel.budget import Allowance, Limiter
from syncwatch.panel.compile import CompiledProfile
from syncwatch.panel.exports import Exported, Kept, Shelf
from syncwatch.panel.folder import Folder
from syncwatch.panel.live import Live
from syncwatch.panel.pages import Walked
from syncwatch.panel.plan import TablePlan
from syncwatch.panel.profile.schema import Format
from syncwatch.panel.reading import Lists, Reading
from syncwatch.panel.remote import Remote
from syncwatch.panel.requests import Access, Requests
from syncwatch.panel.survey.lists import Pages, Sheets, Survey, survey
from syncwatch.panel.urls import Urls
from syncwatch.rows import Figures, Sight
from syncwatch.transport.client import Http, Timeouts
from syncwatch.transport.room import Share
from syncwatch.transport.way import DIRECT, Way

_TIMEOUTS = Timeouts()
_NO_PARAMETERS: Mapping[str, str] = MappingProxyType({})


class Panel:
    """See the module.

    Args:
        location: the base URL, whose path is kept; `file://` for a folder of exports; or the place of a secret one.
        profile: how the panel is read.
        credential: who we are; None where the panel asks nobody.
        http: the client of the process.
        clock: what time it is.
        parameters: the tenant's values for the profile's placeholders.
        timeouts: of one request.
        way: how to get there.
        allowance: what may be asked, and when; None for as much as there is.

    Raises:
        ValueError: the credential is of a kind that the profile does not take (`auth.misfit` says so at load).
    """

    def __init__(
        self,
        location: str | Secret,
        profile: CompiledProfile,
        credential: Credential | None,
        http: Http,
        clock: Clock,
        *,
        parameters: Mapping[str, str] = _NO_PARAMETERS,
        timeouts: Timeouts = _TIMEOUTS,
        way: Way = DIRECT,
        allowance: Allowance | None = None,
    ) -> None:
        self._location = location
        self._profile = profile
        self._credential = credential
        self._authorizer = authorizer(profile.authentication, credential, clock)
        self._http = http
        self._clock = clock
        self._parameters = parameters
        self._timeouts = timeouts
        self._way = way
        self._allowance = allowance or Limiter(clock).of("")
        self._kept = Kept()

    @property
    def sight(self) -> Sight:
        """What the profile lets us see."""
        return self._profile.sight

    @property
    def host(self) -> str | None:
        """Whose machine it is on; None for a folder, or where nobody can say it."""
        try:
            return urlsplit(self._url()).hostname
        except PollError:
            return None

    def admitted(self) -> AbstractAsyncContextManager[None]:
        """Around a poll: waits until one more is allowed."""
        return self._allowance.poll(self.host)

    def reading(self) -> Reading:
        """The requests of one poll; a `rows.PanelReading`."""
        share = self._http.room.share()
        lists: Lists
        try:
            lists = self._lists(self._url(), share)
        except PollError as failure:
            lists = _Nowhere(failure)
        return Reading(self._profile, lists, share)

    async def survey(self) -> Survey:
        """One look at all lists, with their rows as they are.

        Raises:
            PollError: nobody can say where the panel is.
        """
        url, tables, figures = self._url(), self._profile.tables, Figures()
        if self._profile.format is not Format.CSV:
            return await survey(self._profile, Pages(self._access(url), figures))
        share = self._http.room.share()
        shelves = {
            name: self._shelf(url, {name: plan}, Kept(), figures, share) for name, plan in tables.items()
        }
        return await survey(self._profile, Sheets(shelves))

    def _url(self) -> str:
        return self._location if isinstance(self._location, str) else _read(self._location)

    def _lists(self, url: str, share: Share) -> Lists:
        tables = self._profile.tables
        if self._profile.format is not Format.CSV:
            return Live(self._access(url), tables, share)
        figures = Figures()
        shelf = self._shelf(url, tables, self._kept, figures, share)
        return Exported(shelf, tables, self._kept, self._clock, figures)

    def _shelf(
        self, url: str, tables: Mapping[str, TablePlan], kept: Kept, figures: Figures, share: Share
    ) -> Shelf:
        if url.startswith("file:"):
            names = {name: plan.table.path.format_map(self._parameters) for name, plan in tables.items()}
            return Folder(Path(unquote(urlsplit(url).path)), names, kept, self._clock, share=share)
        access = self._access(url)
        return Remote(Requests(access, figures), access.urls, tables, kept, self._clock, share=share)

    def _access(self, url: str) -> Access:
        return Access(
            urls=Urls(url, self._parameters),
            grant=self._profile.authentication.client_credentials,
            authorizer=self._authorizer,
            credential=self._credential,
            http=self._http,
            clock=self._clock,
            timeouts=self._timeouts,
            way=self._way,
            allowance=self._allowance,
        )


class _Nowhere:
    """The lists of a panel of which nobody can say where it is."""

    time: float | None = None
    held: PollError | None = None

    def __init__(self, failure: PollError) -> None:
        self.figures = Figures()
        self._failure = failure

    async def read(self, name: str, **_: Any) -> Walked | None:  # noqa: ARG002 - whatever is asked for
        """See `reading.Lists.read`."""
        raise self._failure


def _read(secret: Secret) -> str:
    try:
        return secret_base_url(secret.read().get_secret_value())
    except SecretUnavailable as error:
        failure = PollError(Reason.AUTH, str(error))
    except ValueError:
        failure = PollError(Reason.AUTH, "the place of the base URL holds none")
    raise failure
