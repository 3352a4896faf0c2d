"""The panels: the contract's endpoints below `/{tenant}`.

Read-only, like the contract. Every request is checked for a good token, every list is paged by an opaque cursor,
and the users list answers 304 to the entity tag of a page on which nothing has changed. The CSV exports lie beside
the lists as files do on a web server, which takes HTTP basic as well. What was asked is kept in a bounded log without
ids, for tests that count requests.
"""

from base64 import b64decode, urlsafe_b64encode
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar

from aiohttp import web

from syncwatch.simulator import wire
from syncwatch.simulator.access import Gate
from syncwatch.simulator.answers import error, json_page
from syncwatch.simulator.export_job import ExportJob
from syncwatch.simulator.faults.fault import TOKEN
from syncwatch.simulator.misbehaviour import Misbehaviour
from syncwatch.simulator.options import LARGEST_PAGE, Options
from syncwatch.simulator.people import User
from syncwatch.simulator.world import Tenant, World

T = TypeVar("T")
Answer = Callable[[web.Request, Tenant], web.Response]
Admission = Callable[[str, str], bool]  # whether an Authorization header lets into a tenant
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Right = Callable[[web.Request], Awaitable[web.Response]]

LOG_ROWS = 10_000
NOT_FOUND = "There is no such thing, or not any more."


class Asked(NamedTuple):
    """One request to a panel: when, whose, which endpoint, and the status of the answer."""

    at: float
    tenant: str
    endpoint: str
    status: int


class Window(NamedTuple):
    """Which rows of a list are asked for."""

    offset: int
    limit: int

    def of(self, rows: Sequence[T]) -> Sequence[T]:
        """Those rows."""
        return rows[self.offset : self.offset + self.limit]

    def following(self, total: int) -> str | None:
        """The cursor of the page after this one; None on the last page."""
        end = self.offset + self.limit
        return urlsafe_b64encode(f"row:{end}".encode()).decode() if end < total else None


class PanelApi:
    """The endpoints of all panels."""

    def __init__(
        self, options: Options, world: World, misbehaviour: Misbehaviour, exports: ExportJob
    ) -> None:
        self.asked: deque[Asked] = deque(maxlen=LOG_ROWS)
        self._options = options
        self._world = world
        self._misbehaviour = misbehaviour
        self._exports = exports
        self._gate = Gate(options)

    def routes(self) -> list[web.RouteDef]:
        """All routes of the contract, and those of the exports."""
        base = "/{tenant}/api/admin/v1"
        reads: tuple[tuple[str, str, Answer], ...] = (
            ("organizations", f"{base}/organizations", self._organizations),
            ("settings", f"{base}/organizations/{{organization}}/settings", self._settings),
            ("plans", f"{base}/plans", self._plans),
            ("users", f"{base}/users", self._users),
            ("issues", f"{base}/users/{{user}}/issues", self._issues),
            ("sessions", f"{base}/users/{{user}}/sessions", self._sessions),
            ("activity", f"{base}/users/{{user}}/activity", self._activity),
        )
        token, download = self._gate.lets_in, self._gate.lets_download
        export = self._guarded("export", self._export, download)
        return [
            web.post("/{tenant}/oauth/token", self._told(TOKEN, self._grant)),
            web.get("/{tenant}/exports/{table}.csv", export, allow_head=False),
            *(
                web.get(path, self._guarded(name, answer, token), allow_head=False)
                for name, path, answer in reads
            ),
        ]

    def _guarded(self, endpoint: str, answer: Answer, admits: Admission) -> Handler:
        async def right(request: web.Request) -> web.Response:
            return self._answer(request, answer, admits)

        return self._told(endpoint, right)

    def _told(self, endpoint: str, right: Right) -> Handler:
        """Answer in time, right or as the tenant's fault has it, and note it down."""

        async def handle(request: web.Request) -> web.StreamResponse:
            name = request.match_info["tenant"]
            if self._options.latency:
                await self._options.sleep(self._options.latency)
            response = await self._misbehaviour.answer(request, name, endpoint, right)
            self.asked.append(Asked(self._options.now(), name, endpoint, response.status))
            return response

        return handle

    def _answer(self, request: web.Request, answer: Answer, admits: Admission) -> web.Response:
        name = request.match_info["tenant"]
        if not admits(name, request.headers.get("Authorization", "")):
            return error(401, "unauthorized", "The credentials are not valid (any more).")
        try:
            return answer(request, self._world.tenant(name))
        except KeyError:
            return error(404, "not_found", NOT_FOUND)
        except ValueError:
            return error(400, "bad_request", "A parameter cannot be read.")

    async def _grant(self, request: web.Request) -> web.Response:
        name = request.match_info["tenant"]
        if name not in self._world:
            return error(404, "not_found", NOT_FOUND)
        form = await request.post()
        if form.get("grant_type") != "client_credentials":
            return error(400, "unsupported_grant_type", "The grant type is client_credentials.")
        if not self._gate.admits(str(form.get("client_id")), str(form.get("client_secret"))):
            return error(401, "invalid_client", "The client is not valid.")
        token = {
            "access_token": self._gate.token(name),
            "token_type": "Bearer",
            "expires_in": self._gate.lifetime,
        }
        return web.json_response(token, headers={"Cache-Control": "no-store"})

    def _organizations(self, request: web.Request, tenant: Tenant) -> web.Response:
        return self._list(request, tenant.organizations, wire.organization_row)

    def _settings(self, request: web.Request, tenant: Tenant) -> web.Response:
        organizations = {one.id: one for one in tenant.organizations}
        rows = wire.settings_rows(organizations[request.match_info["organization"]])
        return self._list(request, rows, bytes)

    def _plans(self, request: web.Request, tenant: Tenant) -> web.Response:
        return self._list(request, tenant.plans, wire.plan_row)

    def _users(self, request: web.Request, tenant: Tenant) -> web.Response:
        window = self._window(request)
        users = window.of(tenant.users)
        headers = {"ETag": wire.page_tag(self._world.epoch, window.offset, users)}
        if headers["ETag"] in request.headers.get("If-None-Match", ""):
            return web.Response(status=304, headers=headers)
        rows = [wire.user_row(user, terse=tenant.terse) for user in users]
        return json_page(wire.page(rows, window.following(len(tenant.users))), headers)

    def _issues(self, request: web.Request, tenant: Tenant) -> web.Response:
        user = _user(request, tenant)
        return self._list(request, user.issues, lambda issue: wire.issue_row(user, issue))

    def _sessions(self, request: web.Request, tenant: Tenant) -> web.Response:
        user = _user(request, tenant)
        newest = (user.running,) if user.running else ()
        return self._list(request, (*newest, *user.ended), wire.session_row)

    def _activity(self, request: web.Request, tenant: Tenant) -> web.Response:
        since = _instant(request.query.get("since"))
        rows = tuple(row for row in _user(request, tenant).activity if row.at >= since)
        return self._list(request, rows, wire.activity_row)

    def _export(self, request: web.Request, tenant: Tenant) -> web.Response:
        exports = self._exports.newest(tenant.id)
        body = exports.files[request.match_info["table"]]
        response = web.Response(body=body, content_type="text/csv")
        response.last_modified = int(exports.made)
        response.etag = f"{int(exports.made):x}-{len(body):x}"  # of time and size, as web servers make it
        return _not_modified(response) if _known(request, response) else response

    def _list(self, request: web.Request, rows: Sequence[T], encode: Callable[[T], bytes]) -> web.Response:
        window = self._window(request)
        return json_page(wire.page(map(encode, window.of(rows)), window.following(len(rows))))

    def _window(self, request: web.Request) -> Window:
        """What `limit` and `cursor` ask for.

        Raises:
            ValueError: if they are not what the contract allows.
        """
        limit = int(request.query.get("limit", self._options.page_size))
        if not 1 <= limit <= LARGEST_PAGE:
            raise ValueError("limit is out of its range")
        cursor = b64decode(request.query.get("cursor", "").encode(), b"-_", validate=True).decode()
        offset = int(cursor.removeprefix("row:") or 0)
        if offset < 0:
            raise ValueError("cursor is none of ours")
        return Window(offset, min(limit, self._options.page_size))


def _user(request: web.Request, tenant: Tenant) -> User:
    return tenant.by_id[request.match_info["user"]]


def _instant(text: str | None) -> float:
    """Unix seconds of an ISO 8601 time, UTC unless it says otherwise; 0 for none."""
    if text is None:
        return 0.0
    parsed = datetime.fromisoformat(text)
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()


def _known(request: web.Request, response: web.Response) -> bool:
    """Whether the client has this answer already; an entity tag goes before a time (RFC 9110, 13.2.2)."""
    if request.if_none_match is not None:
        return response.etag in request.if_none_match
    since = request.if_modified_since
    return since is not None and response.last_modified is not None and response.last_modified <= since


def _not_modified(response: web.Response) -> web.Response:
    validators = {name: response.headers[name] for name in ("ETag", "Last-Modified")}
    return web.Response(status=304, headers=validators)
