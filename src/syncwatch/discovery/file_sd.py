"""Files of targets. Each is for itself: of one that cannot be read, the last good content stays.

A file that is gone has no targets any more, and a pattern that matches nothing is an empty list, as in Prometheus:
files come and go.
"""

import asyncio
import glob
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from types import MappingProxyType

from syncwatch.config.fleet import FileDiscovery
from syncwatch.config.target import Target
from syncwatch.discovery.source import Look
from syncwatch.discovery.targets import MAX_TARGETS, TargetsError, in_file

MAX_FILES = 10_000

_NOTHING: Mapping[Path, tuple[Target, ...]] = MappingProxyType({})


class FileSource:
    """The files of one section `file_sd`.

    Args:
        discovery: says which.
        good: the last good content of files, as far as it is known from before.

    Attributes:
        good: that of those that the patterns matched at the last look.
    """

    def __init__(self, discovery: FileDiscovery, good: Mapping[Path, tuple[Target, ...]] = _NOTHING) -> None:
        self._discovery = discovery
        self.good = good

    async def look(self) -> Look:
        """See `Source.look`; files are read in a thread."""
        return await asyncio.to_thread(self.read)

    def read(self) -> Look:
        """Read all files that the patterns match now, each once, in the order of patterns and names."""
        wrong: list[str] = []
        good: dict[Path, tuple[Target, ...]] = {}
        files = dict.fromkeys(_files(self._discovery.patterns))
        for file in [*files][:MAX_FILES]:
            try:
                good[file] = in_file(file)
            except TargetsError as error:
                wrong.append(f"{file}: {error}")
                good[file] = self.good.get(file, ())
        targets = tuple(chain.from_iterable(good.values()))
        if len(files) > MAX_FILES or len(targets) > MAX_TARGETS:
            return Look(None, (f"there are more than {MAX_FILES} files or {MAX_TARGETS} targets in them",))
        self.good = good
        if wrong and not targets:
            return Look(None, tuple(wrong))
        return Look(targets, tuple(wrong))


def _files(patterns: tuple[str, ...]) -> Iterator[Path]:
    for pattern in patterns:
        for name in sorted(glob.glob(pattern)):  # noqa: PTH207 - a pattern may be absolute
            if Path(name).is_file():
                yield Path(name)
