"""Random pages, files, rules and texts, near enough to real ones to get past the door; `targets.py` says what must hold."""

import csv
import io
import json
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz.targets import CSV_TABLES, JSON_TABLES, PLANTED, SEEDS, SEPARATOR, TARGETS
from syncwatch.config.shipped import shipped

fuzzing = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))

WORDS = (
    "Enabled",
    "Disabled",
    "Initialized",
    "finished",
    "errors",
    "running",
    "Connected",
    "2026-01-02T03:04:05Z",
)
TEXTS = st.one_of(
    st.sampled_from((*WORDS, PLANTED, "\x00\x1b[31m", "\u202e", "\ud83d", "NaN", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00")),
    st.text(max_size=30),
)  # fmt: skip
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS)
VALUES = st.recursive(
    SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)), max_leaves=6
)  # fmt: skip


def fields(profile: str, table: str) -> list[str]:
    """Every path that the shipped profile reads in a table."""
    file = next(file for file in shipped("panels") if file.stem == profile)
    found = yaml.safe_load(file.read_text(encoding="utf-8"))["tables"][table]["fields"].values()
    return [path for source in found for path in _paths(source)]


def _paths(source: Any) -> list[str]:
    match source:
        case str():
            return [source]
        case list():
            return [path for each in source for path in _paths(each)]
        case {"path": path}:
            return _paths(path)
        case {"hash": paths}:
            return list(paths)
    return []


def nested(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row whose keys are paths, as it is on the wire."""
    made: dict[str, Any] = {}
    for path, value in row.items():
        first, _, rest = path.partition(".")
        if not rest:
            made.setdefault(first, value)
        elif isinstance(made.setdefault(first, {}), dict):
            made[first][rest] = value
    return made


def usual(name: str) -> st.SearchStrategy[Any]:
    """What a field most often holds, so that whole rows are read too."""
    low = name.lower()
    if "status" in low:
        return st.sampled_from(WORDS[:7])
    if any(part in low for part in ("on", "at", "date")) and "organization" not in low:
        return st.just(WORDS[7])
    if low in {"issues", "synchronizationintervalseconds"}:
        return st.integers(0, 5)
    return st.booleans() if "dueto" in low else TEXTS


@st.composite
def json_pages(draw: st.DrawFn) -> bytes:
    """A page of a table, with any value anywhere, cut, or with a byte exchanged."""
    number = draw(st.integers(0, len(JSON_TABLES) - 1))
    row = st.fixed_dictionaries(
        {name: st.one_of(usual(name), usual(name), usual(name), VALUES) for name in fields("litify-inbox", JSON_TABLES[number])}
    )  # fmt: skip
    rows = draw(st.lists(st.one_of(row.map(nested), row.map(nested), VALUES), max_size=4))
    page = {"data": rows, "nextCursor": draw(st.one_of(st.none(), TEXTS, VALUES))}
    plain = draw(st.booleans())
    body = json.dumps(page, ensure_ascii=plain).encode("utf-8", "surrogatepass")
    return bytes([number]) + draw(damaged(body))


@st.composite
def csv_files(draw: st.DrawFn) -> bytes:
    """A file of a table, in any encoding and any dialect."""
    number = draw(st.integers(0, len(CSV_TABLES) - 1))
    columns = draw(st.permutations(fields("litify-inbox-csv", CSV_TABLES[number])))
    cells = st.one_of(st.sampled_from((*WORDS, "True", "05/02/2023 10:00:03 AM")), st.text(max_size=12))
    rows = draw(st.lists(st.lists(cells, min_size=len(columns) - 1, max_size=len(columns)), max_size=5))
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=draw(st.sampled_from(",;\t")))
    writer.writerows([columns, *rows])
    encoded = out.getvalue().encode(
        draw(st.sampled_from(("utf-8", "utf-8-sig", "utf-16", "utf-16-be"))), "replace"
    )
    return bytes([number]) + draw(damaged(encoded))


@st.composite
def rule_files(draw: st.DrawFn) -> bytes:
    """One good rule, with other things in its place."""
    patterns = st.lists(
        st.one_of(
            st.sampled_from((r"\bdown\b", "(", "a{1,1000}", "(?=x)", PLANTED, ".*" * 50)),
            st.text(max_size=12),
        ),
        max_size=3,
    )
    rule = {
        "id": draw(st.one_of(st.just("a-rule"), TEXTS)),
        "class": draw(st.sampled_from(("sync_interrupted", "unclassified", "none", PLANTED))),
        "any": draw(st.one_of(st.just([r"\bmailbox is down\b"]), patterns, VALUES)),
        "cases": draw(st.one_of(st.just([{"text": "The mailbox is down"}]), VALUES)),
    } | draw(st.dictionaries(st.sampled_from(("codes", "all", "not", "owner", "marks", "languages", "final", "odd")), VALUES, max_size=2))  # fmt: skip
    rules = {"rules": draw(st.lists(st.one_of(st.just(rule), VALUES), min_size=1, max_size=2))}
    body = yaml.safe_dump(rules, allow_unicode=True).encode("utf-8", "replace")
    return draw(damaged(body))


@st.composite
def damaged(draw: st.DrawFn, body: bytes) -> bytes:
    """The same, or cut, or with something in between."""
    if draw(st.integers(0, 2)):
        return body
    at = draw(st.integers(0, len(body)))
    return (
        body[:at]
        + draw(st.one_of(st.binary(max_size=4), st.just(b"[" * 2000)))
        + body[at + draw(st.integers(0, 8)) :]
    )


@st.composite
def masked(draw: st.DrawFn) -> bytes:
    """A person, and a text that speaks of them in words that everybody uses and in others."""
    some = st.sampled_from(
        ("Will", "Grant", "Mailbox", "error", "O'Malley", "Zoë", "calendar", "the", "Ⅻ", "ﬁle")
    )
    name = " ".join(draw(st.lists(st.one_of(some, st.text(max_size=8)), max_size=3)))
    address = draw(st.one_of(st.emails(), some.map("{}@mail.example.com".format)))
    between = st.sampled_from((" ", ": ", "-", "'", '"', "/", "\\", "_", "&amp;", "\n", "<", ">"))
    pieces = st.one_of(some, st.just(name), st.just(address), st.just(name.upper()), st.text(max_size=10))
    text = "".join(
        draw(
            st.lists(st.tuples(pieces, between), max_size=12).map(
                lambda pairs: ("".join(pair) for pair in pairs)
            )
        )
    )
    return SEPARATOR.join((name, address, text)).encode("utf-8", "surrogatepass")


@st.composite
def written(draw: st.DrawFn, target: str) -> bytes:
    """A file that a person wrote, with other things in some places of it."""
    seed = yaml.safe_load(draw(st.sampled_from(SEEDS[target])))
    for _ in range(draw(st.integers(0, 3))):
        place = seed
        while isinstance(place, dict | list) and place:
            key = draw(
                st.sampled_from(range(len(place)) if isinstance(place, list) else sorted(map(str, place)))
            )
            if not isinstance(place[key], dict | list) or draw(st.booleans()):
                place[key] = draw(VALUES)
                break
            place = place[key]
    return draw(damaged(yaml.safe_dump(seed, allow_unicode=True).encode("utf-8", "replace")))


@fuzzing
@given(json_pages())
def test_a_page_is_read_or_refused(data):
    TARGETS["page"](data)


@fuzzing
@given(csv_files())
def test_a_file_is_read_or_refused(data):
    TARGETS["sheet"](data)


@fuzzing
@given(rule_files())
def test_rules_are_taken_or_refused(data):
    TARGETS["rules"](data)


@fuzzing
@given(st.one_of(st.text(), TEXTS).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_text_has_a_class(data):
    TARGETS["text"](data)


@fuzzing
@given(masked())
def test_no_word_of_a_person_survives_masking(data):
    TARGETS["mask"](data)


@pytest.mark.parametrize("target", ["door", "configuration", "listed"])
@fuzzing
@given(data=st.data())
def test_what_a_person_wrote_is_taken_or_refused(target, data):
    TARGETS[target](data.draw(written(target)))


@pytest.mark.parametrize("target", TARGETS)
@fuzzing
@given(data=st.binary(max_size=300))
def test_any_bytes_are_taken_or_refused(target, data):
    TARGETS[target](data)
