"""Measures the shipped rules against labelled error texts: accuracy, by class, and what was claimed wrongly.

Prints ids and classes only, never a text. The texts are where `--corpus` says, by default beside the
repository; without them there is nothing to measure, and that is an error (exit 2), not a pass.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from syncwatch.classification.catalogue import FILE_NAME
from syncwatch.classification.classifier import Classifier
from syncwatch.classification.ruleset import load_rules
from syncwatch.config.shipped import shipped
from syncwatch.model import UNCLASSIFIED

CORPUS = Path(__file__).parents[1].parent / "shared" / "corpus" / "error-texts-dev.jsonl"


class Answer(NamedTuple):
    """One text of the corpus: its label, the labels that count as right, and what the rules said."""

    id: str
    label: str
    accepted: frozenset[str]
    given: str
    rule: str


def answers(corpus: Path) -> Iterator[Answer]:
    """Classify every text of a corpus by the shipped rules."""
    files = shipped("rules")
    catalogue = next(file for file in files if file.name == FILE_NAME)
    classifier = Classifier(load_rules(files, catalogue_file=catalogue))
    for line in corpus.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        accepted = frozenset(entry.get("accept", ())) | {entry["label"]}
        finding = classifier.classify(entry["text"])
        yield Answer(entry["id"], entry["label"], accepted, finding.class_, finding.rule)


def report(found: list[Answer]) -> None:
    """Print the figures."""
    right = [answer for answer in found if answer.given in answer.accepted]
    strict = [answer for answer in found if answer.given == answer.label]
    totals = Counter(answer.label for answer in found)
    good = Counter(answer.label for answer in right)
    for label, total in sorted(totals.items()):
        print(f"{label:32} {good[label]:4} of {total:4}  {good[label] / total:7.1%}")
    for answer in found:
        if answer.given not in answer.accepted:
            print(f"wrong: {answer.id} is {answer.label}, given {answer.given} {answer.rule}".rstrip())
    negatives = [answer for answer in found if answer.label == UNCLASSIFIED]
    claimed = sum(answer.given not in answer.accepted for answer in negatives)
    print(f"false claims: {claimed} of {len(negatives)} texts that mean none of the classes")
    print(f"accuracy: {len(right) / len(found):.1%} with accept, {len(strict) / len(found):.1%} strict")


def main() -> int:
    """Measure, and say so if there is nothing to measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, default=CORPUS, help="JSON lines with id, text, label, accept")
    corpus: Path = parser.parse_args().corpus
    if not corpus.is_file():
        print("the labelled error texts are not here: give their file with --corpus", file=sys.stderr)
        return 2
    report(list(answers(corpus)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
