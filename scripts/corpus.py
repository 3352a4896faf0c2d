"""Measures the shipped rules against labelled error texts: accuracy by class, confusion, and what was claimed wrongly.

Prints ids, classes and rules only, never a text. The texts are where `--corpus` says, by default beside the
repository; without them there is nothing to measure, and that is an error (exit 2), not a pass. Exit 1 if the figures
are below the bars that the rules have to hold.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from syncwatch.classification.book import Book
from syncwatch.classification.classifier import Classifier
from syncwatch.model import UNCLASSIFIED
from syncwatch.setup import load_ruleset

CORPUS = Path(__file__).parents[1].parent / "shared" / "corpus" / "error-texts-dev.jsonl"
ACCURACY, WORST_CLASS, FALSE_CLAIMS = 0.97, 0.85, 2 / 28


class Answer(NamedTuple):
    """One text of the corpus: its label, the labels that count as right, and what the rules said."""

    id: str
    label: str
    accepted: frozenset[str]
    given: str
    rule: str

    @property
    def right(self) -> bool:
        """Whether it is the label, or one that counts as right."""
        return self.given in self.accepted


def answers(corpus: Path) -> Iterator[Answer]:
    """Classify every text of a corpus by the shipped rules."""
    classifier = Classifier(Book(load_ruleset()))
    for line in corpus.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        accepted = frozenset(entry.get("accept", ())) | {entry["label"]}
        finding = classifier.classify(entry["text"])
        yield Answer(entry["id"], entry["label"], accepted, finding.class_, finding.rule)


def report(found: list[Answer]) -> bool:
    """Print the figures; whether they hold the bars."""
    totals = Counter(answer.label for answer in found)
    right = Counter(answer.label for answer in found if answer.right)
    strict = Counter(answer.label for answer in found if answer.given == answer.label)
    print(f"{'class':32} texts   accept   strict")
    for label, total in sorted(totals.items()):
        print(f"{label:32} {total:5}  {right[label] / total:7.1%}  {strict[label] / total:7.1%}")
    confused = Counter((answer.label, answer.given) for answer in found if not answer.right)
    for (label, given), count in confused.most_common():
        which = [
            f"{a.id} ({a.rule or 'no rule'})"
            for a in found
            if (a.label, a.given) == (label, given) and not a.right
        ]
        print(f"confused: {count} x {label} taken for {given}: {', '.join(which)}")
    claimed = sum(given != UNCLASSIFIED for label, given in confused.elements() if label == UNCLASSIFIED)
    negatives = totals[UNCLASSIFIED]
    print(f"false claims: {claimed} of {negatives} texts that mean none of the classes")
    accuracy = right.total() / len(found)
    print(
        f"accuracy: {accuracy:.1%} with accept, {strict.total() / len(found):.1%} strict, {len(found)} texts"
    )
    worst = min(right[label] / total for label, total in totals.items())
    return accuracy >= ACCURACY and worst >= WORST_CLASS and claimed <= negatives * FALSE_CLAIMS


def main() -> int:
    """Measure, and say so if there is nothing to measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, default=CORPUS, help="JSON lines with id, text, label, accept")
    corpus: Path = parser.parse_args().corpus
    if not corpus.is_file():
        print("the labelled error texts are not here: give their file with --corpus", file=sys.stderr)
        return 2
    if report(list(answers(corpus))):
        return 0
    print(
        f"below the bars: {ACCURACY:.0%} with accept, no class below {WORST_CLASS:.0%}, at most"
        f" {FALSE_CLAIMS:.1%} false claims",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
