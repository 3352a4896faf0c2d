"""What the web may see of the daemon and ask of it: callables handed in by `app`. Only `poll_now` makes anybody poll."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from syncwatch.errors import Problem
from syncwatch.exposition.templates import Row


@dataclass(frozen=True, slots=True)
class TenantView:
    """One tenant as shown; times in Unix seconds, None where there is nothing to tell.

    Attributes:
        id: its id.
        up: whether the last poll was complete; None before the first.
        reason: why the last poll was not complete.
        data: the time of the data that is shown.
        last_poll: when the last poll started.
        users: users by state; None while nothing is shown.
        down: users whose sync is down, by (class, owner); None while nothing is shown.
        truncated: whether a cap cut the last reading short.
        breaker: what lets polls of it pass: closed, open or half_open.
        next_poll: when it is polled next.
    """

    id: str
    up: bool | None = None
    reason: str | None = None
    data: float | None = None
    last_poll: float | None = None
    users: Mapping[str, int] | None = None
    down: Mapping[tuple[str, str], int] | None = None
    truncated: bool = False
    breaker: str | None = None
    next_poll: float | None = None


@dataclass(frozen=True, slots=True)
class View:
    """The daemon as the web sees it.

    Attributes:
        version: what runs.
        page: the /metrics page; the argument says whether as OpenMetrics.
        scraped: told after each answered scrape.
        not_ready: why the daemon is not ready; None if it is.
        standstill: why the daemon does not make progress; None if it does.
        tenants: ids of the tenants watched.
        tenant: one of them; None if it is not watched.
        templates: masked texts that no rule knows, as far as they may be shown, and how many others there are.
        reload: read everything that is written anew; gives what is wrong with it.
        poll_now: poll a tenant as soon as may be; False if it is not watched.
    """

    version: str
    page: Callable[[bool], bytes]
    scraped: Callable[[], None]
    not_ready: Callable[[], str | None]
    standstill: Callable[[], str | None]
    tenants: Callable[[], Iterable[str]]
    tenant: Callable[[str], TenantView | None]
    templates: Callable[[], tuple[Sequence[Row], int]]
    reload: Callable[[], Awaitable[Sequence[Problem]]]
    poll_now: Callable[[str], bool]


VIEW = web.AppKey("view", View)
