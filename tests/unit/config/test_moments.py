from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from syncwatch.config.moments import checked_format, checked_zone

MOMENT = datetime(2024, 2, 29, 13, 5, 9, 120_000, tzinfo=UTC)


@pytest.mark.parametrize("text", ["iso", "unix", "unix_ms"])
def test_ways_to_write_a_time_that_have_names(text):
    assert checked_format(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "%Y-%m-%dT%H:%M:%S.%f%z",
        "%m/%d/%Y %I:%M:%S.%f %p %z",
        "%A, %d %B %Y at %H:%M:%S.%f %z",
        "%a %d %b %y 100%% %H:%M:%S.%f %z",
    ],
)
def test_a_format_that_is_taken_reads_what_it_writes(text):
    assert datetime.strptime(MOMENT.strftime(checked_format(text)), text) == MOMENT  # noqa: DTZ007 - all hold %z


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "must hold a year, a month and a day"),
        ("ISO", "must hold a year, a month and a day"),
        ("MM/dd/yyyy", "must hold a year, a month and a day"),
        ("%m/%d", "must hold a year, a month and a day"),
        ("%%Y-%m-%d", "must hold a year, a month and a day"),
        ("%Y-%m-%d %H:%M %Y", "each part of a time once"),
        ("%Y-%m-%d %q", "`%` that is not supported"),
        ("%Y-%m-%d %", "`%` that is not supported"),
        ("%Y-%-m-%d", "`%` that is not supported"),
        ("%c", "`%` that is not supported"),
        ("%Y-%m-%d %Z", "`%` that is not supported"),
        ("%Y-%m-%d %I:%M", "needs `%p` with `%I`"),
        ("%Y-%m-%d" + "x" * 100, "100 characters at most"),
    ],
)
def test_what_is_no_format(text, says):
    with pytest.raises(ValueError, match=says):
        checked_format(text)


@pytest.mark.parametrize("text", ["UTC", "America/New_York", "America/Argentina/Buenos_Aires", "Etc/GMT+5"])
def test_zones(text):
    assert ZoneInfo(checked_zone(text)).key == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "EDTX", "America", "Mars/Base", "+02:00", "localtime", "right/UTC", "posix/UTC", "posixrules"),
        *("../UTC", "/etc/localtime", "zone.tab", "U\0TC", "Zürich", "a/" * 5000),
    ],
)
def test_what_is_no_zone_or_another_one_on_another_machine(text):
    with pytest.raises(ValueError, match='write an IANA name such as "UTC" or "America/New_York"') as error:
        checked_zone(text)
    assert error.value.__context__ is None
