"""Where the database of the journal is, as people write it: `postgresql+asyncpg://user@host:5432/database`.

A password has no place in it, because it would travel into messages. What crosses a network must say how it is
protected: what drivers do by default goes on in the clear with a server that has no TLS, and checks no certificate
of one that has. No error repeats what was given.
"""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import parse_qsl, quote, urlencode

from pydantic import AfterValidator

from syncwatch.config.address import MAX_URL, UNFIT, exposed, is_host, split, unquoted

SCHEME = "postgresql+asyncpg"
PROTECTION = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")

_URL = f"must be the URL of a PostgreSQL database: write {SCHEME}://user@host:5432/database"
_SOCKET = f"{SCHEME}://user@/database?host=/run/postgresql"


def database_url(value: str) -> str:
    """Check where a database is; gives it in one spelling, as SQLAlchemy takes it.

    Raises:
        ValueError: it is no such URL, carries what does not belong there, or does not say how it is protected.
    """
    parts = split(value)
    query = _query(parts.query)
    if parts.password is not None or "password" in query:
        raise ValueError("must not carry a password: put it into a file and name that as `password_file`")
    user, name = unquoted(parts.username or ""), unquoted(parts.path[1:])
    if parts.scheme not in {SCHEME, "postgresql"} or not user or not name or "/" in parts.path[1:]:
        raise ValueError(_URL)
    if "#" in value or UNFIT.search(value) or len(value) > MAX_URL:
        raise ValueError(_URL)
    host = _host(parts.hostname or "", query)
    port = f":{parts.port}" if parts.port is not None else ""
    options = f"?{urlencode(query, quote_via=quote, safe='')}" if query else ""
    return f"{SCHEME}://{quote(user, safe='')}@{host}{port}/{quote(name, safe='')}{options}"


def _query(written: str) -> Mapping[str, str]:
    """Give the query, which may say two things, each once."""
    pairs = parse_qsl(written, keep_blank_values=True)
    query = dict(sorted(pairs))
    if len(query) < len(pairs) or not query.keys() <= {"host", "password", "ssl"}:
        raise ValueError("may carry `ssl` and `host` in its query, each once, and nothing else")
    if query.get("ssl", "disable") not in PROTECTION:
        raise ValueError(f"`ssl` must be one of {', '.join(PROTECTION)}")
    return query


def _host(host: str, query: Mapping[str, str]) -> str:
    """Give the host as it stands in a URL; empty for the socket that the query names."""
    folder = query.get("host")
    if folder is not None:
        if host or not folder.startswith("/") or unquoted(quote(folder)) is None:
            raise ValueError(
                f"`host` in the query is instead of a host the folder of a socket: write {_SOCKET}"
            )
        return ""
    if not is_host(host):
        raise ValueError(f"{_URL}, or {_SOCKET}")
    named = f"[{host}]" if ":" in host else host
    if exposed(f"//{named}") and "ssl" not in query:
        raise ValueError(
            f"must say how it is protected on its way: add `?ssl=verify-full`, or another of {', '.join(PROTECTION)}"
        )
    return named


DatabaseUrl = Annotated[str, AfterValidator(database_url)]
