"""Why a text got its class: every text inside of it, which rules were called for, and what kept them from speaking.

For people who write rules. Offsets are in characters of the text as patterns see it (`normalise`); no part of a text is
in what this gives.
"""

from collections.abc import Iterator
from enum import StrEnum
from itertools import islice
from typing import NamedTuple

from syncwatch.classification.book import Book, Candidate
from syncwatch.classification.normalise import normalise
from syncwatch.classification.patterns import Pattern, spans

MAX_MATCHES = 5  # places shown of one pattern


class Standing(StrEnum):
    """What became of a rule that was called for."""

    SPEAKS = "speaks"
    OUTRANKED = "outranked"  # fits, and another one is asked before it
    INSIDE = "inside"  # says that a session completed, which only the whole text may say
    LACKS = "lacks"  # something that it needs is not there
    BARRED = "barred"  # something is there that it must not be with


class Match(NamedTuple):
    """A pattern, and where it matched."""

    pattern: Pattern
    places: tuple[tuple[int, int], ...] = ()


class Heard(NamedTuple):
    """A rule that was called for, by what, and what became of it; `why` are the patterns lacking or barring."""

    rule: str
    class_: str
    standing: Standing
    calls: tuple[Match, ...]
    why: tuple[Match, ...] = ()


class Part(NamedTuple):
    """One text, from `start` to `end`: the whole, or what is wrapped in it."""

    start: int
    end: int
    heard: tuple[Heard, ...]


def reasons(book: Book, text: str) -> tuple[Part, ...]:
    """The parts of a text as they were asked, innermost first, up to the one that a rule speaks of."""
    spelled = normalise(text)
    parts: list[Part] = []
    inner = [] if book.final(spelled) else book.unwrapper.inner(spelled)
    for start, end in [*inner, (0, len(spelled))]:
        look = _Look(book, spelled, start, end)
        parts.append(Part(look.characters(start), look.characters(end), tuple(look.heard())))
        if look.speaker is not None:
            break
    return tuple(parts)


class _Look:
    """One part of a text under the rules."""

    def __init__(self, book: Book, text: bytes, start: int, end: int) -> None:
        self._book = book
        self._patterns = tuple(book.patterns)
        self._text = text
        self._start, self._part = start, text[start:end]
        self._hits = book.patterns.found(self._part)
        self.speaker = book.speaks(self._part, None if self._part == text else text)

    def heard(self) -> Iterator[Heard]:
        """Every rule that was called for, in the order in which they are asked."""
        called = {id(each): each for each in self._book.called(sorted(self._hits))}.values()
        for candidate in sorted(called, key=lambda each: each.rank):
            rule = candidate.rule
            lacking = [Pattern(each) for each in rule.all_ if not _matches(Pattern(each), self._part)]
            barring = [Pattern(each) for each in rule.not_ if _matches(Pattern(each), self._text)]
            calls = [self._patterns[number] for number in sorted(candidate.calls & self._hits)]
            yield Heard(
                rule.id,
                rule.class_,
                self._standing(candidate, lacking=bool(lacking), barring=bool(barring)),
                tuple(self._match(pattern, self._part, self._start) for pattern in calls),
                tuple(self._match(pattern, self._text) for pattern in lacking or barring),
            )

    def characters(self, offset: int) -> int:
        """An offset in bytes as one in characters."""
        return len(self._text[:offset].decode("utf-8", "ignore"))

    def _standing(self, candidate: Candidate, *, lacking: bool, barring: bool) -> Standing:
        if self.speaker is not None and candidate.rule is self.speaker.rule:
            return Standing.SPEAKS
        if lacking:
            return Standing.LACKS
        if barring:
            return Standing.BARRED
        return Standing.OUTRANKED if self.speaker else Standing.INSIDE

    def _match(self, pattern: Pattern, text: bytes, offset: int = 0) -> Match:
        found = islice(spans(pattern, text), MAX_MATCHES)
        places = ((self.characters(offset + first), self.characters(offset + last)) for first, last in found)
        return Match(pattern, tuple(places))


def _matches(pattern: Pattern, text: bytes) -> bool:
    return next(spans(pattern, text), None) is not None
