"""Times as people write them: instants; and how a panel writes them: formats to try, the zone of times without one.

Promises that a format or a zone which passes here works for every value later: `strptime` finds a directive that it
does not know, or one that is there twice, only when it reads the first row. Refuses what depends on the machine
(`%c`, `%x`, `%Z`, the zone `localtime`), because the same file would mean another time elsewhere. No error repeats
what was given.
"""

import re
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator

NAMED_FORMATS = ("iso", "unix", "unix_ms")
MAX_FORMAT = 100

_DIRECTIVE = re.compile(r"%(.?)", re.DOTALL)
_KNOWN = frozenset("aAbBdfHImMpSyYz%")
_DATE = ("Yy", "mbB", "d")
_ZONE = re.compile(r"(?!posix|right/|localtime)[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}")
_EXAMPLE = 'write `iso`, `unix`, `unix_ms` or a format such as "%m/%d/%Y %I:%M:%S %p"'


def checked_format(text: str) -> str:
    """Check how a time is written: `iso`, `unix` (seconds), `unix_ms` or what `datetime.strptime` takes.

    Raises:
        ValueError: it is none of these, or does not say one whole date; says what to write.
    """
    if text in NAMED_FORMATS:
        return text
    directives = [letter for letter in _DIRECTIVE.findall(text) if letter != "%"]
    if len(text) > MAX_FORMAT:
        raise ValueError(f"must have {MAX_FORMAT} characters at most")
    if not _KNOWN.issuperset(directives):
        raise ValueError(
            f"has a `%` that is not supported: use {', '.join(f'%{each}' for each in sorted(_KNOWN))}"
        )
    if len(set(directives)) < len(directives):
        raise ValueError("must name each part of a time once")
    if not all(set(part) & set(directives) for part in _DATE):
        raise ValueError(f"must hold a year, a month and a day: {_EXAMPLE}")
    if "I" in directives and "p" not in directives:
        raise ValueError("needs `%p` with `%I`, or `%H` instead of it: an hour of twelve alone is two hours")
    return text


def checked_zone(text: str) -> str:
    """Check the name of a time zone, as in the IANA database.

    Raises:
        ValueError: it is not known; says what to write.
    """
    try:
        if _ZONE.fullmatch(text):
            return ZoneInfo(text).key
    except (KeyError, ValueError, OSError):  # unknown; a file that is no zone; a folder of zones
        pass
    raise ValueError('is not a known time zone: write an IANA name such as "UTC" or "America/New_York"')


def instant(text: str) -> float:
    """Read an instant: a date and a time with its zone, as in ISO 8601; gives Unix seconds.

    Raises:
        ValueError: it is none, or says no zone; says what to write.
    """
    try:
        moment = datetime.fromisoformat(text)
        if len(text) > len("2026-01-31") and moment.tzinfo is not None:
            return moment.timestamp()
    except (ValueError, OverflowError):
        pass
    raise ValueError("must be a date and a time with its zone: write 2026-01-31T22:00:00Z")


def _instant(value: object) -> float:
    if not isinstance(value, str):
        raise ValueError("must be text: quote it")  # noqa: TRY004 - pydantic wants ValueError
    return instant(value)


Instant = Annotated[float, BeforeValidator(_instant, json_schema_input_type=str)]
TimeFormat = Annotated[str, AfterValidator(checked_format)]
Zone = Annotated[str, AfterValidator(checked_zone)]
