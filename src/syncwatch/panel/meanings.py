"""What makes our values out of the panel's: words, times and hashes.

A word that the profile does not know is `unknown`, never a guess and never the end of its row. A time is read while
its row is decoded, so that one which cannot be read costs that row and nobody else's.
"""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from syncwatch.panel.profile.sources import Words
from syncwatch.panel.tables import Field, Need

HASH_BYTES = 12
LATEST = 253_402_300_799.0  # the end of the year 9999, Unix seconds

_BOOLEANS = frozenset({"true", "false"})
_PURPOSE = b"panel id\0"  # the same key makes other things too


Fetch = Callable[[Any], Any]
"""Reads a value of a row."""


class Instant(float):
    """A time in Unix seconds that was written in a format of the profile's: what a decoder gives, for `Seconds` to read."""


@dataclass(frozen=True, slots=True)
class Times:
    """How times are written.

    Attributes:
        formats: tried in this order.
        zone: of times that carry none.
    """

    formats: tuple[str, ...] = ("iso",)
    zone: tzinfo = UTC

    @property
    def plain(self) -> bool:
        """Whether the decoder can read them by itself."""
        return self.formats == ("iso",)

    def read(self, kind: type, value: Any) -> Any:
        """Read a time: a decoder's hook for `Instant`.

        Raises:
            ValueError: it is in none of the formats.
        """
        if kind is not Instant:
            raise NotImplementedError
        for form in self.formats:
            seconds = self._read(form, value)
            if seconds is not None:
                return Instant(seconds)
        raise ValueError("not a time")

    def _read(self, form: str, value: Any) -> float | None:
        try:
            if form in {"unix", "unix_ms"}:
                return _number(value, 1000.0 if form == "unix_ms" else 1.0)
            if not isinstance(value, str):
                return None
            text = value.strip()
            if form == "iso" and text[4:5] != "-":  # thirteen digits would be a date too
                return None
            moment = datetime.fromisoformat(text) if form == "iso" else datetime.strptime(text, form)  # noqa: DTZ007
            return (moment if moment.tzinfo else moment.replace(tzinfo=self.zone)).timestamp()
        except (ValueError, OverflowError):
            return None


def times(formats: tuple[str, ...], zone: str) -> Times:
    """How times are written, from what a profile says."""
    return Times(formats, UTC if zone == "UTC" else ZoneInfo(zone))


class Meaning(Protocol):
    """What makes our value out of the wire's."""

    def of(self, get: Fetch) -> Fetch:
        """Read what `get` reads, and give our value."""
        ...


@dataclass(frozen=True, slots=True)
class Seconds:
    """The same of a time that `Times.read` has read: a plain number, since what is written down knows no other."""

    def of(self, get: Fetch) -> Fetch:
        """See `Meaning.of`."""

        def value(row: Any) -> float | None:
            instant = get(row)
            return None if instant is None else float(instant)

        return value


@dataclass(frozen=True, slots=True)
class Moment:
    """A time that the decoder has read, as Unix seconds; one without an offset is in `zone`."""

    zone: tzinfo

    def of(self, get: Fetch) -> Fetch:
        """See `Meaning.of`."""
        zone = self.zone

        def value(row: Any) -> float | None:
            moment = get(row)
            if moment is None:
                return None
            return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()  # type: ignore[no-any-return]

        return value


@dataclass(frozen=True, slots=True)
class Lookup:
    """What the panel's words mean.

    Attributes:
        meanings: by word; None for null.
        unknown: what any other word means.
        literal: whether a word may be written as a number or a boolean.
    """

    meanings: Mapping[str | None, Any]
    unknown: Any
    literal: bool

    @property
    def known(self) -> frozenset[str | None]:
        """The words, and null."""
        return frozenset(self.meanings)

    def word(self, get: Fetch) -> Fetch:
        """Read the word itself."""
        return _spelled(get) if self.literal else get

    def of(self, get: Fetch) -> Fetch:
        """See `Meaning.of`."""
        find, unknown, word = self.meanings.get, self.unknown, self.word(get)
        return lambda row: find(word(row), unknown)


def _spelled(get: Fetch) -> Fetch:
    """A number or a boolean as JSON writes it; in Python they would be equal to each other."""

    def value(row: Any) -> Any:
        found = get(row)
        if found is None or found.__class__ is str:
            return found
        return str(found).lower()

    return value


@dataclass(frozen=True, slots=True)
class Default:
    """`empty` is what null means; anything else means itself."""

    empty: Any

    def of(self, get: Fetch) -> Fetch:
        """See `Meaning.of`."""
        empty = self.empty

        def value(row: Any) -> Any:
            found = get(row)
            return empty if found is None else found

        return value


@dataclass(frozen=True, slots=True)
class AsText:
    """A text that may be written as a number; `empty` is what null means."""

    empty: Any

    def of(self, get: Fetch) -> Fetch:
        """See `Meaning.of`."""
        empty = self.empty

        def value(row: Any) -> Any:
            found = get(row)
            if found.__class__ is str:
                return found
            return empty if found is None else str(found)

        return value


@dataclass(frozen=True, slots=True)
class Name:
    """A text that is no longer than `longest`; whatever else stands there is nobody's name."""

    longest: int

    def of(self, get: Fetch) -> Fetch:
        """See `Meaning.of`."""
        longest = self.longest

        def value(row: Any) -> str | None:
            found = get(row)
            return found if found.__class__ is str and len(found) <= longest else None

        return value


def lookup(field: Field, words: Words) -> Lookup:
    """The meanings of a field's words; null where there must be a word is unknown, else it says nothing."""
    statuses: Callable[[Any], Any] = field.statuses or bool
    unknown = statuses("unknown") if field.statuses else field.empty
    meanings: dict[str | None, Any] = {None: unknown if field.need is Need.REQUIRED else field.empty}
    literal = False
    for word, meant in words.items():
        meaning = field.empty if meant is None else statuses(meant)
        meanings[word] = meaning
        if word.lower() in _BOOLEANS:
            meanings.setdefault(word.lower(), meaning)
        literal |= word.lower() in _BOOLEANS or (word.isascii() and word.isdecimal())
    return Lookup(meanings, unknown, literal)


def hashed(key: bytes, values: tuple[Any, ...]) -> str:
    """An opaque id of these values; the same in every table, whatever the capitals."""
    text = "\0".join(str(value).strip().casefold() for value in values)
    message = _PURPOSE + text.encode("utf-8", "replace")
    return hmac.digest(key, message, "sha256")[:HASH_BYTES].hex()


def _number(value: Any, unit: float) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    seconds = float(value) / unit
    return seconds if 0 <= seconds <= LATEST else None
