"""The words that a pattern spells out.

Promises whole words only: what may be a part of a longer word, because something that is not spelled out stands right
beside it, is left out, so that `d.pass` does not give `pass`. Optional letters, alternatives and small classes of
letters are spelled both ways. A pattern is walked from left to right with the set of words that may be open at that
place; the walk gives up on what would make that set large.
"""

import re
from collections.abc import Set as AbstractSet

MAX_GROUPS = 100  # a pattern with more of them gives no words; the walk goes one call deeper for each
MAX_OPEN = 64
MAX_CLASS = 4  # letters of a class that are tried one by one

_HOLE = "\0"  # in an open word: something that is not spelled out
_ENDS = frozenset({"", "|", ")"})
_NONE: frozenset[str] = frozenset({""})
_ESCAPE = re.compile(r"\\(?:[pPx]\{[^}]*\}|x..|[pP].|.)", re.DOTALL)
_CLASS = re.compile(r"\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\]", re.DOTALL)
_GROUP = re.compile(r"\((?:\?(?:P?<\w+>|[imsU-]*:?))?")
_LETTERS = re.compile(r"[A-Za-z_]+(?![?*+{])")  # the last of them is not what a quantifier is about
_QUANTIFIER = re.compile(r"([?*+]|\{(\d+)(,?)(\d*)\})\??")
_BETWEEN_WORDS = frozenset("bWsAzntrfv")  # escapes that no word goes on across


def words(pattern: str) -> frozenset[str]:
    """Give the words of letters (and `_`) that an RE2 pattern spells out, in lower case."""
    if pattern.count("(") > MAX_GROUPS:
        return frozenset()
    walk = _Walk(pattern)
    walk.close(walk.alternatives(_NONE))
    return frozenset(walk.found)


class _Walk:
    """One way through a pattern, from left to right."""

    def __init__(self, pattern: str) -> None:
        self.found: set[str] = set()
        self._pattern = pattern
        self._at = 0

    def alternatives(self, open_: AbstractSet[str]) -> AbstractSet[str]:
        """Walk to the end of a group, or of the pattern."""
        ends = set(self._sequence(open_))
        while self._peek() == "|":
            self._at += 1
            ends |= self._sequence(open_)
        return ends

    def close(self, open_: AbstractSet[str]) -> AbstractSet[str]:
        """The open words end here."""
        self.found.update(word.lower() for word in open_ if len(word) > 1 and _HOLE not in word)
        return _NONE

    def _sequence(self, open_: AbstractSet[str]) -> AbstractSet[str]:
        while self._peek() not in _ENDS:
            if letters := _LETTERS.match(self._pattern, self._at):  # one by one would take longer
                self._at = letters.end()
                open_ = {word + letters[0] for word in open_}
                continue
            after = self._atom(open_)
            optional, repeated = self._quantifier()
            if repeated and after != _NONE:
                after |= {_HOLE}
            open_ = after | open_ if optional and after != {_HOLE} else after
            if len(open_) > MAX_OPEN:
                open_ = {_HOLE}
        return open_

    def _atom(self, open_: AbstractSet[str]) -> AbstractSet[str]:
        match self._peek():
            case "(":
                self._take(_GROUP)
                after = self.alternatives(open_)
                self._at += 1
                return after
            case "[":
                return self._class(open_, self._take(_CLASS))
            case "\\":
                return self._escape(open_, self._take(_ESCAPE))
            case character:
                self._at += 1
                return {_HOLE} if character == "." else self._literal(open_, character)

    def _class(self, open_: AbstractSet[str], written: str) -> AbstractSet[str]:
        members = written[1:-1]
        if members.isalpha() and len(members) <= MAX_CLASS:
            return {word + member for word in open_ for member in members}
        plain = re.sub(r"\\[sW]", "", members)
        if "\\" in plain or plain.startswith("^") or re.search(r"\w", plain):
            return {_HOLE}
        return self.close(open_)

    def _escape(self, open_: AbstractSet[str], written: str) -> AbstractSet[str]:
        escaped = written[1:]
        if escaped in _BETWEEN_WORDS:
            return self.close(open_)
        return {_HOLE} if escaped[:1].isalnum() else self._literal(open_, escaped)

    def _literal(self, open_: AbstractSet[str], character: str) -> AbstractSet[str]:
        if character.isalpha() or character == "_":
            return {word + character for word in open_}
        return {_HOLE} if character.isalnum() else self.close(open_)

    def _quantifier(self) -> tuple[bool, bool]:
        """Whether what stands before may be left out, and whether it may come more than once."""
        found = _QUANTIFIER.match(self._pattern, self._at)
        if found is None:
            return False, False
        self._at = found.end()
        sign, least, comma, most = found.groups()
        if least is None:
            return sign in "?*", sign in "*+"
        return int(least) == 0, (most or ("" if comma else least)) not in {"0", "1"}

    def _peek(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _take(self, form: re.Pattern[str]) -> str:
        found = form.match(self._pattern, self._at)
        self._at = found.end() if found else len(self._pattern)  # RE2 took the pattern, so it is whole
        return found[0] if found else ""
