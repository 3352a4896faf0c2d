"""How the daemon shows a panel who it is: a header, Authorization or the panel's own.

A credential that the profile's kinds of authentication do not fit is told at load (`misfit`). Tokens live in memory
only, and a secret is read from its place each time it is used, so that a rotated one needs no restart. The panel's
token endpoint is remote input like all else: its answer is bounded, its times are clamped, and a token that could not
stand in a header is refused.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Protocol

import msgspec
from pydantic import SecretStr
from yarl import URL

from syncwatch.clock import Clock
from syncwatch.config.hosts import names
from syncwatch.config.secrets import Credential, Secret
from syncwatch.errors import PollError, Reason
from syncwatch.panel.profile.asking import Authentication, Header
from syncwatch.panel.structs import Row
from syncwatch.transport.client import Response, Shown
from syncwatch.transport.shown import basic_of, bearer, bearer_of, held, sendable

DEFAULT_LIFETIME = 300.0  # seconds, where the panel does not say
LONGEST_LIFETIME = 86_400.0
MARGIN = 60.0  # renewed this long before the end, or when a fifth is left, if that is later

_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "client_credentials": "client_id with a client secret",
        "bearer": "a token",
        "header": "a token",
        "basic": "username with a password",
        "none": "no credential",
    }
)

PostToken = Callable[[str, SecretStr], Awaitable[Response]]
"""Sends a client's id and secret to the token endpoint; raises `PollError` unless the answer is 200."""


class Authorizer(Protocol):
    """Who makes the header of one tenant."""

    async def current(self, post: PostToken) -> Shown | None:
        """The header, None for no header.

        Raises:
            PollError: there is none to be had.
        """
        ...

    async def renewed(self, rejected: Shown | None, post: PostToken) -> Shown | None:
        """Another one after the panel refused `rejected`; None if there is no other."""
        ...


def authorizer(authentication: Authentication, credential: Credential | None, clock: Clock) -> Authorizer:
    """The authorizer that fits; without a credential nothing is sent.

    Raises:
        ValueError: none fits; see `misfit`.
    """
    if credential is None:
        return _Anonymous()
    if credential.token and authentication.bearer:
        return Static(partial(bearer_of, credential.token))
    if credential.token and authentication.header:
        return Static(partial(_own_header, authentication.header, credential.token))
    if credential.username and credential.password and authentication.basic:
        return Static(partial(basic_of, credential.username, credential.password))
    if credential.client_id and credential.client_secret and authentication.client_credentials:
        return ClientCredentials(credential.client_id, credential.client_secret, clock)
    raise ValueError(misfit(authentication, credential))


def misfit(authentication: Authentication, credential: Credential | None) -> str | None:
    """What to tell the person who gave a panel of this kind a credential of another; None if it fits."""
    if credential is None:
        return None
    fits = {
        "client_credentials": bool(credential.client_id and credential.client_secret),
        "bearer": credential.token is not None,
        "header": credential.token is not None,
        "basic": bool(credential.username and credential.password),
    }
    if any(fits.get(kind) for kind in authentication.kinds):
        return None
    wanted = dict.fromkeys(_WORDS[kind] for kind in authentication.kinds)
    return f"the profile wants {' or '.join(wanted)}"


def may_receive(credential: Credential, url: URL) -> bool:
    """Whether the credential names the host of `url`, with or without its port."""
    return names(credential.hosts, (url.raw_host or "").lower(), url.port)


class ClientCredentials:
    """OAuth2 client credentials: one token for the tenant, renewed before it ends, by one request at a time."""

    def __init__(self, client_id: str, client_secret: Secret, clock: Clock) -> None:
        self._client_id = client_id
        self._client_secret = client_secret
        self._clock = clock
        self._value: Shown | None = None
        self._renew_at = -math.inf
        self._turn = asyncio.Lock()

    async def current(self, post: PostToken) -> Shown:
        """See `Authorizer.current`."""
        async with self._turn:
            if self._value is None or self._clock.monotonic() >= self._renew_at:
                return await self._ask(post)
            return self._value

    async def renewed(self, rejected: Shown | None, post: PostToken) -> Shown | None:
        """See `Authorizer.renewed`; somebody else may have renewed it meanwhile."""
        async with self._turn:
            return await self._ask(post) if self._value == rejected or self._value is None else self._value

    async def _ask(self, post: PostToken) -> Shown:
        self._value = None
        asked = self._clock.monotonic()
        answer = _token_answer(await post(self._client_id, held(self._client_secret)))
        lifetime = answer.lifetime
        self._renew_at = asked + lifetime - min(MARGIN, lifetime / 5)
        self._value = answer.authorization
        return self._value


class Static:
    """What a person made; its place is looked at for each request, so that a new one is used at once.

    Args:
        show: makes the header of what is there now.
    """

    def __init__(self, show: Callable[[], Shown]) -> None:
        self._show = show

    async def current(self, post: PostToken) -> Shown:  # noqa: ARG002 - asks nobody
        """See `Authorizer.current`."""
        return self._show()

    async def renewed(self, rejected: Shown | None, post: PostToken) -> Shown | None:
        """See `Authorizer.renewed`."""
        value = await self.current(post)
        return None if value == rejected else value


class _Anonymous:
    """Shows nothing."""

    async def current(self, post: PostToken) -> None:
        """See `Authorizer.current`."""

    async def renewed(self, rejected: Shown | None, post: PostToken) -> None:
        """See `Authorizer.renewed`."""


class _TokenAnswer(Row, frozen=True, eq=False, gc=False):
    access_token: str
    token_type: str | None = None
    expires_in: int | float | str | None = None

    @property
    def authorization(self) -> Shown:
        return bearer(self.access_token)

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


def _own_header(header: Header, token: Secret) -> Shown:
    return Shown(header.name, f"{header.prefix}{sendable(held(token).get_secret_value())}")
