"""Tenants and templates as JSON, from memory. Of tenants only those that the caller may see."""

from typing import Any

import msgspec
from aiohttp import web

from syncwatch.exposition.templates import Row
from syncwatch.web.identity import CALLER
from syncwatch.web.view import VIEW, TenantView

PAGE = 100
LARGEST_PAGE = 1000


async def tenants(request: web.Request) -> web.Response:
    """A page of tenants by id: `limit` of them after the id `after`; `next` is the `after` of the next page."""
    view, grant = request.app[VIEW], request[CALLER].grant
    limit, after = _limit(request.query.get("limit", str(PAGE))), request.query.get("after", "")
    ids = sorted(id_ for id_ in view.tenants() if id_ > after and grant.sees(id_))
    rows = [_tenant(shown) for id_ in ids[:limit] if (shown := view.tenant(id_))]
    return _json({"tenants": rows, "next": ids[limit - 1] if len(ids) > limit else None})


async def tenant(request: web.Request) -> web.Response:
    """One tenant, or 404."""
    shown = request.app[VIEW].tenant(request.match_info["tenant"])
    if shown is None:
        raise web.HTTPNotFound
    return _json(_tenant(shown))


async def templates(request: web.Request) -> web.Response:
    """Masked texts that no rule knows, as far as enough tenants have them, and how many others there are."""
    rows, hidden = request.app[VIEW].templates()
    return _json({"templates": [_template(row) for row in rows], "hidden": hidden})


def _limit(written: str) -> int:
    limit = int(written) if written.isascii() and written.isdecimal() and len(written) < 5 else 0  # noqa: PLR2004
    if not 1 <= limit <= LARGEST_PAGE:
        raise web.HTTPBadRequest(text=f"`limit` must be a number from 1 to {LARGEST_PAGE}\n")
    return limit


def _tenant(shown: TenantView) -> dict[str, Any]:
    down = shown.down
    return {
        "id": shown.id,
        "up": shown.up,
        "reason": shown.reason,
        "data_timestamp": shown.data,
        "last_poll_timestamp": shown.last_poll,
        "next_poll_timestamp": shown.next_poll,
        "breaker": shown.breaker,
        "truncated": shown.truncated,
        "users": shown.users,
        "down": None
        if down is None
        else [
            {"class": class_, "owner": owner, "users": count}
            for (class_, owner), count in sorted(down.items())
        ],
    }


def _template(row: Row) -> dict[str, Any]:
    return {
        "template": row.template,
        "count": row.count,
        "tenants": row.tenants,
        "first_seen_timestamp": row.first,
        "last_seen_timestamp": row.last,
    }


def _json(value: Any) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json")
