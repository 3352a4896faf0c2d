"""All patterns of all rules, run over a text together.

Promises time linear in the text whatever the text and whatever the pattern (RE2 has no back-tracking), and
never writes to standard error, where RE2 would print what it was given. One pass finds the literals that patterns ask
for (`required`), and only those patterns are run that can still match: of five thousand hardly more than ten. RE2 has a
filter that does the same, but beyond some hundred patterns its work grows faster than their number.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import re2

from syncwatch.classification.required import alternatives

# Bytes that one pattern's automaton may grow to. RE2's own default is 8 MiB, times a thousand patterns; a thirtieth of
# it is as fast on error texts, and hostile ones cannot make the process grow.
MAX_MEMORY = 1 << 18

MAX_PROGRAM = 1200  # instructions of a pattern whose automaton has room to work in that memory
MAX_MEMORY_OF_LITERALS = 64 << 20  # and that of one set of literals
LITERALS_IN_SET = 16_000
LITERAL_LENGTH = 60  # characters of a literal that are looked for; so many of them fit into that memory

_WORD = re.compile(rb"[0-9A-Za-z_]+")  # what RE2 takes for one
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


def _options(*, case_sensitive: bool, literal: bool = False) -> re2.Options:
    options = re2.Options()
    options.case_sensitive = case_sensitive
    options.literal = literal
    options.dot_nl = True
    options.never_capture = True
    options.log_errors = False
    options.max_mem = MAX_MEMORY_OF_LITERALS if literal else MAX_MEMORY
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


class Places:
    """A pattern that is asked where it matches."""

    def __init__(self, pattern: Pattern) -> None:
        options = _options(case_sensitive=pattern.is_code)
        self._compiled = re2.compile(pattern.expression.encode(), options)

    def of(self, text: bytes) -> Iterator[tuple[int, int]]:
        """Where it matches in a text in UTF-8, in bytes; one after the other."""
        return (match.span() for match in self._compiled.finditer(text))


def spans(pattern: Pattern, text: bytes) -> Iterator[tuple[int, int]]:
    """Where a pattern matches in a text in UTF-8, in bytes, asked once."""
    return Places(pattern).of(text)


Test = Callable[[bytes], object]


class AnyOf:
    """Several sentences of which one must match; asked only of texts that something else called for."""

    def __init__(self, sentences: Sequence[str]) -> None:
        together = "|".join(f"(?:{sentence})" for sentence in sentences)
        try:
            self._tests = [] if _QUOTING in together else [_test(together)]
        except re2.error:  # each can run, all together are too large
            self._tests = []
        self._tests = self._tests or [*map(_test, sentences)]

    def match(self, text: bytes) -> bool:
        """Whether one matches somewhere in a text in UTF-8."""
        return any(test(text) for test in self._tests)


def _test(expression: str, *, case_sensitive: bool = False) -> Test:
    """Whether a pattern matches somewhere in a text in UTF-8; true or false is all that is asked.

    A set of one pattern says it more than twice as fast as a search, which also finds out where. But a set whose automaton does
    not fit into its memory finds nothing, and does not say so: a large pattern is searched for.
    """
    options = _options(case_sensitive=case_sensitive)
    searched = re2.compile(expression.encode(), options)
    if searched.programsize > MAX_PROGRAM:
        search: Test = searched.search
        return search
    alone = re2.Set.SearchSet(options)
    alone.Add(expression)
    alone.Compile()
    test: Test = alone.Match
    return test


def _batched(items: Iterable[str], size: int) -> Iterator[tuple[str, ...]]:
    rest = iter(items)
    while part := tuple(islice(rest, size)):
        yield part


class Literals:
    """Literal strings, each with a number, looked for in whatever case."""

    def __init__(self, literals: Iterable[str]) -> None:
        self._sets: list[tuple[int, re2.Set]] = []
        for first, part in enumerate(_batched(literals, LITERALS_IN_SET)):
            made = re2.Set.SearchSet(_options(case_sensitive=False, literal=True))
            for literal in part:
                made.Add(literal)
            made.Compile()
            self._sets.append((first * LITERALS_IN_SET, made))

    def found(self, text: bytes) -> frozenset[int]:
        """Numbers of those that stand in a text in UTF-8."""
        if len(self._sets) == 1:
            return frozenset(self._sets[0][1].Match(text) or ())
        return frozenset(first + each for first, made in self._sets for each in made.Match(text) or ())


class Later:
    """A test that is made when it is asked for the first time: most patterns of a rule set never are."""

    __slots__ = ("_expression", "_test")

    def __init__(self, expression: str) -> None:
        self._expression = expression
        self._test: Test | None = None

    def __call__(self, text: bytes) -> object:
        """Whether the pattern matches somewhere in a text in UTF-8."""
        if self._test is None:
            self._test = _test(self._expression)
        return self._test(text)


class Asked(NamedTuple):
    """An alternative of a pattern: the pattern's number, what else it asks for, and the test of whether it matches."""

    number: int
    besides: frozenset[int]
    test: Test


class Patterns:
    """Patterns, each with a number; add them all, then `compile`, then ask."""

    def __init__(self) -> None:
        self._numbers: dict[Pattern, int] = {}
        self._codes: defaultdict[bytes, list[tuple[int, Test | None]]] = defaultdict(list)
        self._literals = Literals(())
        self._called: dict[int, list[Asked]] = {}
        self._always: list[Asked] = []

    def add(self, pattern: Pattern) -> int:
        """Its number; `refusal` has been asked before."""
        return self._numbers.setdefault(pattern, len(self._numbers))

    def compile(self) -> None:
        """No pattern comes after this."""
        literals: dict[str, int] = {}
        called: defaultdict[int, list[Asked]] = defaultdict(list)

        def numbers(group: Iterable[str]) -> frozenset[int]:
            return frozenset(
                literals.setdefault(each, len(literals))
                for each in {literal[:LITERAL_LENGTH] for literal in group}
            )

        for pattern, number in self._numbers.items():
            if pattern.is_code:
                first_word, *more = _WORD.findall(pattern.text.encode())
                test = _test(pattern.expression, case_sensitive=True) if more else None
                self._codes[first_word].append((number, test))
                continue
            for each in alternatives(pattern.text):
                first, second = (*each.groups, (), ())[:2]
                asked = Asked(number, numbers(second), Later(each.text))
                for literal in numbers(first):
                    called[literal].append(asked)
                self._always += [] if first else [asked]
        self._literals, self._called = Literals(literals), dict(called)

    def codes(self, text: bytes) -> frozenset[int]:
        """Numbers of the codes that stand in a text in UTF-8."""
        known = self._codes
        return frozenset(
            number
            for word in _WORD.findall(text)
            if word in known
            for number, test in known[word]
            if test is None or test(text)
        )

    def asked(self, text: bytes) -> list[Asked]:
        """The alternatives of sentences that may match a text in UTF-8, because it has what they ask for."""
        seen = self._literals.found(text)
        unseen, called = seen.isdisjoint, self._called
        return self._always + [
            each
            for literal in seen
            if literal in called
            for each in called[literal]
            if not (each.besides and unseen(each.besides))
        ]

    def sentences(self, text: bytes) -> frozenset[int]:
        """Numbers of the sentences that match somewhere in a text in UTF-8."""
        return frozenset(each.number for each in self.asked(text) if each.test(text))

    def found(self, text: bytes) -> frozenset[int]:
        """Numbers of all patterns that match somewhere in a text in UTF-8."""
        return self.codes(text) | self.sentences(text)

    def __iter__(self) -> Iterator[Pattern]:
        """All patterns, by number."""
        return iter(self._numbers)
