"""The last line of defence of the log: nothing confidential leaves, even if it was handed in.

Nobody should log a secret, an address or a foreign error's text; this takes them out where somebody does.
Values become text or numbers, an exception becomes its type and the places in our own code, because a foreign
message quotes what it was given; text is cut, stripped of control characters and searched for what looks
like a secret.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from traceback import walk_tb
from typing import Any

from syncwatch.errors import ConfigError, PollError

REDACTED = "[redacted]"
MAX_TEXT = 2000
MAX_ITEMS = 50
MAX_DEPTH = 4

_PACKAGE = Path(__file__).parents[1]
_OURS = (PollError, ConfigError)  # whose messages are our own words
_SECRET_KEY = re.compile(
    r"(?i)secret|passw|passphrase|token|authorization|bearer|cookie|api_?key|private_?key|subject|e_?mail"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LEAKS = (
    re.compile(r"(?i)\b(?:bearer|basic)\s+[A-Za-z0-9._~+/=-]{4,}"),
    re.compile(r"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?"),
    re.compile(
        r"(?i)\b[a-z_]*(?:secret|passw\w*|token|api[_-]?key|assertion)(?:[\"']\s?:|=)\s?[\"']?[^\s,;&\"']+"
    ),
    re.compile(r"(?<=://)[^\s/@]{1,300}(?=@)"),
    re.compile(r"(?<=\?)[^\s\"'?]*=[^\s\"']*"),
    re.compile(r"[^\s@<>\"'(),:;/]{1,64}@[^\s@<>\"'(),:;/]{1,255}"),
)


def redact(event: Mapping[str, Any]) -> dict[str, Any]:
    """Give a log entry in which every value may be shown."""
    return {text(key): _value(key, value, 0) for key, value in event.items()}


def text(value: str) -> str:
    """Give a text without what looks like a secret, an address or a query string."""
    shown = _CONTROL.sub(" ", value[:MAX_TEXT])
    for leak in _LEAKS:
        shown = leak.sub(REDACTED, shown)
    return shown


def describe(error: BaseException) -> str:
    """Say what an exception is and where in our code it happened; what it says only if it is ours."""
    return "; caused by ".join(_describe(each) for each in _chain(error))


def _describe(error: BaseException) -> str:
    name = type(error).__name__
    shown = f"{name}: {text(str(error))}" if isinstance(error, _OURS) else name
    if isinstance(error, BaseExceptionGroup):
        shown += f"({', '.join(describe(each) for each in error.exceptions[:MAX_ITEMS])})"
    places = tuple(_places(error))[-20:]
    return f"{shown} at {' > '.join(places)}" if places else shown


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Give an exception and what it was raised from, outermost first."""
    following: BaseException | None = error
    for _ in range(5):
        if following is None:
            return
        yield following
        following = following.__cause__


def _places(error: BaseException) -> Iterator[str]:
    """Name the frames in our own code, outermost first."""
    for frame, line in walk_tb(error.__traceback__):
        file = Path(frame.f_code.co_filename)
        if file.is_relative_to(_PACKAGE):
            yield f"{file.relative_to(_PACKAGE.parent).as_posix()}:{line}"


def _value(key: str, value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, BaseException):
        return describe(value)
    if isinstance(value, bytes | bytearray | memoryview) or _SECRET_KEY.search(key):
        return REDACTED
    if isinstance(value, Mapping | list | tuple | set | frozenset) and depth < MAX_DEPTH:
        return _items(key, value, depth + 1)
    return text(str(value))


def _items(key: str, value: Mapping[Any, Any] | Iterable[Any], depth: int) -> Any:
    if isinstance(value, Mapping):
        pairs = ((str(name), item) for name, item in islice(value.items(), MAX_ITEMS))
        return {text(name): _value(name, item, depth) for name, item in pairs}
    return [_value(key, item, depth) for item in islice(value, MAX_ITEMS)]
