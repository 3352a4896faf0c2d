"""Rules prove themselves: every case of every rule, classified by all rules together.

A rule is judged among the others, not alone, since an earlier or broader rule may speak in its place. The
answers name rules, classes and the number of the case; a case's text is never repeated.
"""

from collections.abc import Iterator

from syncwatch.classification.classifier import Classifier
from syncwatch.classification.ruleset import Case, Rule, RuleSet


def failing_cases(ruleset: RuleSet) -> tuple[str, ...]:
    """Run every case; one line for each that does not get its rule's class from this very rule."""
    classifier = Classifier(ruleset)
    return tuple(
        f'rule "{rule.id}", case {number}: {complaint}'
        for rule in ruleset.rules
        for number, case in enumerate(rule.cases, start=1)
        for complaint in _complaints(classifier, rule, case)
    )


def _complaints(classifier: Classifier, rule: Rule, case: Case) -> Iterator[str]:
    finding = classifier.classify(case.text)
    if finding.rule != rule.id:
        yield f'is {finding.class_} by rule "{finding.rule}"' if finding.rule else "no rule speaks"
    elif case.marks is not None and case.marks.marks != finding.marks:
        yield "has other marks"
