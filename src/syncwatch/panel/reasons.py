"""Why a request failed, in our words: the single mapping from exceptions and statuses to `PollError`.

Only the kind of a foreign exception is looked at, never its text, which may quote URLs, headers or bodies. Callers
raise what they get here outside of their `except`, so that the foreign exception is not even the context of ours.
"""

import ssl
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import MappingProxyType

import aiohttp

from syncwatch.errors import PollError, Reason

MAX_RETRY_AFTER = 3600.0  # seconds
_LONGEST_DATE = 40  # characters

# The first that fits; aiohttp's classes overlap.
_KINDS: tuple[tuple[type[Exception], Reason, str], ...] = (
    (aiohttp.ClientConnectorDNSError, Reason.DNS, "the host name cannot be resolved"),
    (aiohttp.ClientConnectorCertificateError, Reason.TLS, "the certificate is not to be trusted"),
    (aiohttp.ClientSSLError, Reason.TLS, "no TLS connection"),
    (ssl.SSLError, Reason.TLS, "the TLS connection broke"),
    (aiohttp.ServerFingerprintMismatch, Reason.TLS, "the certificate is not the expected one"),
    (TimeoutError, Reason.TIMEOUT, "no answer in time"),
    (aiohttp.ClientConnectorError, Reason.CONNECT, "no connection"),
    (aiohttp.ClientPayloadError, Reason.DECODE, "the answer is cut short or wrongly encoded"),
    (aiohttp.ClientResponseError, Reason.DECODE, "the answer is no HTTP"),
    (aiohttp.InvalidURL, Reason.INTERNAL, "no usable URL"),
    (aiohttp.ClientError, Reason.CONNECT, "the connection broke"),
    (OSError, Reason.CONNECT, "the connection broke"),
)
_STATUSES: Mapping[int, tuple[Reason, str]] = MappingProxyType(
    {
        401: (Reason.AUTH, "the credential is not accepted"),
        403: (Reason.FORBIDDEN, "the credential lacks the right"),
        429: (Reason.RATE_LIMITED, "too many requests"),
    }
)
_FAMILIES: Mapping[int, tuple[Reason, str]] = MappingProxyType(
    {
        3: (Reason.AUTH, "redirected, which is not followed"),
        4: (Reason.HTTP_4XX, "refused"),
        5: (Reason.HTTP_5XX, "the panel failed"),
    }
)
_UNEXPECTED = (Reason.DECODE, "not an answer to this request")


def of_exception(error: Exception, where: str) -> PollError:
    """What an exception means that was raised while `where` (a table, or `token`) was read."""
    if isinstance(error, PollError):
        return error
    for kind, reason, words in _KINDS:
        if isinstance(error, kind):
            return PollError(reason, f"{where}: {words}")
    return PollError(Reason.INTERNAL, f"{where}: {type(error).__name__} at {_place(error)}")


def of_status(status: int, where: str, *, retry_after: str | None, now: float) -> PollError:
    """What a status means that is not the hoped-for one; `now` in Unix seconds."""
    reason, words = _STATUSES.get(status) or _FAMILIES.get(status // 100, _UNEXPECTED)
    if status == 304:  # noqa: PLR2004 - to a request that was not conditional
        reason, words = _UNEXPECTED
    return PollError(reason, f"{where}: HTTP {status}: {words}", retry_after=wait(retry_after, now))


def wait(retry_after: str | None, now: float) -> float | None:
    """Seconds that a Retry-After header asks for, an hour at most; None without one that can be read."""
    text = (retry_after or "").strip()
    if not text or len(text) > _LONGEST_DATE:
        return None
    if text.isascii() and text.isdecimal():
        return min(float(text), MAX_RETRY_AFTER)
    date = instant(text)
    return None if date is None else min(max(date - now, 0.0), MAX_RETRY_AFTER)


def instant(http_date: str | None) -> float | None:
    """Unix seconds of a date in a header; None without one that can be read."""
    if not http_date or len(http_date) > _LONGEST_DATE:
        return None
    try:
        date = parsedate_to_datetime(http_date)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _place(error: Exception) -> str:
    """File and line that raised it: all that may be told of a fault of ours."""
    frame = error.__traceback__
    while frame and frame.tb_next:
        frame = frame.tb_next
    return (
        f"{Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}" if frame else "an unknown place"
    )
