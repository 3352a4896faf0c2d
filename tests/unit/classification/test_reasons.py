"""Why a text got its class, in rules and offsets and without the text."""

import pytest

from syncwatch.classification.book import Book
from syncwatch.classification.reasons import Standing, reasons

RULES = """\
rules:
  - id: needy
    class: exchange_quota
    codes: [Full]
    all: ['\\bmailbox\\b']
    cases: [{text: Full mailbox}]
  - {id: barred, class: exchange_throttled, codes: [Full], not: ['\\bdisk\\b'], cases: [{text: Full}]}
  - {id: plain, class: network_error, codes: [Full], cases: [{text: Full disk}]}
  - {id: late, class: salesforce_auth, any: ['\\bdisk\\b'], cases: [{text: disk}]}
"""


@pytest.fixture
def heard(rules):
    ruleset = rules(own=RULES)
    return lambda text: [
        (part.start, part.end, [(each.rule, each.standing) for each in part.heard])
        for part in reasons(Book(ruleset), text)
    ]


def test_every_rule_that_was_called_for_says_what_became_of_it(heard):
    assert heard("Full disk") == [
        (0, 9, [
            ("needy", Standing.LACKS), ("barred", Standing.BARRED), ("plain", Standing.SPEAKS),
            ("late", Standing.OUTRANKED),
        ])
    ]  # fmt: skip


def test_inner_texts_come_first_and_end_where_a_rule_speaks(heard):
    assert heard("disk; error occurred in x: nothing") == [
        (26, 34, []),
        (0, 34, [("late", Standing.SPEAKS)]),
    ]
    assert heard("x; error occurred in x: disk") == [(23, 28, [("late", Standing.SPEAKS)])]


def test_offsets_are_in_characters_and_name_what_lacks_and_what_bars(rules):
    (part,) = reasons(Book(rules(own=RULES)), "Müll: Full disk")
    needy, barred, plain, _ = part.heard
    assert plain.calls[0].places == ((6, 10),)
    assert [(match.pattern.text, match.places) for match in needy.why] == [(r"\bmailbox\b", ())]
    assert [(match.pattern.text, match.places) for match in barred.why] == [(r"\bdisk\b", ((11, 15),))]


def test_nothing_of_the_text_is_in_it(rules):
    assert "Canary" not in repr(
        reasons(Book(rules(own=RULES)), "Full disk of Canary Roe, error occurred in Canary: x")
    )


def test_what_only_the_whole_text_may_say_is_told_apart(rules):
    own = "rules: [{id: done, class: unclassified, codes: [DONE], marks: {completed: true}, cases: [{text: DONE}]}]"
    inner, _ = reasons(Book(rules(own=own)), "error occurred in x: DONE")
    assert [(each.rule, each.standing) for each in inner.heard] == [("done", Standing.INSIDE)]
