"""Walks through a list page by page, and stops where a panel would have us walk for ever.

A page that was marked in the poll before is asked for with its entity tag; if it has not changed, its rows are left to
the caller's memory and the mark tells the cursor of the next page. Caps on pages, rows and bytes, and a guard against
cursors and pages that repeat, cut a list off and say so (`Figures.truncated`, `Figures.cut`): a part that is known to be
one is better than none, and than a whole that is not.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

from syncwatch.errors import PollError, Reason
from syncwatch.panel.decode import Content
from syncwatch.panel.paging import Pager
from syncwatch.rows import Figures, Page, PageMark
from syncwatch.transport.client import Response

# Of one list. A firm has a hundred thousand users at the most, and each of them a few sessions or issues.
MAX_PAGES = 2000
MAX_ROWS = 500_000
MAX_BYTES = 128 << 20

Ask = Callable[[str, str | None], Awaitable[Response]]
"""Asks for the page of a cursor (empty: the first), if not of this entity tag; the answer is 200 or 304."""

Enough = Callable[[tuple[Any, ...]], bool]
"""Told the rows of a page, whether no further one is wanted."""


NO_MARKS: Mapping[str, PageMark] = MappingProxyType({})
NOBODY: Mapping[str, str] = MappingProxyType({})
"""Whose a list of the whole tenant is."""


class PastTheEndError(Exception):
    """There is no such page: the list ended with the one before."""


class Walked(NamedTuple):
    """The pages of a list, in order, and whether every row of it was read, as far as it was walked.

    `cut` is whether there were pages after those.
    """

    pages: tuple[Page[Any], ...]
    whole: bool = True
    cut: bool = False

    @property
    def rows(self) -> tuple[Any, ...]:
        """The rows of all pages."""
        return tuple(row for page in self.pages for row in page.rows or ())


@dataclass(frozen=True, slots=True)
class Caps:
    """Where a list is cut off, whatever follows; of a `tab` of one user or organization so much is enough."""

    pages: int = MAX_PAGES
    rows: int = MAX_ROWS
    bytes: int = MAX_BYTES
    tab: bool = False


ALL = Caps()


def never(_: tuple[Any, ...]) -> bool:
    """Read to the end: an `Enough`."""
    return False


@dataclass(slots=True, repr=False)
class Walk:
    """One walk through one list.

    Attributes:
        name: our name of the table.
        figures: where to count.
        ask: how to get a page.
        read: how to read it.
        pager: what tells where the next one is.
        etag: whether pages may be marked.
        caps: where to stop in any case.
        enough: where the caller wants to stop.
    """

    name: str
    figures: Figures
    ask: Ask
    read: Callable[[bytes], Content]
    pager: Pager
    etag: bool = False
    caps: Caps = ALL
    enough: Enough = never
    _pages: list[Page[Any]] = field(default_factory=list)
    _last: object = None
    _rows: int = 0
    _bad: int = 0
    _bytes: int = 0
    _cut: str | None = None

    async def pages(self, marks: Mapping[str, PageMark]) -> Walked:
        """Walk.

        Raises:
            PollError: a page could not be had or read, or no row of the whole list fits the profile.
        """
        cursor: str | None = ""
        seen: set[str] = set()
        while cursor is not None:
            seen.add(cursor)
            cursor = await self._page(cursor, marks.get(cursor) if self.etag else None)
            if cursor is None or self.enough(self._pages[-1].rows or ()):
                break
            self._cut = "the list goes in circles" if cursor in seen else self._full()
            if self._cut:
                break
        self._tell()
        if self._bad and not self._rows:
            raise PollError(Reason.SCHEMA, f"{self.name}: no row fits the profile")
        return Walked(tuple(self._pages), whole=not self._cut and not self._bad, cut=bool(self._cut))

    def _tell(self) -> None:
        if not self._cut:
            return
        self.figures.truncated = True
        if not self.caps.tab or not self._full():
            self.figures.cut.setdefault(self.name, self._cut)

    async def _page(self, cursor: str, mark: PageMark | None) -> str | None:
        """Read one page; gives the cursor of the next."""
        try:
            response = await self.ask(cursor, mark.etag if mark else None)
        except PastTheEndError:
            return None
        if mark and response.status == 304:  # noqa: PLR2004
            self._rows += len(mark.ids)
            self._last = mark.ids
            self._pages.append(Page(cursor, mark, None))
            return mark.following
        content = self.read(response.body)
        looks = _looks(content) or response.body
        if content.rows and looks == self._last:  # the panel does not know how to turn the page
            self._cut = "the list repeats a page"
            return None
        self._last = looks
        self._rows += len(content.rows)
        self._bad += content.bad
        self.figures.nameless[self.name] += content.bad - len(content.refused)
        self._bytes += len(response.body)
        following = self.pager.following(cursor, response, content, self._rows + self._bad)
        self._pages.append(
            Page(cursor, self._mark(response, content, following), content.rows, content.refused)
        )
        return following

    def _mark(self, response: Response, content: Content, following: str | None) -> PageMark | None:
        if not self.etag or response.etag is None:
            return None
        return PageMark(response.etag, following, _looks(content))

    def _full(self) -> str | None:
        caps = self.caps
        if len(self._pages) >= caps.pages:
            return f"the list has more than {caps.pages} pages"
        if self._rows >= caps.rows:
            return f"the list has more than {caps.rows} rows"
        return f"the list is larger than {caps.bytes} bytes" if self._bytes >= caps.bytes else None


def _looks(content: Content) -> tuple[str, ...]:
    """What tells one page from another: the ids on it; nothing where rows have none."""
    name = next((name for name in ("id", "job") if hasattr(next(iter(content.rows), None), name)), None)
    return (*(getattr(row, name) for row in content.rows if name), *content.refused)
