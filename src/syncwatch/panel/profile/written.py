"""The single values of a profile as people write them, each with what to write instead.

Placeholders (`{user}`) are filled with what the panel or the configuration says, always escaped, so that no value can
lead out of the place where the profile puts it.
"""

import re
from collections.abc import Iterable
from string import Formatter
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict

from syncwatch.config.address import exposed

Keys = tuple[str, ...]
"""The way from a row, or a page, to a value in it: a key for each object."""

WHOLE_PAGE = "."
OWN_PLACEHOLDERS = frozenset({"origin", "user", "organization"})
MAX_DEPTH = 5

_KEY = r"(?:[^.\\\x00-\x1f]|\\[.\\]){1,120}"
_SEGMENT = r"[A-Za-z0-9_~{}-][A-Za-z0-9._~{}() -]*"
_REFUSED_HEADERS = frozenset(
    {"accept", "connection", "content-length", "content-type", "host", "if-none-match", "transfer-encoding"}
)


class Part(BaseModel):
    """What all parts of a profile have in common."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _written(pattern: str, words: str) -> AfterValidator:
    """A text that matches `pattern`; people are told in `words` instead."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"must be {words}")
        return value

    return AfterValidator(check)


def keys(path: str) -> Keys:
    """The keys that a path names; a dot behind a backslash belongs to a key."""
    return tuple(re.sub(r"\\(.)", r"\1", key) for key in re.findall(_KEY, path))


def placeholders(texts: Iterable[str]) -> frozenset[str]:
    """The names in braces."""
    return frozenset(name for text in texts for _, name, _, _ in Formatter().parse(text) if name is not None)


def _braces(value: str) -> str:
    try:
        parts = list(Formatter().parse(value))
    except ValueError:
        parts = [("", "", "", None)]
    for _, name, form, conversion in parts:
        if name is not None and (not re.fullmatch(r"[a-z][a-z0-9_]{0,30}", name) or form or conversion):
            raise ValueError("braces hold the name of a placeholder and nothing else: {user}")
    return value


def _https_url(value: str) -> str:
    """Check an absolute URL; what is in braces stands for a piece of its path."""
    parts = urlsplit(value)
    host = parts.netloc
    if parts.scheme not in {"https", "http"} or not re.fullmatch(r"[a-z0-9.-]+(:[0-9]{1,5})?", host):
        raise ValueError("must be an absolute URL: https://login.example.com/{directory}/token")
    if exposed(value):
        raise ValueError("would send the client's secret over plain http: use https")
    if parts.query or parts.fragment or not re.fullmatch(r"(/[A-Za-z0-9._~{}-]+)*", parts.path):
        raise ValueError("must have a plain path, without a query or a fragment")
    return value


def _header(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,60}", value) or value.lower() in _REFUSED_HEADERS:
        raise ValueError("must be the name of a header that we do not set ourselves: X-Api-Key")
    return value


FieldPath = Annotated[
    str,
    _written(
        rf"{_KEY}(\.{_KEY}){{0,{MAX_DEPTH - 1}}}", r"a name, or names joined by dots: lastSession.jobId, a\.b"
    ),
]
ListPath = Annotated[
    str,
    _written(
        rf"\.|{_KEY}(\.{_KEY}){{0,{MAX_DEPTH - 1}}}", "a name, names joined by dots, or . for the page itself"
    ),
]
UrlPath = Annotated[
    str,
    _written(rf"{_SEGMENT}(/{_SEGMENT})*", "a path below the base URL, without / at its ends: api/v1/users"),
    AfterValidator(_braces),
]
QueryValue = Annotated[str, _written(r"[^\x00-\x1f]{0,2000}", "one line of text"), AfterValidator(_braces)]
Scope = QueryValue
HttpUrl = Annotated[str, AfterValidator(_https_url), AfterValidator(_braces)]
HeaderName = Annotated[str, AfterValidator(_header)]
HeaderPrefix = Annotated[str, _written(r"([\x21-\x7e]{1,30} )?", "a word and a space: 'Token '")]
Parameter = Annotated[str, _written(r"[\w.$-]{1,80}", "the name of a query parameter")]
ProfileId = Annotated[str, _written(r"[a-z0-9][a-z0-9-]{0,62}", "lower-case letters, digits and -")]
