"""What only shows when rules are tried: cases that fail, codes and sentences that never come to speak, overlaps.

A rule is judged among the others, not alone, since an earlier or broader rule may speak in its place. Every problem
names file, line and rule; a case's text is never repeated.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator

from syncwatch.classification.book import Book, Candidate
from syncwatch.classification.classifier import Classifier
from syncwatch.classification.normalise import normalise
from syncwatch.classification.ruleset import Case, RuleSet
from syncwatch.errors import Problem


def check(ruleset: RuleSet, book: Book) -> tuple[Problem, ...]:
    """Everything that is wrong with rules that could be loaded, by file and line."""
    found = [*_cases(ruleset, book), *_shadowed(ruleset, book)]
    return tuple(sorted(found, key=lambda problem: (problem.file.name, problem.line or 0)))


def overlaps(ruleset: RuleSet, book: Book) -> Iterator[str]:
    """Pairs of rules of different classes that fit the same cases, so that their order decides; no fault in itself."""
    shared: Counter[tuple[str, str]] = Counter()
    for rule in ruleset.rules:
        for case in rule.cases:
            text = normalise(case.text)
            hits = book.patterns.found(text)
            speaker = book.speaks(text)
            others = {
                each.rule.id
                for each in book.called(hits)
                if speaker
                and each.fits(text, text)
                and each.rank[0] == speaker.rank[0]
                and each.rule.class_ != speaker.rule.class_
            }
            shared.update((speaker.rule.id, other) for other in others if speaker)
    for (first, second), count in sorted(shared.items()):
        yield f'rules "{first}" and "{second}" both fit {count} of the cases; the first is asked first'


def _cases(ruleset: RuleSet, book: Book) -> Iterator[Problem]:
    """Each case must get its rule's class, from this very rule."""
    classifier = Classifier(book)
    for number, rule in enumerate(ruleset.rules):
        for index, case in enumerate(rule.cases):
            if complaint := _complaint(classifier, rule.id, case):
                message = f'rule "{rule.id}": {complaint}'
                yield ruleset.problem(number, "cases", index, message=message)


def _complaint(classifier: Classifier, rule: str, case: Case) -> str | None:
    finding = classifier.classify(case.text)
    if not finding.rule:
        return "no rule speaks of this case"
    if finding.rule != rule:
        return f'rule "{finding.rule}" speaks of this case ({finding.class_})'
    wrong = case.marks is not None and case.marks.marks != finding.marks
    return "this case gets other marks" if wrong else None


def _shadowed(ruleset: RuleSet, book: Book) -> Iterator[Problem]:
    """Patterns of which an earlier rule takes every text, and rules of which nothing is left."""
    numbers = {rule.id: number for number, rule in enumerate(ruleset.rules)}
    left: defaultdict[str, int] = defaultdict(int)
    for number, pattern in enumerate(book.patterns):
        ranked = sorted(book.called([number]), key=lambda each: each.rank)
        for place, candidate in enumerate(ranked):
            rule = candidate.rule.id
            taker = next((each.rule.id for each in ranked[:place] if _takes_all(each, candidate)), None)
            left[rule] += taker is None
            if taker is not None:
                kind = "code" if pattern.is_code else "pattern"
                message = f'rule "{rule}": {kind} {pattern.text!r} is taken by rule "{taker}" before it'
                yield ruleset.problem(numbers[rule], message=message)
    for rule, count in left.items():
        if not count:
            message = f'rule "{rule}" can never speak: earlier rules take all of it'
            yield ruleset.problem(numbers[rule], "id", message=message)


def _takes_all(earlier: Candidate, later: Candidate) -> bool:
    """Whether the earlier rule fits every text that the later one does, when the same pattern calls for both."""
    first, second = earlier.rule, later.rule
    return {*first.all_} <= {*second.all_} and {*first.not_} <= {*second.not_}
