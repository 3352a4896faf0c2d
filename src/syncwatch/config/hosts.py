"""To which hosts a credential may be sent: `panel.example.com`, `panel.example.com:8443` or `*.example.com`.

A `*` stands for exactly one more label, at the front, of a name with at least two: `*.example.com` is
`firm.example.com` and neither `example.com` nor `a.firm.example.com`, and nobody writes `*.com` by accident.
No error repeats what was given.
"""

from collections.abc import Collection
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

from syncwatch.config.address import default_port, is_host

ANY = "*."

_WORDS = "must be a host or host:port, without scheme and path: write panel.example.com or *.example.com"


def host_entry(value: str) -> str:
    """Check one entry; gives it in lower case.

    Raises:
        ValueError: it is none.
    """
    entry = value.strip().lower()
    plain = entry.removeprefix(ANY)
    try:
        parts = urlsplit(f"//{plain}")
        host = parts.hostname or ""
        fits = parts.netloc == plain and "@" not in plain and is_host(host) and parts.port != 0
    except ValueError:
        fits = False
    if not fits or (plain != entry and not _is_domain(host)):
        raise ValueError(_WORDS)
    return entry


def own_host(url: str) -> str:
    """Name the host of a base URL as narrowly as the URL does, with the port if it has one."""
    return urlsplit(url).netloc


def names(entries: Collection[str], host: str, port: int | None) -> bool:
    """Tell whether one of the entries is this host (in lower case, without brackets), with its port or without."""
    shown = f"[{host}]" if ":" in host else host
    _, dot, parent = host.partition(".")
    ways = {shown, f"{ANY}{parent}"} if dot and _is_domain(parent) else {shown}
    return any(way in entries or f"{way}:{port}" in entries for way in ways)


def admits(entries: Collection[str], url: str) -> bool:
    """Tell whether one of the entries is the host of a base URL."""
    parts = urlsplit(url)
    return names(entries, parts.hostname or "", parts.port or default_port(parts.scheme))


def _is_domain(host: str) -> bool:
    """Tell a name of at least two labels from one label and from an address in numbers."""
    last = host.rstrip(".").rpartition(".")
    return bool(last[0]) and not last[2].isdecimal() and ":" not in host


HostEntry = Annotated[str, AfterValidator(host_entry)]
