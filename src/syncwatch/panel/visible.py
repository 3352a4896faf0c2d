"""Ids are printed and logged as they are, so none may hold what does not show: it could forge a line, or a terminal.

Asked of whole pages at once, and only of those that could hold such a thing: a pattern for each id would take longer than
all the rest of decoding.
"""

import re
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any

# Controls, format characters (which turn the direction of writing, or are not seen), surrogates and ends of lines.
_HIDDEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890-\u0891\u08e2\u180e\u200b-\u200f\u2028-\u202e"
    r"\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    r"\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)


def plain(body: bytes) -> bool:
    """Whether a JSON text can hold nothing hidden in any string: that takes an escape, or a byte beyond ASCII."""
    return body.isascii() and b"\\" not in body and b"\x7f" not in body


def shows(text: str) -> bool:
    """Whether all of a text shows."""
    return text.isprintable() or not _HIDDEN.search(text)


def all_show(ids: Iterable[str], rows: Sequence[Any]) -> bool:
    """Whether all of the `ids`, which are names of fields, of all rows show."""
    return all(shows("".join(filter(None, map(attrgetter(name), rows)))) for name in ids)


def shown(ids: Iterable[str], row: Any) -> Any:
    """The row; None if it has an id that does not show."""
    return row if all_show(ids, (row,)) else None
