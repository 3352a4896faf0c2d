"""A list of targets as Prometheus has it: `[{"targets": [...], "labels": {...}}, ...]`, in JSON, or in YAML in a file.

Promises the targets of a list or a `TargetsError` in our words, and bounds how many there are. A list that has another
shape is refused as a whole, because a half of it would look like a fleet that shrank; what a single target says is
judged later, one by one. Fields besides these two are left aside.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from syncwatch.config.files import opened
from syncwatch.config.reader import read
from syncwatch.config.target import Target, said
from syncwatch.errors import ConfigError

MAX_TARGETS = 100_000
MAX_LABELS = 100  # of one group; those of Prometheus' own discoveries are about thirty
MAX_OBJECTS = 3 * MAX_TARGETS  # a group with its labels is two; decoding more would hold up the process
MAX_FILE = 64 << 20  # bytes of a JSON file; YAML is bounded by its reader, which is slower


class TargetsError(Exception):
    """A list of targets cannot be read; the message is ours and shows nothing of it."""


class Group(msgspec.Struct, frozen=True, gc=False):
    """Some targets with the same labels."""

    targets: list[str] = []
    labels: dict[str, str] = {}


_GROUPS = msgspec.json.Decoder(list[Group])
_WANTED = 'a list of {"targets": [...], "labels": {...}}, all of it text'


def parsed(body: bytes, file: Path | None = None) -> tuple[Target, ...]:
    """Read JSON; `file` is where it stands, None if it came over a network.

    Raises:
        TargetsError: it is no list of targets, or too long a one.
    """
    if body.count(b"{") > MAX_OBJECTS:
        raise TargetsError(f"has more objects than {MAX_TARGETS} targets need")
    try:
        groups = _GROUPS.decode(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        groups = None
    if groups is None:
        raise TargetsError(f"is not {_WANTED}")
    return tuple(_targets(groups, file, ()))


def in_file(file: Path) -> tuple[Target, ...]:
    """Read a file, JSON or YAML by its name.

    Raises:
        TargetsError: it cannot be read, is no list of targets, or too long a one.
    """
    if file.suffix.lower() == ".json":
        return parsed(_content(file), file)
    try:
        document = read(file)
    except ConfigError as error:
        wrong = error.problems[0]
        failure = TargetsError(f"{f'line {wrong.line}: ' if wrong.line else ''}{wrong.message}")
    else:
        return _written(document.data or [], [node.line for node in document.root.children.values()], file)
    raise failure


def _written(data: object, lines: Sequence[int], file: Path) -> tuple[Target, ...]:
    try:
        groups = msgspec.convert(data, list[Group])
    except (msgspec.MsgspecError, RecursionError):
        groups = None
    if groups is None:
        raise TargetsError(f"is not {_WANTED}")
    return tuple(_targets(groups, file, lines))


def _content(file: Path) -> bytes:
    try:
        with opened(file) as reader:
            content = reader.read(MAX_FILE + 1)
    except OSError as error:
        failure = TargetsError(f"cannot be read: {(error.strerror or 'input/output error').lower()}")
    else:
        if len(content) <= MAX_FILE:
            return content
        failure = TargetsError(f"is larger than {MAX_FILE >> 20} MiB")
    raise failure


def _targets(groups: Sequence[Group], file: Path | None, lines: Sequence[int]) -> Iterator[Target]:
    if sum(len(group.targets) for group in groups) > MAX_TARGETS or len(groups) > MAX_TARGETS:
        raise TargetsError(f"has more than {MAX_TARGETS} targets")
    position = 0
    for index, group in enumerate(groups):
        if len(group.labels) > MAX_LABELS:
            raise TargetsError(f"has a group with more than {MAX_LABELS} labels")
        shared, line = said(group.labels), lines[index] if index < len(lines) else None
        for url in group.targets:
            yield Target({"url": url, **shared}, position=position, file=file, line=line)
            position += 1
