"""The one route table. Every route says what access it needs, so that none can be added open by accident."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from aiohttp import web

from syncwatch.web import api, health, landing, metrics, operations
from syncwatch.web.access import Access

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

TENANT = "{tenant:[A-Za-z0-9._-]{1,63}}"


class Route(NamedTuple):
    """One path with one method.

    Attributes:
        name: what the audit calls it.
        method: GET, or POST for what does something; never a body.
        path: as aiohttp takes it.
        access: what it takes to come here.
        handler: what answers.
        fleet: whether it is about all tenants at once, and so not for users who may see only some.
    """

    name: str
    method: str
    path: str
    access: Access
    handler: Handler
    fleet: bool = False


ROUTES = (
    Route("landing", "GET", "/", Access.READ, landing.landing),
    Route("metrics", "GET", "/metrics", Access.METRICS, metrics.metrics),
    Route("healthy", "GET", "/-/healthy", Access.OPEN, health.healthy),
    Route("ready", "GET", "/-/ready", Access.OPEN, health.ready),
    Route("reload", "POST", "/-/reload", Access.OPERATE, operations.reload, fleet=True),
    Route("tenants", "GET", "/api/v1/tenants", Access.READ, api.tenants),
    Route("tenant", "GET", f"/api/v1/tenants/{TENANT}", Access.READ, api.tenant),
    Route("poll", "POST", f"/api/v1/tenants/{TENANT}/poll", Access.OPERATE, operations.poll),
    Route("templates", "GET", "/api/v1/templates", Access.IDENTIFY, api.templates, fleet=True),
)
