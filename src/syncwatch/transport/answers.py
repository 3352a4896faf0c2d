"""What an answer's headers say beyond its body, in values of ours: the next page, where it leads, how long to wait.

Headers are remote texts: each is looked at up to a length, what cannot be read says nothing, and none goes further.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import StrEnum

from yarl import URL

MAX_HEADER = 256  # characters of a header that is no link
MAX_LINKS = 16 << 10
MAX_RETRY_AFTER = 3600.0  # seconds
NOT_SECONDS = 1e9  # from here on it is an instant and no length of time, ...
MILLISECONDS = 1e11  # ... and from here on one in thousandths of seconds

# RFC 8288, as far as pages are concerned; possessive, so that no header is looked at twice.
_LINK = re.compile(r'<(?P<target>[^>]*+)>(?P<parameters>(?:\s*+;[^,;"]*+(?:"[^"]*+")?+)*+)')
_PARAMETER = re.compile(r';\s*([A-Za-z*]++)\s*+(?:=\s*+(?:"([^"]*+)"|([^;,\s]*+)))?')
_LOGIN = re.compile(r"(?i)log-?in|sign-?in|saml|oauth|authorize|adfs|(?<![a-z])sso(?![a-z])")
_LONGEST_DATE = 40  # characters
_NONE_LEFT = re.compile(r"0+(?:\.0+)?")
_WAIT = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,9})?")
_SPENT = re.compile(r";\s*r=0+\s*(?:;|$)")
_RESET = re.compile(r";\s*t=([0-9]{1,9})\s*(?:;|$)")


class Leads(StrEnum):
    """Where a redirect leads, which is never followed."""

    LOGIN = "to a login"
    PLAIN_HTTP = "from https to http"
    OTHER_HOST = "to another host"
    SAME_HOST = "elsewhere on the same host"
    NOWHERE = "nowhere"


def leads(url: URL, location: str | None) -> Leads:
    """Where the answer from `url` sends us."""
    try:
        target = url.join(URL(location or "", encoded=True))
        origin, host = target.origin(), target.raw_host
    except (ValueError, IndexError):  # yarl raises either of what is no URL
        return Leads.NOWHERE
    if not location:
        return Leads.NOWHERE
    if _LOGIN.search(target.raw_path_qs):
        return Leads.LOGIN
    if (url.scheme, origin.scheme) == ("https", "http"):
        return Leads.PLAIN_HTTP
    return Leads.SAME_HOST if host == url.raw_host else Leads.OTHER_HOST


def following(links: Iterable[str]) -> str | None:
    """The target of the first link with the relation `next`; what is no such header is none."""
    for link in _LINK.finditer(",".join(links)[:MAX_LINKS]):
        for name, quoted, plain in _PARAMETER.findall(link["parameters"]):
            if name.lower() == "rel" and "next" in (quoted or plain).lower().split():
                return link["target"]
    return None


def exhausted(headers: Mapping[str, str], sent: float | None) -> float | None:
    """Seconds until the panel wants the next request, an hour at most; None if it does not say that none is left.

    Args:
        headers: of the answer, by names in any case.
        sent: when it was sent by the panel's clock, by which an instant in them is read.
    """
    waits = [
        *_by_policy(headers),
        *(_by_fields(headers, prefix, sent) for prefix in ("RateLimit", "X-RateLimit")),
    ]
    told = [wait for wait in waits if wait is not None]
    return min(max(told), MAX_RETRY_AFTER) if told else None


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


def sendable(etag: str) -> str | None:
    """An entity tag that can be remembered and sent back."""
    return etag if 0 < len(etag) <= MAX_HEADER and etag.isascii() and etag.isprintable() else None


def _by_policy(headers: Mapping[str, str]) -> list[float]:
    """By one field with all policies: `"hour";r=0;t=1800, "day";r=12`."""
    policies = headers.get("RateLimit", "")[:MAX_HEADER].split(",")
    resets = [_RESET.search(policy) for policy in policies if _SPENT.search(policy)]
    return [float(reset[1]) for reset in resets if reset]


def _by_fields(headers: Mapping[str, str], prefix: str, sent: float | None) -> float | None:
    """By two fields: what is left, and the seconds or the instant until there is more."""
    left, reset = headers.get(f"{prefix}-Remaining"), headers.get(f"{prefix}-Reset")
    if left is None or reset is None or not _NONE_LEFT.fullmatch(left.strip()[:MAX_HEADER]):
        return None
    if not _WAIT.fullmatch(reset.strip()[:MAX_HEADER]):
        return None
    seconds = float(reset)
    if seconds < NOT_SECONDS:
        return seconds
    instant = seconds / 1000 if seconds >= MILLISECONDS else seconds
    return None if sent is None else max(instant - sent, 0.0)
