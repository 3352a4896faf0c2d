"""Who asks: what a request shows of a user, and whether it is true.

Never logs or repeats what was shown. Comparisons take as long whatever is wrong; what is known to be right is let in
before anything is counted, so that nobody can lock out those who have been here by failing from the same address.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from aiohttp import web

from syncwatch.web.access import ANYBODY, BY_DEFAULT, ON_THIS_MACHINE, Caller, WebConfig
from syncwatch.web.passwords import Passwords

MAX_SHOWN = 2048  # characters of a header
LONGEST_TOKEN = MAX_SHOWN - len("Bearer ")

CALLER = web.RequestKey("caller", Caller)


class Basic(NamedTuple):
    """A name and a password."""

    user: str
    password: bytes

    def __repr__(self) -> str:
        return "<basic>"


def shown(header: str | None) -> Basic | bytes | None:
    """What an Authorization header shows: a name with a password, the SHA-256 of a token, or nothing of use."""
    scheme, _, value = (header or "")[:MAX_SHOWN].partition(" ")
    if scheme.lower() == "bearer":
        return hashlib.sha256(value.strip().encode("utf-8", "surrogateescape")).digest()
    return _basic(value.strip()) if scheme.lower() == "basic" else None


def _basic(value: str) -> Basic | None:
    try:
        user, colon, password = base64.b64decode(value, validate=True).partition(b":")
        return Basic(user.decode(), password) if colon else None
    except (binascii.Error, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class Identity:
    """Tells who callers are, by one web configuration.

    Attributes:
        config: who is known; None for a door without users.
        passwords: those of its users.
    """

    config: WebConfig | None
    passwords: Passwords

    @property
    def asks(self) -> bool:
        """Whether it takes a password or a token to come in."""
        return self.config is not None and self.config.has_users

    def unasked(self, names: frozenset[str] | None, *, local: bool) -> Caller:
        """Who asks at a door without users.

        Args:
            names: those in a verified certificate, None without one.
            local: whether it is somebody on this machine.
        """
        if self.config is None or names is None:
            return ON_THIS_MACHINE if local else ANYBODY
        known = sorted(names & self.config.grants.keys()) or sorted(names)
        return self.config.caller(known[0]) if known else Caller(None, BY_DEFAULT)

    def known(self, what: Basic | bytes) -> Caller | None:
        """The user, if that is known without work."""
        assert self.config is not None
        if isinstance(what, Basic):
            return self.config.caller(what.user) if self.passwords.knows(*what) else None
        return self._of_token(self.config.tokens, what)

    async def checked(self, what: Basic | bytes) -> Caller | None:
        """The user, by work if need be.

        Raises:
            Busy: there is too much of it.
        """
        assert self.config is not None
        if isinstance(what, Basic) and await self.passwords.check(*what):
            return self.config.caller(what.user)
        return None

    def _of_token(self, tokens: Mapping[str, bytes], digest: bytes) -> Caller | None:
        """Compared with all of them, so that the time does not tell which one was near."""
        assert self.config is not None
        found = [user for user, token in tokens.items() if hmac.compare_digest(token, digest)]
        return self.config.caller(found[0]) if found else None
