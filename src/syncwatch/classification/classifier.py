"""What a text means: the first rule that fits it.

Promises an answer for any `str` whatever, in time linear in a bounded text, and `unclassified` where no rule
speaks. Never keeps a text, neither in what it returns nor in its memory of answers, which knows digests only. Codes
come before sentences, because systems translate and reword their sentences but keep their codes; and a rule that says
*this session did complete* comes after all others, because such a message quotes subjects, and a subject may hold
anything, even a code.
"""

import hashlib
from collections import OrderedDict, defaultdict
from typing import NamedTuple

from msgspec.structs import replace

from syncwatch.classification.normalise import cut, normalise
from syncwatch.classification.patterns import Patterns
from syncwatch.classification.ruleset import Rule, RuleSet
from syncwatch.model import NO_CONTEXT, UNCLASSIFIED, Context, Finding

CACHE_SIZE = 16384
DIGEST_BYTES = 16
MAX_CODES = 8
_BY_CODE = 0.95
_BY_SENTENCE = 0.8
_CODES, _SENTENCES, _COMPLETED = range(3)


class _Candidate(NamedTuple):
    """A rule as one of its codes or sentences calls for it: how early it is asked, and what else it needs."""

    rank: tuple[int, int]
    needs: frozenset[int]
    bars: frozenset[int]
    finding: Finding


class Classifier:
    """A rule set made ready to be asked, with a bounded memory of the texts last asked for."""

    def __init__(self, ruleset: RuleSet, *, cache_size: int = CACHE_SIZE) -> None:
        self._ruleset = ruleset
        self._patterns = Patterns()
        self._codes: dict[int, str] = {}
        self._candidates: defaultdict[int, list[_Candidate]] = defaultdict(list)
        self._nothing = Finding(UNCLASSIFIED, ruleset.catalogue[UNCLASSIFIED].owner)
        for position, rule in enumerate(ruleset.rules):
            self._add(position, rule)
        self._patterns.compile()
        self._answers: OrderedDict[bytes, Finding] = OrderedDict()
        self._cache_size = cache_size

    def classify(self, text: str, context: Context = NO_CONTEXT) -> Finding:  # noqa: ARG002
        """Find the class of a text, who must act, and the codes that it carries."""
        text = cut(text)
        key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES).digest()
        finding = self._answers.get(key)
        if finding is not None:
            self._answers.move_to_end(key)
            return finding
        finding = self._answers[key] = self._read(text)
        if len(self._answers) > self._cache_size:
            self._answers.popitem(last=False)
        return finding

    def _read(self, text: str) -> Finding:
        hits = self._patterns.found(normalise(text))
        fitting = [
            candidate
            for hit in hits
            for candidate in self._candidates.get(hit, ())
            if candidate.needs <= hits and candidate.bars.isdisjoint(hits)
        ]
        finding = min(fitting, key=lambda candidate: candidate.rank).finding if fitting else self._nothing
        codes = tuple(self._codes[hit] for hit in sorted(hits & self._codes.keys()))
        return replace(finding, codes=codes[:MAX_CODES]) if codes else finding

    def _add(self, position: int, rule: Rule) -> None:
        needs = frozenset(map(self._patterns.sentence, rule.all_))
        bars = frozenset(map(self._patterns.sentence, rule.not_))
        codes = {self._patterns.code(code): code for code in rule.codes}
        sentences = list(map(self._patterns.sentence, rule.sentences))
        if not codes and not sentences:
            sentences = [self._patterns.sentence(rule.all_[0])]
        self._codes |= codes
        for numbers, phase, confidence in (
            (codes, _CODES, _BY_CODE),
            (sentences, _SENTENCES, _BY_SENTENCE),
        ):
            rank = (_COMPLETED if rule.marks.completed else phase, position)
            candidate = _Candidate(rank, needs, bars, self._finding(rule, confidence))
            for number in numbers:
                self._candidates[number].append(candidate)

    def _finding(self, rule: Rule, confidence: float) -> Finding:
        entry = self._ruleset.catalogue[rule.class_]
        return Finding(
            rule.class_,
            rule.owner or entry.owner,
            rule.id,
            confidence=0.0 if rule.class_ == UNCLASSIFIED else rule.confidence or confidence,
            transient=entry.transient,
            marks=rule.marks.marks,
        )
