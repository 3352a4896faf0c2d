"""Which metrics an expression names and what aggregates them: a look at its words, enough for expressions that parse."""

import re
from collections.abc import Iterator

KEYWORDS = {"and", "or", "unless", "by", "without", "on", "ignoring", "group_left", "bool", "offset", "Inf"}
AGGREGATIONS = {"sum", "min", "max", "avg", "count", "topk"}

_NO_NAMES = re.compile(r"\{[^}]*\}|\[[^\]]*\]|\"[^\"]*\"|\b(?:on|ignoring|group_left)\s*\([^)]*\)")
_WORD = re.compile(r"(?<![\w:])[A-Za-z_][\w:]*(?!\s*\(|[\w:])")
_GROUPING = re.compile(r"\b(?:by|without)\s*\([^)]*\)")
_OPENING = re.compile(r"\b(\w+)\s*((?:by|without)\s*\([^)]*\))?\s*$")


def metrics(expr: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """(metric, [(aggregation, its grouping), ...] around it, innermost first)."""
    bare = _NO_NAMES.sub(lambda part: " " * len(part[0]), expr)
    words = _GROUPING.sub(lambda part: " " * len(part[0]), bare)
    for found in _WORD.finditer(words):
        if found[0] not in KEYWORDS | AGGREGATIONS:
            yield found[0], _around(bare, found.start())


def _around(expr: str, end: int) -> list[tuple[str, str]]:
    closed, found = 0, []
    for place in range(end - 1, -1, -1):
        if expr[place] == ")":
            closed += 1
        elif expr[place] == "(" and closed:
            closed -= 1
        elif expr[place] == "(" and (opening := _OPENING.search(expr[:place])) and opening[1] in AGGREGATIONS:
            found.append((opening[1], opening[2] or ""))
    return found
