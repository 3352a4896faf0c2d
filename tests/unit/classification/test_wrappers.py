"""The innermost cause speaks, whatever was put around it."""

import pytest

from syncwatch.classification.book import Book
from syncwatch.classification.classifier import Classifier
from syncwatch.classification.normalise import MAX_CHARACTERS
from syncwatch.classification.wrappers import MAX_INNER
from syncwatch.errors import ConfigError

RULES = """\
rules:
  - {id: outer, class: network_error, codes: [OUTER], cases: [{text: OUTER}]}
  - {id: inner, class: exchange_quota, codes: [INNER], cases: [{text: INNER}]}
  - {id: alone, class: exchange_throttled, codes: [ALONE], not: ['\\bflow\\b'], cases: [{text: ALONE}]}
  - {id: sentence, class: salesforce_auth, any: ['\\bspeaks\\b'], cases: [{text: speaks}]}
  - {id: done, class: unclassified, codes: [DONE], marks: {completed: true}, cases: [{text: DONE}]}
"""
WRAPPERS = """\
wrappers:
  - {id: arrow, opens: '--->', closes: '<---', cases: [{text: a ---> b <--- c, inner: b}]}
  - {id: because, opens: '\\bbecause:', cases: [{text: 'a because: b', inner: b}]}
"""


@pytest.fixture
def rule(rules):
    classify = Classifier(Book(rules(own=RULES, wrappers=WRAPPERS))).classify
    return lambda text: classify(text).rule


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("OUTER INNER", "outer"),
        ("OUTER ---> INNER", "inner"),
        ("OUTER because: nobody knows", "outer"),
        ("OUTER ---> speaks", "sentence"),
        ("OUTER ---> INNER because: no idea ---> none", "inner"),
        ("INNER because: OUTER ---> speaks <--- after", "sentence"),
        ("speaks ---> x <--- OUTER", "outer"),
        ("a flow ---> ALONE", ""),
        ("a call ---> ALONE", "alone"),
        ("---> ", ""),
    ],
)
def test_the_innermost_text_that_a_rule_knows_counts(rule, text, expected):
    assert rule(text) == expected


def test_an_inner_text_cannot_say_that_a_session_completed(rule):
    assert rule("DONE") == "done"
    assert rule("Could not save 'x because: DONE'") == "done"  # the whole text has the code
    assert rule("OUTER: could not save 'x because: DONE'") == "outer"


def test_nothing_inside_of_a_final_text_is_asked(rules):
    own = RULES.replace("{id: outer,", "{id: outer, final: true,")
    classify = Classifier(Book(rules(own=own, wrappers=WRAPPERS))).classify
    assert classify("OUTER ---> INNER").rule == "outer"
    assert classify("x ---> INNER").rule == "inner"


def test_codes_are_those_of_the_whole_text(rules):
    classify = Classifier(Book(rules(own=RULES, wrappers=WRAPPERS))).classify
    assert set(classify("OUTER ---> INNER").codes) == {"OUTER", "INNER"}


def test_a_text_that_nests_without_end_is_answered(rule):
    assert rule("OUTER " + "because: ---> " * MAX_CHARACTERS) == "outer"
    assert rule("INNER " + "because: x " * (MAX_INNER - 1) + "because: OUTER") == "outer"


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("{id: a, opens: '(?=x)', cases: [{text: x, inner: x}]}", "wrapper \"a\": '(?=x)' cannot be used: "),
        ("{id: a, opens: 'x', cases: []}", "cases"),
        (
            "{id: a, opens: 'x', cases: [{text: x y, inner: z}]}",
            "the innermost text of this case is another one",
        ),
        ("{id: a, opens: 'b*', cases: [{text: x, inner: x}]}", "it matches any text"),
    ],
)
def test_wrappers_are_checked_when_they_are_loaded(rules, written, complaint):
    with pytest.raises(ConfigError) as caught:
        rules(own=RULES, wrappers=f"wrappers: [{written}]")
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    ("text", "class_"),
    [
        (("Error occurred during Crm Export: Insert failed. First exception on row 0; first error: "
         "UNABLE_TO_LOCK_ROW, unable to obtain exclusive access: []"), "salesforce_lock_contention"),
        (("System.Net.WebException: The underlying connection was closed ---> System.Exception: ErrorServerBusy"
         " --- End of inner exception stack trace --- at System.Net"), "exchange_throttled"),
        ('{"status":500,"body":"{\\"error\\":{\\"code\\":\\"ErrorQuotaExceeded\\"}}"}', "exchange_quota"),
        ("<s:Fault><faultcode>a:ErrorImpersonateUserDenied</faultcode><faultstring>no</faultstring></s:Fault>",
         "impersonation_denied"),
        (("We can't save this record because the \"Intake\" process failed. An Apex error occurred: Insert failed."
         " First exception on row 0; first error: REQUIRED_FIELD_MISSING, x: []"), "salesforce_automation_error"),
    ],
)  # fmt: skip
def test_the_shipped_wrappers_show_the_cause(classifier, text, class_):
    assert classifier.classify(text).class_ == class_
