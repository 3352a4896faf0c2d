"""What is refused when rules are loaded, and how it is said."""

import pytest

from syncwatch.classification.cases import failing_cases
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
            (4, "rules[busy].any[0]", "busy", rf": pattern '(a+)\\1' {REFUSED} invalid escape sequence: \1"),
            (
                4,
                "rules[busy].any[1]",
                "busy",
                f": pattern '[z-a]' {REFUSED} invalid character class range: z-a",
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
    assert failing_cases(rules(a=GOOD, b=late)) == (
        'rule "late", case 1: is exchange_throttled by rule "busy"',
    )


def test_a_case_with_other_marks_or_no_rule_fails(rules):
    marked = GOOD.replace("{text: ErrorServerBusy}", "{text: ErrorServerBusy, marks: {completed: true}}")
    silent = GOOD.replace("busy", "silent").replace("text: ErrorServerBusy", "text: nothing")
    assert failing_cases(rules(a=marked, b=silent)) == (
        'rule "busy", case 1: has other marks',
        'rule "silent", case 1: no rule speaks',
    )
