"""Panels that ask for patience, politely or not, and those that just fail."""

from email.utils import formatdate

from aiohttp import web

from syncwatch.simulator.answers import error
from syncwatch.simulator.faults.fault import CONFIDENTIAL, TABS, Exchange, Fault, always

LONGER = 8  # times the usual patience, so that no poll can wait for it


def _busy(retry_after: str | None, status: int = 429) -> web.Response:
    headers = None if retry_after is None else {"Retry-After": retry_after}
    return error(status, "rate_limited", f"Slow down, {CONFIDENTIAL}.", headers)


def _date(exchange: Exchange) -> web.Response:
    return _busy(formatdate(exchange.pace.now() + exchange.pace.patience, usegmt=True))


async def _exhausted(exchange: Exchange) -> web.StreamResponse:
    """The right answer, and that it was the last one for a long time."""
    answer = await exchange.right()
    headers = {"Limit": "100", "Remaining": "0", "Reset": f"{LONGER * exchange.pace.patience}"}
    answer.headers.extend({f"RateLimit-{name}": value for name, value in headers.items()})
    return answer


def _failed(status: int) -> Fault:
    answer = always(lambda _: error(status, "internal", f"Something went wrong with {CONFIDENTIAL}."))
    return Fault(f"http_{status}", f"answers {status}", answer)


FAULTS = (
    Fault("rate_limited", "answers 429 with a Retry-After in seconds", always(lambda one: _busy(str(one.pace.patience)))),
    Fault("rate_limited_date", "answers 429 with a Retry-After that is a date", always(_date)),
    Fault("rate_limited_silent", "answers 429 and does not say for how long", always(lambda _: _busy(None))),
    Fault("rate_limited_absurd", "answers 429 with a Retry-After of thousands of years", always(lambda _: _busy("99999999999"))),
    Fault("rate_limited_garbage", "answers 429 with a Retry-After that is none", always(lambda _: _busy(f"-1; {CONFIDENTIAL}"))),
    Fault("unavailable", "answers 503 with a Retry-After", always(lambda one: _busy(str(one.pace.patience), 503))),
    Fault("exhausted", "answers right, and says each time that nothing more is allowed for long", _exhausted),
    Fault("tabs_500", "answers right about lists and 500 about single users", always(lambda _: error(500, "internal", CONFIDENTIAL)), TABS),
    *map(_failed, (400, 404, 500, 501)),
)  # fmt: skip
