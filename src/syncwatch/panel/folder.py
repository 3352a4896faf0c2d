"""Exports in a folder of this machine: files that somebody, or something, drops there at any time."""

import asyncio
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from syncwatch.clock import Clock
from syncwatch.errors import PollError, Reason
from syncwatch.panel.exports import File, UnfinishedError, finished
from syncwatch.panel.sheet import MAX_BYTES

SETTLED = 1.0  # seconds for which a file has stood still before it is read


class Folder:
    """A folder with one file for each table; a `exports.Shelf`.

    Args:
        folder: where.
        names: the file of each table, below the folder.
        clock: what time it is.
    """

    def __init__(self, folder: Path, names: Mapping[str, str], clock: Clock) -> None:
        self._paths = {table: folder / name for table, name in names.items()}
        self._clock = clock

    async def look(self) -> Mapping[str, File]:
        """See `exports.Shelf.look`."""
        return await asyncio.to_thread(self._stat)

    async def fetch(self, files: Mapping[str, File]) -> Mapping[str, File]:
        """See `exports.Shelf.fetch`; waits for a file that was written a moment ago."""
        age = self._clock.now() - max(file.time for file in files.values())
        if 0 <= age < SETTLED:
            await self._clock.sleep(SETTLED - age)
        read = await asyncio.to_thread(self._read, files)
        if await self.look() != files:
            raise UnfinishedError("the files are being written")
        now = self._clock.now()
        return {table: finished(table, file, now) for table, file in read.items()}

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
            with self._paths[table].open("rb") as file:
                return file.read(MAX_BYTES + 1)
        except OSError as error:
            failure = _unreadable(table, error)
        raise failure


def _file(status: os.stat_result) -> File:
    stamp = f"{status.st_mtime_ns} {status.st_size} {status.st_ino}"
    return File(stamp, status.st_mtime, status.st_size)


def _unreadable(table: str, error: OSError) -> PollError:
    """What keeps a file from being read, without its name: the folder may be named after the firm."""
    reason = Reason.FORBIDDEN if isinstance(error, PermissionError) else Reason.CONNECT
    return PollError(
        reason, f"{table}: the file cannot be read: {(error.strerror or 'input/output error').lower()}"
    )
