"""What is refused when rules are loaded, and how it is said."""

import pytest

from syncwatch.classification.book import Book
from syncwatch.classification.checks import check
from syncwatch.classification.ruleset import RuleSet
from syncwatch.errors import ConfigError

GOOD = """\
rules:
  - id: busy
    class: exchange_throttled
    codes: [ErrorServerBusy]
    cases: [{text: ErrorServerBusy}]
"""

BAD = """\
rules:
  - id: busy
    class: exchange_throttled
    any: ['(a+)\\1', '[z-a]']
    cases: [{text: x}]
  - id: nowhere
    class: no_such_class
    codes: [ErrorServerBusy]
    cases: [{text: x}]
  - id: busy
    class: exchange_throttled
    owner: client_admin
    not: ['a*']
    cases: [{text: x}]
"""

REFUSED = "cannot be used:"
BUSY = "exchange_throttled"


def lines(error: ConfigError) -> list[str]:
    return [f"{problem.line}: {problem.location}: {problem.message}" for problem in error.problems]


def test_everything_wrong_is_said_at_once_with_its_line(rules):
    with pytest.raises(ConfigError) as caught:
        rules(own=BAD)
    assert lines(caught.value) == [
        f'{line}: {location}: rule "{rule}"{rest}'
        for line, location, rule, rest in (
            (
                4,
                "rules[busy].any[0]",
                "busy",
                rf": pattern '(a+)\\1' {REFUSED} invalid escape sequence: \1 (column 5)",
            ),
            (
                4,
                "rules[busy].any[1]",
                "busy",
                f": pattern '[z-a]' {REFUSED} invalid character class range: z-a (column 2)",
            ),
            (7, "rules[nowhere].class", "nowhere", ': class "no_such_class" is not in the catalogue'),
            (10, "rules[busy].id", "busy", " is already in own.yaml, rename one"),
            (10, "rules[busy]", "busy", " needs codes, any, languages or all"),
            (12, "rules[busy].owner", "busy", f': class "{BUSY}" has no remedy for owner "client_admin"'),
            (13, "rules[busy].not[0]", "busy", f": pattern 'a*' {REFUSED} it matches any text"),
        )
    ]


def test_a_bad_pattern_prints_nothing(rules, capfd):
    with pytest.raises(ConfigError):
        rules(own=BAD)
    assert capfd.readouterr() == ("", "")


def test_problems_of_all_files_come_together(rules):
    with pytest.raises(ConfigError) as caught:
        rules(a="rules: [{id: x}]", b=GOOD.replace("codes", "coeds"), classes="classes: {}")
    files = {problem.file.name for problem in caught.value.problems}
    assert files == {"a.yaml", "b.yaml", "classes.yaml"}


def test_a_class_needs_a_remedy_for_its_own_owner(rules):
    entry = "{area: network, severity: info, effect: item, owner: nobody, remedies: {end_user: Wait.}}"
    with pytest.raises(ConfigError, match="needs a remedy for its own owner, nobody"):
        rules(classes=f"classes: {{network_error: {entry}}}", own=GOOD)


def test_the_digest_follows_what_rules_say_and_not_their_layout(rules):
    digest = rules(own=GOOD).digest
    assert rules(own=f"# a comment\n{GOOD}").digest == digest
    assert rules(own=GOOD.replace("ServerBusy", "ServerLazy")).digest != digest


def test_files_are_asked_by_name(rules):
    other = GOOD.replace("busy", "first").replace("exchange_throttled", "network_error")
    assert [rule.id for rule in rules(b=GOOD, a=other).rules] == ["first", "busy"]


def test_a_case_that_another_rule_takes_is_named_without_its_text(rules):
    late = GOOD.replace("busy", "late").replace("text: ErrorServerBusy", "text: ErrorServerBusy in secret")
    late = late.replace("[ErrorServerBusy]", "[ErrorServerBusy, ErrorLazy]")
    assert complaints(rules(a=GOOD, b=late)) == [
        ("b.yaml", 2, 'rule "late": code \'ErrorServerBusy\' is taken by rule "busy" before it'),
        ("b.yaml", 5, 'rule "late": rule "busy" speaks of this case (exchange_throttled)'),
    ]


def test_a_case_with_other_marks_or_no_rule_fails(rules):
    marked = GOOD.replace("{text: ErrorServerBusy}", "{text: ErrorServerBusy, marks: {completed: true}}")
    silent = GOOD.replace("busy", "silent").replace("[ErrorServerBusy]", "[ErrorLazy]")
    silent = silent.replace("text: ErrorServerBusy", "text: nothing")
    assert complaints(rules(a=marked, b=silent)) == [
        ("a.yaml", 5, 'rule "busy": this case gets other marks'),
        ("b.yaml", 5, 'rule "silent": no rule speaks of this case'),
    ]


def test_a_rule_that_can_never_speak_is_named(rules):
    late = GOOD.replace("busy", "late")
    assert ("b.yaml", 2, 'rule "late" can never speak: earlier rules take all of it') in complaints(
        rules(a=GOOD, b=late)
    )


def test_an_earlier_rule_with_a_condition_takes_nothing_from_a_later_one_without(rules):
    early = GOOD.replace("codes", "all: [mailbox]\n    codes").replace("text: Err", "text: mailbox Err")
    assert complaints(rules(a=early, b=GOOD.replace("busy", "late"))) == []


def complaints(ruleset: RuleSet) -> list[tuple[str, int | None, str]]:
    return [(problem.file.name, problem.line, problem.message) for problem in check(ruleset, Book(ruleset))]
