"""Texts classified, against the same rules run one after the other by `re`; and the worst that a text can do.

The baseline asks the rules in the same order, with the same normalising and wrappers and the same meaning of codes,
`any`, `all` and `not`, and is spared telling which codes a text carries. Both must give every text the same rule and
class, or there is no figure. The texts are the rules' own cases, alone, in pairs and wrapped, with ids that never come
again. The worst texts are run by a rule set with patterns that never end in `re`, too.
"""

import gc
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice
from random import Random
from uuid import UUID

from figures import Figure, Report, medians
from syncwatch.classification.book import Book
from syncwatch.classification.classifier import Classifier
from syncwatch.classification.normalise import normalise
from syncwatch.classification.ruleset import Rule, RuleSet
from syncwatch.classification.wrappers import MAX_INNER, MAX_OPENINGS
from syncwatch.cli.run import GC_ALLOCATIONS
from syncwatch.model import UNCLASSIFIED
from syncwatch.setup import load_ruleset

ROUNDS = 5
WARM = 4  # rounds before
TEXTS = 1000  # in each round
PAIRS = 0.1  # share of texts that join two cases, so that the order of the rules matters
WRAPPED = 0.13  # share of texts that stand in the words of another system, as among real ones
WRAPPINGS = (
    "Error occurred during Crm Export: ",
    "System.DmlException: Insert failed. First exception on row 0; first error: ",
    "System.Net.WebException: The request failed ---> ",
    "java.lang.RuntimeException: sync failed Caused by: ",
)
EVIL = (r"(a+)+$", r"^(\w+\s?)*$", r"(?:x+x+)+y", r"(.*a){20}", r"error:\s*\s*\s*$")
MEGABYTE = 1 << 20

EVIL_RULE = {"class": UNCLASSIFIED, "cases": [{"text": "none"}]}

Answer = tuple[str, str]
Search = Callable[[str], object]


class Baseline:
    """Rules in the order in which they speak, each with what triggers it, what it needs and what bars it."""

    def __init__(self, ruleset: RuleSet) -> None:
        self._wrappers = [
            (_pattern(each.opens), _pattern(each.closes) if each.closes else None)
            for each in ruleset.wrappers
        ]
        stages: tuple[list[tuple[Rule, tuple[Search, ...]]], ...] = ([], [], [])
        for rule in ruleset.rules:
            codes = tuple(_search(rf"\b{re.escape(code)}\b", re.NOFLAG) for code in rule.codes)
            sentences = tuple(map(_search, rule.sentences if rule.codes else rule.sentences or rule.all_[:1]))
            if rule.marks.completed:
                stages[2].append((rule, codes + sentences))
                continue
            stages[0].append((rule, codes))
            stages[1].append((rule, sentences))
        self._asked = [
            (rule, triggers, [*map(_search, rule.all_)], [*map(_search, rule.not_)])
            for stage in stages
            for rule, triggers in stage
            if triggers
        ]

    def classify(self, text: str) -> Answer:
        """The rule that speaks and its class."""
        text = _folded(normalise(text).decode())
        inner = self._inner(text)
        if inner and (answer := self._first(text, text, final=True)):
            return answer
        for start, end in inner:
            if answer := self._first(text[start:end], text):
                return answer
        return self._first(text, text) or ("", UNCLASSIFIED)

    def _inner(self, text: str) -> list[tuple[int, int]]:
        spans = set()
        for opens, closes in self._wrappers:
            for found in islice(opens.finditer(text), MAX_OPENINGS):
                closing = closes.search(text, found.end()) if closes else None
                span = found.end(), closing.start() if closing else len(text)
                if span[0] < span[1]:
                    spans.add(span)
        return sorted(spans, reverse=True)[:MAX_INNER]

    def _first(self, text: str, around: str, *, final: bool = False) -> Answer | None:
        for rule, triggers, needs, bars in self._asked:
            if (rule.marks.completed and text is not around) or (final and not rule.final):
                continue
            if (
                any(search(text) for search in triggers)
                and all(search(text) for search in needs)
                and not any(search(text) or search(around) for search in bars)
            ):
                return rule.id, rule.class_
        return None


def _pattern(pattern: str, case: re.RegexFlag = re.IGNORECASE) -> re.Pattern[str]:
    return re.compile(_folded(pattern), case | re.DOTALL | re.ASCII)


def _folded(text: str) -> str:
    """RE2 folds the case of every letter, and its words are ASCII; `re` knows only both or neither."""
    return text if text.isascii() else "".join(each if each.isascii() else each.lower() for each in text)


def _search(pattern: str, case: re.RegexFlag = re.IGNORECASE) -> Search:
    return _pattern(pattern, case).search


def _texts(rules: Iterable[Rule], rng: Random) -> Iterator[str]:
    cases = [case.text for rule in rules for case in rule.cases]
    for _ in range(TEXTS):
        parts = rng.sample(cases, 2 if rng.random() < PAIRS else 1)
        wrapper = rng.choice(WRAPPINGS) if rng.random() < WRAPPED else ""
        yield f"{wrapper}{' '.join(parts)} (request {UUID(int=rng.getrandbits(128))}, record {rng.getrandbits(40)})"


def run() -> Report:
    """Time new and known texts, and then the baseline: what it fills the memory with is not there in the daemon."""
    ruleset = load_ruleset()
    classifier = Classifier(Book(ruleset))
    new = [list(_texts(ruleset.rules, Random(number))) for number in range(ROUNDS)]
    for number in range(WARM):  # RE2 builds its automata on the way
        for text in _texts(ruleset.rules, Random(f"warm {number}")):
            classifier.classify(text)
    gc.collect()
    gc.freeze()  # as the daemon does
    gc.set_threshold(GC_ALLOCATIONS, 20, 100)
    ours: list[list[Answer]] = [[] for _ in new]
    theirs: list[list[Answer]] = [[] for _ in new]

    def classify(number: int) -> None:
        for text in new[number]:
            finding = classifier.classify(text)
            ours[number].append((finding.rule, finding.class_))

    def known(number: int) -> None:
        for text in new[number]:
            classifier.classify(text)

    seconds = medians(ROUNDS, {"new": classify, "known": known})
    baseline = Baseline(ruleset)
    seconds |= medians(
        ROUNDS, {"re": lambda number: theirs[number].extend(map(baseline.classify, new[number]))}
    )
    if ours != theirs:
        raise AssertionError("classifier and baseline do not agree; their times cannot be compared")

    def figure(name: str, contestant: str) -> Figure:
        ratio = seconds["re"] / seconds[contestant]
        note = "" if contestant == "re" else f"{ratio:,.0f} x the baseline"
        return Figure(name, f"{TEXTS / seconds[contestant]:,.0f} texts/s", note)

    return Report(
        f"classify: {len(ruleset.rules)} rules, {ROUNDS * TEXTS:,} texts, the same answer on all of them",
        (
            figure("baseline `re one by one`", "re"),
            figure("new texts", "new"),
            figure("known texts", "known"),
            *_worst(ruleset, seconds["new"] / TEXTS),
        ),
    )


def _worst(ruleset: RuleSet, usual: float) -> Iterator[Figure]:
    """The worst texts against a usual one that is new."""
    evil = [
        Rule.model_validate(EVIL_RULE | {"id": f"evil-{n}", "any": [each]}) for n, each in enumerate(EVIL)
    ]
    classifier = Classifier(Book(replace(ruleset, rules=(*evil, *ruleset.rules))))
    words = " ".join(case.text for rule in ruleset.rules for case in rule.cases)
    for name, text in (
        ("10,000 a", "a" * 10_000 + "!"),
        ("words and spaces", "word " * 2_000 + "!"),
        ("1 MB of the rules' own words", (words * (MEGABYTE // len(words) + 1))[:MEGABYTE]),
        ("1 MB of `error:` and spaces", ("error:" + " " * 10) * (MEGABYTE // 16)),
        ("1 MB of wrappers", "error occurred in x: ---> " * (MEGABYTE // 26)),
        ("1 MB without a space", "A" * MEGABYTE),
    ):
        begun = time.process_time()
        classifier.classify(text)
        taken = time.process_time() - begun
        yield Figure(f"worst: {name}", f"{taken * 1e3:.1f} ms", f"{taken / usual:,.0f} x a usual text")
