"""The bytes of a page become rows, as many as can be read.

A page that does not decode whole is decoded row by row: good rows are kept, bad ones are counted, and their ids are
told where at least those can be read, so that nobody takes such a user for deleted. What the decoder says about the
bytes is never passed on, not even as the context of our error: a `UnicodeDecodeError` carries the whole page.
"""

from dataclasses import dataclass
from typing import Any

import msgspec

from syncwatch.errors import PollError, Reason
from syncwatch.panel.compile import CompiledTable
from syncwatch.panel.mending import TOO_DEEP, mend
from syncwatch.rows import Figures

MAX_COMMAS = 300_000  # of a page that is read row by row, and so of its rows: each costs microseconds

# Invalid UTF-8 and too deep nesting are no errors of msgspec's own.
_UNREADABLE = (msgspec.MsgspecError, UnicodeError, RecursionError)


@dataclass(frozen=True, slots=True, repr=False)
class Content:
    """What a page holds.

    Attributes:
        rows: those that could be read.
        following: cursor of the next page, None on the last.
        refused: ids of the rows that could not be read, as far as they could be told.
        bad: number of rows that could not be read.
    """

    rows: tuple[Any, ...]
    following: str | None
    refused: tuple[str, ...] = ()
    bad: int = 0


def decode(table: CompiledTable, body: bytes, figures: Figures) -> Content:
    """Read one page of `table`, counting into `figures` what could not be read.

    Raises:
        PollError: `DECODE` if it is no JSON, `SCHEMA` if it is no page as the profile describes it.
    """
    try:
        page = table.page.decode(body)
        content = Content(tuple(page.rows), page.next or None)
    except _UNREADABLE:
        content = None
    if content is None:
        content = _row_by_row(table, body, figures)
    for field, word, known in table.words:
        if not known.issuperset(map(word, content.rows)):
            odd = sum(word(row) not in known for row in content.rows)
            figures.unknown_values[f"{table.name}.{field}"] += odd
    return content


def _row_by_row(table: CompiledTable, body: bytes, figures: Figures) -> Content:
    page = _cut(table, body)
    rows, refused, bad = [], [], 0
    for raw in page.rows:
        row = None if TOO_DEEP in bytes(raw) else _read(table.row, raw)
        if row is not None:
            rows.append(row)
            continue
        bad += 1
        told = _read(table.id, raw) if table.id else None
        if told is not None:
            refused.append(told.id)
    figures.refused_rows[table.name] += bad
    return Content(tuple(rows), page.next or None, tuple(refused), bad)


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
        except _UNREADABLE:
            continue
    raise failure


def _read(decoder: msgspec.json.Decoder[Any], raw: msgspec.Raw) -> Any:
    try:
        return decoder.decode(raw)
    except _UNREADABLE:
        return None
