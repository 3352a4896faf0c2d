"""One tenant's panel: what stays from poll to poll, which is the token and how to read.

It lives as long as the tenant does with its credential and profile; each poll takes a `reading` of its own.
"""

from syncwatch.clock import Clock
from syncwatch.config.secrets import Credential
from syncwatch.panel.auth import authorizer, may_receive
from syncwatch.panel.client import Http, Timeouts
from syncwatch.panel.compile import CompiledProfile
from syncwatch.panel.reading import Access, Reading
from syncwatch.panel.urls import Urls

_TIMEOUTS = Timeouts()


class Panel:
    """See the module.

    Args:
        base_url: http or https; its path is kept.
        profile: how the panel is read.
        credential: who we are; None where the panel asks nobody.
        http: the client of the process.
        clock: what time it is.
        timeouts: of one request.

    Raises:
        ValueError: the credential is of a kind that the profile does not take (`auth.misfit` says so at load).
    """

    def __init__(
        self,
        base_url: str,
        profile: CompiledProfile,
        credential: Credential | None,
        http: Http,
        clock: Clock,
        *,
        timeouts: Timeouts = _TIMEOUTS,
    ) -> None:
        urls = Urls(base_url, profile.authentication, profile.paging.cursor)
        self._access = Access(
            profile=profile,
            urls=urls,
            authorizer=authorizer(profile.authentication, credential, clock),
            trusted=credential is None or may_receive(credential, urls.base),
            http=http,
            clock=clock,
            timeouts=timeouts,
        )

    def reading(self) -> Reading:
        """The requests of one poll; a `rows.PanelReading`."""
        return Reading(self._access)
