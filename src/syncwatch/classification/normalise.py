"""The spelling in which patterns see a text.

Promises bytes of bounded length for any `str` whatever, with one space for every run of white space, ASCII
quotes, composed letters, and the escapes of JSON and HTML undone as far as they hide a word or a quote. Changes nothing that
carries meaning: letters, digits and case stay. Codes and sentences come wrapped, broken over lines and curled
by word processors; without this every pattern would have to say so again.
"""

import html
import unicodedata

MAX_CHARACTERS = 8192
_TAIL = 2048  # the innermost cause of a wrapped error often stands last
_GAP = " ... "

_QUOTES = dict.fromkeys("\u2018\u2019\u201a\u201b\u2039\u203a\u2032\u00b4\u0060", "'") | dict.fromkeys(
    "\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033", '"'
)
_UNSEEN = dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff")
_DASHES = dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-")
_TABLE = str.maketrans(_QUOTES | _UNSEEN | _DASHES)
_ESCAPES = (
    ("\\r", " "),
    ("\\n", " "),
    ("\\t", " "),
    ('\\"', '"'),
    ("\\'", "'"),
    ("\\u0027", "'"),
    ("\\u0022", '"'),
)


def cut(text: str) -> str:
    """Keep head and tail of a text that is longer than `MAX_CHARACTERS`."""
    if len(text) <= MAX_CHARACTERS:
        return text
    return text[: MAX_CHARACTERS - _TAIL - len(_GAP)] + _GAP + text[-_TAIL:]


def normalise(text: str) -> bytes:
    """Turn a text into the UTF-8 that patterns are run on; a lone surrogate becomes a question mark."""
    text = cut(text)
    if "&" in text:
        text = html.unescape(text)
    if "\\" in text:
        for escape, plain in _ESCAPES:
            text = text.replace(escape, plain)
    if not text.isascii() or "`" in text:
        text = unicodedata.normalize("NFC", text).translate(_TABLE)
    return " ".join(text.split()).encode("utf-8", "replace")
