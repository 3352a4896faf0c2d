"""What every request passes before its route sees it: may it be made, who makes it, and may that one.

Without users nobody is asked; with them nothing but the probes answers to somebody unknown, not even whether there is
such a path. Each request that shows texts or does something leaves one line in the log: who, which route, which tenant, how it
ended. Never what was shown, asked or answered; and a name that did not prove to be a user's is somebody's typing, a tenant that is not
watched too. Of refusals of somebody without a name only some leave a line, or anybody could fill the log.
"""

from collections.abc import Mapping
from math import ceil
from types import MappingProxyType

import structlog
from aiohttp import web
from multidict import CIMultiDict

from syncwatch.config.address import split
from syncwatch.web import limits
from syncwatch.web.access import Access, Caller, is_loopback
from syncwatch.web.connection import connection_of
from syncwatch.web.door import Door
from syncwatch.web.figures import OTHER, Refused
from syncwatch.web.identity import CALLER, Basic, shown
from syncwatch.web.passwords import Busy
from syncwatch.web.rates import Bucket
from syncwatch.web.routes import Handler, Route
from syncwatch.web.tls import names_of
from syncwatch.web.view import VIEW

AUDITED = frozenset({Access.IDENTIFY, Access.OPERATE})
REFUSED = 400  # and above
GONE = 499  # the client, before the end of its answer
RETRY = 1.0  # seconds until somebody who was too many may come again
UNKNOWN_LINES = 10  # in the log at once, of all who have no name and were refused
UNKNOWN_INTERVAL = 6.0  # seconds until one more
FORWARDED, FORWARDED_BY = frozenset({"forwarded", "via", "x-real-ip"}), "x-forwarded-"  # what proxies add
CHALLENGES = ('Basic realm="syncwatch", charset="UTF-8"', 'Bearer realm="syncwatch"')

_OUTCOMES: Mapping[int, str] = MappingProxyType(
    {400: "invalid", 401: "unknown", 403: "forbidden", 404: "not_found", 429: "limited", 503: "not_ready"}
)

log = structlog.get_logger(__name__)


class Gate:
    """See the module.

    Args:
        door: who is known.
        routes: by method and canonical path.
    """

    def __init__(self, door: Door, routes: Mapping[tuple[str, str], Route]) -> None:
        self._door = door
        self._routes = routes
        self._unknown = Bucket(UNKNOWN_LINES, UNKNOWN_INTERVAL)

    async def answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer, or refuse to, and count it."""
        connection_of(request).works()
        route = self._route(request)
        status = 500
        try:
            response = await self._let_in(route, request, handler)
        except web.HTTPException as refused:
            status = refused.status
            raise
        except ConnectionError:
            status = GONE
            raise
        else:
            status = response.status
            return response
        finally:
            self._note(route, request, status)

    def _route(self, request: web.Request) -> Route | None:
        resource = request.match_info.route.resource
        return self._routes.get((request.method, resource.canonical)) if resource else None

    async def _let_in(
        self, route: Route | None, request: web.Request, handler: Handler
    ) -> web.StreamResponse:
        if route is not None and route.access is Access.OPEN:
            return await handler(request)
        if wait := self._door.wait():
            raise self._too_many(Refused.RATE, wait)
        if (request.content_length or 0) > limits.BODY:
            raise web.HTTPRequestEntityTooLarge(
                limits.BODY, request.content_length or 0, text="no body is taken\n"
            )
        caller = await self._caller(request)
        request[CALLER] = caller
        if route is not None:
            self._check(route, caller, request)
        return await handler(request)

    async def _caller(self, request: web.Request) -> Caller:
        """Who asks; who shows something wrong is counted."""
        identity = self._door.identity
        if not identity.asks:
            return identity.unasked(_certificate(request), local=_is_local(request))
        what = shown(request.headers.get("Authorization"))
        if what is not None and (caller := identity.known(what)):
            return caller
        address = request.remote or ""
        if "Authorization" in request.headers and (
            wait := self._door.failures.take(address, self._door.clock.monotonic())
        ):
            raise self._too_many(Refused.FAILURES, wait)
        if isinstance(what, Basic) and (caller := await self._checked(what, address)):
            return caller
        raise web.HTTPUnauthorized(headers=CIMultiDict(("WWW-Authenticate", each) for each in CHALLENGES))

    async def _checked(self, what: Basic, address: str) -> Caller | None:
        try:
            caller = await self._door.identity.checked(what)
        except Busy:
            self._door.failures.succeeded(address)
            raise self._too_many(Refused.LOGINS, RETRY, status=web.HTTPServiceUnavailable) from None
        if caller:
            self._door.failures.succeeded(address)
        return caller

    def _check(self, route: Route, caller: Caller, request: web.Request) -> None:
        """Refuse what the caller may not."""
        if request.method == "POST" and _foreign(request):
            self._door.figures.refused(Refused.FOREIGN)
            raise web.HTTPForbidden(text="sent by the page of another site\n")
        grant = caller.grant
        if route.access not in grant.scopes or (route.fleet and grant.tenants is not None):
            raise web.HTTPForbidden(text=_missing(route.access, caller))
        if not grant.sees(request.match_info.get("tenant", "")) and "tenant" in request.match_info:
            raise web.HTTPNotFound

    def _too_many(
        self,
        reason: Refused,
        wait: float,
        *,
        status: type[web.HTTPException] = web.HTTPTooManyRequests,
    ) -> web.HTTPException:
        self._door.figures.refused(reason)
        return status(headers={"Retry-After": str(ceil(wait))})

    def _note(self, route: Route | None, request: web.Request, status: int) -> None:
        self._door.figures.answered(_path(request) if route else OTHER, status)
        caller = request.get(CALLER)
        if route is None or route.access not in AUDITED or not self._leaves_a_line(caller, status):
            return
        tenant = request.match_info.get("tenant")
        log.info(
            "audit",
            who=caller.name if caller else None,
            route=route.name,
            tenant=tenant if tenant and caller and _is_watched(request, tenant) else None,
            user=None,
            outcome="allowed" if status < REFUSED else _OUTCOMES.get(status, "failed"),
        )

    def _leaves_a_line(self, caller: Caller | None, status: int) -> bool:
        """All that a user does, and all that is allowed; of what is refused to others, so much in a time."""
        known = caller is not None and caller.name is not None
        return known or status < REFUSED or not self._unknown.take(self._door.clock.monotonic())


def _path(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return resource.canonical if resource else OTHER


def _is_watched(request: web.Request, tenant: str) -> bool:
    return request.app[VIEW].tenant(tenant) is not None


def _missing(access: Access, caller: Caller) -> str:
    who = "this user" if caller.name else "whoever has no name; users are named in `web.config_file`"
    return f"the scope `{access}` for all that this is about is not given to {who}\n"


def _certificate(request: web.Request) -> frozenset[str] | None:
    """The names in the caller's certificate; None without one that was verified."""
    certificate = request.get_extra_info("peercert")
    return names_of(certificate) if certificate else None


def _is_local(request: web.Request) -> bool:
    """Whether somebody on this machine asks for this machine.

    A page from elsewhere whose name was made to lead here does not, nor does whoever comes by a proxy that says so.
    """
    if any(name in FORWARDED or name.startswith(FORWARDED_BY) for name in map(str.lower, request.headers)):
        return False
    return is_loopback(request.remote or "") and is_loopback(split(f"//{_host(request)}").hostname or "")


def _host(request: web.Request) -> str:
    """By what name it was asked; "" if that was not said, for which aiohttp would put one of its own."""
    return request.headers.get("Host", "")


def _foreign(request: web.Request) -> bool:
    """Whether a browser sent it for another site: it adds passwords by itself, whoever wrote the page."""
    if request.headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"}:
        return True
    origin = request.headers.get("Origin")
    return origin is not None and split(origin).netloc.lower() != _host(request).lower()
