"""Addresses as people write them: where to listen, where a panel or the folder of its exports is.

A panel's base URL is refused with user information, a query or a fragment, because those are where secrets
hide and they would travel into messages. One that is itself a secret may carry a query, but may not cross a
network in the clear. Where a list of targets is may carry one too, and is asked for exactly as it is written. No error
repeats what was given.
"""

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Any, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import AfterValidator, BeforeValidator

MAX_URL = 2048
MAX_SECRET_URL = 8192  # a pre-signed one holds a session's token
MAX_PORT = 65535
UNFIT = re.compile(r"[\x00-\x20\x7f\\<>\"{}|^`]")

_HOST = re.compile(
    r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?"
)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_FOLDER = "must be the URL of an absolute folder: write file:///srv/exports, with three slashes"
_FRAGMENT = "must not carry a fragment: remove it"
_LISTEN = 'must be host:port: write "127.0.0.1:9797", "[::1]:9797" or ":9797"'


class Address(NamedTuple):
    """Where to listen; an empty host is every interface, port 0 any free port."""

    host: str
    port: int


def address(value: Any) -> Address:
    """Read `host:port`.

    Raises:
        ValueError: it is not one; says what to write.
    """
    if isinstance(value, Address):
        return value
    if not isinstance(value, str):
        raise ValueError(_LISTEN)  # noqa: TRY004 - pydantic wants ValueError
    host, colon, port = value.strip().lower().rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    host = host[1:-1] if bracketed else host
    fits = colon and bracketed == (":" in host) and (not host or is_host(host))
    if not fits or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > MAX_PORT:
        raise ValueError(_LISTEN)
    return Address(host, int(port))


def base_url(value: str) -> str:
    """Check the base URL of a panel, or of pages; gives it with scheme and host in lower case and no slash at the end.

    Raises:
        ValueError: it is none, or carries what does not belong there.
    """
    origin, path, _ = _web(value, MAX_URL)
    if "?" in value or "#" in value:
        raise ValueError("must not carry a query or a fragment: remove them")
    return origin + path.rstrip("/")


def secret_base_url(value: str) -> str:
    """Check a base URL that is a secret; as `base_url`, and its query stays.

    Raises:
        ValueError: it is none, carries what does not belong there, or would be read by others on the way.
    """
    origin, path, query = _web(value, MAX_SECRET_URL)
    base = origin + path.rstrip("/")
    if "#" in value:
        raise ValueError(_FRAGMENT)
    if exposed(base):
        raise ValueError("would send a secret URL over plain http: use https")
    return f"{base}?{query}" if query else base


def list_url(value: str) -> str:
    """Check where a list of targets is; gives it with scheme and host in lower case, and path and query as they are.

    Raises:
        ValueError: it is no http or https URL, or carries what does not belong there.
    """
    if value.lower().startswith("file:"):
        raise ValueError("must be an http or https URL: files go under `file_sd`")
    origin, path, query = _web(value, MAX_URL)
    if "#" in value:
        raise ValueError(_FRAGMENT)
    if not value.isascii():
        raise ValueError("must be ASCII: write other characters as %XX")
    return f"{origin}{path or '/'}?{query}" if query else origin + (path or "/")


def panel_url(value: str) -> str:
    """Check where a tenant's panel is: a base URL, or the URL of a folder in its one spelling.

    Raises:
        ValueError: it is neither, or carries what does not belong there.
    """
    if not value.lower().startswith("file:"):
        return base_url(value)
    path = value[len("file://") :]
    if not value.lower().startswith("file:///") or path.startswith("//"):
        raise ValueError(_FOLDER)
    if "?" in path or "#" in path:
        raise ValueError("must not carry a query or a fragment: write %3F for `?` and %23 for `#`")
    folder = unquoted(path)
    if folder is None or not Path(folder).name or UNFIT.search(path) or len(path) > MAX_URL:
        raise ValueError(f"{_FOLDER}, and %20 for a space")
    if ".." in folder.split("/"):
        raise ValueError("must not hold `..`: write the folder's own path")
    return Path(folder).as_uri()


def proxy_url(value: str) -> str:
    """Check where a proxy is: scheme, host and port, and nothing else.

    Raises:
        ValueError: it is none, or carries what does not belong there.
    """
    base = base_url(value)
    if split(base).path:
        raise ValueError("must not carry a path: write http://proxy.example.com:3128")
    return base


def folder_of(url: str) -> Path | None:
    """Give the folder that a tenant's URL names; None for one that is on a network."""
    parts = urlsplit(url)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None


def default_port(scheme: str) -> int | None:
    """Give the port of a scheme that is not written; None for a folder's."""
    return _DEFAULT_PORTS.get(scheme)


def exposed(url: str) -> bool:
    """Tell whether what is sent there crosses a network in the clear."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https" or host == "localhost" or host.endswith(".localhost"):
        return False
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return True


def split(url: str) -> SplitResult:
    """Take a URL apart; one that cannot be comes out without a scheme."""
    try:
        parts = urlsplit(url)
        fits = parts.port != 0
    except ValueError:
        fits = False
    return parts if fits else SplitResult("", "", "", "", "")


def unquoted(path: str) -> str | None:
    """Decode the %XX of a path; None if that gives no text, or control characters."""
    try:
        decoded = unquote(path, errors="strict")
    except UnicodeDecodeError:
        return None
    return None if _CONTROL.search(decoded) else decoded


def is_host(host: str) -> bool:
    """Tell whether it is a host name or an address, without brackets."""
    if ":" not in host:
        return _HOST.fullmatch(host) is not None
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return True


def _web(value: str, most: int) -> tuple[str, str, str]:
    """Take an http or https URL apart: up to the port, its path, and its query.

    Raises:
        ValueError: it is none, or carries user information.
    """
    parts = split(value)
    port = parts.port
    host = parts.hostname or ""
    if parts.scheme not in _DEFAULT_PORTS or not is_host(host) or UNFIT.search(value) or len(value) > most:
        raise ValueError("must be an http or https URL: write https://host or https://host/path")
    if "@" in parts.netloc:
        raise ValueError("must not carry user information: use a credential")
    named = f"[{host}]" if ":" in host else host
    origin = f"{parts.scheme}://{named}{f':{port}' if port is not None else ''}"
    return origin, parts.path, parts.query


Listen = Annotated[Address, BeforeValidator(address)]
WebUrl = Annotated[str, AfterValidator(base_url)]
ProxyUrl = Annotated[str, AfterValidator(proxy_url)]
ListUrl = Annotated[str, AfterValidator(list_url)]
PanelUrl = Annotated[str, AfterValidator(panel_url)]
