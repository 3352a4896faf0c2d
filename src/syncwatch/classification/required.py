"""What must stand in a text for a pattern to match it: groups of literals, of each of which one at least is there.

Promises never to ask for too much: a text that the pattern matches has a literal of every group, in some case. What is not
plain (classes, escapes, what may be left out) asks for nothing, and a pattern that asks for nothing has to be run on
every text. RE2 can tell the same of its patterns, but not in a way that stays fast with thousands of them.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

Group = frozenset[str]

MIN_LENGTH = 3  # characters of a literal that is worth looking for
MIN_BYTES = 6  # of one in a script that says more with a character
MAX_PARENTHESES = (
    150  # a pattern with more of them asks for nothing; the reading goes one call deeper for each
)
MAX_EXACT = 24  # strings that a part of a pattern is spelled out to
MAX_GROUP = 400  # literals of one group

_ESCAPE = re.compile(r"\\(?:[pPx]\{[^}]*\}|x..|[pP].|.)", re.DOTALL)
_CLASS = re.compile(r"\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\]", re.DOTALL)
_GROUP = re.compile(r"\((?:\?(?:P?<\w+>|[imsU-]*:?))?")
_PLAIN = re.compile(
    r"[^\\.\[\](){}|?*+^$]+(?![?*+{])"
)  # the last character of it is not what a quantifier is about
_QUANTIFIER = re.compile(r"(?:([?*+])|\{(\d+)(,?)(\d*)\})\??")
_NOT_SIMPLE = re.compile(r"\\Q|\(\?[imsU-]+\)")  # flags, too, go over a `|`
_QUOTING = r"\Q"
_ENDS = frozenset({"", "|", ")"})
_WITHOUT_WIDTH = frozenset({"\\b", "\\B", "\\A", "\\z", "^", "$"})
_EMPTY: frozenset[str] = frozenset({""})


class Part(NamedTuple):
    """A part of a pattern: the strings that it is, if they are few, and the groups that it asks for."""

    exact: frozenset[str] | None
    groups: tuple[Group, ...] = ()


_ANYTHING = Part(None)


class Alternative(NamedTuple):
    """A pattern that is one of those that another one consists of, and the groups it asks for, most telling one first."""

    text: str
    groups: tuple[Group, ...]


def required(pattern: str) -> tuple[Group, ...]:
    """The groups that an RE2 pattern asks for, the most telling one first; none if it has to be run on every text."""
    if _QUOTING in pattern or pattern.count("(") > MAX_PARENTHESES:
        return ()
    return _asked(_one_of([part for _, part in _Reader(pattern).branches()]))


def alternatives(pattern: str) -> tuple[Alternative, ...]:
    """The alternatives that a pattern consists of; only the pattern if it is not that simple."""
    if _NOT_SIMPLE.search(pattern) or pattern.count("(") > MAX_PARENTHESES:
        return (Alternative(pattern, required(pattern)),)
    return tuple(Alternative(text, _asked(part)) for text, part in _Reader(pattern).branches())


class _Reader:
    """One reading of a pattern, from left to right; RE2 has taken it, so it is whole."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0

    def branches(self) -> list[tuple[str, Part]]:
        """Read to the end of a group, or of the pattern: what stands between the `|`, and as what."""
        found: list[tuple[str, Part]] = []
        while True:
            start = self._at
            part = self._sequence()
            found.append((self._pattern[start : self._at], part))
            if self._peek() != "|":
                return found
            self._at += 1

    def _sequence(self) -> Part:
        run, whole, groups = _EMPTY, True, list[Group]()
        while True:
            if plain := _PLAIN.match(self._pattern, self._at):
                self._at = plain.end()
                text = _folded(plain[0])
                run = frozenset([each + text for each in run])
                continue
            if self._peek() in _ENDS:
                break
            part, ends = self._quantified(self._atom())
            joined = _joined(run, part.exact)
            if joined is None:
                groups += (*_group(run), *part.groups)
                run, whole = _EMPTY, False
            elif ends:
                groups += _group(joined)
                run, whole = _EMPTY, False
            else:
                run = joined
        return Part(run) if whole else Part(None, (*groups, *_group(run)))

    def _atom(self) -> Part:
        match self._peek():
            case "(":
                self._take(_GROUP)
                part = _one_of([part for _, part in self.branches()])
                self._at += 1
                return part
            case "[":
                members = self._take(_CLASS)[1:-1]
                return (
                    Part(frozenset(map(_folded, members)))
                    if members.isalpha() and len(members) <= MAX_EXACT
                    else _ANYTHING
                )
            case "\\":
                return _escaped(self._take(_ESCAPE))
            case character:
                self._at += 1
                if character in _WITHOUT_WIDTH:
                    return Part(_EMPTY)
                return _ANYTHING if character == "." else Part(frozenset({_folded(character)}))

    def _quantified(self, part: Part) -> tuple[Part, bool]:
        """The part as often as it comes, and whether what stands behind it is not known to stand beside it."""
        found = _QUANTIFIER.match(self._pattern, self._at)
        if found is None:
            return part, False
        self._at = found.end()
        sign, least, comma, most = found.groups()
        optional = sign in {"?", "*"} or least == "0"
        once = (
            sign == "?"
            or (least in {"0", "1"} and most in {"0", "1"} and comma == ",")
            or (least == "1" and not comma)
        )
        if optional:
            return (
                (Part(part.exact | _EMPTY), False) if once and part.exact is not None else (_ANYTHING, False)
            )
        return part, not once

    def _peek(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _take(self, form: re.Pattern[str]) -> str:
        found = form.match(self._pattern, self._at)
        self._at = found.end() if found else len(self._pattern)
        return found[0] if found else ""


def _folded(text: str) -> str:
    """Literals are looked for in any case; to fold more than ASCII could make two characters of one."""
    return text.lower() if text.isascii() else text


def _escaped(written: str) -> Part:
    if written in _WITHOUT_WIDTH:
        return Part(_EMPTY)
    return _ANYTHING if written[1:2].isalnum() else Part(frozenset({_folded(written[1:])}))


def _joined(run: frozenset[str], exact: frozenset[str] | None) -> frozenset[str] | None:
    """Each of the strings so far with each of those that follow; None if that is not known, or too many."""
    if exact is None or len(run) * len(exact) > MAX_EXACT:
        return None
    return frozenset(first + second for first in run for second in exact)


def _one_of(parts: Sequence[Part]) -> Part:
    """One of several parts: it asks for as many groups as each of them does, one of each of them together."""
    if len(parts) == 1:
        return parts[0]
    exact: frozenset[str] | None = _EMPTY - _EMPTY
    asked: list[list[Group]] = []
    for part in parts:
        exact = None if exact is None or part.exact is None else exact | part.exact
        asked.append(sorted((*part.groups, *_group(part.exact)), key=_telling, reverse=True))
    few = exact if exact is not None and len(exact) <= MAX_EXACT else None
    together = (_EMPTY.union(*groups) - _EMPTY for groups in zip(*asked, strict=False))
    return Part(few, tuple(group for group in together if len(group) <= MAX_GROUP))


def _asked(part: Part) -> tuple[Group, ...]:
    """All groups that a part asks for, the most telling one first."""
    return tuple(sorted({*part.groups, *_group(part.exact)}, key=_telling, reverse=True))


def _group(strings: frozenset[str] | None) -> tuple[Group, ...]:
    """These strings as a group, if each is worth looking for."""
    return (strings,) if strings and all(map(_worth, strings)) else ()


def _worth(literal: str) -> bool:
    return len(literal) >= MIN_LENGTH or len(literal.encode()) >= MIN_BYTES


def _telling(group: Group) -> tuple[int, int]:
    """How much it tells that one of them is there: long ones are rare, and so are few."""
    return min(map(len, map(str.encode, group))), -len(group)
