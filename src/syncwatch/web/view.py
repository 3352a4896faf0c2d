"""What the web may see of the daemon: callables handed in by `app`, and nothing that could start a poll."""

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web


@dataclass(frozen=True, slots=True)
class View:
    """The daemon as the web sees it.

    Attributes:
        version: what runs.
        page: the /metrics page; the argument says whether as OpenMetrics.
        scraped: told after each answered scrape.
        not_ready: why the daemon is not ready; None if it is.
        standstill: why the daemon does not make progress; None if it does.
        tenants: tenants watched, and those polled at least once.
    """

    version: str
    page: Callable[[bool], bytes]
    scraped: Callable[[], None]
    not_ready: Callable[[], str | None]
    standstill: Callable[[], str | None]
    tenants: Callable[[], tuple[int, int]]


VIEW = web.AppKey("view", View)
