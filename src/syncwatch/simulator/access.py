"""Who may read a panel: client secrets and bearer tokens, made and checked without remembering any.

A token is its own expiry, signed; so a thousand clients cost nothing and a restarted simulator refuses the
tokens of the one before. The secret follows from the seed, for a fleet file must work with every simulator
of the same seed; it protects nothing but invented data.
"""

import hmac
from base64 import b64decode
from hashlib import sha256

from syncwatch.simulator.options import Options

CLIENT_ID = "syncwatch"


def client_secret(seed: int) -> str:
    """The client secret of every tenant of the world with this seed."""
    return _sign(f"simulated world {seed}".encode(), "client secret")


class Gate:
    """Gives out tokens and checks them, by the wall clock.

    Attributes:
        lifetime: seconds for which a token is good.
    """

    def __init__(self, options: Options) -> None:
        self.lifetime = options.token_lifetime
        self._now = options.now
        self._secret = client_secret(options.seed)
        self._key = f"{options.seed}/{options.now()!r}".encode()

    def admits(self, client_id: str, secret: str) -> bool:
        """Whether these are the client's credentials."""
        return client_id == CLIENT_ID and _same(secret, self._secret)

    def token(self, tenant: str) -> str:
        """A new token, good for this tenant only."""
        expiry = f"{self._now() + self.lifetime:.3f}"
        return f"{expiry}-{_sign(self._key, f'{tenant}/{expiry}')}"

    def lets_in(self, tenant: str, authorization: str) -> bool:
        """Whether an Authorization header carries a token that is good for this tenant now."""
        scheme, _, token = authorization.partition(" ")
        expiry, _, signature = token.partition("-")
        if scheme.lower() != "bearer" or not _same(signature, _sign(self._key, f"{tenant}/{expiry}")):
            return False
        return self._now() < float(expiry)

    def lets_download(self, tenant: str, authorization: str) -> bool:
        """Whether an Authorization header carries such a token, or the client's name and secret (HTTP basic)."""
        scheme, _, encoded = authorization.partition(" ")
        if scheme.lower() != "basic":
            return self.lets_in(tenant, authorization)
        try:
            name, _, password = b64decode(encoded, validate=True).decode().partition(":")
        except ValueError:
            return False
        return self.admits(name, password)


def _sign(key: bytes, what: str) -> str:
    return hmac.new(key, what.encode(errors="backslashreplace"), sha256).hexdigest()[:40]


def _same(given: str, right: str) -> bool:
    return hmac.compare_digest(given.encode(errors="backslashreplace"), right.encode())
