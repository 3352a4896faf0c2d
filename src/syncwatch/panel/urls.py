"""The addresses below a tenant's base URL.

The base URL's own path is kept. Ids and cursors come from the panel, so they are escaped as one segment and one
value: none of them can lead out of the place where the profile puts it. URLs are put together as text that is already
escaped, because having it done by yarl costs a fifth of a whole request.
"""

from urllib.parse import quote

from yarl import URL

from syncwatch.errors import PollError, Reason
from syncwatch.panel.profile import Authentication, CursorPaging

_DOTS = frozenset({".", ".."})


class Urls:
    """The addresses of one tenant; nothing of them shows."""

    def __init__(self, base_url: str, authentication: Authentication, paging: CursorPaging) -> None:
        self.base = URL(base_url)
        self._root = str(self.base.with_query(None).with_fragment(None)).rstrip("/")
        self._paging = paging
        self._grant = authentication.client_credentials

    @property
    def token(self) -> URL:
        """The token endpoint."""
        assert self._grant, "asked for only by client credentials"
        return URL(f"{self._root}/{self._grant.token_path}", encoded=True)

    def first(self, path: str, user: str | None = None) -> URL:
        """The first page of the list at `path`, of one user where the path names one.

        Raises:
            PollError: the user's id would be read as a way up.
        """
        if user is not None:
            if user in _DOTS:
                raise PollError(Reason.SCHEMA, "a user's id that cannot stand in a path")
            path = path.replace("{user}", quote(user, safe=""))
        size = f"?{self._paging.size_parameter}={self._paging.size}" if self._paging.size_parameter else ""
        return URL(f"{self._root}/{path}{size}", encoded=True)

    def at(self, first: URL, cursor: str) -> URL:
        """The page at `cursor` of the list that begins at `first`."""
        if not cursor:
            return first
        sign = "&" if self._paging.size_parameter else "?"
        return URL(f"{first}{sign}{self._paging.parameter}={quote(cursor, safe='')}", encoded=True)
