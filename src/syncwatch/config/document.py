"""A YAML file as plain data that remembers where each part of it stands.

Never carries a value into a message or a repr: what stands in the wrong place may be a secret. The one value
that a location shows is the id of a list item, because `tenants[firm-001].url` is found faster than
`tenants[873].url`.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from syncwatch.errors import Problem

Location = tuple[str | int, ...]

SHOWN_KEY = 60  # characters of a key in a message

_BARE_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


class Written(Protocol):
    """What somebody wrote, as plain data, and the way back from a location in it to a place that a person finds."""

    @property
    def data(self) -> Any:
        """The whole of it."""
        ...

    def problem(self, location: Location, message: str) -> Problem:
        """Name what is wrong at `location`."""
        ...


@dataclass(frozen=True, slots=True)
class Node:
    """One value of the file, with everything below it.

    Attributes:
        line: where it begins, from 1.
        data: the value as plain Python.
        children: what is in a mapping by key, in a list by index.
        lines: where the key or list item of each child begins.
        size: number of values in it, aliases written out.
        height: levels of nesting, 1 for a scalar.
    """

    line: int
    data: Any = field(repr=False)
    children: Mapping[str | int, "Node"] = field(default_factory=dict, repr=False)
    lines: Mapping[str | int, int] = field(default_factory=dict, repr=False)
    size: int = 1
    height: int = 1


@dataclass(frozen=True)
class Document:
    """One file that was read: its data, and the way back from a location to a line.

    Attributes:
        file: where it was read from.
        digest: SHA-256 of its bytes, in hex.
        root: the outermost value.
    """

    file: Path
    digest: str
    root: Node = field(repr=False)

    @property
    def data(self) -> Any:
        """The whole file as plain Python; an empty file is an empty mapping."""
        return self.root.data

    def problem(self, location: Location, message: str, *, line: int | None = None) -> Problem:
        """Name what is wrong at `location`, with the line of its deepest part that is in the file.

        Parts in between that are not in the file are left out; the last one stays (a key that is missing).
        """
        node, shown, found = self.root, "", self.root.line
        for place, part in enumerate(location):
            child = node.children.get(part)
            if child is not None:
                shown += _shown(part, child.data)
                node, found = child, node.lines[part]
            elif place == len(location) - 1:
                shown += _shown(part, None)
        return Problem(self.file, line or found, shown.removeprefix("."), message)


def _shown(part: str | int, value: Any) -> str:
    """Write one step of a location; a list item goes by its id, if it has a usable one."""
    if isinstance(part, int):
        name = value.get("id") if isinstance(value, dict) else None
        return f"[{name}]" if isinstance(name, str) and _ID.fullmatch(name) else f"[{part}]"
    return f".{part}" if _BARE_KEY.fullmatch(part) else f"[{json.dumps(part[:SHOWN_KEY])}]"
