"""The addresses below a tenant's base URL.

The base URL's own path is kept, and its query, which a pre-signed URL has, goes with every request. Ids come from the
panel, so they are escaped as one segment, or must be plain in a query: none of them can lead out of the place where the
profile puts it. A URL that the panel itself names is taken only from its own origin. URLs are put together as text that
is already escaped, because having it done by yarl costs a fifth of a whole request.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import quote

from yarl import URL

from syncwatch.errors import PollError, Reason
from syncwatch.panel.profile.asking import ClientCredentials
from syncwatch.panel.profile.lists import Table
from syncwatch.panel.profile.written import placeholders

_DOTS = frozenset({".", ".."})
_PLAIN = re.compile(r"[\w.@:+-]{1,200}", re.ASCII)
_NO_OWNERS: Mapping[str, str] = MappingProxyType({})
_UNRESERVED = "/~()"  # beside letters, digits and -._ ; what profiles may write in paths


class Urls:
    """The addresses of one tenant; nothing of them shows.

    Args:
        base_url: checked by the configuration.
        parameters: the tenant's values for the profile's placeholders.
    """

    def __init__(self, base_url: str, parameters: Mapping[str, str]) -> None:
        self.base = URL(base_url)
        self._root = str(self.base.with_query(None).with_fragment(None)).rstrip("/")
        self._query = self.base.raw_query_string
        self._secrets = set(filter(None, self._query.split("&")))
        self._values = {**parameters, "origin": str(self.base.origin())}

    def token(self, grant: ClientCredentials) -> URL:
        """The token endpoint."""
        if grant.token_url is not None:
            return URL(grant.token_url.format_map(self._values), encoded=True)
        assert grant.token_path is not None, "the profile has one of the two"
        return URL(f"{self._root}/{grant.token_path.format_map(self._values)}", encoded=True)

    def filled(self, text: str) -> str:
        """A text of the profile with the tenant's values."""
        return text.format_map(self._values)

    def of(self, table: Table, owners: Mapping[str, str] = _NO_OWNERS) -> URL:
        """Where a list begins.

        Args:
            table: the list.
            owners: whose list it is: the id of the `user` or the `organization`.

        Raises:
            PollError: an id would be read as more than a name.
        """
        for kind, id_ in owners.items():
            asked = kind in placeholders(table.query.values())
            if id_ in _DOTS or (asked and not _PLAIN.fullmatch(id_)):
                raise PollError(Reason.SCHEMA, f"a {kind}'s id that cannot stand in a URL")
        segments = {kind: quote(id_, safe="") for kind, id_ in owners.items()}
        path = quote(table.path, safe=f"{_UNRESERVED}{{}}").format_map({**self._values, **segments})
        values = {**self._values, **owners}
        query = "&".join(
            f"{quote(name, safe='$')}={quote(value.format_map(values), safe='')}"
            for name, value in table.query.items()
        )
        whole = "&".join(filter(None, (query, self._query)))
        return URL(f"{self._root}/{path}{'?' if whole else ''}{whole}", encoded=True)

    def own(self, at: URL, reference: str) -> URL:
        """The URL that the panel's answer from `at` names, with the base URL's query.

        Raises:
            PollError: it is none, or leads to another origin.
        """
        try:
            url = at.join(URL(reference, encoded=True))
            same = url.origin() == self.base.origin() and url.user is None
        except (ValueError, IndexError):  # yarl raises either of what is no URL
            same = False
        if not same:
            raise PollError(
                Reason.SCHEMA, "the next page is said to be at another origin, which gets nothing"
            )
        if self._secrets <= set(url.raw_query_string.split("&")):
            return url
        return URL(f"{url}{'&' if url.raw_query_string else '?'}{self._query}", encoded=True)

    def memorable(self, url: URL) -> str:
        """A URL without the base URL's query, which is a secret and may change."""
        if not self._secrets:
            return str(url)
        rest = "&".join(part for part in url.raw_query_string.split("&") if part not in self._secrets)
        return f"{str(url).partition('?')[0]}{'?' if rest else ''}{rest}"
