"""Exports in a folder of this machine: files that somebody, or something, drops there at any time."""

import asyncio
import os
import stat
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from syncwatch.clock import Clock
from syncwatch.config.files import opened
from syncwatch.errors import PollError, Reason
from syncwatch.panel.exports import File, Kept, UnfinishedError, finished
from syncwatch.panel.sheet import MAX_BYTES
from syncwatch.transport.room import Share

T = TypeVar("T")

SETTLED = 1.0  # seconds for which a file has stood still before it is read


class Folder:
    """A folder with one file for each table; a `exports.Shelf`.

    Args:
        folder: where.
        names: the file of each table, below the folder.
        kept: what the polls before left.
        clock: what time it is.
        share: what the poll may hold.
    """

    def __init__(
        self, folder: Path, names: Mapping[str, str], kept: Kept, clock: Clock, *, share: Share
    ) -> None:
        self._paths = {table: folder / name for table, name in names.items()}
        self._kept = kept
        self._clock = clock
        self._share = share

    async def look(self) -> Mapping[str, File]:
        """See `exports.Shelf.look`."""
        return await self._apart(self._stat)

    async def fetch(self, files: Mapping[str, File]) -> Mapping[str, File]:
        """See `exports.Shelf.fetch`; waits for a file that was written a moment ago."""
        age = self._clock.now() - max(file.time for file in files.values())
        if 0 <= age < SETTLED:
            await self._clock.sleep(SETTLED - age)
        await self._share.afford(sum(min(file.size, MAX_BYTES) for file in files.values()))
        read = await self._apart(partial(self._read, files))
        if await self.look() != files:
            raise UnfinishedError("the files are being written")
        now = self._clock.now()
        return {table: finished(table, file, now) for table, file in read.items()}

    async def _apart(self, work: Callable[[], T]) -> T:
        """Do `work` in a thread of its own, at most one a tenant: a dead file server may hold it for ever.

        So it must not keep the others' threads, nor the end of the process, waiting.
        """
        if self._kept.busy is not None and not self._kept.busy.is_set():
            raise PollError(Reason.TIMEOUT, "the folder has not answered the poll before yet")
        over = self._kept.busy = threading.Event()
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()

        def run() -> None:
            settle: Callable[[], None]
            try:
                settle = partial(_settle, done, done.set_result, work())
            except Exception as error:  # noqa: BLE001 - raised where it is waited for
                settle = partial(_settle, done, done.set_exception, error)
            over.set()
            with suppress(RuntimeError):  # nobody waits any more, and the loop is closed
                loop.call_soon_threadsafe(settle)

        threading.Thread(target=run, name="exports", daemon=True).start()
        return await done

    def _stat(self) -> dict[str, File]:
        files = {}
        for table, path in self._paths.items():
            try:
                status = path.stat()
            except OSError as error:
                failure = _unreadable(table, error)
            else:
                if stat.S_ISREG(status.st_mode):
                    files[table] = _file(status)
                    continue
                failure = PollError(
                    Reason.CONNECT, f"{table}: there is something else in the place of the file"
                )
            raise failure
        return files

    def _read(self, files: Mapping[str, File]) -> dict[str, File]:
        return {table: file._replace(body=self._content(table)) for table, file in files.items()}

    def _content(self, table: str) -> bytes:
        try:
            with opened(self._paths[table]) as file:
                return file.read(MAX_BYTES + 1)
        except OSError as error:
            failure = _unreadable(table, error)
        raise failure


def _settle(done: asyncio.Future[Any], settle: Callable[[Any], None], value: Any) -> None:
    if not done.done():
        settle(value)


def _file(status: os.stat_result) -> File:
    stamp = f"{status.st_mtime_ns} {status.st_size} {status.st_ino}"
    return File(stamp, status.st_mtime, status.st_size)


def _unreadable(table: str, error: OSError) -> PollError:
    """What keeps a file from being read, without its name: the folder may be named after the firm."""
    reason = Reason.FORBIDDEN if isinstance(error, PermissionError) else Reason.CONNECT
    return PollError(
        reason, f"{table}: the file cannot be read: {(error.strerror or 'input/output error').lower()}"
    )
