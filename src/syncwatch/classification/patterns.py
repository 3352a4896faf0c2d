"""All patterns of all rules, run over a text together.

Promises time linear in the text whatever the text and whatever the pattern (RE2 has no back-tracking), and
never writes to standard error, where RE2 would print what it was given. A filter finds the literals of its patterns
first and runs only those patterns that can still match, so that a thousand patterns cost hardly more than ten. There
are a few filters and not one, because beyond some hundred patterns what RE2 does about literals in common grows faster
than their number.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import re2

# Bytes that one pattern's automaton may grow to. RE2's own default is 8 MiB, times a thousand patterns; a thirtieth of
# it is as fast on error texts, and hostile ones cannot make the process grow.
MAX_MEMORY = 1 << 18

FILTER_SIZE = 400  # patterns in one filter

_QUOTING = r"\Q"  # what is quoted may go on to the end, over whatever is joined to it
_ILLEGAL = "a construct that RE2 does not have"
_UNRELATED = ("", "a", "\0 0-9")  # a pattern that finds itself in all of these finds itself in any text


class Pattern(NamedTuple):
    """One pattern; a code is a literal token in exactly its case, a sentence matches in whatever case."""

    text: str
    is_code: bool = False

    @property
    def expression(self) -> str:
        """What RE2 is given."""
        return rf"\b{re2.escape(self.text)}\b" if self.is_code else self.text


def _options(*, case_sensitive: bool) -> re2.Options:
    options = re2.Options()
    options.case_sensitive = case_sensitive
    options.dot_nl = True
    options.never_capture = True
    options.log_errors = False
    options.max_mem = MAX_MEMORY
    return options


def refusal(pattern: str) -> str | None:
    """Why a pattern cannot be a rule's: RE2's words, the fragment and its column; None if it can."""
    try:
        compiled = re2.compile(pattern, _options(case_sensitive=False))
    except re2.error as error:
        (reason,) = error.args or (_ILLEGAL,)
        words = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        column = pattern.find(words.rpartition(": ")[2])
        return f"{words} (column {column + 1})" if column >= 0 else words
    if all(compiled.search(text) for text in _UNRELATED):
        return "it matches any text"
    return None


def spans(pattern: Pattern, text: bytes) -> Iterator[tuple[int, int]]:
    """Where a pattern matches in a text in UTF-8, in bytes; one after the other."""
    return (match.span() for match in _compiled(pattern).finditer(text))


@lru_cache(maxsize=256)
def _compiled(pattern: Pattern) -> Any:
    return re2.compile(pattern.expression.encode(), _options(case_sensitive=pattern.is_code))


class AnyOf:
    """Several sentences of which one must match; asked only of texts that something else called for."""

    def __init__(self, sentences: Sequence[str]) -> None:
        together = "|".join(f"(?:{sentence})" for sentence in sentences)
        try:
            self._searches = [] if _QUOTING in together else [_search(together)]
        except re2.error:  # each can run, all together are too large
            self._searches = []
        self._searches = self._searches or [*map(_search, sentences)]

    def match(self, text: bytes) -> bool:
        """Whether one matches somewhere in a text in UTF-8."""
        return any(search(text) is not None for search in self._searches)


def _search(sentence: str) -> Callable[[bytes], object]:
    search: Callable[[bytes], object] = re2.compile(sentence.encode(), _options(case_sensitive=False)).search
    return search


class Patterns:
    """Patterns, each with a number; add them all, then `compile`, then ask."""

    def __init__(self) -> None:
        self._numbers: dict[Pattern, int] = {}
        self._filters: list[tuple[re2.Filter, list[int]]] = []

    def add(self, pattern: Pattern) -> int:
        """Its number; `refusal` has been asked before."""
        return self._numbers.setdefault(pattern, len(self._numbers))

    def compile(self) -> None:
        """No pattern comes after this."""
        codes = [pattern for pattern in self._numbers if pattern.is_code]
        sentences = [pattern for pattern in self._numbers if not pattern.is_code]
        parts = (sentences[first : first + FILTER_SIZE] for first in range(0, len(sentences), FILTER_SIZE))
        self._filters = [self._filter(part) for part in (codes, *parts) if part]

    def found(self, text: bytes) -> frozenset[int]:
        """Numbers of all patterns that match somewhere in a text in UTF-8."""
        hits: list[int] = []
        for filter_, numbers in self._filters:
            if found := filter_.Match(text):
                hits += [numbers[each] for each in found]
        return frozenset(hits)

    def __iter__(self) -> Iterator[Pattern]:
        """All patterns, by number."""
        return iter(self._numbers)

    def _filter(self, patterns: Iterable[Pattern]) -> tuple[re2.Filter, list[int]]:
        made, numbers = re2.Filter(), []
        for pattern in patterns:
            made.Add(pattern.expression, _options(case_sensitive=pattern.is_code))
            numbers.append(self._numbers[pattern])
        made.Compile()
        return made, numbers
