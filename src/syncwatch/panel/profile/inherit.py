"""One profile on top of another: `extends`.

What the upper one writes counts, mapping by mapping and key by key; lists and single values replace; null takes away
(RFC 7396), but not among the panel's words, where it means that one says nothing. How a panel is asked is said anew or not at all: half of one kind of paging and half of another would be
neither.
"""

from dataclasses import replace
from typing import Any

from syncwatch.config.document import Document, Node
from syncwatch.errors import ConfigError

ANEW = frozenset({"authentication", "paging"})
WORDS = "values"


def overlay(parent: Document, child: Document) -> Document:
    """`child` with what it does not write taken from `parent`.

    A problem in an inherited part shows the line of `extends`.
    """
    line = child.root.lines["extends"]
    return replace(child, root=_over(_moved(parent.root, line), child.root))


def parent_of(document: Document) -> str | None:
    """The id of the profile that this one extends."""
    return _text(document, "extends")


def id_of(document: Document) -> str | None:
    """The profile's own id."""
    return _text(document, "profile")


def chain(id_: str, documents: dict[str, Document]) -> Document:
    """The profile with all that it inherits.

    Raises:
        ConfigError: a profile extends one that does not exist, or itself.
    """
    document = documents[id_]
    below: list[Document] = [document]
    while (parent := parent_of(below[-1])) is not None:
        if parent not in documents:
            known = ", ".join(sorted(documents))
            message = f"there is no profile of this id; known: {known}"
            raise ConfigError([below[-1].problem(("extends",), message)])
        if documents[parent] in below:
            circle = documents[parent].problem(("extends",), "leads back to this profile: remove it")
            raise ConfigError([circle])
        below.append(documents[parent])
    whole = below.pop()
    while below:
        whole = overlay(whole, below.pop())
    return whole


def _over(parent: Node, child: Node, *, words: bool = False) -> Node:
    if not (isinstance(parent.data, dict) and isinstance(child.data, dict)):
        return child
    children, lines = dict(parent.children), dict(parent.lines)
    for key, node in child.children.items():
        if node.data is None and not words:
            children.pop(key, None)
            lines.pop(key, None)
            continue
        below = children.get(key)
        children[key] = _over(below, node, words=key == WORDS) if below and key not in ANEW else node
        lines[key] = child.lines[key]
    data: dict[Any, Any] = {key: node.data for key, node in children.items()}
    return replace(child, data=data, children=children, lines=lines)


def _moved(node: Node, line: int) -> Node:
    """The same as if all of it stood on one line."""
    return replace(
        node,
        line=line,
        children={key: _moved(child, line) for key, child in node.children.items()},
        lines=dict.fromkeys(node.lines, line),
    )


def _text(document: Document, key: str) -> str | None:
    value = document.data.get(key) if isinstance(document.data, dict) else None
    return value if isinstance(value, str) else None
