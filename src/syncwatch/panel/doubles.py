"""Two rows of one id in a list: who is meant cannot be told, so nobody is.

A list whose pages shift while it is read shows somebody again on another page, and such rows say the same: they are one.
Others are refused and counted, and the id is told as that of a row that could not be read: its user is neither lost nor
guessed.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
from msgspec.structs import astuple, replace

from syncwatch.rows import Figures, Page


def single(name: str, pages: tuple[Page[Any], ...], figures: Figures) -> tuple[Page[Any], ...]:
    """The pages with at most one row of each id; what is refused of the table `name` is counted into `figures`.

    An unchanged page cannot be compared: if it shares an id with another, neither is remembered, and the next poll
    reads both.
    """
    ids = [id_ for page in pages for id_ in _ids(page)]
    if len(set(ids)) == len(ids):
        return pages
    doubles = {id_ for id_, count in Counter(ids).items() if count > 1}
    refused = _doubtful(pages, doubles)
    figures.unknown_values[f"{name}.id"] += sum(
        row.id in refused for page in pages for row in page.rows or ()
    )
    seen: set[str] = set()
    return tuple(_once(page, doubles, refused, seen, alone=len(pages) == 1) for page in pages)


def _ids(page: Page[Any]) -> Iterator[str]:
    if page.rows is None:
        return iter(page.mark.ids if page.mark else ())
    return (row.id for row in page.rows)


def _doubtful(pages: Iterable[Page[Any]], doubles: set[str]) -> set[str]:
    """Those ids whose rows stand on one page, or do not say the same."""
    said: defaultdict[str, list[tuple[int, Any]]] = defaultdict(list)
    for number, page in enumerate(pages):
        for row in page.rows or ():
            if row.id in doubles:
                said[row.id].append((number, _values(row)))
    return {id_ for id_, rows in said.items() if not _is_shift(rows)}


def _is_shift(rows: Sequence[tuple[int, Any]]) -> bool:
    on_pages = {number for number, _ in rows}
    return len(on_pages) == len(rows) and all(said == rows[0][1] for _, said in rows)


def _once(page: Page[Any], doubles: set[str], refused: set[str], seen: set[str], *, alone: bool) -> Page[Any]:
    """The page with those rows that no page before it had; it is not remembered if another one shares an id with it."""
    mark = page.mark if alone or doubles.isdisjoint(_ids(page)) else None
    if page.rows is None:
        return replace(page, mark=mark)
    rows: list[Any] = []
    odd: list[Any] = []
    for row in page.rows:
        if row.id in seen:
            continue
        if row.id in doubles:
            seen.add(row.id)
        (odd if row.id in refused else rows).append(row)
    return replace(page, mark=mark, rows=tuple(rows), refused=(*page.refused, *(row.id for row in odd)))


def _values(row: Any) -> Any:
    """All that was read of a row, in a form that can be compared."""
    return tuple(map(_values, astuple(row))) if isinstance(row, msgspec.Struct) else row
