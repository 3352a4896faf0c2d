"""Walks through a list page by page, and stops where a panel would have us walk for ever.

A page that was marked in the poll before is asked for with its entity tag; if it has not changed, its rows are left to
the caller's memory and the mark tells the cursor of the next page. Caps on pages, rows and bytes, and a guard against
cursors that repeat, cut a list off and say so (`Figures.truncated`): a part that is known to be one is better than
none, and than a whole that is not.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from syncwatch.errors import PollError, Reason
from syncwatch.panel.client import Response
from syncwatch.panel.compile import CompiledTable
from syncwatch.panel.decode import Content, decode
from syncwatch.rows import Figures, Page, PageMark

MAX_PAGES = 2000
MAX_BYTES = 512 << 20  # of one list

Ask = Callable[[str, str | None], Awaitable[Response]]
"""Asks for the page of a cursor (empty: the first), if not of this entity tag; the answer is 200 or 304."""

Enough = Callable[[tuple[Any, ...]], bool]
"""Told the rows of a page, whether no further one is wanted."""


@dataclass(frozen=True, slots=True)
class Caps:
    """Where a list is cut off, whatever follows."""

    pages: int = MAX_PAGES
    rows: int | None = None
    bytes: int = MAX_BYTES


def never(_: tuple[Any, ...]) -> bool:
    """Read to the end: an `Enough`."""
    return False


@dataclass(slots=True)
class Walk:
    """One walk through one list.

    Attributes:
        table: what to read.
        figures: where to count.
        ask: how to get a page.
        caps: where to stop in any case.
        enough: where the caller wants to stop.
    """

    table: CompiledTable
    figures: Figures
    ask: Ask
    caps: Caps = Caps()
    enough: Enough = never
    _pages: list[Page[Any]] = field(default_factory=list)
    _rows: int = 0
    _bad: int = 0
    _bytes: int = 0
    _cut: bool = False

    @property
    def whole(self) -> bool:
        """Whether every row of the list was read, as far as it was walked."""
        return not self._cut and not self._bad

    async def pages(self, marks: Mapping[str, PageMark]) -> tuple[Page[Any], ...]:
        """The pages, in order.

        Raises:
            PollError: a page could not be had or read, or no row of the whole list fits the profile.
        """
        cursor: str | None = ""
        seen: set[str] = set()
        while cursor is not None:
            seen.add(cursor)
            cursor = await self._page(cursor, marks.get(cursor) if self.table.etag else None)
            if cursor is None or self.enough(self._pages[-1].rows or ()):
                break
            if cursor in seen or self._full():
                self.figures.truncated = self._cut = True
                break
        if self._bad and not self._rows:
            raise PollError(Reason.SCHEMA, f"{self.table.name}: no row fits the profile")
        return tuple(self._pages)

    async def _page(self, cursor: str, mark: PageMark | None) -> str | None:
        """Read one page; gives the cursor of the next."""
        response = await self.ask(cursor, mark.etag if mark else None)
        if mark and response.status == 304:  # noqa: PLR2004
            self._rows += len(mark.ids)
            self._pages.append(Page(cursor, mark, None))
            return mark.following
        content = decode(self.table, response.body, self.figures)
        self._rows += len(content.rows)
        self._bad += content.bad
        self._bytes += len(response.body)
        self._pages.append(Page(cursor, self._mark(response, content), content.rows, content.refused))
        return content.following

    def _mark(self, response: Response, content: Content) -> PageMark | None:
        if not self.table.etag or response.etag is None:
            return None
        ids = (*(row.id for row in content.rows), *content.refused)
        return PageMark(response.etag, content.following, ids)

    def _full(self) -> bool:
        caps = self.caps
        return (
            len(self._pages) >= caps.pages
            or self._bytes >= caps.bytes
            or (caps.rows is not None and self._rows >= caps.rows)
        )
