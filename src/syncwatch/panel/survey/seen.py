"""What the rows of a table hold, as far as one must know it to read them: which keys, and values of which kind.

Bounded whatever a panel sends: so many paths, so deep, so many different values of each. The values that are kept are
compared with one another and with our vocabulary; they print nothing of themselves, and what of them may be shown is
decided here: a key that looks like a key, and a word that is nobody's name.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from syncwatch.panel.meanings import Instant, Times
from syncwatch.panel.profile.written import Keys
from syncwatch.panel.survey.vocabulary import KNOWN, name_tokens, technical

MAX_PATHS = 500
MAX_DEPTH = 5
MAX_WORDS = 200  # different values kept of a path
MAX_LENGTH = 200  # characters of a value that is kept
MAX_MEMBERS = 12  # different words of a status
MAX_SHOWN = 64  # characters of a key or word that is shown

FORMATS = (
    "iso",
    "unix",
    "unix_ms",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %I:%M %p",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%Y/%m/%d %H:%M:%S",
)
"""How panels write times, as far as anybody has seen."""

_NUMBERS_OF_TIME = range(300_000_000, 4_300_000_000)  # Unix seconds from 1979 to 2106
_LONGEST_TIME = 40
_SURE = 5  # rows, beyond which words must come again
_REPEATED = 3
_KEY = re.compile(r"[A-Za-z_@$][\w.@$:-]*")
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")
_MAX_KEY = 120
_RARE = 5  # a key of fewer rows than one in so many must be of words we know to be shown
_ID_LENGTH = 200


@dataclass(slots=True, repr=False)
class Seen:
    """What one path held.

    Attributes:
        rows: in which it was there.
        nulls: times that it said nothing.
        texts: ...that it was a text; likewise the next three.
        numbers: whole ones; in a file, texts of nothing but digits too.
        fractions: numbers that are not whole.
        booleans: true or false.
        others: lists, and objects too deep to be looked into.
        words: the first different values, and how often each was there.
        more: whether there were still others.
        repeated: whether a value came again.
        addresses: values that hold an e-mail address.
        longest: characters of the longest value.
        timely: whether the profile reads each value as a time.
        formats: those that read each value as a time.
    """

    rows: int = 0
    nulls: int = 0
    texts: int = 0
    numbers: int = 0
    fractions: int = 0
    booleans: int = 0
    others: int = 0
    words: Counter[str] = field(default_factory=Counter)
    more: bool = False
    repeated: bool = False
    addresses: int = 0
    longest: int = 0
    timely: bool = True
    formats: tuple[str, ...] = FORMATS

    def add(self, value: Any, times: Times, *, csv: bool) -> None:
        """Look at one value; in a file everything is text."""
        self.rows += 1
        if value is None:
            self.nulls += 1
            return
        if isinstance(value, list | dict):
            self.others += 1
            return
        if isinstance(value, bool):
            self.booleans += 1
        elif isinstance(value, int):
            self.numbers += 1
        elif isinstance(value, float):
            self.fractions += 1
        else:
            self.texts += 1
            self.numbers += csv and value.isascii() and value.isdecimal()
            self.longest = max(self.longest, len(value))
            self.addresses += "@" in value
        self.formats = tuple(form for form in self.formats if reads(form, value))
        self.timely = self.timely and any(reads(form, value) for form in times.formats)
        self._keep(str(value).lower() if isinstance(value, bool) else str(value)[: MAX_LENGTH + 1])

    def _keep(self, word: str) -> None:
        if word in self.words:
            self.repeated = True
        elif len(self.words) >= MAX_WORDS or len(word) > MAX_LENGTH:
            self.more = True
            return
        self.words[word] += 1

    @property
    def values(self) -> int:
        """How often it said something."""
        return self.rows - self.nulls

    @property
    def unique(self) -> bool:
        """Whether every row has one of its own."""
        return self.values == self.rows and not self.repeated and not self.others

    @property
    def opaque(self) -> bool:
        """Whether it could be an id as it stands."""
        return self.texts == self.values and not self.addresses and 0 < self.longest <= _ID_LENGTH

    @property
    def time(self) -> bool:
        """Whether it was a time, each time."""
        return self.values > 0 and (self.timely or bool(self.formats))

    @property
    def enumeration(self) -> bool:
        """Whether it looks like a status: few words, none of them a person's."""
        if not self.values or self.others or self.fractions or self.time:
            return False
        few = not self.more and len(self.words) <= MAX_MEMBERS and self.longest <= MAX_SHOWN
        return few and not self.addresses and (self.values <= _SURE or 2 * len(self.words) < self.values)


@dataclass(slots=True, repr=False)
class Rows:
    """What the rows of one table held.

    Attributes:
        times: how the profile reads times.
        csv: whether they come from a file.
        count: of rows.
        columns: by path to anything that is no object.
        objects: in how many rows there was an object at a path; at the empty one, all.
        more: whether there were more paths than are kept.
    """

    times: Times
    csv: bool = False
    count: int = 0
    columns: dict[Keys, Seen] = field(default_factory=dict)
    objects: Counter[Keys] = field(default_factory=Counter)
    more: bool = False

    def add(self, row: Mapping[str, Any]) -> None:
        """Look at one row."""
        self.count += 1
        self._object((), row)

    def _object(self, at: Keys, value: Mapping[str, Any]) -> None:
        if at not in self.objects and len(self.objects) > MAX_PATHS:
            self.more = True
            return
        self.objects[at] += 1
        for key, inner in value.items():
            if not 0 < len(key) <= _MAX_KEY or not key.isprintable():
                self.more = True
            elif isinstance(inner, dict) and len(at) + 1 < MAX_DEPTH:
                self._object((*at, key), inner)
            else:
                self._value((*at, key), inner)

    def _value(self, at: Keys, value: Any) -> None:
        seen = self.columns.get(at)
        if seen is None:
            if len(self.columns) >= MAX_PATHS:
                self.more = True
                return
            seen = self.columns[at] = Seen()
        seen.add(value, self.times, csv=self.csv)

    @property
    def fields(self) -> Iterator[tuple[Keys, Seen]]:
        """The paths that hold values, with what they held; not those to objects that are sometimes null."""
        return ((path, seen) for path, seen in self.columns.items() if path not in self.objects)

    def untold(self, path: Keys) -> bool:
        """Whether the rows do not tell if there is such a path: an object on the way was always null, or no row was there."""
        above = (path[:length] for length in range(1, len(path)))
        return not self.count or any(each in self.columns and each not in self.objects for each in above)

    def shown(self, path: Keys) -> bool:
        """Whether the path's keys look like keys, and not like what somebody keeps by name or address."""
        if self.csv:
            return _printable(path[0]) and self._headed and (_ours(path[0]) or self._mostly_ours)
        return all(self._is_key(path[: length + 1]) for length in range(len(path)))

    @property
    def _headed(self) -> bool:
        """Whether the first line of a file may hold headings: no address, and nothing that begins like a number or a time."""
        return not any("@" in key or not key[:1].isalpha() for key, *_ in self.columns)

    @property
    def _mostly_ours(self) -> bool:
        """Whether it surely does: most of it are words that such lists are headed with."""
        return 2 * sum(_ours(key) for key, *_ in self.columns) > len(self.columns)

    def _is_key(self, path: Keys) -> bool:
        if not _printable(path[-1]):
            return False
        if _ours(path[-1]):
            return True
        there = self.objects[path] + (self.columns[path].rows if path in self.columns else 0)
        often = _RARE if _KEY.fullmatch(path[-1]) else 2
        return there * often >= self.objects[path[:-1]]


def showable(word: str, seen: Seen) -> bool:
    """Whether a word of a status may be shown: it is made of words of ours, or stands often among such."""
    if not seen.enumeration or not _printable(word):
        return False
    if technical(word):
        return True
    ours = sum(count for each, count in seen.words.items() if technical(each))
    return (
        _KEY.fullmatch(word) is not None and seen.words[word] >= _REPEATED and 2 * ours >= seen.words.total()
    )


def page_key(key: str) -> bool:
    """Whether a key of a page, of which there is only one, looks like a key."""
    return _printable(key) and _KEY.fullmatch(key) is not None


def reads(form: str, value: Any) -> bool:
    """Whether a value is a time in this format, and no other number."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return False
    if form in {"unix", "unix_ms"}:
        try:
            seconds = float(value) / (1000 if form == "unix_ms" else 1)
        except ValueError:
            return False
        return _NUMBERS_OF_TIME.start <= seconds < _NUMBERS_OF_TIME.stop
    if not isinstance(value, str) or len(value) > _LONGEST_TIME or (form == "iso" and "-" not in value):
        return False
    try:
        Times((form,)).read(Instant, value)
    except ValueError:
        return False
    return True


def _ours(name: str) -> bool:
    return all(token in KNOWN for token in name_tokens(name))


def _printable(text: str) -> bool:
    return len(text) <= MAX_SHOWN and text.isprintable() and not _ADDRESS.search(text)
