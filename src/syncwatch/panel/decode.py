"""The bytes of a page become rows, as many as can be read.

A page that does not decode whole is decoded row by row: good rows are kept, bad ones are counted, and their ids are
told where at least those can be read, so that nobody takes such a user for deleted. What the decoder says about the
bytes is never passed on, not even as the context of our error: a `UnicodeDecodeError` carries the whole page.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from syncwatch.errors import PollError, Reason
from syncwatch.panel.decoders import CompiledTable
from syncwatch.panel.mending import TOO_DEEP, mend
from syncwatch.panel.plan import TablePlan
from syncwatch.panel.profile.written import Keys
from syncwatch.panel.visible import all_show, plain, shown
from syncwatch.rows import Figures

SAMPLE = 50  # rows
MAX_COMMAS = 300_000  # of a page that is read row by row, and so of its rows: each costs microseconds

# Invalid UTF-8 and too deep nesting are no errors of msgspec's own; a hook's own come through as they are.
UNREADABLE = (msgspec.MsgspecError, UnicodeError, RecursionError)


@dataclass(frozen=True, slots=True, repr=False)
class Content:
    """What a page holds.

    Attributes:
        rows: those that could be read.
        following: what the page says of the next one, None on the last.
        total: the number of rows of the whole list, if the page says it.
        refused: ids of the rows that could not be read, as far as they could be told.
        bad: number of rows that could not be read.
    """

    rows: tuple[Any, ...]
    following: str | None = None
    total: int | None = None
    refused: tuple[str, ...] = ()
    bad: int = 0


def look(plan: TablePlan, body: bytes, seen: set[Keys]) -> None:
    """Add to `seen` which of the alternative paths of the profile the rows of a page have.

    The first rows are looked at for all of them; the others only as long as of some field nothing is seen.
    """
    try:
        rows = _parts(plan.usual().raw_page.decode(body))[0]
    except UNREADABLE:
        return
    fields = plan.alternatives()
    for number, raw in enumerate(rows):
        if number >= SAMPLE:
            fields = [paths for paths in fields if seen.isdisjoint(paths)]
        fields = [paths for paths in fields if not seen.issuperset(paths)]
        if not fields:
            return
        row = _attempt(msgspec.json.decode, raw)
        seen.update(path for paths in fields for path in paths if _has(row, path))


def decode(table: CompiledTable, body: bytes, figures: Figures) -> Content:
    """Read one page of `table`, counting into `figures` what could not be read.

    Raises:
        PollError: `DECODE` if it is no JSON, `SCHEMA` if it is no page as the profile describes it.
    """
    content: Content | None
    try:
        rows, following, total = _parts(table.page.decode(body))
        content = Content(tuple(rows), following or None, total)
        if not plain(body) and not all_show(table.ids, rows):
            content = None
    except UNREADABLE:
        content = None
    if content is None:
        content = _row_by_row(table, body, figures)
    count_unknown(table, content.rows, figures)
    return content


def count_unknown(table: CompiledTable, rows: Sequence[Any], figures: Figures) -> None:
    """Count the words that the profile does not know."""
    for field, word, known in table.words:
        if not known.issuperset(map(word, rows)):
            figures.unknown_values[f"{table.name}.{field}"] += sum(word(row) not in known for row in rows)


def readable(
    rows: Iterable[Any], read: Callable[[Any], Any], read_id: Callable[[Any], Any] | None
) -> Content:
    """Those of `rows` that `read` can read; of the others the ids that `read_id` can."""
    good, refused, bad = [], [], 0
    for raw in rows:
        row = _attempt(read, raw)
        if row is not None:
            good.append(row)
            continue
        bad += 1
        told = _attempt(read_id, raw) if read_id else None
        if told is not None:
            refused.append(told.id)
    return Content(tuple(good), refused=tuple(refused), bad=bad)


def _row_by_row(table: CompiledTable, body: bytes, figures: Figures) -> Content:
    raws, following, total = _parts(_cut(table, body))

    def read(raw: msgspec.Raw) -> Any:
        return None if TOO_DEEP in bytes(raw) else shown(table.ids, table.row.decode(raw))

    content = readable(raws, read, partial(_id, table.id) if table.id else None)
    figures.refused_rows[table.name] += content.bad
    return Content(content.rows, following or None, total, content.refused, content.bad)


def _id(decoder: msgspec.json.Decoder[Any], raw: msgspec.Raw) -> Any:
    return shown(("id",), decoder.decode(raw))


def _parts(page: Any) -> tuple[list[Any], str | None, int | None]:
    """Rows, what is said of the next page, and of the whole; a page may be nothing but rows."""
    return (page, None, None) if isinstance(page, list) else (page.rows, page.next, page.total)


def _cut(table: CompiledTable, body: bytes) -> Any:
    """The page with its rows as they are; mended where they cannot even be told apart."""
    if body.count(b",") > MAX_COMMAS:
        raise PollError(
            Reason.DECODE, f"{table.name}: the answer is unreadable, and too large to look closer"
        )
    failure = PollError(Reason.DECODE, f"{table.name}: the answer is no JSON, cut short or nested too deep")
    for attempt in (bytes, mend):
        try:
            return table.raw_page.decode(attempt(body))
        except msgspec.ValidationError:
            failure = PollError(
                Reason.SCHEMA, f"{table.name}: the answer is no page as the profile describes it"
            )
        except UNREADABLE:
            continue
    raise failure


def _attempt(read: Callable[[Any], Any], raw: Any) -> Any:
    try:
        return read(raw)
    except UNREADABLE:
        return None


def _has(row: Any, path: Keys) -> bool:
    for key in path:
        if not isinstance(row, dict) or key not in row:
            return False
        row = row[key]
    return True
