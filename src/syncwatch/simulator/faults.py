"""How a panel misbehaves: what it answers instead of the truth.

A fault is either set for a tenant until further notice, or drawn for one request. `slow` is the only one after
which the right answer still comes.
"""

from collections.abc import Callable
from random import Random

from aiohttp import web

from syncwatch.simulator.options import FaultKind, Options

_SET_FROM_THE_START: tuple[FaultKind, ...] = (
    "http_500",
    "unauthorized",
    "down",
    "html",
    "rate_limited",
    "garbage",
)
_SPARE_THE_TOKEN = frozenset({"garbage", "html", "rate_limited", "http_500"})
RETRY_AFTER = "30"


class Faults:
    """Which tenant misbehaves how; the last `Options.broken` tenants do so from the start."""

    def __init__(self, options: Options) -> None:
        self._rng = Random(f"{options.seed}/faults")
        self._options = options
        broken = reversed(options.tenant_ids[options.tenants - options.broken :])
        self._set: dict[str, FaultKind] = {
            tenant: _SET_FROM_THE_START[number % len(_SET_FROM_THE_START)]
            for number, tenant in enumerate(broken)
        }

    def set(self, tenant: str, kind: FaultKind) -> None:
        """Let a tenant misbehave until further notice; `none` ends it."""
        self._set[tenant] = kind

    def of(self, tenant: str) -> FaultKind:
        """How this tenant misbehaves until further notice."""
        return self._set.get(tenant, "none")

    async def answer(self, request: web.Request, tenant: str, *, token: bool) -> web.Response | None:
        """What is answered to this request instead of the truth; None where the truth is to come.

        Args:
            request: the request.
            tenant: whose panel it asks.
            token: whether it asks for a token; some faults leave that alone.
        """
        kind = self._draw(tenant)
        if kind == "slow":
            await self._options.sleep(self._options.slow)
        if kind in {"none", "slow"} or (token and kind in _SPARE_THE_TOKEN):
            return None
        if kind == "down":
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=503)
        return _ANSWERS[kind]()

    def _draw(self, tenant: str) -> FaultKind:
        kind = self.of(tenant)
        if kind != "none" or not self._options.faults:
            return kind
        left = self._rng.random()
        for drawn, probability in self._options.faults.items():
            left -= probability
            if left < 0:
                return drawn
        return "none"


def error(status: int, kind: str, message: str, headers: dict[str, str] | None = None) -> web.Response:
    """An error as the contract has it."""
    body = {"requestId": "00000000", "error": {"type": kind, "message": message}}
    return web.json_response(body, status=status, headers=headers)


_ANSWERS: dict[FaultKind, Callable[[], web.Response]] = {
    "garbage": lambda: web.Response(body=b'{"data": [{"userId": "\xff\xfe', content_type="application/json"),
    "html": lambda: web.Response(text="<!DOCTYPE html><title>Sign in</title>", content_type="text/html"),
    "unauthorized": lambda: error(401, "unauthorized", "The token or the client is not valid."),
    "rate_limited": lambda: error(429, "rate_limited", "Slow down.", {"Retry-After": RETRY_AFTER}),
    "http_500": lambda: error(500, "internal", "Something went wrong."),
}
