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
from syncwatch.classification.patterns import AnyOf, Pattern, Patterns
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
        needs: what must be there besides.
        bars: what must not be there, in the text or around it.
        answer: what it says.
    """

    rank: tuple[int, int]
    rule: Rule
    calls: frozenset[int]
    needs: tuple[AnyOf, ...]
    bars: AnyOf | None
    answer: Answer

    def fits(self, text: bytes, around: bytes) -> bool:
        """Whether it fits a text that called for it and stands in another one, or is the same."""
        if not all(need.match(text) for need in self.needs):
            return False
        return self.bars is None or not (
            self.bars.match(text) or (around is not text and self.bars.match(around))
        )


class Book:
    """A rule set with what calls for its rules in one set of patterns.

    Attributes:
        patterns: those that call for rules.
        unwrapper: finds inner texts.
        nothing: the answer where no rule speaks.
    """

    def __init__(self, ruleset: RuleSet) -> None:
        self.patterns = Patterns()
        self.unwrapper = Unwrapper(ruleset.wrappers)
        self.nothing = _nothing(ruleset.catalogue)
        self._codes: dict[int, str] = {}
        self._conditions: dict[tuple[str, ...], AnyOf] = {}
        self._called: defaultdict[int, list[Candidate]] = defaultdict(list)
        for position, rule in enumerate(ruleset.rules):
            self._add(position, rule, ruleset.catalogue)
        self.patterns.compile()

    def called(self, hits: Iterable[int]) -> list[Candidate]:
        """The candidates that any of the patterns calls for, in the order in which they are asked."""
        return sorted((each for hit in hits for each in self._called.get(hit, ())), key=_rank)

    def speaks(
        self, text: bytes, around: bytes | None = None, *, codes: frozenset[int] | None = None
    ) -> Candidate | None:
        """The rule that speaks of a text, or of one inside `around`; None if none does. `codes` are its, if known.

        Sentences are looked for only where no code has the say, and in the order of the rules, up to the first that fits.
        An inner text cannot say that a session completed: the words around it may be a failure's.
        """
        by_code = self.called(self.patterns.codes(text) if codes is None else codes)
        if speaker := _first((each for each in by_code if each.rank[0] == _CODES), text, around):
            return speaker
        by_sentence = [
            (candidate, asked.test)
            for asked in self.patterns.asked(text)
            for candidate in self._called[asked.number]
        ]
        by_sentence += [(each, _said) for each in by_code if each.rank[0] == _COMPLETED]
        by_sentence.sort(key=_rank_of_first)
        for candidate, test in by_sentence:
            inside = around is not None and candidate.rank[0] == _COMPLETED
            if not inside and test(text) and candidate.fits(text, text if around is None else around):
                return candidate
        return None

    def final(self, text: bytes) -> Candidate | None:
        """The rule that speaks of a text so that nothing inside of it is asked; None if none does."""
        return _first((each for each in self.called(self.patterns.found(text)) if each.rule.final), text)

    def named(self, codes: frozenset[int]) -> tuple[str, ...]:
        """These codes by name, not more than a few."""
        return tuple(self._codes[code] for code in sorted(codes))[:MAX_CODES]

    def _add(self, position: int, rule: Rule, catalogue: Catalogue) -> None:
        needs = tuple(self._any_of((each,)) for each in rule.all_)
        bars = self._any_of(rule.not_) if rule.not_ else None
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

    def _any_of(self, sentences: tuple[str, ...]) -> AnyOf:
        """One for equal sentences: many rules are barred by the same ones."""
        if sentences not in self._conditions:
            self._conditions[sentences] = AnyOf(sentences)
        return self._conditions[sentences]


def _first(candidates: Iterable[Candidate], text: bytes, around: bytes | None = None) -> Candidate | None:
    return next((each for each in candidates if each.fits(text, text if around is None else around)), None)


def _said(_: bytes) -> bool:
    return True


def _rank_of_first(pair: tuple[Candidate, object]) -> tuple[int, int]:
    return pair[0].rank


def _rank(candidate: Candidate) -> tuple[int, int]:
    return candidate.rank


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
