"""What a pattern asks for is never too much, and enough that hardly any pattern is run in vain."""

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from syncwatch.classification.normalise import normalise
from syncwatch.classification.patterns import LITERALS_IN_SET, Pattern, Patterns, spans
from syncwatch.classification.required import alternatives, required


@pytest.mark.parametrize(
    ("pattern", "groups"),
    [
        (r"\bmailbox\b.{0,40}\bis full\b", [{"is full"}, {"mailbox"}]),
        (r"synchroni[sz]ation", [{"synchronisation", "synchronization"}]),
        (r"colou?r", [{"color", "colour"}]),
        (r"(?:red|blue) light", [{"red light", "blue light"}]),
        (r"error (?:one.{3}two|three.{3}four)", [{"error "}, {"one", "three"}, {"two", "four"}]),
        (r"(?:busy|.*)", []),
        (r"(?:busy|no)", []),
        (r"(?:busy)?", []),
        (r"(?:busy)+ now", [{" now"}, {"busy"}]),
        (r"a{2,3}bcd", [{"bcd"}]),
        (r"x\.y\.zed", [{"x.y.zed"}]),
        (r"\d\d\d|\w+", []),
        (r"(?-i:ABC)_", [{"abc_"}]),
        (r"\Qbusy", []),
        (r"[[:alpha:]]busy", [{"busy"}]),
        (r"同期", [{"同期"}]),
        (r"é", []),
    ],
)
def test_what_a_pattern_asks_for(pattern, groups):
    assert {frozenset(group) for group in groups} == set(required(pattern))


@pytest.mark.parametrize(
    ("pattern", "parts"),
    [
        (r"a|b(?:c|d)|[|]e|\|f", ("a", "b(?:c|d)", "[|]e", r"\|f")),
        (r"(?i)a|b", ("(?i)a|b",)),
        (r"\Qa|b", (r"\Qa|b",)),
        (r"(?i:a|b)", ("(?i:a|b)",)),
        ("a||b", ("a", "", "b")),
        ("a", ("a",)),
    ],
)
def test_what_alternatives_a_pattern_consists_of(pattern, parts):
    assert tuple(each.text for each in alternatives(pattern)) == parts


@pytest.mark.parametrize(
    "pattern", [r"busy (?:mailbox|server)|\bfull\b|.*|(?:no|one) items?", "(?i)busy|full", r"\Qa|b"]
)
def test_each_alternative_asks_for_what_it_asks_for_by_itself(pattern):
    for each in alternatives(pattern):
        assert set(each.groups) == set(required(each.text))


PIECES = st.sampled_from(
    ["mail", "box", "a", "[bc]", "(?:one|two|)", "(?:token|code)", ".{0,3}", r"\b", r"\W{1,2}", "x?", "(?:full)*", "^", "$",
     "(?:(?:is|was) not)", "[^a]", r"\d", "é", "(?:ab|cd){1,2}", "z{0,1}", "(?:in|out)+", r"\(", "(?-i:Q)", "|"]
)  # fmt: skip
TEXTS = st.lists(
    st.sampled_from(
        ["mail", "box", "a", "b", "c", "one", "two", "token", "code", " ", ".", "x", "full", "is not", "was not", "1", "É", "ab",
         "cd", "z", "in", "out", "(", "Q", "MAIL"]
    ),
    max_size=12,
).map("".join)  # fmt: skip


@given(st.lists(PIECES, min_size=1, max_size=8).map("".join), st.lists(TEXTS, min_size=1, max_size=8))
def test_a_text_that_matches_has_a_literal_of_every_group(pattern, texts):
    try:
        re2.compile(pattern)
    except re2.error:
        return
    for text in texts:
        if next(spans(Pattern(pattern), text.encode()), None) is not None:
            for group in required(pattern):
                assert any(literal.lower() in text.lower() for literal in group), (pattern, text, group)
            assert any(next(spans(Pattern(each.text), text.encode()), None) for each in alternatives(pattern))
            patterns = Patterns()
            patterns.add(Pattern(pattern))
            patterns.compile()
            assert patterns.found(text.encode()) == {0}


def test_all_shipped_patterns_are_found_where_they_match(ruleset, book):
    """Against every pattern searched for by itself, over every case."""
    texts = [normalise(case.text) for rule in ruleset.rules for case in rule.cases]
    text = b" ... ".join(texts)
    expected = {
        number for number, each in enumerate(book.patterns) if next(spans(each, text), None) is not None
    }
    assert book.patterns.found(text) == expected
    assert len(expected) > len(texts)


def test_hardly_a_shipped_pattern_has_to_be_run_on_every_text(book):
    vain = [
        each.text
        for pattern in book.patterns
        if not pattern.is_code
        for each in alternatives(pattern.text)
        if not each.groups
    ]
    assert len(vain) <= 10, vain


def test_thousands_of_codes_are_all_found():
    patterns = Patterns()
    codes = [f"ErrorNumber{number}x" for number in range(2 * LITERALS_IN_SET + 5)]
    numbers = [patterns.add(Pattern(code, is_code=True)) for code in codes]
    patterns.compile()
    for number in (0, LITERALS_IN_SET - 1, LITERALS_IN_SET, 2 * LITERALS_IN_SET + 4):
        assert patterns.found(f"<{codes[number]}>".encode()) == {numbers[number]}


def test_a_pattern_whose_automaton_is_large_is_found():
    patterns = Patterns()
    patterns.add(Pattern(r"start(?:.{0,80}[a-m]){3}end"))
    patterns.compile()
    assert patterns.found(b"start" + b"z" * 70 + b"a" + b"z" * 70 + b"b" + b"z" * 70 + b"cend") == {0}


@pytest.mark.parametrize("pattern", [r"start(?:.{0,20}a){1,20}end", r"start(?:(?:x.{0,9}y){0,9}z){1,5}end"])
def test_a_short_pattern_of_nested_repetitions_is_found(pattern):
    patterns = Patterns()
    patterns.add(Pattern(pattern))
    patterns.compile()
    text = b"start" + b"xyz" * 3 + b"bbbba" * 9 + b"end" if "20" in pattern else b"startxyzxyzend"
    assert patterns.found(text) == {0}


def test_many_long_literals_are_found():
    patterns = Patterns()
    for number in range(3000):
        patterns.add(Pattern(f"{'long' * 300}{number}|{number}{'tail' * 300}"))
    patterns.compile()
    assert patterns.found(f"7{'tail' * 300}".encode()) == {7}
