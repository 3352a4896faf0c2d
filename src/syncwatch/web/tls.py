"""TLS of the door: what a connection is served with, and whose certificate a client has shown.

A context is made anew whenever a file has changed and is given to the connections that come from then on, so that
nothing that goes on is touched. TLS 1.2 at least, forward secrecy, no passphrase is ever asked for.
"""

import hashlib
import ipaddress
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from syncwatch.web.access import Trust
from syncwatch.web.ciphers import TLS12
from syncwatch.web.written import CURVES, TlsServerSection

_NAMES = frozenset({"DNS", "IP Address", "email", "URI"})

_VERSIONS: Mapping[str, ssl.TLSVersion] = {"TLS13": ssl.TLSVersion.TLSv1_3}  # all others are TLS 1.2
_VERIFY: Mapping[str, ssl.VerifyMode] = {
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}  # all others have no effect on who is let in


class Unusable(Exception):  # noqa: N818 - a state of the world, named as it reads
    """What a section names cannot be used.

    Attributes:
        key: under which it stands.
        reason: what to do.
    """

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(f"{key}: {reason}")
        self.key = key
        self.reason = reason


def server_context(section: TlsServerSection, folder: Path) -> ssl.SSLContext:
    """What to serve with, by a section whose files are seen from `folder`.

    Raises:
        Unusable: a file is not what it should be.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _VERSIONS.get(section.min_version, ssl.TLSVersion.TLSv1_2)
    context.maximum_version = _VERSIONS.get(section.max_version, ssl.TLSVersion.TLSv1_2)
    context.options |= ssl.OP_NO_RENEGOTIATION
    if not section.prefer_server_cipher_suites:
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    context.set_alpn_protocols(["http/1.1"])
    if older := [TLS12[name] for name in section.cipher_suites if name in TLS12]:
        context.set_ciphers(":".join(older))
    for curve in section.curve_preferences:
        context.set_ecdh_curve(CURVES[curve])
    if not _loads(context, folder / section.cert_file, folder / section.key_file):
        raise Unusable("cert_file", "and `key_file` are no pair: both are PEM, the key without a passphrase")
    if section.client_ca_file is not None:
        if not _trusts(context, folder / section.client_ca_file):
            raise Unusable("client_ca_file", "holds no certificate in PEM")
        context.verify_mode = _VERIFY[section.client_auth_type]
    return context


def trust(section: TlsServerSection, authorities: bytes) -> Trust:
    """By what connections are believed; `authorities` is the content of the section's `client_ca_file`."""
    return Trust(
        tls=True,
        verify=_VERIFY.get(section.client_auth_type, ssl.CERT_NONE),
        authorities=hashlib.sha256(authorities).hexdigest() if authorities else "",
        names=frozenset(section.client_allowed_sans),
    )


def names_of(certificate: Mapping[str, Any] | None) -> frozenset[str]:
    """The names in a verified certificate: of hosts, addresses, mailboxes and URIs."""
    alternatives = (certificate or {}).get("subjectAltName", ())
    return frozenset(
        _ip(name) if kind == "IP Address" else name for kind, name in alternatives if kind in _NAMES
    )


def _ip(written: str) -> str:
    """An address in its usual spelling: OpenSSL writes out all zeros of IPv6."""
    try:
        return str(ipaddress.ip_address(written.strip()))
    except ValueError:
        return written


def _loads(context: ssl.SSLContext, cert: Path, key: Path) -> bool:
    try:
        context.load_cert_chain(cert, key, password=lambda: b"")  # else it would be asked for on the terminal
    except (OSError, ValueError):  # an SSLError is an OSError
        return False
    return True


def _trusts(context: ssl.SSLContext, authorities: Path) -> bool:
    try:
        context.load_verify_locations(authorities)
    except OSError:
        return False
    return True
