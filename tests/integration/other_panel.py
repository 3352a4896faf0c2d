"""A second panel, written from the contract alone: 25 rows a page, opaque cursors, firms under a base path.

It knows nothing of the daemon nor of the simulator. Whatever a client does that the contract does not allow is kept in
`violations`, which a test asserts to be empty.
"""

import asyncio
import base64
import hashlib
import json
import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from aiohttp import web

ROWS = 25
API = ("api", "admin", "v1")

Row = dict[str, Any]


@dataclass
class Firm:
    """One firm's panel and what it holds; a test may change anything between two requests.

    Attributes:
        sessions: of each user, newest first.
        issues: each user's Issues tab.
        settings: of each organization.
        activity: each user's Activity tab, newest first; 404 for a user who is not here.
        gone: users whose tabs answer 404.
        status: what everything answers instead, if not 200.
        broken: users whose tabs answer 500.
        hangs: answer nothing for as long as this is so.
        always_unchanged: answer 304 whenever an entity tag is sent, whatever has changed.
        token_uses: requests that one token is good for.
        error_body: what goes with any error.
        asked: requests so far, by list.
    """

    client_secret: str = "other-panel-secret"
    organizations: list[Row] = field(default_factory=list)
    plans: list[Row] = field(default_factory=list)
    users: list[Row] = field(default_factory=list)
    sessions: dict[str, list[Row]] = field(default_factory=dict)
    issues: dict[str, list[Row]] = field(default_factory=dict)
    settings: dict[str, list[Row]] = field(default_factory=dict)
    activity: dict[str, list[Row]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    status: int = 200
    broken: set[str] = field(default_factory=set)
    hangs: bool = False
    always_unchanged: bool = False
    token_uses: int = 1000
    error_body: bytes = b'{"error": {"type": "any", "message": "no"}}'
    asked: Counter[str] = field(default_factory=Counter)
    tokens: dict[str, int] = field(default_factory=dict)


class OtherPanel:
    """Serves firms below `/panel/{firm}`."""

    def __init__(self, **firms: Firm) -> None:
        self.firms = {name.replace("_", "-"): firm for name, firm in firms.items()}
        self.violations: list[str] = []
        self.asked = 0

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._handle)
        return app

    async def _handle(self, request: web.Request) -> web.Response:
        self.asked += 1
        await asyncio.sleep(0)
        match [unquote(part) for part in request.rel_url.raw_path.split("/")]:
            case ["", "panel", name, *rest] if name in self.firms:
                firm = self.firms[name]
            case _:
                return self._violation(request, "unknown path")
        if rest == ["oauth", "token"] and request.method == "POST":
            return await self._token(firm, request)
        if tuple(rest[:3]) != API or request.method != "GET":
            return self._violation(request, "not in the contract")
        while firm.hangs:  # noqa: ASYNC110 - a test sets it from another thread
            await asyncio.sleep(0.02)
        if firm.status != 200:
            return self._error(firm, firm.status)
        if not self._let_in(firm, request):
            return self._error(firm, 401)
        return self._list(firm, rest[3:], request)

    async def _token(self, firm: Firm, request: web.Request) -> web.Response:
        form = await request.post()
        if set(form) != {"grant_type", "client_id", "client_secret"}:
            return self._violation(request, "token form")
        if firm.status in {401, 500} or form["client_secret"] != firm.client_secret:
            return self._error(firm, 401 if firm.status == 200 else firm.status)
        token = secrets.token_urlsafe(24)
        firm.asked["token"] += 1
        firm.tokens[token] = firm.token_uses
        return web.json_response({"access_token": token, "token_type": "Bearer", "expires_in": 3600})

    def _let_in(self, firm: Firm, request: web.Request) -> bool:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        left = firm.tokens.get(token, 0)
        if scheme != "Bearer" or left < 1:
            return False
        firm.tokens[token] = left - 1
        return True

    def _list(self, firm: Firm, path: list[str], request: web.Request) -> web.Response:
        match path:
            case ["organizations"]:
                return self._page(firm, "organizations", firm.organizations, request, etag=True)
            case ["organizations", one, "settings"]:
                return self._settings(firm, one, request)
            case ["plans"]:
                return self._page(firm, "plans", firm.plans, request)
            case ["users"]:
                return self._page(firm, "users", firm.users, request, etag=True)
            case ["users", user, "issues" | "sessions" | "activity" as tab]:
                return self._tab(firm, user, tab, request)
        return self._violation(request, "not in the contract")

    def _settings(self, firm: Firm, organization: str, request: web.Request) -> web.Response:
        if all(row.get("id") != organization for row in firm.organizations):
            return self._violation(request, "an organization that is not listed")
        return self._page(firm, f"settings {organization}", firm.settings.get(organization, []), request)

    def _tab(self, firm: Firm, user: str, tab: str, request: web.Request) -> web.Response:
        if user in firm.gone:
            return self._error(firm, 404)
        if user in firm.broken:
            return self._error(firm, 500)
        if all(row.get("userId") != user for row in firm.users if isinstance(row, dict)):
            return self._violation(request, "a user that is not listed")
        if tab == "activity" and user not in firm.activity:
            return self._error(firm, 404)
        table = {"issues": firm.issues, "sessions": firm.sessions, "activity": firm.activity}[tab]
        return self._page(firm, f"{tab} {user}", table.get(user, []), request)

    def _page(
        self, firm: Firm, name: str, rows: Sequence[Row], request: web.Request, *, etag: bool = False
    ) -> web.Response:
        firm.asked[name.split(" ", maxsplit=1)[0]] += 1
        limit, cursor = request.query.get("limit", "1"), request.query.get("cursor")
        if not limit.isdecimal() or not 1 <= int(limit) <= 500:
            return self._violation(request, "limit")
        starts = {_cursor(name, start): start for start in range(ROWS, len(rows), ROWS)}
        if cursor is not None and cursor not in starts:
            return self._violation(request, "cursor")
        start = starts[cursor] if cursor else 0
        following = _cursor(name, start + ROWS) if start + ROWS < len(rows) else None
        body = json.dumps({"data": rows[start : start + ROWS], "nextCursor": following}).encode()
        tag = f'W/"{hashlib.sha256(body).hexdigest()}"'
        sent = request.headers.get("If-None-Match")
        if etag and sent is not None and (sent == tag or firm.always_unchanged):
            firm.asked["304"] += 1
            return web.Response(status=304, headers={"ETag": sent})
        answer = web.Response(
            body=body, content_type="application/json", headers={"ETag": tag} if etag else {}
        )
        answer.enable_compression()
        return answer

    def _error(self, firm: Firm, status: int) -> web.Response:
        firm.asked[str(status)] += 1
        return web.Response(status=status, body=firm.error_body, content_type="application/json")

    def _violation(self, request: web.Request, what: str) -> web.Response:
        self.violations.append(f"{what}: {request.method} {request.rel_url}")
        return web.Response(status=400)


def _cursor(name: str, start: int) -> str:
    """Opaque, and with every character that a careless client forgets to escape."""
    digest = hashlib.sha256(f"{name} {start}".encode()).digest()
    return f"{base64.b64encode(digest).decode()}&cursor=+/%2F ü#?"
