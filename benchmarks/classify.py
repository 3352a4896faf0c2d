"""Texts classified, against the same rules run one after the other by `re`.

The baseline asks the rules in the same order, with the same normalising and the same meaning of codes, `any`, `all`
and `not`, and is spared telling which codes a text carries. Both must give every text the same rule and class, or
there is no figure. The texts are the rules' own cases, alone and in pairs, with ids that never come again.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from random import Random
from uuid import UUID

from figures import Figure, Report, medians
from syncwatch.classification.classifier import Classifier
from syncwatch.classification.normalise import normalise
from syncwatch.classification.ruleset import Rule
from syncwatch.model import UNCLASSIFIED
from syncwatch.setup import load_ruleset

ROUNDS = 5
TEXTS = 1000  # in each round
PAIRS = 0.1  # share of texts that join two cases, so that the order of the rules matters

Answer = tuple[str, str]
Search = Callable[[str], object]


class Baseline:
    """Rules in the order in which they speak, each with what triggers it, what it needs and what bars it."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        stages: tuple[list[tuple[Rule, tuple[Search, ...]]], ...] = ([], [], [])
        for rule in rules:
            codes = tuple(_search(rf"\b{re.escape(code)}\b", re.NOFLAG) for code in rule.codes)
            sentences = tuple(map(_search, rule.sentences if rule.codes else rule.sentences or rule.all_[:1]))
            if rule.marks.completed:
                stages[2].append((rule, codes + sentences))
                continue
            stages[0].append((rule, codes))
            stages[1].append((rule, sentences))
        self._asked = [
            (rule.id, rule.class_, triggers, [*map(_search, rule.all_)], [*map(_search, rule.not_)])
            for stage in stages
            for rule, triggers in stage
            if triggers
        ]

    def classify(self, text: str) -> Answer:
        """The rule that speaks and its class."""
        text = normalise(text).decode()
        for rule, class_, triggers, needs, bars in self._asked:
            if (
                any(search(text) for search in triggers)
                and all(search(text) for search in needs)
                and not any(search(text) for search in bars)
            ):
                return rule, class_
        return "", UNCLASSIFIED


def _search(pattern: str, case: re.RegexFlag = re.IGNORECASE) -> Search:
    return re.compile(pattern, case | re.DOTALL | re.ASCII).search


def _texts(rules: Iterable[Rule], rng: Random) -> Iterator[str]:
    cases = [case.text for rule in rules for case in rule.cases]
    for _ in range(TEXTS):
        parts = rng.sample(cases, 2 if rng.random() < PAIRS else 1)
        yield f"{' '.join(parts)} (request {UUID(int=rng.getrandbits(128))}, record {rng.getrandbits(40)})"


def run() -> Report:
    """Time new and known texts."""
    ruleset = load_ruleset()
    classifier, baseline = Classifier(ruleset), Baseline(ruleset.rules)
    new = [list(_texts(ruleset.rules, Random(number))) for number in range(ROUNDS)]
    for text in _texts(ruleset.rules, Random("warm")):  # RE2 builds its automata on the way
        classifier.classify(text)
    ours: list[list[Answer]] = [[] for _ in new]
    theirs: list[list[Answer]] = [[] for _ in new]

    def classify(number: int) -> None:
        for text in new[number]:
            finding = classifier.classify(text)
            ours[number].append((finding.rule, finding.class_))

    seconds = medians(
        ROUNDS,
        {
            "new": classify,
            "known": lambda number: [classifier.classify(text) for text in new[number]],
            "re": lambda number: theirs[number].extend(map(baseline.classify, new[number])),
        },
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
        ),
    )
