"""The way to a host: whom a TLS connection trusts, who we are there, and through which proxy it goes.

A certificate is always verified, its host name too, and nothing can switch that off. Contexts are kept by the files
that they are made of and made anew when one of those changes, so that a rotated certificate needs no restart; tenants
without files of their own share one, because one with the system's authorities takes nearly 1 MB and 20 ms. So of those
that trust these and show a certificate of ours fewer are kept than of those with authorities of their own.
"""

import asyncio
import ssl
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakValueDictionary

from syncwatch.config.fleet import Proxy, Tls
from syncwatch.config.secrets import SecretUnavailable
from syncwatch.errors import PollError, Reason

# Contexts that are kept; the one that was wanted longest ago is made again when it is wanted.
MOST_OWN = 4096  # with authorities of their own: 30 KB each
MOST_SYSTEM = 256  # with the system's: 850 KB each

Stamps = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Way:
    """How to get to a host.

    Attributes:
        tls: files to go by; None for the system's authorities and no certificate of ours.
        proxy: through which one; None for none, whatever the environment says.
    """

    tls: Tls | None = None
    proxy: Proxy | None = None


DIRECT = Way()


class Contexts:
    """The TLS contexts of the process.

    Args:
        usual: the one without files; None to make one that trusts the system's authorities.
    """

    def __init__(self, usual: ssl.SSLContext | None = None) -> None:
        self._usual = usual
        self._own: dict[Tls, tuple[Stamps, ssl.SSLContext]] = {}
        self._system: dict[Tls, tuple[Stamps, ssl.SSLContext]] = {}
        self._turns: WeakValueDictionary[Tls, asyncio.Lock] = WeakValueDictionary()

    async def of(self, tls: Tls | None) -> ssl.SSLContext:
        """The context for these files, as they are now.

        Raises:
            PollError: a file cannot be read, or does not hold what it should.
        """
        if tls is None and self._usual is not None:
            return self._usual
        turn = self._turns.setdefault(tls or Tls(), asyncio.Lock())
        async with turn:  # each is made once, and none waits for another
            if tls is not None:
                return await self._from_files(tls)
            if self._usual is None:
                self._usual = await asyncio.to_thread(_made, Tls())
            return self._usual

    async def _from_files(self, tls: Tls) -> ssl.SSLContext:
        stamps = tuple(_stamp(key, path) for key, path in _files(tls))
        kept, most = (self._own, MOST_OWN) if tls.ca_file else (self._system, MOST_SYSTEM)
        seen, context = kept.pop(tls, (None, None))
        if context is None or seen != stamps:
            context = await asyncio.to_thread(_made, tls)
        kept[tls] = stamps, context  # last, as the one that was wanted last
        if len(kept) > most:
            del kept[next(iter(kept))]
        return context


def signed_on(proxy: Proxy) -> dict[str, str]:
    """The headers that tell a proxy who we are; its password is looked up each time, so that it may be rotated.

    Raises:
        PollError: the password cannot be read.
    """
    if proxy.username is None or proxy.password is None:
        return {}
    try:
        pair = f"{proxy.username}:{proxy.password.read().get_secret_value()}"
    except SecretUnavailable as error:
        failure = PollError(Reason.CONNECT, f"the proxy's password: {error}")
    else:
        return {"Proxy-Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
    raise failure


def _files(tls: Tls) -> Iterator[tuple[str, Path]]:
    for key, path in (("ca_file", tls.ca_file), ("cert_file", tls.cert_file), ("key_file", tls.key_file)):
        if path is not None:
            yield key, path


def _stamp(key: str, path: Path) -> tuple[int, int, int]:
    try:
        status = path.stat()
    except (OSError, ValueError):
        failure = PollError(Reason.TLS, f"the file that tls.{key} names cannot be read")
    else:
        return status.st_mtime_ns, status.st_size, status.st_ino
    raise failure


def _made(tls: Tls) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # which verifies the certificate and the host name
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    what = "the file that tls.ca_file names cannot be read, or holds no certificate"
    try:
        if tls.ca_file is None:
            context.load_default_certs()
        else:
            context.load_verify_locations(tls.ca_file)
        what = "the certificate and key of tls.cert_file cannot be read, or are no pair; a key with a password is none"
        if tls.cert_file is not None:
            # Without an answer of ours OpenSSL would ask for the key's password at the terminal.
            context.load_cert_chain(tls.cert_file, tls.key_file, password=bytes)
    except (OSError, ValueError):
        failure = PollError(Reason.TLS, what)
    else:
        return context
    raise failure
