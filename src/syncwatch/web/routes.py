"""The one route table. Every route says what access it needs, so that none can be added open by accident."""

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import NamedTuple

from aiohttp import web

from syncwatch.web import health, landing, metrics

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Access(StrEnum):
    """Who may use a route."""

    OPEN = "open"  # no figure of any tenant: probes
    METRICS = "metrics"  # figures by tenant id
    STAFF = "staff"  # what a person may look at


class Route(NamedTuple):
    """One path, all of them GET: the daemon is told nothing over HTTP."""

    path: str
    access: Access
    handler: Handler


ROUTES = (
    Route("/", Access.STAFF, landing.landing),
    Route("/metrics", Access.METRICS, metrics.metrics),
    Route("/-/healthy", Access.OPEN, health.healthy),
    Route("/-/ready", Access.OPEN, health.ready),
)
