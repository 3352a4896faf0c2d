"""Harbor Calendar, a panel that does not exist: the one that docs/panel-profiles.md reads as its worked example.

It shares no name and no habit with the shipped profiles: numbered pages, a header of its own, objects inside objects,
Unix times, words of its own for statuses, and one list of everybody's runs that knows people by their address. What a client
does that it does not allow is kept in `violations`.
"""

from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

KEY = "harbor-key-of-a-test"
SIZE = 3  # rows on a page

Row = dict[str, Any]

_LISTS = {"firms": "firms", "people": "people", "runs": "runs"}


@dataclass
class HarborCalendar:
    """What the panel holds; each list as its pages show it.

    Attributes:
        problems: of each person, by key.
        asked: paths asked for, in order.
    """

    firms: list[Row] = field(default_factory=list)
    tariffs: list[Row] = field(default_factory=list)
    people: list[Row] = field(default_factory=list)
    runs: list[Row] = field(default_factory=list)
    problems: dict[str, list[Row]] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._handle)
        return app

    async def _handle(self, request: web.Request) -> web.Response:
        if request.headers.get("X-Harbor-Key") != f"Key {KEY}":
            return web.json_response({"why": "who are you?"}, status=401)
        self.asked.append(request.path)
        match request.path.split("/"):
            case ["", "rest", "v2", "people", person, "problems"] if not request.query:
                return web.json_response(self.problems.get(person, []))
            case ["", "rest", "v2", "tariffs"] if not request.query:
                return web.json_response(self.tariffs)
            case ["", "rest", "v2", name] if name in _LISTS:
                return self._page(getattr(self, _LISTS[name]), request)
        return self._violation(request)

    def _page(self, rows: list[Row], request: web.Request) -> web.Response:
        page, size = request.query.get("page", "1"), request.query.get("per_page", "")
        if size != str(SIZE) or not page.isdecimal() or not 1 <= int(page) <= max(1, -(-len(rows) // SIZE)):
            return self._violation(request)
        start = (int(page) - 1) * SIZE
        return web.json_response({"result": {"items": rows[start : start + SIZE], "count": len(rows)}})

    def _violation(self, request: web.Request) -> web.Response:
        self.violations.append(f"{request.method} {request.rel_url}")
        return web.json_response({"why": "no such thing"}, status=400)


def harbor(now: float) -> HarborCalendar:
    """A small office in which every state occurs."""
    panel = HarborCalendar()
    panel.firms = [{"ref": "quay", "sync": {"mode": "on"}}, {"ref": "dock", "sync": {"mode": "off"}}]
    panel.tariffs = [{"code": "fast", "every": 600}]

    def person(
        key: str,
        *runs: tuple[float, str, str | None],
        mode: str = "on",
        linked: bool = True,
        firm: str = "quay",
    ):
        mail = f"{key}@harbor.example"
        panel.people.append({
            "person": {"key": key, "contact": {"mail": mail, "called": "Jane Roe"}},
            "firm": {"ref": firm},
            "tariff": "fast",
            "calendar": {"linked": linked, "mode": mode},
            "since": now - 8_640_000,
        })  # fmt: skip
        for ago, state, note in runs:
            panel.runs.append({
                "run": f"{key}-{ago:.0f}",
                "who": mail.upper(),
                "began": now - ago - 30,
                "done": None if state == "running" else now - ago,
                "state": state,
                "note": note,
            })  # fmt: skip

    expired = "AADSTS700082: The refresh token has expired due to inactivity."
    person("well", (300, "ok", None), (900, "ok", None))
    person("at-work", (60, "running", None), (700, "ok", None))
    person("lame", (300, "failed", expired), (900, "ok", None))
    person("stopped", (86_400, "failed", expired), mode="error")
    person("off", mode="off")
    person("firm-off", firm="dock")
    person("new", linked=False)
    person("silent", (10_800, "ok", None))
    person("never-ran")
    person("odd", (300, "ok", None), mode="adrift")
    locked = "UNABLE_TO_LOCK_ROW: unable to obtain exclusive access to this record"
    panel.problems["well"] = [
        {
            "kind": "meeting",
            "title": "Status call",
            "way": "to crm",
            "verb": "add",
            "fault": {"no": 1, "says": locked},
        }
    ]
    return panel
