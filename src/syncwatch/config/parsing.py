"""From the text of a YAML file to a `Document`.

Built from libyaml's events instead of its node tree, because the latter recurses in C and a file of a
thousand brackets ends the process. Nesting, and what aliases expand to, are bounded before anything is built;
duplicate keys, tags and keys that are no text are refused, all of them at once. Plain scalars follow YAML 1.1
as PyYAML does, except that dates stay text.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import SafeConstructor
from yaml.resolver import Resolver

from syncwatch.config.document import Document, Location, Node
from syncwatch.errors import ConfigError, Problem

MAX_DEPTH = 64
MAX_REPEATED = 200_000  # values that aliases may add to those which are written out

_TAG = "tag:yaml.org,2002:"
_PLAIN_TAGS = frozenset(_TAG + name for name in ("null", "bool", "int", "float"))
_TEXT_TAGS = frozenset(_TAG + name for name in ("str", "timestamp", "value"))
_NO_TAGS = "tags (`!...`) are not supported: remove the tag"
_NO_MERGE = "merge keys (`<<`) are not supported: write the keys out"


def parse(file: Path, text: str, digest: str) -> Document:
    """Parse one YAML document.

    Raises:
        ConfigError: with all problems, unless a problem of syntax hides the rest.
    """
    try:
        builder = _Builder(file, text)
        document = Document(file, digest, builder.document())
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        problem = Problem(file, line, "", f"is not valid YAML: {error.problem}")
        raise ConfigError([problem]) from None
    except yaml.YAMLError:
        raise ConfigError([Problem(file, None, "", "is not valid YAML: a control character")]) from None
    if builder.problems:
        raise ConfigError(
            document.problem(location, message, line=line) for location, line, message in builder.problems
        )
    return document


class _Scalars(SafeConstructor, Resolver):
    """PyYAML's rules for plain scalars, without a parser."""

    def __init__(self) -> None:
        SafeConstructor.__init__(self)
        Resolver.__init__(self)


class _Builder:
    """Turns the events of one text into nodes; `problems` holds (location, line, message)."""

    def __init__(self, file: Path, text: str) -> None:
        self._file = file
        self._events: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
        self._scalars: Any = _Scalars()
        self._anchors: dict[str, Node] = {}
        self._path: list[str | int] = []
        self._repeated = 0
        self.problems: list[tuple[Location, int, str]] = []

    def document(self) -> Node:
        """Read the only document of the stream.

        Raises:
            ConfigError: a bound was exceeded, or there are several documents.
            yaml.YAMLError: it is not YAML.
        """
        self._next()  # the start of the stream
        if isinstance(self._next(), yaml.StreamEndEvent):
            return Node(1, {})
        root = self._node(self._next())
        self._next()  # the end of the document
        following = self._next()
        if not isinstance(following, yaml.StreamEndEvent):
            raise self._fatal(following, "a file holds one YAML document: remove the `---`")
        return root if root.data is not None else Node(1, {})

    def _next(self) -> Any:
        return self._events.get_event()

    def _fatal(self, event: Any, message: str) -> ConfigError:
        return ConfigError([Problem(self._file, _line(event), "", message)])

    def _complain(self, event: Any, message: str) -> None:
        self.problems.append((tuple(self._path), _line(event), message))

    def _node(self, event: Any) -> Node:
        if len(self._path) >= MAX_DEPTH:
            raise self._fatal(event, f"is nested more than {MAX_DEPTH} levels deep")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if isinstance(event, yaml.ScalarEvent):
            node = Node(_line(event), self._scalar(event))
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self._sequence(event)
        else:
            node = self._mapping(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        return node

    def _alias(self, event: Any) -> Node:
        """Look an anchor up; inside itself it is not yet known, so nothing can hold itself."""
        node = self._anchors.get(event.anchor)
        if node is None:
            raise self._fatal(event, "an alias (*) stands for an anchor (&) that is not complete above it")
        self._repeated += node.size
        if self._repeated > MAX_REPEATED:
            raise self._fatal(event, f"aliases add more than {MAX_REPEATED} values: write less of them")
        if len(self._path) + node.height > MAX_DEPTH:
            raise self._fatal(event, f"is nested more than {MAX_DEPTH} levels deep")
        return node

    def _tag(self, event: Any) -> str:
        """Tell what a scalar is, by the tag it carries or by its looks."""
        if event.tag in {None, "!"}:
            return str(self._scalars.resolve(yaml.ScalarNode, event.value, event.implicit))
        return str(event.tag)

    def _scalar(self, event: Any) -> Any:
        tag = self._tag(event)
        if tag in _TEXT_TAGS:
            return event.value
        if tag in _PLAIN_TAGS:
            try:
                return self._scalars.construct_object(yaml.ScalarNode(tag, event.value))
            except (ValueError, LookupError, OverflowError):
                self._complain(event, "is not what its tag says: quote it, or remove the tag")
        else:
            self._complain(event, _NO_MERGE if tag == f"{_TAG}merge" else _NO_TAGS)
        return None

    def _sequence(self, event: Any) -> Node:
        self._refuse_tag(event)
        children: dict[str | int, Node] = {}
        lines: dict[str | int, int] = {}
        while not isinstance(item := self._next(), yaml.SequenceEndEvent):
            index = len(children)
            self._path.append(index)
            lines[index] = _line(item)
            children[index] = self._node(item)
            self._path.pop()
        return _branch(event, [child.data for child in children.values()], children, lines)

    def _mapping(self, event: Any) -> Node:
        self._refuse_tag(event)
        children: dict[str | int, Node] = {}
        lines: dict[str | int, int] = {}
        while not isinstance(item := self._next(), yaml.MappingEndEvent):
            if not isinstance(item, yaml.ScalarEvent):
                raise self._fatal(item, "a key must be text")
            self._path.append(item.value)
            new = self._key(item, lines)
            value = self._node(self._next())
            self._path.pop()
            if new:
                children[item.value], lines[item.value] = value, _line(item)
        return _branch(event, {key: child.data for key, child in children.items()}, children, lines)

    def _key(self, event: Any, lines: Mapping[str | int, int]) -> bool:
        """Say whether this key, already on the path, is new; complain of one that is not what we take."""
        tag = self._tag(event)
        if tag == f"{_TAG}merge":
            self._complain(event, _NO_MERGE)
        elif tag not in _TEXT_TAGS:
            self._complain(event, "a key must be text: quote it")
        if event.value not in lines:
            return True
        first = lines[event.value]
        self._complain(event, f"the key is there twice, first on line {first}: remove one of them")
        return False

    def _refuse_tag(self, event: Any) -> None:
        if event.tag not in {None, "!", f"{_TAG}map", f"{_TAG}seq"}:
            self._complain(event, _NO_TAGS)


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _branch(
    event: Any, data: Any, children: Mapping[str | int, Node], lines: Mapping[str | int, int]
) -> Node:
    below = tuple(children.values())
    return Node(
        _line(event),
        data,
        children,
        lines,
        size=1 + sum(child.size for child in below),
        height=1 + max((child.height for child in below), default=0),
    )
