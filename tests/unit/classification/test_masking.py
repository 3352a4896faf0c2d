"""What remains of a text: words that everybody uses, and nothing of anybody's."""

import re
from typing import ClassVar

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from syncwatch.classification.masking import HEAD, MASK, MAX_CHARACTERS, MAX_TOKENS, Mask, parts
from syncwatch.classification.vocabulary import Vocabulary
from syncwatch.config.shipped import shipped_words


@pytest.fixture(scope="session")
def vocabulary(ruleset) -> Vocabulary:
    return Vocabulary.of(ruleset, shipped_words())


@pytest.fixture(scope="session")
def mask(vocabulary) -> Mask:
    return Mask(vocabulary)


@pytest.mark.parametrize(
    ("text", "template"),
    [
        ("Record 0061x00000AbCdE is locked.", "Record <*> is locked"),
        ("Smith-Jones, Jane <jane@firm.example>: not found", "<*>: not found"),
        ("ErrorServerBusy in FooBarException", "ErrorServerBusy in <*>"),
        ("ISE-013 and INVALID_FIELD", "ISE-013 and INVALID_FIELD"),
        ("AFTER_QUUX INVALID_QUUX", "<*>"),
        ("the organizer's mailbox can't be opened", "the organizer's mailbox can't be opened"),
        ("l'utilisateur d'Acme n'existe pas", "l'utilisateur <*> n'existe pas"),
        ("error=invalid_grant (HTTP/1.1)", "error=invalid_grant HTTP/<*>"),
        ("HTTP 503 - gateway", "HTTP <*> - gateway"),
        ("Встреча Ивановых, error", "<*>, error"),
        ("予定が見つかりません error", "<*> error"),
        ("\uff45\uff52\uff52\uff4f\uff52 \u2077 4\ufe0f\u20e3", "error <*>"),
        ("line one\n\n\tline\u2028two", "line one line two"),
        ("A. Miller will retry, Will wait", "<*> will retry, <*> wait"),
        ("???", MASK),
        (" \n", ""),
        ("", ""),
    ],
)
def test_only_words_of_the_vocabulary_stay(mask, text, template):
    assert mask.template(text) == template


@pytest.mark.parametrize(
    ("text", "template"),
    [
        ("item 'calendar sync failed' is locked", "item <*> is locked"),
        ('item "calendar sync failed" is locked', "item <*> is locked"),
        ("item „calendar sync“ is «locked»", "item <*> is <*>"),
        ("item `calendar sync` is locked", "item <*> is locked"),
        ("item 'the user's calendar' is locked", "item <*> is locked"),
        ("item 'the users' calendar' is locked", "item <*> is locked"),
        ("items 'error', 'call' and 'user'.", "items <*> and <*>"),
        ("the users' calendar and the owner's one", "the users calendar and the owner's one"),
        ("item 'calendar sync", "item <*>"),
        ('item "calendar sync', "item <*>"),
        ("item &quot;calendar sync&quot; is locked", "item <*> is locked"),
        (r"item \u0022calendar sync\u0022 is locked", "item <*> is locked"),
        ("item &amp;quot;calendar sync&amp;quot; is locked", "item <*> is locked"),
        ("item \u300ccalendar sync\u300d is locked", "item <*> is locked"),
        ("item \uff62calendar sync\uff63 is locked", "item <*> is locked"),
        ("item \u300ecalendar sync\u300f is locked", "item <*> is locked"),
        ("item \u300acalendar sync\u300b is locked", "item <*> is locked"),
        ("item \u300ccalendar sync", "item <*>"),
        ("<Subject>calendar sync</Subject> is locked", "<*> is locked"),
        ('<t:DisplayName a="b">calendar sync</t:DisplayName> is locked', "<*> is locked"),
        ("&lt;Location&gt;calendar sync&lt;/Location&gt; is locked", "<*> is locked"),
        ("<Body><p>calendar</p> sync</Body> is locked", "<*> is locked"),
        ("error <FileName>calendar sync", "error <*>"),
        ("<Title/> is locked", "Title / is locked"),
        (
            "<soap:Body><faultstring>not found</faultstring></soap:Body>",
            "soap:Body faultstring not found / faultstring / soap:Body",
        ),
    ],
)
def test_what_is_quoted_is_masked_whatever_it_is(mask, text, template):
    assert mask.template(text) == template


@pytest.mark.parametrize(
    ("text", "template"),
    [
        ('{"error": {"code": "ErrorServerBusy", "message": "not found"}}', "error: code: ErrorServerBusy, message: not found"),
        ('{"message": "no \\"calendar sync\\" here", "subject": "call"}', "message: no <*> here, subject: <*>"),
        ('[{"message":"field is missing","errorCode":"QUUX_MISSING","fields":[]}]', "message: field is missing, errorCode: <*>, fields"),
        ('{"Jane Roe": "not found"}', MASK),
        (r'{"message": "le champ No\u00ebl est obligatoire"}', "message: le champ <*> est obligatoire"),
    ],
)  # fmt: skip
def test_of_json_the_keys_and_what_went_wrong_are_read(mask, text, template):
    assert mask.template(text) == template


@pytest.mark.parametrize(
    ("known", "text", "template"),
    [
        ("Calendar sync failed", "item CALENDAR  Sync, failed is locked", "item <*> is locked"),
        (
            "Calendar sync failed again today",
            "item Calendar sync failed aga... is locked",
            "item <*>. is locked",
        ),
        ("the user's calendar", "item the user\u2019s calendar is locked", "item <*> is locked"),
        ("Call", "the call's owner", "the <*> owner"),
        ("mail", "an e-mail", "an e-<*>"),
        ("Müller Server", "no Mu\u0308ller Server here", "no <*> here"),
        ("Café & error", "no Caf\\u00e9 &amp; error here", "no <*> here"),
        ("", "not found", "not found"),
    ],
)
def test_what_is_known_goes_first_in_whatever_spelling(mask, known, text, template):
    assert mask.template(text, [known]) == template


WORDS = [
    "error",
    "not",
    "found",
    "ISE-013",
    "can't",
    "'",
    '"',
    "<*>",
    "-",
    "'s",
    ":",
    "Jane",
    "7",
    "{",
    '"code": "',
    "\\u0027",
]
TEXTS = (
    st.text() | st.lists(st.sampled_from(WORDS)).map(" ".join) | st.lists(st.sampled_from(WORDS)).map("".join)
)


@given(TEXTS, st.lists(TEXTS, max_size=3))
@example("e-mail 'mail'", [])
@example("ISE-013-:0", [])
@example("\ud800 error", ["\udfff"])
@example("error " * 39 + ": Jane", [])
def test_any_text_whatever_becomes_a_short_line_of_known_words(mask, vocabulary, text, known):
    template = mask.template(text, known)
    assert len(template) <= MAX_CHARACTERS
    assert len(re.findall(r"<\*>|[\w'-]+", template)) <= MAX_TOKENS
    assert template.isprintable()
    assert f"{MASK} {MASK}" not in template
    for token in re.split(r"[ .,:;=/]+", template.replace(MASK, "")):
        assert not token or token in vocabulary or all(map(_stays(vocabulary), token.split("-")))
    assert mask.template(template) == template


def _stays(vocabulary):
    def stays(word):
        first, apostrophe, last = word.partition("'")
        elided = first + apostrophe in vocabulary, apostrophe + last in vocabulary
        return word in {"", *vocabulary.words} or word in vocabulary or any(elided)

    return stays


@given(
    st.text(),
    st.text(),
    st.sampled_from(["Calendar sync request", "Jane Roe", "error", "Überprüfung der Termine"]),
)
def test_a_planted_name_never_survives(mask, before, after, name):
    template = mask.template(f"{before} {name} {after}", [name])
    assert name.casefold() not in template.casefold()


PIECES = [
    "' ",
    "'a ",
    '"code":"\\',
    "{ ",
    "can't'",
    "\u0301",
    "x",
    "\ufdfa",
    "'a 'b' ",
    "error ",
    "a@b ",
    "a.b.",
    "cn=a ",
]


class Counting(Vocabulary):
    """A vocabulary that knows nothing and counts how often, and about how many characters, it is asked."""

    asked: ClassVar[list[int]] = []

    def __contains__(self, word: str) -> bool:
        self.asked.append(len(word))
        return False


@pytest.mark.parametrize("piece", PIECES)
def test_of_a_text_of_a_megabyte_only_the_head_is_looked_at(piece):
    Counting.asked.clear()
    Mask(Counting(frozenset())).template(piece * (2**20 // len(piece)), [piece * 1000])
    assert len(Counting.asked) <= 2 * HEAD
    assert sum(Counting.asked) <= 4 * HEAD


@given(st.text(), st.text(), st.sampled_from(PIECES))
def test_what_comes_after_the_head_changes_nothing(mask, one, other, piece):
    head = piece * HEAD
    assert mask.template(head + one) == mask.template(head + other)


@pytest.mark.parametrize("length", range(HEAD - 40, HEAD + 10))
def test_a_cut_leaves_no_part_of_what_is_known_or_of_an_address(mask, length):
    before = "Quux " * (length // 5)
    template = mask.template(f"{before}Calendar sync request of bill.may@mail.com", ["Calendar sync request"])
    assert not {"Calendar", "sync", "request", "bill", "may", "mail"} & {*re.findall(r"\w+", template)}


@pytest.mark.parametrize("written", ["_Grant", "grant_", "__GRANT__"])
def test_underscores_around_it_hide_no_name(vocabulary, written):
    mask = Mask(Vocabulary(vocabulary.words | {"_grant", "grant_", "__grant__"}))
    assert mask.template(f"the {written} mailbox", ["Grant"]) == "the <*> mailbox"


def test_of_a_person_every_word_is_known(mask):
    known = parts("Call, Server D.", "server.call@mail.error.com")
    assert known == ("Call", "Server", "D", "server", "call", "mail", "error")
    assert mask.template("The call of D. Server failed, com error", known) == "The <*> of <*> failed, com <*>"
    assert parts(None, None) == ()


def test_a_long_text_keeps_its_head(mask):
    template = mask.template("error in field " * 1000)
    assert template.startswith("error in field error")
    assert template.endswith(f" {MASK}")


RULE = r"""rules:
  - id: x
    class: salesforce_limit
    codes: [QUUX-1]
    any: ['\bfrobnicat(?:e|ed)\b|grant to bill', 'wombat.*x']
    cases: [{text: 'QUUX-1 of Pettigrew'}]
"""


def test_words_of_patterns_and_codes_are_known_and_those_of_cases_are_not(rules):
    mine = Mask(Vocabulary.of(rules(mine=RULE), shipped_words()))
    assert mine.template("QUUX-1 frobnicated, Pettigrew wombats") == "QUUX-1 frobnicated, <*>"
    assert mine.template("Grant and Bill grant to bill") == "<*> and <*> grant to bill"


def test_no_word_of_the_list_has_a_digit_or_stands_there_twice():
    lines = [line for line in shipped_words().read_text().splitlines() if not line.startswith("#")]
    words = " ".join(lines).split()
    assert len(words) == len(set(words)) > 3000
    assert [word for word in words if not re.fullmatch(r"=?'?[^\W\d]+(?:'[^\W\d]*)?", word)] == []


@pytest.mark.parametrize(
    "name",
    [
        "Smith",
        "Partner",
        "Jane",
        "Garcia",
        "Müller",
        "Rossi",
        "Silva",
        "hearing",
        "plaintiff",
        "divorce",
        "deposition",
    ],
)
def test_names_and_words_of_the_law_are_not_in_it(vocabulary, name):
    assert name not in vocabulary


@pytest.mark.parametrize(
    "name",
    [
        "Ed",
        "Al",
        "Jo",
        "Di",
        "Max",
        "Pat",
        "Allen",
        "Page",
        "Day",
        "Cross",
        "Ella",
        "Le",
        "Von",
        "Campos",
        "Lang",
    ],
)
def test_a_word_that_is_a_name_too_stays_in_lower_case_only(vocabulary, name):
    assert name not in vocabulary
    assert name.upper() not in vocabulary
    assert name.lower() in vocabulary


def test_words_that_open_a_wrapper_are_known(vocabulary):
    assert "innere" in vocabulary


def test_the_digest_follows_the_words_and_which_of_them_are_names():
    digests = {
        Vocabulary(frozenset(words), frozenset(names)).digest
        for words, names in (("ab", ""), ("abc", ""), ("ab", "a"), ("ab", "b"))
    }
    assert len(digests) == 4
    assert Vocabulary(frozenset("ab")).digest == Vocabulary(frozenset("ba")).digest
