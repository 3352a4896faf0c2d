"""`syncwatch healthy`: whether the daemon beside it makes progress, for the health check of a container.

Of the configuration it reads only where the daemon answers, and whether by TLS: whatever else is wrong in it, the daemon
goes on with what it has. It is run twice a minute, so it imports next to nothing.
"""

import ssl
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import NamedTuple

from syncwatch.cli.complain import ConfigFile, bad_input, fail
from syncwatch.config.reader import Document, examine, read
from syncwatch.config.schema import WebSection
from syncwatch.config.settings import load_settings
from syncwatch.errors import ConfigError

_PATIENCE = 5.0  # seconds; a daemon that makes progress answers in a few milliseconds
_EVERYWHERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - not to listen there
_FINE = 200


class _Door(NamedTuple):
    """Where the daemon answers, and whether it answers only to whom it knows by a certificate."""

    host: str
    port: int
    tls: bool
    strict: bool


def command(config: ConfigFile) -> None:
    """Ask the daemon that runs with this configuration whether it makes progress; exit code 1 if it does not say so."""
    with bad_input():
        door = _door(config)
    where = f"{door.host}:{door.port}"
    if not door.port:
        fail(f"{config}: web.listen: is any free port, which only the daemon knows: write which")
    try:
        status, said = _asked(door)
    except ConnectionRefusedError:
        fail(f"{where}: nobody listens there")
    except TimeoutError:
        fail(f"{where} does not answer within {_PATIENCE:.0f} s")
    except (OSError, HTTPException) as error:
        if not door.strict:
            fail(f"{where} gives no answer: {type(error).__name__}")
        status, said = _FINE, "speaks TLS, and shows more only to those with a certificate"
    if status != _FINE:
        fail(said)
    print(said)


def _asked(door: _Door) -> tuple[int, str]:
    connection = HTTPConnection(door.host, door.port, timeout=_PATIENCE)
    if door.tls:
        connection = HTTPSConnection(door.host, door.port, timeout=_PATIENCE, context=_any_certificate())
    try:
        connection.request("GET", "/-/healthy")
        response = connection.getresponse()
        return response.status, response.read(1000).decode(errors="replace").strip()
    finally:
        connection.close()


def _any_certificate() -> ssl.SSLContext:
    """The certificate bears the name that others know this machine by; nothing is told to whoever shows it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _door(config: Path) -> _Door:
    web = _web(read(config))
    address = load_settings().listen or web.listen
    tls = _tls(config.parent / web.config_file) if web.config_file else None
    return _Door(
        _EVERYWHERE.get(address.host, address.host),
        address.port,
        tls=tls is not None,
        strict=tls is not None and tls.get("client_auth_type") == "RequireAndVerifyClientCert",
    )


def _web(document: Document) -> WebSection:
    if not isinstance(document.data, dict) or "web" not in document.data:
        return WebSection()
    section, problems = examine(document, WebSection, at=("web",))
    if section is None or problems:
        raise ConfigError(problems)
    return section


def _tls(file: Path) -> dict[str, object] | None:
    data = read(file).data
    section = data.get("tls_server_config") if isinstance(data, dict) else None
    return section if isinstance(section, dict) else None
