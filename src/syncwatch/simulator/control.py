"""What only a test or a demo asks: the truth, and control over the world.

`GET /truth`, `GET /truth/{tenant}`, `POST /control/freeze`, `POST /control/thaw`,
`POST /control/fault {"tenant": ..., "kind": ...}` for the panel, and for what it shows
`POST /control/break {"tenant": ..., "organization": ..., "class": ...}`: all sessions of that organization (the largest,
unless one is named) fail for this class until null heals it. No token is asked for: nothing here is real.
"""

import asyncio
import json
from typing import Any

from aiohttp import web

from syncwatch.simulator.answers import error
from syncwatch.simulator.faults.catalogue import unknown
from syncwatch.simulator.faults.redirects import TRAP
from syncwatch.simulator.misbehaviour import Misbehaviour
from syncwatch.simulator.options import Options
from syncwatch.simulator.truth import truth_of
from syncwatch.simulator.wordings import failure
from syncwatch.simulator.world import World


class Control:
    """The endpoints beside the panels."""

    def __init__(self, options: Options, world: World, misbehaviour: Misbehaviour) -> None:
        self._options = options
        self._world = world
        self._misbehaviour = misbehaviour
        self._trapped = 0

    def routes(self) -> list[web.RouteDef]:
        """All routes of this side."""
        return [
            web.get("/truth", self._truth),
            web.get("/truth/{tenant}", self._truth),
            web.post("/control/freeze", self._freeze),
            web.post("/control/thaw", self._thaw),
            web.post("/control/fault", self._fault),
            web.post("/control/break", self._break),
            web.route("*", TRAP, self._trap),
            web.route("*", f"{TRAP}/{{path:.*}}", self._trap),
        ]

    async def _truth(self, request: web.Request) -> web.Response:
        one = request.match_info.get("tenant")
        if one is not None and one not in self._world:
            return error(404, "not_found", "There is no such tenant.")
        now = self._options.now()
        revision = self._world.interventions
        tenants: dict[str, Any] = {}
        for name in self._world.ids if one is None else (one,):
            tenant = self._world.tenant(name)
            revision += tenant.revision
            tenants[name] = truth_of(tenant, now, fault=self._misbehaviour.of(name))
            await asyncio.sleep(0)  # panels are served meanwhile: a large world is long to tell
        return web.json_response(
            {
                "revision": revision,
                "frozen": self._world.frozen,
                "now": now,
                "trapped": self._trapped,
                "tenants": tenants,
            },
        )

    async def _trap(self, _: web.Request) -> web.Response:
        self._trapped += 1
        return error(404, "not_found", "Nobody should come here.")

    async def _freeze(self, _: web.Request) -> web.Response:
        self._world.freeze()
        return web.json_response({"frozen": True})

    async def _thaw(self, _: web.Request) -> web.Response:
        self._world.thaw()
        return web.json_response({"frozen": False})

    async def _fault(self, request: web.Request) -> web.Response:
        try:
            wanted = await request.json()
            tenant, kind = wanted["tenant"], wanted["kind"]
        except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError):
            return error(400, "bad_request", 'Send {"tenant": ..., "kind": ...}.')
        if not isinstance(tenant, str) or tenant not in self._world or not isinstance(kind, str):
            return error(400, "bad_request", "The tenant must exist, and the kind be a text.")
        try:
            self._misbehaviour.set(tenant, kind)
        except KeyError:
            return error(400, "bad_request", unknown(kind))
        self._world.interventions += 1
        return web.json_response({"tenant": tenant, "kind": kind})

    async def _break(self, request: web.Request) -> web.Response:
        try:
            wanted = await request.json()
            tenant, class_, named = wanted["tenant"], wanted["class"], wanted.get("organization")
        except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError):
            return error(400, "bad_request", 'Send {"tenant": ..., "organization": ..., "class": ...}.')
        try:
            text = None if class_ is None else failure(class_)
            broken = self._world.tenant(tenant).break_(text, self._world.time, named)
        except ValueError as refusal:
            return error(400, "bad_request", str(refusal))
        except (KeyError, TypeError):
            return error(400, "bad_request", "The tenant and the organization must exist.")
        self._world.interventions += 1
        return web.json_response({"tenant": tenant, "organization": broken.id, "class": class_})
