"""A CSV file becomes rows, by the same Structs as a page of JSON.

Takes what exports come as: UTF-8 with or without a byte-order mark, UTF-16, comma, semicolon or tab, line breaks in
quotes, columns in any order and more of them than we know. What ends in the middle of a row is `Incomplete`: somebody
is still writing it, and half a list must never pass for a whole one.
"""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from syncwatch.errors import PollError, Reason
from syncwatch.panel.compile import heading
from syncwatch.panel.decode import Content, count_unknown, readable
from syncwatch.panel.decoders import CompiledTable
from syncwatch.panel.plan import TablePlan
from syncwatch.panel.profile.written import Keys
from syncwatch.panel.visible import shown
from syncwatch.rows import Figures

MAX_BYTES = 64 << 20
MAX_ROWS = 500_000
MAX_COLUMNS = 500
MAX_CELLS = 8_000_000

_DELIMITERS = ",;\t"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class IncompleteError(Exception):
    """The file ends in the middle: it is not to be read yet. Its text is for people and quotes nothing."""


@dataclass(frozen=True, slots=True, repr=False)
class Sheet:
    """A file's columns, as `heading` writes them, and its records.

    Attributes:
        columns: the headings.
        records: one cell for each column.
        odd: records with more cells or fewer, cut or filled up.
    """

    columns: tuple[str, ...]
    records: tuple[tuple[str, ...], ...]
    odd: tuple[tuple[str, ...], ...]

    def has(self, path: Keys) -> bool:
        """Whether there is a column of this heading."""
        return path[0] in self.columns

    def named(self, records: Iterable[tuple[str, ...]]) -> Iterator[dict[str, str | None]]:
        """Records by column; an empty cell says nothing, and of two columns of one heading the first counts."""
        columns = tuple(reversed(self.columns))
        for record in records:
            cells = zip(columns, reversed(record), strict=True)
            yield {column: cell.strip() or None for column, cell in cells}


def read_sheet(plan: TablePlan, body: bytes, figures: Figures) -> Content:
    """Read one file, counting into `figures` what could not be read.

    Raises:
        IncompleteError: it ends in the middle.
        PollError: it is no CSV, or lacks a column that every row needs.
    """
    sheet = parse(body, plan)
    if missing := plan.missing(sheet.has):
        if not sheet.records and not ends_with_a_line(body):
            raise IncompleteError(f"{plan.name}: the file ends in its headings")
        raise PollError(
            Reason.SCHEMA, f"{plan.name}: no column for {', '.join(missing)}: see the profile's fields"
        )
    table = plan.choose(sheet.has, whole=True)
    read = partial(_record, table.row, table.ids)
    read_id = partial(_record, table.id, ("id",)) if table.id else None
    good = readable(sheet.named(sheet.records), read, read_id)
    odd = readable(sheet.named(sheet.odd), read, None)
    bad = good.bad + len(sheet.odd)
    if bad and not good.rows:
        raise PollError(Reason.SCHEMA, f"{plan.name}: no row fits the profile")
    figures.refused_rows[plan.name] += bad
    count_unknown(table, good.rows, figures)
    told = tuple(row.id for row in odd.rows if table.id and _makes_sense(table, row))
    return Content(good.rows, refused=(*good.refused, *told), bad=bad)


def parse(body: bytes, plan: TablePlan) -> Sheet:
    """Cut a file into cells; see `read_sheet` for what it raises."""
    name = plan.name
    text = _text(body, name)
    if text.lower().startswith("sep="):  # a line for spreadsheets
        text = text.partition("\n")[2]
    columns, records = _cells(text, _delimiter(text, plan), name)
    if not columns:
        raise IncompleteError(f"{name}: the file is empty")
    if records and len(records[-1]) < len(columns) and not ends_with_a_line(body):
        raise IncompleteError(f"{name}: the file ends in the middle of a row")
    width = len(columns)
    filled = [(*record, *("",) * (width - len(record))) for record in records]
    fits = [len(record) >= width and not any(record[width:]) for record in records]
    return Sheet(
        columns,
        tuple(record[:width] for record, fit in zip(filled, fits, strict=True) if fit),
        tuple(record[:width] for record, fit in zip(filled, fits, strict=True) if not fit),
    )


def _cells(text: str, delimiter: str, name: str) -> tuple[tuple[str, ...], list[list[str]]]:
    csv.field_size_limit(
        MAX_BYTES
    )  # the file is bounded as a whole; the library's own limit would cost all of it
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    records: list[list[str]] = []
    left = MAX_CELLS
    try:
        columns = tuple(map(heading, next(reader, ())))
        for record in reader:
            left -= len(record)
            if left < 0 or max(len(record), len(columns)) > MAX_COLUMNS or len(records) > MAX_ROWS:
                break
            if record:
                records.append(record)
        else:
            return columns, records
    except csv.Error as error:
        unfinished = "unexpected end" in str(error)  # inside quotes, at the end of the file
    else:
        limits = f"{MAX_ROWS} rows, {MAX_COLUMNS} columns or {MAX_CELLS} cells"
        raise PollError(Reason.DECODE, f"{name}: more than {limits}")
    if unfinished:
        raise IncompleteError(f"{name}: the file ends inside quotes")
    raise PollError(Reason.DECODE, f"{name}: line {reader.line_num} is no CSV: quotes do not match")


def ends_with_a_line(body: bytes) -> bool:
    """Whether the last line was finished: then nobody has stopped in the middle of a cell."""
    return body.rstrip(b"\0").endswith((b"\n", b"\r"))


def _text(body: bytes, name: str) -> str:
    if len(body) > MAX_BYTES:
        raise PollError(Reason.DECODE, f"{name}: the file is larger than {MAX_BYTES >> 20} MiB")
    mark, encoding = next(
        ((mark, encoding) for mark, encoding in _MARKS if body.startswith(mark)), (b"", _unmarked(body))
    )
    text = None
    try:
        text = body[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        unfinished = error.reason in {"unexpected end of data", "truncated data"}
    if text is not None:
        return text
    if unfinished:
        raise IncompleteError(f"{name}: the file ends in the middle of a character")
    raise PollError(Reason.DECODE, f"{name}: the file is neither UTF-8 nor UTF-16: export it as one of them")


def _unmarked(body: bytes) -> str:
    """Tell UTF-16 by the zeros beside the letters of the headings."""
    start = body[:200]
    if b"\0" not in start:
        return "utf-8"
    return "utf-16-le" if start[1::2].count(0) > start[::2].count(0) else "utf-16-be"


def _delimiter(text: str, plan: TablePlan) -> str:
    """The one that makes the most headings that the profile knows, or the most at all."""
    line = next(iter(text[:100_000].splitlines()), "")
    known = {
        plan.maker.name_of(path)[0]
        for source in plan.table.fields.sources().values()
        for path in source.paths()
    }

    def found(delimiter: str) -> tuple[int, int]:
        cells = line.split(delimiter)
        return sum(heading(cell.strip('"')) in known for cell in cells), len(cells)

    return max(_DELIMITERS, key=found)


def _makes_sense(table: CompiledTable, row: Any) -> bool:
    """Whether every word of a row is known: only then its cells are likely to stand below their headings."""
    return all(word(row) in known for _, word, known in table.words)


def _record(decoder: msgspec.json.Decoder[Any], ids: tuple[str, ...], cells: dict[str, str | None]) -> Any:
    """What the decoder makes of a row of JSON, of a row of text; None if one of its ids does not show."""
    return shown(ids, msgspec.convert(cells, decoder.type, strict=False, dec_hook=decoder.dec_hook))
