"""Opening a file that a person named. What stands there may be anything, also later on: it never keeps anybody waiting.

A pipe that nobody writes to would hold the thread that opens it for ever, and a device has no end; so only a regular
file is one, and that is looked at after it was opened, because something else may take its place in between.
"""

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path


def opened(path: Path) -> BufferedReader:
    """A regular file, to be read and closed by the caller.

    Raises:
        OSError: it cannot be opened, or is something else.
    """
    file = open(path, "rb", opener=_at_once)  # noqa: SIM115 - `Path.open` has no `opener`
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "is no regular file")
    return file


def _at_once(name: str, flags: int) -> int:
    return os.open(name, flags | os.O_NONBLOCK | os.O_NOCTTY)
