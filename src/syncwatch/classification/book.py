"""The rules made ready to be asked: which of them fit what was found in a text.

Codes come before sentences, because systems translate and reword their sentences but keep their codes; and a rule that
says *this session did complete* comes after all others, because such a message quotes subjects, and a subject may hold
anything, even a code.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from msgspec.structs import replace

from syncwatch.classification.catalogue import Catalogue
from syncwatch.classification.owners import Choice
from syncwatch.classification.patterns import Pattern, Patterns
from syncwatch.classification.ruleset import Rule, RuleSet
from syncwatch.classification.wrappers import Unwrapper
from syncwatch.model import UNCLASSIFIED, Context, Finding

MAX_CODES = 8
_BY_CODE = 0.95
_BY_SENTENCE = 0.8
_CODES, _SENTENCES, _COMPLETED = range(3)


class Answer(NamedTuple):
    """What a text means, for each owner that the circumstances may make it."""

    choices: tuple[tuple[Choice, Finding], ...]

    def finding(self, context: Context) -> Finding:
        """The finding in these circumstances."""
        for choice, finding in self.choices[:-1]:
            if choice.fits(context):
                return finding
        return self.choices[-1][1]  # it has no conditions

    def carrying(self, codes: tuple[str, ...]) -> "Answer":
        """The same of a text that carries these codes."""
        return Answer(tuple((choice, replace(finding, codes=codes)) for choice, finding in self.choices))


class Candidate(NamedTuple):
    """A rule as its codes or its sentences call for it.

    Attributes:
        rank: how early it is asked.
        rule: the rule.
        calls: numbers of the patterns that call for it.
        needs: numbers of those that it needs besides.
        bars: numbers of those that must not be there, in the text or around it.
        answer: what it says.
    """

    rank: tuple[int, int]
    rule: Rule
    calls: frozenset[int]
    needs: frozenset[int]
    bars: frozenset[int]
    answer: Answer

    def fits(self, hits: frozenset[int], around: frozenset[int]) -> bool:
        """Whether it fits a text in which `hits` were found, being part of one in which `around` were."""
        return self.needs <= hits and self.bars.isdisjoint(hits) and self.bars.isdisjoint(around)


class Book:
    """A rule set with its patterns in one filter.

    Attributes:
        patterns: of rules and wrappers.
        unwrapper: finds inner texts.
        nothing: the answer where no rule speaks.
    """

    def __init__(self, ruleset: RuleSet) -> None:
        self.patterns = Patterns()
        self.unwrapper = Unwrapper(ruleset.wrappers, self.patterns)
        self.nothing = _nothing(ruleset.catalogue)
        self._codes: dict[int, str] = {}
        self._called: defaultdict[int, list[Candidate]] = defaultdict(list)
        for position, rule in enumerate(ruleset.rules):
            self._add(position, rule, ruleset.catalogue)
        self.patterns.compile()

    def called(self, hits: Iterable[int]) -> list[Candidate]:
        """The candidates that any of the patterns calls for."""
        return [candidate for hit in hits for candidate in self._called.get(hit, ())]

    def speaks(self, hits: frozenset[int], around: frozenset[int] | None = None) -> Candidate | None:
        """The rule that speaks of a text, or of an inner one with what was found `around` it; None if none does.

        An inner text cannot say that a session completed: the words around it may be a failure's.
        """
        fitting = [
            candidate
            for candidate in self.called(hits)
            if candidate.fits(hits, around or hits) and (around is None or not candidate.rule.marks.completed)
        ]
        return min(fitting, key=lambda candidate: candidate.rank) if fitting else None

    def codes(self, hits: frozenset[int]) -> tuple[str, ...]:
        """The codes among what was found."""
        if self._codes.keys().isdisjoint(hits):
            return ()
        return tuple(self._codes[hit] for hit in sorted(hits & self._codes.keys()))[:MAX_CODES]

    def _add(self, position: int, rule: Rule, catalogue: Catalogue) -> None:
        needs = frozenset(self.patterns.add(Pattern(each)) for each in rule.all_)
        bars = frozenset(self.patterns.add(Pattern(each)) for each in rule.not_)
        codes = {self.patterns.add(Pattern(code, is_code=True)): code for code in rule.codes}
        sentences = rule.sentences if rule.codes else rule.sentences or rule.all_[:1]
        self._codes |= codes
        for calls, phase, confidence in (
            (frozenset(codes), _CODES, _BY_CODE),
            (frozenset(self.patterns.add(Pattern(each)) for each in sentences), _SENTENCES, _BY_SENTENCE),
        ):
            rank = (_COMPLETED if rule.marks.completed else phase, position)
            candidate = Candidate(rank, rule, calls, needs, bars, _answer(rule, catalogue, confidence))
            for number in calls:
                self._called[number].append(candidate)


def _answer(rule: Rule, catalogue: Catalogue, confidence: float) -> Answer:
    entry = catalogue[rule.class_]
    return Answer(
        tuple(
            (
                choice,
                Finding(
                    rule.class_,
                    choice.owner,
                    rule.id,
                    confidence=0.0 if rule.class_ == UNCLASSIFIED else rule.confidence or confidence,
                    transient=entry.transient,
                    marks=rule.marks.marks,
                ),
            )
            for choice in rule.owners or entry.owners
        )
    )


def _nothing(catalogue: Catalogue) -> Answer:
    owners = catalogue[UNCLASSIFIED].owners
    return Answer(tuple((choice, Finding(UNCLASSIFIED, choice.owner)) for choice in owners))
