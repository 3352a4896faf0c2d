"""How long lists are cut: from one page to where the next one is. One class for each kind of paging.

A cursor is whatever tells one page from another and may be remembered: the panel's own, a number, or a URL. The first
page's is empty. What ends a list, or cuts it off, is for `pages` to say; here is only what is said to follow.
"""

from typing import Protocol
from urllib.parse import quote

from yarl import URL

from syncwatch.panel.decode import Content
from syncwatch.panel.profile.asking import CursorPaging, NumberPaging, Paging
from syncwatch.panel.urls import Urls
from syncwatch.transport.client import Response


class Pager(Protocol):
    """One kind of paging."""

    past_the_end: bool
    """Whether a page after the first that is not found only means that the list has ended."""

    def at(self, first: URL, cursor: str) -> URL:
        """Where the page of this cursor is, in the list that begins at `first`.

        Raises:
            PollError: it is not to be asked for.
        """
        ...

    def following(self, cursor: str, response: Response, content: Content, rows: int) -> str | None:
        """The cursor of the page after this one, after so many rows in all; None on the last."""
        ...


def pager(paging: Paging, urls: Urls) -> Pager:
    """What follows the profile's kind of paging."""
    if paging.cursor is not None:
        return _Cursors(paging.cursor)
    if paging.page_number is not None:
        return _Numbers(paging.page_number)
    if paging.next_url is not None:
        return _Urls(urls, sized(paging.next_url.size_parameter, paging.next_url.size))
    if paging.link_header is not None:
        return _Links(urls, sized(paging.link_header.size_parameter, paging.link_header.size))
    return _OnePage()


def sized(parameter: str | None, size: int) -> str:
    """What asks for the size of a page."""
    return f"{quote(parameter, safe='$')}={size}" if parameter else ""


def _with(url: URL, *parameters: str) -> URL:
    added = "&".join(filter(None, parameters))
    if not added:
        return url
    return URL(f"{url}{'&' if url.raw_query_string else '?'}{added}", encoded=True)


class _OnePage:
    past_the_end = False

    def at(self, first: URL, cursor: str) -> URL:  # noqa: ARG002 - there is no other
        return first

    def following(self, cursor: str, response: Response, content: Content, rows: int) -> str | None:  # noqa: ARG002
        return None


class _Cursors:
    past_the_end = False

    def __init__(self, paging: CursorPaging) -> None:
        self._name = quote(paging.parameter, safe="$")
        self._size = sized(paging.size_parameter, paging.size)

    def at(self, first: URL, cursor: str) -> URL:
        return _with(first, self._size, f"{self._name}={quote(cursor, safe='')}" if cursor else "")

    def following(self, cursor: str, response: Response, content: Content, rows: int) -> str | None:  # noqa: ARG002
        return content.following


class _Numbers:
    """A short page need not be the last one, so without a total only an empty page ends the list."""

    past_the_end = True

    def __init__(self, paging: NumberPaging) -> None:
        self._name = quote(paging.parameter, safe="$")
        self._size = sized(paging.size_parameter, paging.size)
        self._first = paging.first

    def at(self, first: URL, cursor: str) -> URL:
        return _with(first, self._size, f"{self._name}={cursor or self._first}")

    def following(self, cursor: str, response: Response, content: Content, rows: int) -> str | None:  # noqa: ARG002
        empty = not content.rows and not content.bad
        if empty or (content.total is not None and rows >= content.total):
            return None
        return str(int(cursor or self._first) + 1)


class _Urls:
    """The page has the URL of the next one."""

    past_the_end = False

    def __init__(self, urls: Urls, size: str) -> None:
        self._urls = urls
        self._size = size

    def at(self, first: URL, cursor: str) -> URL:
        return self._urls.own(first, cursor) if cursor else _with(first, self._size)

    def following(self, cursor: str, response: Response, content: Content, rows: int) -> str | None:  # noqa: ARG002
        return self._absolute(response, content.following)

    def _absolute(self, response: Response, reference: str | None) -> str | None:
        """As it is meant on the page that says it."""
        return self._urls.memorable(self._urls.own(response.url, reference)) if reference else None


class _Links(_Urls):
    """The header has the URL of the next page."""

    def following(self, cursor: str, response: Response, content: Content, rows: int) -> str | None:  # noqa: ARG002
        return self._absolute(response, response.following)
