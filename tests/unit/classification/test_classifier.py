"""How the engine chooses among rules, whatever the rules say."""

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from syncwatch.classification.book import MAX_CODES, Book
from syncwatch.classification.classifier import Classifier
from syncwatch.classification.normalise import MAX_CHARACTERS, normalise
from syncwatch.model import UNCLASSIFIED, Marks, Owner, Side

RULES = """\
rules:
  - id: sentence
    class: network_error
    any: ['\\bconnection lost\\b']
    cases: [{text: connection lost}]
  - id: needs-all
    class: exchange_quota
    codes: [Full, Fuller]
    all: ['mailbox']
    not: ['archive']
    owner: mail_admin
    confidence: 0.5
    cases: [{text: Full mailbox}]
  - id: code
    class: oauth_token_expired
    codes: [E-42, Full]
    marks: {token_expired: mailbox}
    cases: [{text: E-42}]
  - id: done
    class: unclassified
    codes: [OK1]
    marks: {completed: true}
    cases: [{text: OK1}]
"""


@pytest.fixture
def ask(rules):
    return Classifier(Book(rules(own=RULES))).classify


def test_a_code_comes_before_a_sentence_of_an_earlier_rule(ask):
    finding = ask("connection lost, E-42")
    assert (finding.rule, finding.class_, finding.owner) == ("code", "oauth_token_expired", Owner.END_USER)
    assert finding.marks == Marks(token_expired=Side.MAILBOX)


def test_a_completed_mark_loses_to_whatever_else_fits(ask):
    assert ask("OK1").marks.completed
    assert not ask("OK1 connection lost").marks.completed


def test_all_and_not_bound_a_rule(ask):
    finding = ask("Full mailbox")
    assert (finding.rule, finding.owner, finding.confidence) == ("needs-all", Owner.MAIL_ADMIN, 0.5)
    assert ask("Full").rule == "code"
    assert ask("Full archive mailbox").rule == "code"
    assert ask("Fuller archive mailbox").rule == ""


@pytest.mark.parametrize("text", ["e-42", "xE-42", "E-421", "E_42"])
def test_a_code_is_a_whole_token_in_its_own_case(ask, text):
    assert ask(text).class_ == UNCLASSIFIED


@pytest.mark.parametrize(
    "text",
    ["CONNECTION\u00a0LOST", "connection\r\n  lost", "a connection\\nlost", "\ufeffconn\u00adection lost"],
)
def test_spelling_does_not_hide_a_sentence(ask, text):
    assert ask(text).rule == "sentence"


def test_letters_that_come_in_parts_are_put_together(rules):
    own = "rules: [{id: a, class: network_error, any: ['d\u00e9lai'], cases: [{text: 'd\u00e9lai'}]}]"
    assert Classifier(Book(rules(own=own))).classify("de\u0301lai").rule == "a"


@pytest.mark.parametrize(
    "bars",
    [
        [f"word{n}.{{0,200}}end" for n in range(200)],
        [r"\Qdisk (", "archive"],
        [r"\Qdisk (\E", "archive"],
    ],
)
def test_what_can_run_alone_runs_with_others(rules, bars):
    """Joined, the first are too large for RE2, and a quotation without an end would swallow what follows."""
    own = yaml.safe_dump(
        {
            "rules": [
                {"id": "a", "class": "network_error", "codes": ["E"], "not": bars, "cases": [{"text": "E"}]}
            ]
        }
    )
    ask = Classifier(Book(rules(own=own))).classify
    assert ask("E").rule == "a"
    assert (ask("E archive").rule == "") == ("archive" in bars)
    assert (ask("E disk (").rule == "") == ("archive" in bars)


def test_codes_are_those_that_rules_know(ask):
    assert ask("E-42 and Z-99 and OK1").codes == ("E-42", "OK1")
    assert ask("Fuller and Z-99").codes == ("Fuller",)


def test_nothing_known_is_an_answer(ask):
    finding = ask("the moon is full")
    assert (finding.class_, finding.owner) == (UNCLASSIFIED, Owner.VENDOR_SUPPORT)
    assert (finding.rule, finding.codes, finding.confidence, finding.transient) == ("", (), 0.0, False)


def test_head_and_tail_of_a_long_text_speak_and_its_middle_does_not(ask):
    padding = "x " * MAX_CHARACTERS
    assert ask(f"E-42 {padding}").rule == "code"
    assert ask(f"{padding} E-42").rule == "code"
    assert ask(f"{padding} E-42 {padding}").rule == ""


def test_a_text_is_remembered_and_the_memory_is_bounded(rules):
    classifier = Classifier(Book(rules(own=RULES)), cache_size=2)
    first = classifier.classify("E-42")
    assert classifier.classify("E-42") is first
    for text in ("a", "b"):
        classifier.classify(text)
    assert classifier.classify("E-42") is not first
    assert classifier.classify("E-42") == first


@given(st.text() | st.text(alphabet=st.characters(categories=["Cs", "Po", "Zs"])), st.integers(1, 3000))
@settings(max_examples=150, deadline=None)
def test_any_text_whatever_is_answered_within_bounds(classifier, text, times):
    long = text * times
    assert len(normalise(long)) <= 4 * MAX_CHARACTERS
    finding = classifier.classify(long)
    assert len(finding.codes) <= MAX_CODES
    assert 0 <= finding.confidence <= 1


def test_a_hostile_pattern_and_text_end(rules):
    evil = "rules: [{id: evil, class: network_error, any: ['(a+)+$', '^(\\w+\\s?)*$'], cases: [{text: a}]}]"
    assert Classifier(Book(rules(own=evil))).classify("a" * 1_000_000 + "!").rule == ""
