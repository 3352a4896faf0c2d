"""Which words a pattern spells out: whole ones, in all their forms, and no part of one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncwatch.classification.literals import words
from syncwatch.classification.patterns import refusal


@pytest.mark.parametrize(
    ("pattern", "spelled"),
    [
        (r"required fields missing", "required fields missing"),
        (r"\bbad field names?\b.{0,40}\bcall", "bad field name names call"),
        (r"user ?name", "user name username"),
        (
            r"synchroni[sz]e[ds]?",
            "synchronise synchronize synchronised synchronized synchronises synchronizes",
        ),
        (r"(?:has |is )?(?:been )?revoked", "has is been revoked"),
        (r"\bsync(?:ing|ed)?\b", "sync syncing synced"),
        (r"(?P<who>owner|user)s?", "owner owners user users"),
        (r"re-?auth", "re auth reauth"),
        (r"invalid_grant\W{1,6}expired", "invalid_grant expired"),
        (r"(?i)Token", "token"),
        (r"nicht autorisiert|größe", "nicht autorisiert größe"),
    ],
)
def test_whole_words_in_every_form(pattern, spelled):
    assert words(pattern) == set(spelled.split())


@pytest.mark.parametrize(
    "pattern",
    [
        r"d.pass",
        r"ung.{1,2}ltig",
        r"err\w*",
        r"\d+abc",
        r"abc7",
        r"abc\d",
        r"[a-z]ab",
        r"[^x]ab",
        r"\p{Latin}ab",
        r"\x{41}ab",
        r"(?:\w\w)+ab",
        r"x",
    ],
)
def test_what_may_be_part_of_a_word_is_none(pattern):
    assert refusal(pattern) is None
    assert words(pattern) == set()


def test_a_pattern_of_a_thousand_groups_is_left_alone():
    assert words("(" * 900 + "a" + ")" * 900) == set()


def test_a_pattern_that_spells_too_many_words_spells_none_of_them():
    assert words("(?:[abcd]{1}" + "[abcd]" * 30 + ") end") == {"end"}


@given(
    st.lists(
        st.sampled_from(["ab", "x?", "|", "(?:", ")", "[ab]", ".", r"\b", r"\W", "*", "{0,3}", " ", "+"])
    )
)
def test_any_pattern_that_is_one_can_be_read(parts):
    pattern = "".join(parts)
    if refusal(pattern) is None:
        assert all(word.isalpha() for word in words(pattern))
