"""Addresses are names: whatever words they are made of, nothing of them stays."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from syncwatch.classification import addresses
from syncwatch.classification.masking import MASK, Mask
from syncwatch.classification.vocabulary import Vocabulary
from syncwatch.config.shipped import shipped_words


@pytest.fixture(scope="session")
def mask(ruleset) -> Mask:
    return Mask(Vocabulary.of(ruleset, shipped_words()))


@pytest.mark.parametrize(
    "address",
    [
        "bill.may@smith-jones.com",
        "BILL.MAY@COURT.COM",
        "mailto:bill.may@smith-jones.com",
        "<bill.may@smith-jones.com>,",
        "(bill.may@smith-jones.com).",
        "user=bill.may@smith-jones.com;",
        "bill.may\uff20smith-jones.com",
        "bill.may\ufe6bsmith-jones.com",
        "bill.may%40smith-jones.com",
        "bill.may=40smith-jones.com",
        "bill.may&#64;smith-jones.com",
        r"bill.may\u0040smith-jones.com",
        "bill.may @ smith-jones.com",
        "bill.may (at) mail.com",
        "will+may@b\u00fccher.example",
        "will@xn--mark-9a",
        "grant.mark.sharepoint.com",
        "GRANT.SHAREPOINT.COM:443",
        "mark.com",
        "mark.will.\u0440\u0444",
        "will\u3002mark\u3002com",
        "grant.mark.m\u00fcller",
        "https://grant/sites/may?user=will#mark",
        "(https://grant.mark.sharepoint.com/sites/may)",
        r"https:\/\/grant\/sites\/may",
        "https%3A%2F%2Fgrant%2Fmay",
        "https://grant.sharepoint.com/sites/will mark/shared documents/may",
        "/home/will/may",
        r"\\grant\will\may",
        r"\\\\grant\\will\\may",
        r"COURT\will",
        r"COURT\nina",
        "COURT\uff3cwill",
        r"C:\Users\will\mark",
        "SMTP:will.may",
        "/o=grant mark/ou=exchange administrative group/cn=recipients/cn=will",
        "CN=will may,OU=users,DC=grant,DC=com",
        "deadface-dead-dead-dead-deaddeadface",
    ],
)
def test_nothing_of_an_address_stays(mask, address):
    assert _words(mask.template(f"The attendee {address} was not found")) == "The attendee <*> was not found"


def _words(template: str) -> str:
    """The template without the marks between its words."""
    return " ".join(re.findall(r"<\*>|\w+", template))


@pytest.mark.parametrize(
    ("text", "template"),
    [
        ("System.Net.WebException: not found", "System.Net.WebException: not found"),
        ("read/write and and/or HTTP/1.1", "read/write and and/or HTTP/<*>"),
        ("not saved.Please retry", "not saved.Please retry"),
        (r"failed\r\nerror occurred.\n\tat line", "failed error occurred. at line"),
        ("error=invalid_grant, code: not_found", "error=invalid_grant, code: not_found"),
    ],
)
def test_what_only_looks_a_little_like_one_stays(mask, text, template):
    assert mask.template(text) == template


NAMES = sorted(
    word.removeprefix("=")
    for line in shipped_words().read_text().splitlines()
    if not line.startswith("#")
    for word in line.split()
    if re.fullmatch(r"=?[a-z]+", word) and not word.endswith(addresses.NO_HOST)
)
AROUND = {"the", "error", "of", "failed"}
LABELS = st.sampled_from([name for name in NAMES if name not in AROUND])
LOCALS = st.lists(LABELS, min_size=1, max_size=3).flatmap(
    lambda names: st.sampled_from(".-_+").map(lambda joint: joint.join(names))
)
HOSTS = st.builds(
    ".".join,
    st.tuples(LABELS, LABELS, st.sampled_from(["com", "de", "co.uk", "law"]))
    | st.tuples(LABELS, st.just("com")),
)
ADDRESSES = st.builds("{}{}{}".format, LOCALS, st.sampled_from(["@", "%40", "\uff20", "&#64;"]), HOSTS)
URLS = st.builds(
    "{}://{}/{}?{}={}".format, st.sampled_from(["https", "file"]), HOSTS | LABELS, LABELS, LABELS, LABELS
)
SHARES = st.builds(r"\\{}\{}\{}".format, LABELS, LABELS, LABELS) | st.builds(r"{}\{}".format, LABELS, LABELS)
FORMS = [
    "{}",
    "<{}>",
    "({}).",
    "mailto:{}",
    "'{}",
    "user={};",
    "\u201c{}\u201d",
    '"{}",',
    "smtp:{}",
    "[{}]",
    "{}'s",
]


@given(
    ADDRESSES | HOSTS | URLS | SHARES,
    st.sampled_from(FORMS),
    st.sampled_from([str, str.upper, str.title]),
)
@example("will@bill.com", "{}", str)
def test_nothing_of_a_planted_address_survives(mask, address, form, case):
    template = mask.template(f"The error of {form.format(case(address))} failed")
    assert _words(template).removesuffix(" failed") == f"The error of {MASK}"


@given(st.text(alphabet="a.@/\\ =:%4\u3002<>", max_size=60))
def test_spans_lie_in_the_text_one_after_another(text):
    spans = list(addresses.spans(addresses.with_at_signs(text)))
    assert all(0 <= start < end <= len(text) for start, end in spans)
