"""One CSV file, in every form that exports come in, and in every way that one can be half there."""

import codecs
import csv
import io
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncwatch.errors import PollError, Reason
from syncwatch.panel import sheet
from syncwatch.panel.decode import Content
from syncwatch.panel.plan import TablePlan
from syncwatch.panel.sheet import IncompleteError, ends_with_a_line, parse, read_sheet
from syncwatch.rows import Figures
from unit.panel.made import SESSIONS, compiled, merged, users

HEAD = ("User ID", "Mailbox", "Switch", "Name", "Made")
FIELDS = {
    "id": ["User ID", {"hash": ["Logon"]}],
    "mailbox": {"path": "Mailbox"},
    "switch": {"path": "Switch"},
    "name": "Name",
    "created": "Made",
}
ANN = ("a", "Ready", "On", "Ann", "2026-01-02T03:04:05Z")
BOB = ("b", "New", "Off", 'Bob "Bo"; Lee,\r\nEsq.', "")


@pytest.fixture
def plan(tmp_path) -> TablePlan:
    return compiled(tmp_path, {"format": "csv", **users(path="users.csv", fields=FIELDS)}).tables["users"]


def text(*rows: Any, delimiter: str = ",", end: str = "\r\n", quoting: int = csv.QUOTE_MINIMAL) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows(rows)  # type: ignore[call-overload]
    return out.getvalue()


def read(plan: TablePlan, written: str | bytes, figures: Figures | None = None) -> Content:
    return read_sheet(plan, written if isinstance(written, bytes) else written.encode(), figures or Figures())


def names(content: Content) -> list[tuple[str, str]]:
    return [(row.id, row.name) for row in content.rows]


BOTH = [("a", "Ann"), ("b", BOB[3])]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (b"", "utf-8"),
        (codecs.BOM_UTF8, "utf-8"),
        (b"", "utf-16-le"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (b"", "utf-16-be"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ],
)
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
def test_every_encoding_and_delimiter(plan, delimiter, mark, encoding, quoting):
    whole = text(HEAD, ANN, BOB, delimiter=delimiter, quoting=quoting)
    assert names(read(plan, mark + whole.encode(encoding))) == BOTH


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_every_line_end_and_none_at_the_last(plan, end, last):
    whole = text(HEAD, ANN, BOB, end=end)
    assert names(read(plan, whole if last else whole.removesuffix(end))) == BOTH


def test_lines_that_end_in_the_way_of_old_macs_are_read_or_refused_and_no_fault_of_ours(plan):
    assert [row.id for row in read(plan, text(HEAD, ANN, ANN, end="\r")).rows] == ["a", "a"]


def test_capitals_spaces_order_and_number_of_columns_do_not_count(plan):
    head = ("More", " NAME", "switch", "mailbox ", "user  id", "", "")
    content = read(
        plan, text(head, ("x", "Ann", "On", "Ready", "a", "", "y"), ("", "", "Off", "New", "b", "", ""))
    )
    assert [(row.id, row.name, row.created) for row in content.rows] == [
        ("a", "Ann", None),
        ("b", None, None),
    ]


def test_of_two_columns_of_one_heading_the_first_counts(plan):
    head = (*HEAD, "user id", "Name")
    assert names(read(plan, text(head, (*ANN, "z", "Zoe")))) == [("a", "Ann")]


def test_a_line_for_spreadsheets_blank_lines_and_trailing_delimiters_are_passed_over(plan):
    whole = "sep=;\r\n" + text(HEAD, ANN, BOB, delimiter=";").replace("\r\na;", "\r\n\r\na;").replace(
        ":05Z", ":05Z;;"
    )
    assert names(read(plan, whole)) == BOTH


def test_another_name_for_a_column_is_found_by_the_headings(plan):
    [row] = read(plan, text(("Logon", *HEAD[1:]), (r"FIRM\ann", *ANN[1:]))).rows
    assert len(row.id) == 24
    assert "ann" not in row.id


def test_a_column_that_every_row_needs_is_told_by_our_name(plan):
    with pytest.raises(PollError, match="schema: users: no column for id, switch:"):
        read(plan, text(("Mailbox", "Name"), ("Ready", "Ann")))


def test_an_optional_column_that_is_missing_is_absent(plan):
    [row] = read(plan, text(HEAD[:3], ANN[:3])).rows
    assert (row.name, row.created) == (None, None)


def test_a_bad_row_costs_only_itself_and_its_id_is_told(plan):
    figures = Figures()
    content = read(
        plan, text(HEAD, ANN, ("c", "Ready", "On", "Cat", "yesterday"), BOB, ANN[1:], ("", *ANN[1:])), figures
    )
    assert [row.id for row in content.rows] == ["a", "b"]
    assert content.refused == ("c",)


def test_a_row_of_another_length_is_not_a_user_who_is_gone(plan):
    content = read(plan, text(HEAD, ("c", "Ready", "On", "Cat", ANN[4], "extra"), ANN))
    assert content.refused == ("c",)


def test_rows_of_another_length_are_counted(plan):
    figures = Figures()
    content = read(plan, text(HEAD, (*ANN, "extra"), BOB, ("c", "New"), ANN), figures)
    assert figures.refused_rows == {"users": 2}
    assert content.bad == 2


def test_words_that_nobody_knows_are_counted(plan):
    figures = Figures()
    content = read(plan, text(HEAD, ("a", "Readyish", "On", "", ""), ("b", "", "On", "", "")), figures)
    assert [row.mailbox for row in content.rows] == ["unknown", "unknown"]
    assert figures.unknown_values == Counter({"users.mailbox": 1})


@pytest.mark.parametrize(
    "written", [b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\r\n", b"\xff\xfe\x0d\x00\x0a\x00", b"sep=,\r\n"]
)
def test_an_empty_file_is_not_an_empty_list(plan, written):
    with pytest.raises(IncompleteError):
        read(plan, written)


def test_headings_without_a_row_are_an_empty_list(plan):
    assert read(plan, text(HEAD)).rows == ()


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        (b'User ID,Mailbox,Switch,Name\r\na,Ready,On,"Ann" Lee\r\n', Reason.DECODE),
        (
            "User ID,Mailbox,Switch,Name\r\na,Ready,On,J\u00f6rg\r\nb,Ready,On,x".encode("latin-1"),
            Reason.DECODE,
        ),
        (b"PK\x03\x04\x14\x00\x06\x00\x08\x00" + bytes(range(256)), None),
        (b'{"data": []}\n', Reason.SCHEMA),
        (b"\0" * 4096, None),
        (b"User ID,Mailbox,Switch\r\n" + b"x" * 200_000 + b",Ready,On\r\n", Reason.SCHEMA),
        (b"x" * 200_000, None),
    ],
)
def test_what_is_no_such_file_is_told_and_quotes_nothing(plan, written, reason):
    with pytest.raises((PollError, IncompleteError)) as caught:
        read(plan, written)
    assert isinstance(caught.value, IncompleteError) or reason in {None, caught.value.reason}
    assert caught.value.__context__ is None
    assert "J" not in str(caught.value).replace("JSON", "")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_file_that_is_cut_anywhere_is_refused_or_has_no_row_that_is_not_true(plan, encoding, quoting, end):
    """Who stops in the middle of the last cell has a line that is not finished, which `ends_with_a_line` tells."""
    whole = text(
        HEAD, ANN, ("c", "Ready", "On", "J\u00f6\U0001f600", "2026-01-02T03:04:05Z"), end=end, quoting=quoting
    )
    body = whole.encode(encoding)
    true = {(row.id, row.name, row.created, row.switch) for row in read(plan, body).rows}
    assert len(true) == 2
    for cut in range(max(1, len(body) - 110), len(body)):
        half = body[:cut]
        try:
            content = read(plan, half)
        except (IncompleteError, PollError):
            continue
        if not ends_with_a_line(half):
            continue
        assert {(row.id, row.name, row.created, row.switch) for row in content.rows} <= true
        assert not content.refused
        assert whole.startswith(half.decode(encoding))
        assert half.decode(encoding).endswith(("\r", "\n"))


@pytest.mark.parametrize("padding", [b"\0" * 10, b"\0" * 5000])
@pytest.mark.parametrize("cut", range(1, 45, 3))
def test_a_copy_whose_end_is_still_zeros_is_not_believed(plan, padding, cut):
    body = text(HEAD, ANN, ("c", "Ready", "On", "Cat", "2026-01-02T03:04:05Z")).encode()[:-cut] + padding
    try:
        content = read(plan, body)
    except (IncompleteError, PollError):
        return
    assert not ends_with_a_line(body) or not content.refused


CELLS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0\r"), max_size=12)


@given(
    st.lists(st.tuples(CELLS, CELLS), max_size=5),
    st.sampled_from(",;\t"),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]),
    st.tuples(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]), st.sampled_from(["\n", "\r\n"])),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
def test_what_a_csv_writer_wrote_is_read_back(plan, cells, delimiter, encoding, form):
    quoting, end = form
    rows = [(str(at), "Ready", "On", name, "") for at, (name, _) in enumerate(cells)]
    whole = text(
        (*HEAD, "Note"),
        *((*row, note) for row, (_, note) in zip(rows, cells, strict=True)),
        delimiter=delimiter,
        end=end,
        quoting=quoting,
    )
    content = read(plan, whole.encode(encoding))
    assert [(row.id, row.name or "") for row in content.rows] == [(row[0], row[3].strip()) for row in rows]


@given(
    st.binary(max_size=300)
    | st.text(alphabet='User ID,Mailbox,Switch";\t\r\n\0a', max_size=200).map(str.encode)
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
def test_any_bytes_are_a_file_or_refused(plan, body):
    for written in (body, b"User ID,Mailbox,Switch\n" + body):
        try:
            read(plan, written)
        except (PollError, IncompleteError) as error:
            assert error.__context__ is None  # noqa: PT017 - either end is right


def test_times_and_words_are_those_of_the_profile(tmp_path):
    change = {
        "format": "csv",
        "timezone": "America/New_York",
        "datetime_format": ["%m/%d/%Y %I:%M:%S %p"],
        "tables": {
            "users": {"path": "users.csv", "fields": FIELDS},
            "sessions": merged(SESSIONS, {"fields": {"job": {"hash": ["who", "at"]}}}),
        },
    }
    plan = compiled(tmp_path, change).tables["sessions"]
    head, rows = (
        ("who", "at", "status"),
        [("Ann", "07/15/2026 08:00:00 AM", "ok"), ("Bob", "2026-07-15", "ok")],
    )
    content = read(plan, text(head, *rows))
    assert [row.started for row in content.rows] == [1784116800.0]
    assert content.bad == 1


def test_a_row_of_a_file_shows_nothing_of_itself(plan):
    content = read(plan, text(HEAD, ANN))
    sheet = parse(text(HEAD, ANN).encode(), plan)
    assert "Ann" not in f"{content} {content!r} {content.rows} {sheet!r}"


def test_a_finished_last_row_with_fewer_cells_does_not_spoil_the_file(plan):
    assert [row.id for row in read(plan, text(HEAD, ANN, ("b", "New", "Off"))).rows][:1] == ["a"]


@pytest.mark.parametrize("cells", ["a\n" * 20, ",,,,,,\n"])
def test_a_file_is_given_up_before_it_has_filled_the_memory(plan, monkeypatch, cells):
    monkeypatch.setattr(sheet, "MAX_ROWS", 10)
    monkeypatch.setattr(sheet, "MAX_COLUMNS", 6)
    with pytest.raises(PollError, match="decode: users: more than"):
        read(plan, f"User ID,Mailbox,Switch\n{cells}".encode())


def test_an_id_with_an_end_of_line_is_refused_with_its_row(plan):
    figures = Figures()
    content = read(plan, text(HEAD, ANN, ("a\nowner: nobody", *BOB[1:])), figures)
    assert (names(content), content.refused) == ([("a", "Ann")], ())
    assert figures.refused_rows == {"users": 1}
