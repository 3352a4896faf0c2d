"""A panel that exports files: a folder that somebody fills, or files behind a URL.

The files of a profile are one set: they are read together, and the newest complete set counts. A file that is still
being written, ends in the middle, or suddenly lacks rows is not believed: the set before it goes on counting, with its
own time, so that a broken export shows as old data and never as a firm without users. The data's time is that of the
oldest file, since what is joined is as old as its oldest part.
"""

import asyncio
import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from syncwatch.clock import Clock
from syncwatch.errors import PollError, Reason
from syncwatch.panel.decode import Content
from syncwatch.panel.pages import ALL, NO_MARKS, NOBODY, Caps, Enough, Walked, never
from syncwatch.panel.plan import TablePlan
from syncwatch.panel.sheet import IncompleteError, ends_with_a_line, read_sheet
from syncwatch.panel.tables import TABLES
from syncwatch.rows import Figures, Page, PageMark
from syncwatch.transport.reasons import of_exception

SHRUNK = 0.5  # of the sessions before; fewer are not believed at first sight

SURELY_DONE = 60.0  # seconds after which even a file whose last line is not finished is


class UnfinishedError(Exception):
    """A file is not to be read now; its text is for people and quotes nothing."""


class File(NamedTuple):
    """What is there of one file.

    Attributes:
        stamp: changes when the file does.
        time: when it was made, Unix seconds.
        size: in bytes.
        body: what is in it; None where it has not been read.
    """

    stamp: str
    time: float
    size: int
    body: bytes | None = None


class Shelf(Protocol):
    """Where the files are."""

    async def look(self) -> Mapping[str, File]:
        """What is there of each table's file, read only as far as looking takes.

        Raises:
            PollError: one of them cannot be had.
            UnfinishedError: one of them is being written.
        """
        ...

    async def fetch(self, files: Mapping[str, File]) -> Mapping[str, File]:
        """The same files with what is in them; see `look` for what it raises."""
        ...


@dataclass(slots=True)
class Kept:
    """What is remembered of a panel's exports from poll to poll, while the process lives.

    Attributes:
        files: those of the set that counts, without what is in them.
        rows: how many rows each of them has.
        time: the set's; of files from the future, when they were first seen.
        busy: set once the file system has answered what was asked of it last.
        doubted: how many rows the last poll found, if it did not believe them; None if it did.
        refused: polls in a row that did not read what is there.
    """

    files: Mapping[str, File] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)
    time: float = 0.0
    doubted: Mapping[str, int] | None = None
    busy: threading.Event | None = None
    refused: int = 0


class Exported:
    """One poll's lists of one panel's exports; a `reading.Lists`.

    Args:
        shelf: where the files are.
        tables: what is in them.
        kept: what the polls before left.
        clock: what time it is.
        figures: where to count.
    """

    def __init__(
        self, shelf: Shelf, tables: Mapping[str, TablePlan], kept: Kept, clock: Clock, figures: Figures
    ) -> None:
        self.figures = figures
        self.time: float | None = None
        self.held: PollError | None = None
        self._shelf = shelf
        self._tables = tables
        self._kept = kept
        self._clock = clock
        self._contents: Mapping[str, Content] | None = None
        self._stamp: str | None = None

    async def read(
        self,
        name: str,
        *,
        owners: Mapping[str, str] = NOBODY,  # noqa: ARG002 - the profile has no such lists
        marks: Mapping[str, PageMark] = NO_MARKS,
        caps: Caps = ALL,  # noqa: ARG002 - a file is bounded as a whole
        enough: Enough = never,  # noqa: ARG002 - and read whole
    ) -> Walked | None:
        """See `reading.Lists.read`."""
        mark = marks.get("")
        try:
            if self._stamp is None:
                await self._settle(mark)
            if mark is not None and mark.etag == self._stamp:
                return Walked((Page("", mark, None),))
            contents = await self._read()
        except Exception as error:  # noqa: BLE001 - the one place that promises PollError and no other
            failure = _failure(error, name)
        else:
            content = contents[name]
            ids = (*(row.id for row in content.rows), *content.refused) if _has_ids(name) else ()
            page = Page("", PageMark(self._stamp or "", None, ids), content.rows, content.refused)
            self.figures.nameless[name] += content.bad - len(content.refused)
            return Walked((page,), whole=not content.bad)
        raise failure

    async def _settle(self, mark: PageMark | None) -> None:
        """Decide which set counts: what is there now, or the one before.

        One poll may have met somebody who was writing; what is not to be read for longer has to be told.
        """
        kept = self._kept
        try:
            await self._look(mark)
        except (UnfinishedError, IncompleteError) as refusal:
            kept.refused += 1
            if mark is None or not kept.files or mark.etag != _stamp(kept.files):
                raise
            self._stamp, self.time = mark.etag, kept.time
            if kept.refused > 1:
                self.held = PollError(Reason.DECODE, f"what was read before counts: {refusal}")
        else:
            kept.refused = 0

    async def _look(self, mark: PageMark | None) -> None:
        files = await self._shelf.look()
        stamp, before = _stamp(files), self._kept.files
        if before and _time(files) < self._kept.time:
            raise UnfinishedError("the files are older than those read before")
        if mark is None or mark.etag != stamp:
            contents = await self._decoded(files)
            self._doubt(contents)
            self._contents = contents
            self._kept.rows = {name: _rows(content) for name, content in contents.items()}
        if not before or stamp != _stamp(before):
            self._kept.time = min(_time(files), self._clock.now())
        elif _time(files) <= self._clock.now():
            self._kept.time = _time(files)  # the same files, made anew
        self._kept.files = {name: file._replace(body=None) for name, file in files.items()}
        self._kept.doubted = None
        self._stamp, self.time = stamp, self._kept.time

    def _doubt(self, contents: Mapping[str, Content]) -> None:
        """Refuse a set that has shrunk and was not found so by the poll before.

        Users and organizations are rarely taken away, and a file that was cut at the end of a line looks whole;
        sessions come and go with each export.
        """
        found = {name: _rows(content) for name, content in contents.items()}
        before, doubted = self._kept.rows, self._kept.doubted
        shrunk = [
            name
            for name, rows in found.items()
            if rows < before.get(name, 0) * (1 if _has_ids(name) else SHRUNK)
        ]
        if shrunk and (doubted is None or any(rows < doubted.get(name, 0) for name, rows in found.items())):
            self._kept.doubted = found
            raise UnfinishedError(
                f"{', '.join(shrunk)}: fewer rows than before; read if the next poll finds it so"
            )

    async def _read(self) -> Mapping[str, Content]:
        """What is in the set that counts; a list that memory does not have is read again."""
        if self._contents is None:
            files = await self._shelf.look()
            if _stamp(files) != self._stamp:
                raise UnfinishedError("the files have changed meanwhile")
            self._contents = await self._decoded(files)
        return self._contents

    async def _decoded(self, files: Mapping[str, File]) -> Mapping[str, Content]:
        fetched = await self._shelf.fetch(files)
        figures = [Figures() for _ in fetched]
        contents = await asyncio.gather(
            *(
                asyncio.to_thread(read_sheet, self._tables[name], file.body or b"", counted)
                for (name, file), counted in zip(fetched.items(), figures, strict=True)
            )
        )
        for counted in figures:
            self.figures.unknown_values += counted.unknown_values
            self.figures.refused_rows += counted.refused_rows
        return dict(zip(fetched, contents, strict=True))


def finished(table: str, file: File, now: float) -> File:
    """The file, if it is done by the looks of its last line or by its age.

    Raises:
        UnfinishedError: somebody may still be writing it.
    """
    if now - file.time < SURELY_DONE and not ends_with_a_line(file.body or b""):
        raise UnfinishedError(
            f"{table}: the last line is not finished; read once it has stood still for {SURELY_DONE:.0f} s"
        )
    return file


def _rows(content: Content) -> int:
    return len(content.rows) + content.bad


def _has_ids(name: str) -> bool:
    return "id" in TABLES[name]


def _stamp(files: Mapping[str, File]) -> str:
    whole = "\n".join(f"{name} {files[name].stamp}" for name in sorted(files))
    return hashlib.blake2b(whole.encode(), digest_size=16).hexdigest()


def _time(files: Mapping[str, File]) -> float:
    return min(file.time for file in files.values())


def _failure(error: Exception, name: str) -> PollError:
    if isinstance(error, UnfinishedError | IncompleteError):
        return PollError(Reason.DECODE, str(error))
    return of_exception(error, name)
