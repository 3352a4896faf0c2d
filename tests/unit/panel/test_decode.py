import json
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncwatch.errors import PollError, Reason
from syncwatch.panel.decode import decode
from syncwatch.panel.mending import MAX_BYTES
from syncwatch.rows import Figures


def page(*rows: dict) -> bytes:
    return json.dumps({"data": rows, "nextCursor": None}).encode()


@pytest.mark.parametrize(
    ("marker", "instead", "ids"),
    [
        (b'"SPOILED"', b"1.7", ("bad",)),  # not the type
        (b"SPOILED", b"\xff\xfe", ("bad",)),  # no UTF-8
        (b'"SPOILED"', b"[" * 5000 + b"]" * 5000, ("bad",)),  # deeper than the interpreter goes
        (b'"SPOILED"', b'{"a":' * 5000 + b"1" + b"}" * 5000, ("bad",)),
        (b'"userId": "bad"', b'"userId": 3.5', ()),
        (b'"userId": "bad"', b'"userId": "\xff"', ()),
    ],
)
def test_one_bad_row_costs_no_other(profile, user, marker, instead, ids):
    figures = Figures()
    spoiled = user(userId="bad", mailboxStatus="SPOILED")
    body = page(user(userId="a"), spoiled, user(userId="b")).replace(marker, instead)
    content = decode(profile.tables["users"].usual(), body, figures)
    assert [row.id for row in content.rows] == ["a", "b"]
    assert (content.refused, content.bad, figures.refused_rows) == (ids, 1, {"users": 1})


def test_deep_nesting_in_a_part_that_nobody_reads_costs_only_its_row(profile, user):
    body = page(user(userId="a"), user(userId="bad", delegates="DEEP")).replace(
        b'"DEEP"', b"[" * 9999 + b"]" * 9999
    )
    content = decode(profile.tables["users"].usual(), body, Figures())
    assert [row.id for row in content.rows] == ["a"]
    assert content.refused == ("bad",)


def test_a_subject_that_was_cut_within_an_emoji_is_read(profile):
    row = {"errorText": "ok"}
    body = page(row, {"errorText": "CUT"}, {"errorText": "WHOLE"})
    body = body.replace(b"CUT", rb"x \\ud83d \ud83d").replace(b"WHOLE", rb"\ud83d\ude00")
    content = decode(profile.tables["issues"].usual(), body, Figures())
    assert [found.text for found in content.rows] == ["ok", "x \\ud83d \ufffd", "\U0001f600"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", Reason.DECODE),
        (b'{"data": [{"userId": "a"', Reason.DECODE),
        (b'{"data": [], "nextCursor": null} trailing', Reason.DECODE),
        (b"null", Reason.SCHEMA),
        (b'{"items": []}', Reason.SCHEMA),
        (b'{"data": [], "nextCursor": "%s"}' % (b"c" * 9000), Reason.SCHEMA),
    ],
)
def test_what_is_no_page_is_told_by_its_reason(profile, body, reason):
    with pytest.raises(PollError) as caught:
        decode(profile.tables["users"].usual(), body, Figures())
    assert caught.value.reason is reason
    assert caught.value.__context__ is None


@pytest.mark.parametrize("body", [b'{"data": [], "nextCursor": ""}', b'{"data": []}'])
def test_an_empty_or_absent_cursor_is_the_end(profile, body):
    assert decode(profile.tables["users"].usual(), body, Figures()).following is None


def test_a_flood_of_rows_is_not_read_one_by_one(profile):
    started = time.process_time()
    with pytest.raises(PollError) as caught:
        decode(
            profile.tables["users"].usual(),
            b'{"data": [' + b"1," * 8_000_000 + b'1], "nextCursor": null}',
            Figures(),
        )
    assert caught.value.reason is Reason.DECODE
    assert time.process_time() - started < 1  # row by row: half a minute, and a gigabyte
    rows = b",".join([b'{"errorText": ""}'] * 110_000)
    with pytest.raises(PollError, match="schema"):
        decode(profile.tables["issues"].usual(), b'{"data": [' + rows + b'], "nextCursor": null}', Figures())


@pytest.mark.parametrize("unit", [b"[", b'\\"', b'"\\', b'""', b"\\ud83d"])
def test_hostile_pages_take_linear_time(profile, unit):
    started = time.process_time()
    with pytest.raises(PollError):
        decode(profile.tables["users"].usual(), unit * (MAX_BYTES // len(unit)), Figures())
    assert time.process_time() - started < 3  # quadratic would take minutes


@given(st.binary(max_size=400) | st.text(alphabet='{}[]":,\\ud8data1 ', max_size=200).map(str.encode))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
def test_any_bytes_are_a_page_or_a_poll_error(profile, body):
    try:
        decode(profile.tables["users"].usual(), body, Figures())
    except PollError as error:
        assert error.reason in {Reason.DECODE, Reason.SCHEMA}  # noqa: PT017 - either end is right


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["userId", "issues", "lastSession", "jobId", "status", "startedAt"]), inner
            )
        ),
        max_leaves=12,
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
def test_any_json_row_is_read_or_counted(profile, user, row):
    figures = Figures()
    whole = {**user(), **row} if isinstance(row, dict) else row
    content = decode(profile.tables["users"].usual(), page(user(), whole), figures)
    assert len(content.rows) + figures.refused_rows["users"] == 2
