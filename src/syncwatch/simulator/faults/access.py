"""Who may read: tokens that are not accepted, cannot be had or are none, and sessions that end."""

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from syncwatch.simulator.answers import error, json_page
from syncwatch.simulator.faults.fault import CONFIDENTIAL, ENDPOINTS, TOKEN, Act, Exchange, Fault, always
from syncwatch.simulator.faults.pages import of_page

EARLY = 5  # requests after which a token is no longer accepted
_LOGIN = f"<!DOCTYPE html><title>Your session has ended, {CONFIDENTIAL}</title>"


def _unauthorized(_: Exchange) -> web.Response:
    return error(401, "unauthorized", f"The token of {CONFIDENTIAL} is not valid.")


def _forbidden(_: Exchange) -> web.Response:
    return error(403, "forbidden", f"{CONFIDENTIAL} may not do that.")


async def _expires_early(exchange: Exchange) -> web.StreamResponse:
    return _unauthorized(exchange) if exchange.number % EARLY == 0 else await exchange.right()


async def _logs_out(exchange: Exchange) -> web.StreamResponse:
    if exchange.number < EARLY:
        return await exchange.right()
    return web.Response(text=_LOGIN, content_type="text/html")


def _tokens(misbehave: Callable[[Exchange], Awaitable[web.StreamResponse]]) -> Act:
    """No token of before is accepted, and whoever asks for a new one meets with this."""

    async def act(exchange: Exchange) -> web.StreamResponse:
        return await misbehave(exchange) if exchange.endpoint == TOKEN else _unauthorized(exchange)

    return act


def _grants(**answer: Any) -> Act:
    """A token answer with these values in place of the right ones."""
    granted = {"access_token": CONFIDENTIAL, "token_type": "Bearer", "expires_in": 3600}
    return _tokens(always(lambda _: web.json_response(granted | answer)))


async def _short(exchange: Exchange) -> web.StreamResponse:
    """Good tokens that end as soon as they begin; the first request makes the client ask for one."""
    if exchange.endpoint == TOKEN:
        return await _ends_at_once(exchange)
    return _unauthorized(exchange) if exchange.number == 0 else await exchange.right()


_ends_at_once = of_page(lambda _, granted: {**granted, "expires_in": 0})


FAULTS = (
    Fault("unauthorized", "accepts neither tokens nor the client (401)", always(_unauthorized), ENDPOINTS),
    Fault("token_refused", "gives out tokens and accepts none (401)", always(_unauthorized)),
    Fault("token_expires_early", "refuses a good token at every fifth request", _expires_early),
    Fault("forbidden", "says that the client may not read (403)", always(_forbidden)),
    Fault("logs_out", "asks to sign in after five requests", _logs_out),
    Fault("token_500", "has a token endpoint that fails", _tokens(always(lambda _: error(500, "internal", CONFIDENTIAL))), ENDPOINTS),
    Fault("token_html", "has a token endpoint that answers with HTML", _tokens(always(lambda _: web.Response(text=_LOGIN, content_type="text/html"))), ENDPOINTS),
    Fault("token_garbage", "has a token endpoint that answers with garbage", _tokens(always(lambda _: json_page(b'{"access_token": "\xff'))), ENDPOINTS),
    Fault("token_absent", "gives out no token, with status 200", _grants(access_token=None), ENDPOINTS),
    Fault("token_type", "gives out tokens of a type that is not Bearer", _grants(token_type="mac"), ENDPOINTS),  # noqa: S106
    Fault("token_line_break", "gives out tokens with a line break", _grants(access_token=f"{CONFIDENTIAL}\r\nX-Injected: 1"), ENDPOINTS),
    Fault("token_huge", "gives out tokens of 60 KB", _grants(access_token=CONFIDENTIAL * 5_500), ENDPOINTS),
    Fault("token_short", "gives out tokens that end at once", _short, ENDPOINTS),
)  # fmt: skip
