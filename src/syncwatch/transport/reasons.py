"""Why a request failed, in our words: the single mapping from exceptions and statuses to `PollError`.

Only the kind of a foreign exception is looked at, never its text, which may quote URLs, headers or bodies. Callers
raise what they get here outside of their `except`, so that the foreign exception is not even the context of ours.
"""

import errno
import ssl
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import aiohttp

from syncwatch.errors import PollError, Reason
from syncwatch.transport.answers import Leads, wait
from syncwatch.transport.resolver import UnresolvedError
from syncwatch.transport.room import StalledError

PROXY_ASKS = 407

# The first that fits; aiohttp's classes overlap.
_KINDS: tuple[tuple[type[Exception], Reason, str], ...] = (
    (aiohttp.ClientConnectorCertificateError, Reason.TLS, "the certificate is not to be trusted"),
    (aiohttp.ClientSSLError, Reason.TLS, "no TLS connection"),
    (ssl.SSLError, Reason.TLS, "the TLS connection broke"),
    (aiohttp.ServerFingerprintMismatch, Reason.TLS, "the certificate is not the expected one"),
    (aiohttp.ConnectionTimeoutError, Reason.TIMEOUT, "no connection in time"),
    (aiohttp.SocketTimeoutError, Reason.TIMEOUT, "nothing came for too long"),
    (StalledError, Reason.TIMEOUT, "the answer hardly comes, and others wait to read theirs"),
    (TimeoutError, Reason.TIMEOUT, "the answer took too long as a whole"),
    (aiohttp.ClientProxyConnectionError, Reason.CONNECT, "no connection to the proxy"),
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
        PROXY_ASKS: (Reason.CONNECT, "the proxy does not accept who we are"),
        429: (Reason.RATE_LIMITED, "too many requests"),
    }
)
_FAMILIES: Mapping[int, tuple[Reason, str]] = MappingProxyType(
    {
        4: (Reason.HTTP_4XX, "refused"),
        5: (Reason.HTTP_5XX, "the panel failed"),
    }
)
_UNEXPECTED = (Reason.DECODE, "not an answer to this request")


def of_exception(error: Exception, where: str, *, proxied: bool = False) -> PollError:
    """What an exception means that was raised while `where` (a table, or `token`) was read, perhaps by way of a proxy."""
    if isinstance(error, PollError):
        return error
    if isinstance(error, aiohttp.ClientHttpProxyError):
        words = _STATUSES[PROXY_ASKS][1] if error.status == PROXY_ASKS else "the proxy refuses the connection"
        return PollError(Reason.CONNECT, f"{where}: HTTP {error.status}: {words}")
    if isinstance(error, OSError) and error.errno in {errno.EMFILE, errno.ENFILE}:
        words = "no file descriptor is left: raise the limit of open files"
        return PollError(Reason.INTERNAL, f"{where}: {words}")
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return _unresolved(error.os_error, where, proxied=proxied)
    for kind, reason, words in _KINDS:
        if isinstance(error, kind):
            return PollError(reason, f"{where}: {words}")
    return PollError(Reason.INTERNAL, f"{where}: {type(error).__name__} at {_place(error)}")


def of_status(
    status: int, where: str, *, retry_after: str | None, now: float, leads: Leads | None = None
) -> PollError:
    """What a status means that is not the hoped-for one; `now` in Unix seconds, `leads` of a redirect."""
    reason, words = _STATUSES.get(status) or _FAMILIES.get(status // 100, _UNEXPECTED)
    if leads is not None:
        reason = Reason.AUTH if leads is Leads.LOGIN else Reason.REDIRECT
        words = f"redirected {leads}, which is not followed"
    return PollError(reason, f"{where}: HTTP {status}: {words}", retry_after=wait(retry_after, now))


def _unresolved(error: OSError, where: str, *, proxied: bool) -> PollError:
    late = isinstance(error, UnresolvedError) and error.late
    words = "was not resolved in time" if late else "cannot be resolved"
    if proxied:
        return PollError(Reason.CONNECT, f"{where}: the proxy's host name {words}")
    return PollError(Reason.DNS, f"{where}: the host name {words}")


def _place(error: Exception) -> str:
    """File and line that raised it: all that may be told of a fault of ours."""
    frame = error.__traceback__
    while frame and frame.tb_next:
        frame = frame.tb_next
    return (
        f"{Path(frame.tb_frame.f_code.co_filename).name}:{frame.tb_lineno}" if frame else "an unknown place"
    )
