"""What the panel writes becomes ours: words, times, hashed ids, and fields under one of several names."""

import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncwatch.errors import ConfigError, PollError
from syncwatch.model import Switch
from syncwatch.panel.compile import compile_profile
from syncwatch.panel.decode import decode, look
from syncwatch.panel.meanings import hashed, times
from syncwatch.panel.profile.load import load_profiles
from syncwatch.rows import Figures
from unit.panel.made import KEY, SESSIONS, compiled, ids, loaded, merged, row, users

US = "%m/%d/%Y %I:%M:%S %p"


def read(table, *rows: Any, figures: Figures | None = None) -> tuple[Any, ...]:
    body = json.dumps(rows).encode()
    seen: set[Any] = set()
    look(table, body, seen)
    return decode(table.choose(seen.__contains__), body, figures or Figures()).rows


def created(tmp_path, value: Any, **more: Any) -> float | None:
    """`value` read as a time; fails if it costs the row."""
    profile = compiled(tmp_path, {**users(fields={"created": "at"}), **more})
    [only] = read(profile.tables["users"], row("a", at=value))
    return only.created


@pytest.mark.parametrize(
    ("formats", "value", "seconds"),
    [
        (["iso"], "2026-01-02T03:04:05Z", 1767323045.0),
        (["iso"], "2026-01-02 03:04:05", 1767323045.0),
        (["iso"], None, None),
        (["iso", US], " 2026-01-02T03:04:05+00:00 ", 1767323045.0),
        ([US], "01/02/2026 03:04:05 AM", 1767323045.0),
        ([US], "1/2/2026 3:04:05 am", 1767323045.0),
        ([US], "01/02/2026 12:04:05 AM", 1767312245.0),
        (["iso", "%m/%d/%Y"], "01/02/2026", 1767312000.0),
        (["unix"], 1767323045, 1767323045.0),
        (["unix"], 1767323045.5, 1767323045.5),
        (["unix"], "1767323045", 1767323045.0),
        (["unix"], 0, 0.0),
        (["unix_ms"], 1767323045123, 1767323045.123),
        (["unix_ms"], "1767323045123", 1767323045.123),
        ([US, "unix_ms"], None, None),
        ("unix", 5, 5.0),
    ],
)
def test_a_time_in_each_of_the_profiles_formats(tmp_path, formats, value, seconds):
    assert created(tmp_path, value, datetime_format=formats) == seconds


@pytest.mark.parametrize(
    ("formats", "value"), [(["iso"], "2026-01-02T03:04:05Z"), (["unix"], 5), ([US], "1/2/2026 3:04:05 am")]
)
def test_a_time_is_a_plain_number_whatever_it_was_read_from(tmp_path, formats, value):
    """Facts are written to the journal, which knows no number of ours."""
    assert type(created(tmp_path, value, datetime_format=formats)) is float


def test_the_first_format_that_fits_counts(tmp_path):
    day_first, month_first = "%d/%m/%Y", "%m/%d/%Y"
    march, april = 1772496000.0, 1775174400.0
    assert created(tmp_path, "03/04/2026", datetime_format=[month_first, day_first]) - march == 86400
    assert created(tmp_path, "03/04/2026", datetime_format=[day_first, month_first]) == april
    assert created(tmp_path, "25/04/2026", datetime_format=[month_first, day_first]) == april + 22 * 86400


@pytest.mark.parametrize("value", ["1790123112345", "1709122823595"])
def test_milliseconds_as_text_are_no_date_in_iso_form(tmp_path, value):
    assert created(tmp_path, value, datetime_format=["iso", "unix_ms"]) == int(value) / 1000


@pytest.mark.parametrize(
    ("zone", "value", "utc"),
    [
        ("America/New_York", "2026-01-15T12:00:00", "2026-01-15T17:00:00"),
        ("America/New_York", "2026-07-15T12:00:00", "2026-07-15T16:00:00"),
        ("America/New_York", "2026-11-01T01:30:00", "2026-11-01T05:30:00"),  # twice: the first one
        ("America/New_York", "2026-03-08T02:30:00", "2026-03-08T07:30:00"),  # not at all: an hour later
        ("America/New_York", "2026-07-15T12:00:00Z", "2026-07-15T12:00:00"),
        ("Asia/Kolkata", "2026-07-15T12:00:00", "2026-07-15T06:30:00"),
    ],
)
@pytest.mark.parametrize("formats", [["iso"], [US, "iso"]])
def test_a_time_without_an_offset_is_in_the_profiles_zone(tmp_path, zone, value, utc, formats):
    seconds = datetime.fromisoformat(utc).replace(tzinfo=UTC).timestamp()
    assert created(tmp_path, value, timezone=zone, datetime_format=formats) == seconds
    own = compiled(tmp_path, users(fields={"created": "at"}), zone=zone, formats=tuple(formats))
    assert read(own.tables["users"], row("a", at=value))[0].created == seconds, "a tenant's own"


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Pacific/Kiritimati"])
@pytest.mark.parametrize("formats", [["iso"], ["iso", US]])
@pytest.mark.parametrize("value", ["0001-01-01T00:00:00", "9999-12-31T23:59:59", "0001-01-01T00:00:00+14:00"])
def test_the_ends_of_time_are_no_fault_of_ours(tmp_path, zone, formats, value):
    assert created(tmp_path, value, timezone=zone, datetime_format=formats) is not None


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2080, 1, 1)),  # noqa: DTZ001
    st.sampled_from(["UTC", "America/Los_Angeles", "Europe/Berlin", "Australia/Lord_Howe"]),
)
def test_a_us_time_means_what_the_wall_clock_there_showed(moment, zone):
    moment = moment.replace(microsecond=0, fold=0)  # a written time does not say which of two it is
    seconds = times((US,), zone)._read(US, moment.strftime(US))
    assert seconds == moment.replace(tzinfo=ZoneInfo(zone)).timestamp()


@pytest.mark.parametrize("formats", [["iso"], [US], ["unix"], ["unix_ms"], ["iso", US, "unix_ms"]])
@pytest.mark.parametrize(
    "value", ["yesterday", "", "02/30/2026 99:99:99 AM", True, [], {}, -1, 1e300, "nan", "-inf"]
)
def test_garbage_for_a_time_costs_only_its_row(tmp_path, formats, value):
    profile = compiled(tmp_path, {**users(fields={"created": "at"}), "datetime_format": formats})
    figures = Figures()
    found = read(profile.tables["users"], row("a"), row("b", at=value), row("c"), figures=figures)
    assert [each.id for each in found] == ["a", "c"]
    assert figures.refused_rows == {"users": 1}


@pytest.mark.parametrize(
    "part",
    [
        {"timezone": "Nowhere/City"},
        {"timezone": "localtime"},
        {"datetime_format": []},
        {"datetime_format": ["%Y"]},
        {"datetime_format": ["%m/%d/%Y %I:%M"]},
        {"datetime_format": ["epoch"]},
    ],
)
def test_times_that_nobody_could_read_are_refused_at_load(tmp_path, part):
    with pytest.raises(ConfigError, match=r"small\.yaml:\d+: (timezone|datetime_format)"):
        loaded(tmp_path, part)


def switches(tmp_path, values: str, *found: Any) -> list[Switch]:
    file = tmp_path / "small.yaml"
    file.write_text(
        "profile: small\nauthentication: {none: {}}\ntables:\n  users:\n    path: users\n    fields:\n      id: id\n"
        "      mailbox: {path: mailbox, values: {Ready: initialized}}\n"
        f"      switch: {{path: switch, values: {values}}}\n"
    )
    profile = compile_profile(load_profiles([file])["small"], KEY)
    rows = read(profile.tables["users"], *(row(str(at), switch=value) for at, value in enumerate(found)))
    return [each.switch for each in rows]


ON, OFF, WHAT = Switch.ENABLED, Switch.DISABLED, Switch.UNKNOWN


def test_numbers_are_words(tmp_path):
    values = '{"1": enabled, "0": disabled}'
    assert switches(tmp_path, values, 1, "1", 0, "0", 2, "01") == [ON, ON, OFF, OFF, WHAT, WHAT]


@pytest.mark.parametrize(
    "values", ['{"true": enabled, "false": disabled}', '{"True": enabled, "False": disabled}']
)
def test_booleans_are_words(tmp_path, values):
    assert switches(tmp_path, values, *(True, False, "maybe")) == [ON, OFF, WHAT]


@pytest.mark.parametrize("values", ["{1: enabled}", "{true: enabled}", "{On: enabled}"])
def test_a_word_that_yaml_reads_as_another_kind_is_to_be_quoted(tmp_path, values):
    with pytest.raises(
        ConfigError, match=r"small\.yaml:9: tables\.users\.fields\.switch\.values.*: quote it"
    ):
        switches(tmp_path, values, "On")


@pytest.mark.parametrize(
    ("values", "found"), [('{"1": enabled}', True), ('{"true": enabled}', 1), ('{"0": disabled}', False)]
)
def test_a_number_is_no_boolean(tmp_path, values, found):
    assert switches(tmp_path, values, found) == [WHAT]


@pytest.mark.parametrize("found", ["Enabled ", "enabled", "ENABLED", "", None])
def test_a_word_is_matched_as_it_is_written_and_never_guessed(tmp_path, found):
    assert switches(tmp_path, "{Enabled: enabled, Disabled: disabled}", found) == [WHAT]


def test_a_word_that_says_nothing_is_known(tmp_path):
    change = users(fields={"condition": {"path": "state", "values": {"UP": "up", "OFF": None}}})
    figures = Figures()
    rows = [row("a", state="UP"), row("b", state="OFF"), row("c", state="ODD"), row("d", state=None)]
    found = read(compiled(tmp_path, change).tables["users"], *rows, figures=figures)
    assert [each.condition for each in found] == ["up", None, "unknown", None]
    assert figures.unknown_values == {"users.condition": 1}


def hashing(**fields: Any) -> dict[str, Any]:
    organizations = {
        "path": "firms",
        "fields": {"id": {"hash": ["Name"]}, "switch": {"path": "s", "values": {"On": "enabled"}}},
    }
    return {
        "tables": {
            "organizations": organizations,
            "users": {"fields": {"organization": {"hash": ["firm"]}, **fields}},
        }
    }


@pytest.mark.parametrize("written", ["Smith & Co", "SMITH & CO", " smith & co "])
def test_a_hash_is_the_same_in_two_tables_whatever_the_capitals(tmp_path, written):
    profile = compiled(tmp_path, hashing())
    [firm] = read(profile.tables["organizations"], {"Name": "Smith & Co", "s": "On"})
    [user] = read(profile.tables["users"], row("a", firm=written))
    assert user.organization == firm.id
    assert "smith" not in firm.id.lower()


def test_a_hash_stays_with_its_key_and_only_with_it(tmp_path):
    profile = loaded(tmp_path, hashing())
    firm = {"Name": "Smith & Co", "s": "On"}
    made = [
        read(compile_profile(profile, key).tables["organizations"], firm)[0].id
        for key in (KEY, KEY, b"x" * 32)
    ]
    assert made[0] == made[1] != made[2]


def test_nothing_to_hash_is_no_reference_and_no_id(tmp_path):
    profile = compiled(tmp_path, hashing(id={"hash": ["first", "last"]}))
    figures = Figures()
    rows = [
        {**row(None, first="Ann", last="Well", firm=None)},
        {**row(None, first="Ann", last=None, firm="x")},
    ]
    [user] = read(profile.tables["users"], *rows, figures=figures)
    assert user.organization == ""
    assert figures.refused_rows == {"users": 1}


def test_an_empty_reference_is_hashed_to_none_and_costs_no_row(tmp_path):
    """As it is without a hash, and in a file."""
    [user] = read(compiled(tmp_path, hashing()).tables["users"], row("a", firm=""))
    assert user.organization == ""


@given(
    st.lists(st.text(max_size=5), min_size=2, max_size=3),
    st.lists(st.text(max_size=5), min_size=2, max_size=3),
)
def test_only_the_same_values_have_the_same_hash(one, other):
    def plain(values: list[str]) -> list[str]:
        return [value.strip().casefold() for value in values]

    assert (hashed(KEY, tuple(one)) == hashed(KEY, tuple(other))) == (plain(one) == plain(other))


def test_a_hash_is_only_for_ids_and_references(tmp_path):
    with pytest.raises(ConfigError, match="only ids and references can be made by hash"):
        loaded(tmp_path, users(fields={"created": {"hash": ["a"]}}))


def test_a_dot_in_a_key_is_written_with_a_backslash(tmp_path):
    fields = {"id": r"@odata\.id", "created": r"extra.made\.at"}
    rows = [{**row(None), "@odata.id": "u1", "extra": {"made.at": "2026-01-02T03:04:05Z"}}]
    [user] = read(compiled(tmp_path, users(fields=fields)).tables["users"], *rows)
    assert (user.id, user.created) == ("u1", 1767323045.0)


@pytest.mark.parametrize("shape", [{}, {"rows": "."}, {"rows": "result.list"}])
async def test_the_rows_are_the_page_or_somewhere_on_it(small, panel_server, shape):
    page = {"result": {"list": [row("a")]}} if shape.get("rows", ".") != "." else [row("a")]
    panel_server.json("users", page)
    assert ids(await small(users(page=shape)).reading().users({})) == ["a"]


# Alternatives: which of a field's names a panel uses.

NAMES = {
    "id": ["User ID", "UserId"],
    "created": ["made", "meta.made"],
    "organization": ["org", {"hash": ["firm"]}],
}


@pytest.mark.parametrize("key", ["User ID", "UserId"])
def test_the_name_that_is_there_counts(tmp_path, key):
    [user] = read(
        compiled(tmp_path, users(fields=NAMES)).tables["users"], {**row(None), key: "u1", "org": "o"}
    )
    assert (user.id, user.organization, user.created) == ("u1", "o", None)


def test_of_two_names_the_first_counts_even_where_it_says_nothing(tmp_path):
    table = compiled(tmp_path, users(fields=NAMES)).tables["users"]
    both = {
        **row(None),
        "User ID": "u1",
        "UserId": "u2",
        "org": None,
        "firm": "x",
        "made": None,
        "meta": {"made": "2026-01-02"},
    }
    [user] = read(table, both)
    assert (user.id, user.organization, user.created) == ("u1", "", None)


def test_nested_names_and_hashes_are_alternatives_too(tmp_path):
    table = compiled(tmp_path, users(fields=NAMES)).tables["users"]
    [user] = read(table, {**row(None), "UserId": "u", "firm": "x", "meta": {"made": "2026-01-02T03:04:05Z"}})
    assert user.created == 1767323045.0
    assert user.organization == hashed(KEY, ("x",))


async def test_a_name_that_must_be_there_and_is_not_is_told(small, panel_server):
    panel_server.json("users", [{**row(None), "uid": "u"}])
    with pytest.raises(PollError, match="schema: users: no row fits"):
        await small(users(fields=NAMES)).reading().users({})


async def test_a_choice_is_made_once_for_each_reading(small, panel_server):
    """A panel that is upgraded between two polls is read by its new names, and one that mixes them is not guessed at."""
    panel = small(
        users(
            fields=NAMES,
            paging={"cursor": {"parameter": "cursor"}},
            page={"rows": "data", "next": "nextCursor"},
        )
    )
    old, new = {**row(None), "User ID": "old"}, {**row(None), "UserId": "new"}
    panel_server.pages("users", [old], [new])
    reading = panel.reading()
    assert ids(await reading.users({})) == ["old"]
    assert reading.figures.refused_rows == {"users": 1}
    panel_server.pages("users", [new], [new])
    assert set(ids(await panel.reading().users({}))) == {"new"}


@pytest.mark.parametrize(
    "first",
    [
        [],
        [row(None, UserId="a", last=None)],
        [row(None, UserId="a")],
    ],
)
async def test_what_the_first_page_does_not_tell_the_next_one_may(small, panel_server, first):
    session = {
        name: [f"last.{key}", f"lastRun.{key}"]
        for name, key in (("session_job", "job"), ("session_started", "at"))
    }
    session["session_outcome"] = {"path": ["last.status", "lastRun.status"], "values": {"ok": "completed"}}
    change = users(
        fields={**NAMES, **session},
        paging={"cursor": {"parameter": "cursor"}},
        page={"rows": "data", "next": "nextCursor"},
    )
    run = {"job": "j1", "at": "2026-01-02T03:04:05Z", "status": "ok"}
    panel_server.pages("users", first, [row(None, UserId="b", lastRun=run)])
    pages = await small(change).reading().users({})
    assert {each.id: each.session_job for page in pages for each in page.rows}["b"] == "j1"


async def test_a_name_that_only_a_late_row_has_is_found(small, panel_server):
    few = [row(None, UserId=str(at)) for at in range(60)]
    panel_server.json("users", [*few, row(None, UserId="late", meta={"made": "2026-01-02T03:04:05Z"})])
    [page] = await small(users(fields=NAMES)).reading().users({})
    assert page.rows[-1].created == 1767323045.0


def test_sessions_have_alternatives_too(tmp_path):
    change = {
        "tables": {"sessions": merged(SESSIONS, {"fields": {"job": ["Job ID", {"hash": ["who", "at"]}]}})}
    }
    table = compiled(tmp_path, change).tables["sessions"]
    rows = [{"who": "Ann", "at": at, "status": "ok"} for at in ("2026-01-02", "2026-01-03", "2026-01-02")]
    rows = [{**each, "at": f"{each['at']}T00:00:00Z"} for each in rows]
    jobs = [each.job for each in read(table, *rows)]
    assert jobs[0] == jobs[2] != jobs[1]


@pytest.mark.parametrize(
    "fields",
    [
        {"created": ["switch.at", "made"]},
        {"created": "id"},
        {"created": []},
        {"created": "a..b"},
        {"switch": "switch"},
        {"switch": {"path": "switch", "values": {"On": "on"}}},
        {"mailbox": None},
        {"session_job": "job"},
    ],
)
def test_fields_that_cannot_be_read_are_refused_at_load(tmp_path, fields):
    with pytest.raises(ConfigError, match=r"small\.yaml:\d+: tables\.users"):
        loaded(tmp_path, users(fields=fields))
