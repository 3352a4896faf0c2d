"""How the daemon shows a panel who it is: the value of the Authorization header.

A credential that the profile's kinds of authentication do not fit is told at load (`misfit`). Tokens live in memory
only, and a secret is read from its place each time it is used, so that a rotated one needs no restart. The panel's
token endpoint is remote input like all else: its answer is bounded, its times are clamped, and a token that could not
stand in a header is refused.
"""

import asyncio
import math
import re
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Protocol

import msgspec
from pydantic import SecretStr
from yarl import URL

from syncwatch.clock import Clock
from syncwatch.config.secrets import Credential, Secret, SecretUnavailable
from syncwatch.errors import PollError, Reason
from syncwatch.panel.client import Response
from syncwatch.panel.compile import Row
from syncwatch.panel.profile import Authentication

DEFAULT_LIFETIME = 300.0  # seconds, where the panel does not say
LONGEST_LIFETIME = 86_400.0
MARGIN = 60.0  # renewed this long before the end, or when a fifth is left, if that is later

_SENDABLE = re.compile(r"[\x21-\x7e]{1,8000}")

_WORDS: Mapping[str, str] = MappingProxyType(
    {"client_credentials": "client_id with a client secret", "bearer": "a token"}
)

PostToken = Callable[[str, SecretStr], Awaitable[Response]]
"""Sends a client's id and secret to the token endpoint; raises `PollError` unless the answer is 200."""


class Authorizer(Protocol):
    """Who makes the Authorization header of one tenant."""

    async def current(self, post: PostToken) -> str | None:
        """The header's value, None for no header.

        Raises:
            PollError: there is none to be had.
        """
        ...

    async def renewed(self, rejected: str | None, post: PostToken) -> str | None:
        """Another value after the panel refused `rejected`; None if there is no other."""
        ...


def authorizer(authentication: Authentication, credential: Credential | None, clock: Clock) -> Authorizer:
    """The authorizer that fits; without a credential nothing is sent.

    Raises:
        ValueError: none fits; see `misfit`.
    """
    if credential is None:
        return _Anonymous()
    if credential.token and authentication.bearer:
        return StaticBearer(credential.token)
    if credential.client_id and credential.client_secret and authentication.client_credentials:
        return ClientCredentials(credential.client_id, credential.client_secret, clock)
    raise ValueError(misfit(authentication, credential))


def misfit(authentication: Authentication, credential: Credential | None) -> str | None:
    """What to tell the person who gave a panel of this kind a credential of another; None if it fits."""
    if credential is None:
        return None
    offered = [kind for kind, settings in authentication if settings is not None]
    fits = {
        "client_credentials": bool(credential.client_id and credential.client_secret),
        "bearer": credential.token is not None,
    }
    if any(fits[kind] for kind in offered):
        return None
    return f"the profile wants {' or '.join(_WORDS[kind] for kind in offered)}"


def may_receive(credential: Credential, url: URL) -> bool:
    """Whether the credential names the host of `url`, with or without its port."""
    host = (url.host or "").lower()
    names = {host, f"[{host}]"} if ":" in host else {host}
    return not credential.hosts.isdisjoint(names | {f"{name}:{url.port}" for name in names})


class ClientCredentials:
    """OAuth2 client credentials: one token for the tenant, renewed before it ends, by one request at a time."""

    def __init__(self, client_id: str, client_secret: Secret, clock: Clock) -> None:
        self._client_id = client_id
        self._client_secret = client_secret
        self._clock = clock
        self._value: str | None = None
        self._renew_at = -math.inf
        self._turn = asyncio.Lock()

    async def current(self, post: PostToken) -> str:
        """See `Authorizer.current`."""
        async with self._turn:
            if self._value is None or self._clock.monotonic() >= self._renew_at:
                return await self._ask(post)
            return self._value

    async def renewed(self, rejected: str | None, post: PostToken) -> str | None:
        """See `Authorizer.renewed`; somebody else may have renewed it meanwhile."""
        async with self._turn:
            return await self._ask(post) if self._value == rejected or self._value is None else self._value

    async def _ask(self, post: PostToken) -> str:
        self._value = None
        asked = self._clock.monotonic()
        answer = _token_answer(await post(self._client_id, _read(self._client_secret)))
        lifetime = answer.lifetime
        self._renew_at = asked + lifetime - min(MARGIN, lifetime / 5)
        self._value = answer.authorization
        return self._value


class StaticBearer:
    """A token that a person made; its place is looked at for each request, so that a new one is used at once."""

    def __init__(self, token: Secret) -> None:
        self._token = token

    async def current(self, post: PostToken) -> str:  # noqa: ARG002 - asks nobody
        """See `Authorizer.current`."""
        return _bearer(_read(self._token).get_secret_value())

    async def renewed(self, rejected: str | None, post: PostToken) -> str | None:
        """See `Authorizer.renewed`."""
        value = await self.current(post)
        return None if value == rejected else value


class _Anonymous:
    """Shows nothing."""

    async def current(self, post: PostToken) -> None:
        """See `Authorizer.current`."""

    async def renewed(self, rejected: str | None, post: PostToken) -> None:
        """See `Authorizer.renewed`."""


class _TokenAnswer(Row, frozen=True, eq=False, gc=False):
    access_token: str
    token_type: str | None = None
    expires_in: int | float | str | None = None

    @property
    def authorization(self) -> str:
        return _bearer(self.access_token)

    @property
    def lifetime(self) -> float:
        """Seconds, clamped; what is absent or absurd is read as a short one, and a 401 tells if it was shorter."""
        try:
            seconds = float(self.expires_in or 0)
        except ValueError:
            return DEFAULT_LIFETIME
        return min(seconds, LONGEST_LIFETIME) if seconds > 0 else DEFAULT_LIFETIME


_DECODER = msgspec.json.Decoder(_TokenAnswer)


def _token_answer(response: Response) -> _TokenAnswer:
    if response.for_people:
        raise PollError(Reason.AUTH, "token: a page of HTML instead of a token")
    try:
        answer = _DECODER.decode(response.body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        answer = None
    if answer is None:
        raise PollError(Reason.DECODE, "token: the answer holds no token")
    if (answer.token_type or "bearer").lower() != "bearer":
        raise PollError(Reason.AUTH, "token: not of type Bearer")
    return answer


def _read(secret: Secret) -> SecretStr:
    try:
        return secret.read()
    except SecretUnavailable as error:
        failure = PollError(Reason.AUTH, str(error))
    raise failure


def _bearer(token: str) -> str:
    if not _SENDABLE.fullmatch(token):
        raise PollError(Reason.AUTH, "the token is empty, too long, or holds what cannot be sent")
    return f"Bearer {token}"
