"""Tells which files have another content than they had.

Content decides, not the time or the name: a ConfigMap is swapped as a whole behind a symbolic link, editors write a file
anew, and a file that is only touched has not changed. A file that is not there, or cannot be read, has no content, so
that its coming and going are changes as well. Contents are kept as digests only.
"""

import glob
import hashlib
import stat
from collections.abc import Iterable
from math import inf
from pathlib import Path
from typing import NamedTuple

from syncwatch.config.files import opened

TICK = 0.01  # seconds by which a file's times may be behind the clock


class _Mark(NamedTuple):
    """What a file is known by: as the file system has it, to be quick, and by what is in it."""

    stamp: tuple[int, ...]
    digest: bytes | None

    @property
    def written(self) -> float:
        """When it was last changed or put there, Unix seconds."""
        return max(self.stamp[:2], default=0) / 1e9


class Watch:
    """Remembers what each file held when it was last looked at."""

    def __init__(self) -> None:
        self._seen: dict[Path, _Mark] = {}
        self._found: dict[str, frozenset[Path]] = {}

    def changed(
        self, files: Iterable[Path], patterns: Iterable[str] = (), *, since: float = inf
    ) -> frozenset[Path]:
        """Which of these have changed since the last look; or `since`, where this is the first one at a file.

        Reads files, so it belongs into a thread.

        Args:
            files: each by its path.
            patterns: what `glob` finds; a file that comes or goes has changed.
            since: when what is known of them was read, Unix seconds.
        """
        found = {pattern: frozenset(map(Path, glob.glob(pattern))) for pattern in patterns}  # noqa: PTH207
        known = {path for pattern in found for path in self._found.get(pattern, ())}
        expected = {path for pattern in found.keys() & self._found.keys() for path in found[pattern]} | known
        seen, changed = {}, set()
        for path in {*files, *expected, *(path for paths in found.values() for path in paths)}:
            before = self._seen.get(path)
            seen[path] = _mark(path, before)
            if before is None and path not in expected:
                if seen[path].written >= since - TICK:
                    changed.add(path)
            elif seen[path].digest != (before.digest if before else None):
                changed.add(path)
        self._seen, self._found = seen, found
        return frozenset(changed)


def _mark(path: Path, before: _Mark | None) -> _Mark:
    try:
        status = path.stat()
        stamp = (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino, status.st_dev)
        if before is not None and before.stamp == stamp:
            return before
        return _Mark(stamp, _digest(path) if stat.S_ISREG(status.st_mode) else None)
    except OSError:
        return _Mark((), None)


def _digest(path: Path) -> bytes:
    with opened(path) as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).digest()
