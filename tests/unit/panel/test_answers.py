"""Each answer of docs/panel-answers.md, given to a poll over HTTP, is shown as the page says."""

import asyncio
import json
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from syncwatch.panel import live
from syncwatch.panel.pages import Caps
from syncwatch.polling.poll import Result, poll
from syncwatch.state.ledger import Ledger
from syncwatch.transport.client import Timeouts
from unit.panel.conftest import USER
from unit.polling.watched import stages
from unit.served import FakePanel

PAGE = Path(__file__).parents[3] / "docs" / "panel-answers.md"
API = "api/admin/v1"
USERS = f"{API}/users"
SESSION = {
    "jobId": "job-1",
    "startedAt": "2023-11-14T22:00:00Z",
    "endedAt": "2023-11-14T22:03:20Z",  # ten minutes before now
    "status": "finished",
    "message": None,
}


def row(id_: str = "odd", **changes: Any) -> dict[str, Any]:
    """A user whose sync is up."""
    usual = {
        "userId": id_, "effectiveSynchronizationStatus": "Enabled", "disabledDueToError": False,
        "lastSession": SESSION, "issues": 0, "organizationId": None, "planId": None,
    }  # fmt: skip
    return {**USER, **usual, **changes}


def without(*keys: str) -> dict[str, Any]:
    return {key: value for key, value in row().items() if key not in keys}


Answer = Callable[[FakePanel], None]


def body(content: bytes | str, **response: Any) -> Answer:
    content = content.encode() if isinstance(content, str) else content
    return lambda fake: fake.body(USERS, content, **response)


def status(code: int, **headers: str) -> Answer:
    return body("", status=code, headers={name.replace("_", "-"): value for name, value in headers.items()})


def rows(*listed: dict[str, Any]) -> Answer:
    return lambda fake: fake.pages(USERS, [row("good"), *listed])


def spoiled(marker: str, instead: bytes) -> Answer:
    """A page with a good row, and one in which some bytes are others."""
    page = json.dumps({"data": [row("good"), row(mark=marker)], "nextCursor": None}).encode()
    before = json.dumps({"mark": marker})[1:-1].encode()
    assert before in page
    return body(page.replace(before, instead))


def endless(cursor: Callable[[int], str], rows_of: Callable[[int], list[Any]]) -> Answer:
    def answer(fake: FakePanel) -> None:
        numbers = count()

        async def handler(_: web.Request) -> web.Response:
            number = next(numbers)
            return web.json_response({"data": rows_of(number), "nextCursor": cursor(number)})

        fake.routes[USERS] = handler

    return answer


def pages(*each: list[dict[str, Any]]) -> Answer:
    return lambda fake: fake.pages(USERS, *each)


def handled(handler: Callable[[web.Request], Any]) -> Answer:
    return lambda fake: fake.routes.update({USERS: handler})


async def silence(_: web.Request) -> web.Response:
    await asyncio.sleep(0.5)
    return web.Response()


async def drip(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while request.transport is not None:
        await response.write(b" ")
        await asyncio.sleep(0.01)
    return response


async def drop(request: web.Request) -> web.Response:
    request.transport.abort()
    return web.Response()


async def cut(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(json.dumps({"data": [row()]}).encode())
    request.transport.close()
    return response


FUTURE = {**SESSION, "startedAt": "2023-11-14T22:20:00Z", "endedAt": "2023-11-14T22:30:00Z"}
HTML = "<!doctype html><p>Smith v. Jones"

ANSWERS: dict[str, tuple[Answer, ...]] = {
    "a page of HTML with status 200": (body(HTML), body("{}", content_type="text/html")),
    "a redirect to a login": (status(302, Location="/login?user=smith"), status(303, Location="//idp.example/adfs/ls")),
    "any other redirect": (status(301, Location="/new"), status(308, Location="//other.example/"), status(302)),
    "401 again after the token was renewed": (status(401),),
    "403": (status(403),),
    "407": (status(407),),
    "429": (status(429, Retry_After="7"),),
    "404, or any other refusal": (status(404), body(HTML, status=418)),
    "500 and above, with a page of HTML": (body(HTML, status=500, content_type="text/html"), body(HTML, status=503)),
    "304 to a request that was not conditional": (status(304),),
    "nothing": (handled(silence),),
    "a byte now and then, for ever": (handled(drip),),
    "a connection that breaks off": (handled(drop),),
    "a body that breaks off": (handled(cut),),
    "a body larger than 64 MiB, be it compressed": (body(b" " * (1 << 20) + b" "),),
    "an encoding that was not asked for": (body("{}", headers={"Content-Encoding": "br"}),),
    "JSON under another content type than HTML": (
        body(json.dumps({"data": [row("good"), row()]}), content_type="text/plain"),
        body(json.dumps({"data": [row("good"), row()]}), content_type="image/png"),
    ),
    "no JSON": (body(""), body("id,name\n1,a\n"), body(b"\x89PNG\r\n"), body("{'data': []}")),
    "JSON that is no page": (body("null"), body("[]"), body('{"items": []}'), body('{"data": {}}')),
    "rows of which none fits": (pages([{"id": 1}]), pages([None, 7, []])),
    "a value of a wrong type": (rows(row(issues="many")), rows(row(mailboxStatus=1.5)), rows(row(lastSession=7))),
    "a required field that is missing": (rows(without("issues")), rows(without("lastSession"))),
    "an optional field that is missing": (rows(without("name", "email", "planId", "createdOn")),),
    "a field that nobody knows": (rows(row(novelty={"deep": [1, 2]})), spoiled("x", b'"mark": "\xff\xfe"')),
    "a word that the profile does not know": (
        rows(row(mailboxStatus="Migrating")), rows(row(lastSession={**SESSION, "status": "napping"})),
    ),
    "NaN or Infinity": (
        spoiled("x", b'"issues": NaN'), spoiled("x", b'"issues": -Infinity'), spoiled("x", b'"issues": Infinity'),
    ),
    "one key twice in a row": (spoiled("x", b'"mailboxStatus": "Migrating", "mailboxStatus": "Initialized"'),),
    "bytes that are no UTF-8 in a row": (spoiled("x", b'"name": "\xc3"'), spoiled("x", b'"planId": "\xff"')),
    "half of a surrogate pair in a text": (spoiled("x", rb'"name": "\ud83d"'),),
    "a row that is nested too deep": (spoiled("x", b'"mark": ' + b"[" * 5000 + b"]" * 5000),),
    "an id with characters that do not show": (rows(row("\x1b[2J")), rows(row("a\u202eb"))),
    "two rows of one id on a page": (rows(row(), row(name="B. Example")), rows(row(), row())),
    "two rows of one id on two pages that say different things": (
        pages([row("good"), row()], [row(name="B. Example")]), pages([row()], [row("good"), row(issues=1)]),
    ),
    "the same row on two pages": (pages([row("good"), row()], [row(), row("other")]),),
    "a time without a zone": (rows(row(lastSession={**SESSION, "endedAt": "2023-11-14T22:03:20"})),),
    "a time that is none": (rows(row(lastSession={**SESSION, "endedAt": "yesterday"})), rows(row(createdOn=7))),
    "a session that starts or ends more than 15 minutes from now": (
        rows(row(lastSession=FUTURE)),
        rows(row(lastSession={**SESSION, "endedAt": "9999-12-31T23:59:59Z"})),
        rows(row(lastSession={**FUTURE, "startedAt": "2031-01-01T00:00:00Z", "endedAt": None, "status": "running"})),
    ),
    "a list that goes in circles": (
        endless(lambda _: "again", lambda number: [row("good"), row()] if not number else [row(f"u{number}")]),
    ),
    "a page that comes again": (endless(lambda number: f"c{number}", lambda _: [row("good"), row()]),),
    "a list without end": (
        endless(lambda number: f"c{number}", lambda number: [row("good"), row()] if not number else []),
        endless(lambda number: f"c{number}", lambda number: [row("good"), row()] if not number else [row(f"u{number}")]),
    ),
    "a next page at another origin": (),  # of another kind of paging: see test_a_next_page_elsewhere_gets_nothing
}  # fmt: skip


def told() -> dict[str, str]:
    """The last column of the page, by its first."""
    lines = [line.strip("| ").split(" | ") for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    return {first: last for first, _, last in lines[2:]}


def shown(result: Result) -> Iterator[str]:
    """What the poll shows of itself and of the user `odd`."""
    figures, snapshot = result.figures, result.snapshot
    if result.error:
        yield f"reason `{result.error.reason.value}`"
    if snapshot is None:
        return
    user = snapshot.user("odd")
    yield f"user `{user.verdict.state.value}`" if user else "no user"
    if +figures.refused_rows:
        yield "`syncwatch_refused_rows_total`"
    if +figures.unknown_values:
        yield "`syncwatch_unknown_values_total`"
    if figures.truncated:
        yield "`inboxsync_tenant_truncated`"


def test_the_page_has_exactly_these_answers():
    assert list(told()) == list(ANSWERS)


@pytest.fixture
def polled(panel_server, panel, clock, monkeypatch):
    """One poll of the server's panel, with so many seconds in all and between two pieces."""
    monkeypatch.setitem(live.Live.read.__kwdefaults__, "caps", Caps(pages=20, rows=15))
    panel_server.pages(f"{API}/organizations", [])
    panel_server.pages(f"{API}/plans", [])

    async def result(*, whole: float = 60.0, read: float = 60.0) -> Result:
        panel._timeouts = Timeouts(60.0, 60.0, read)
        return await poll("firm-1", panel.reading(), Ledger(), stages(timeout=whole), clock)

    return result


IMPATIENT = {"nothing": {"read": 0.1}, "a byte now and then, for ever": {"whole": 0.3}}


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        pytest.param(name, each, id=f"{name} {at}")
        for name, several in ANSWERS.items()
        for at, each in enumerate(several)
    ],
)
async def test_an_answer_is_shown_as_the_page_says(panel_server, polled, name, answer):
    answer(panel_server)
    result = await polled(**IMPATIENT.get(name, {}))
    assert ", ".join(shown(result)) == told()[name]
    assert "Smith" not in repr(result.error)
    if result.snapshot is not None:
        assert result.snapshot.user("good").verdict.state.value == "up", "good rows are kept"


async def test_what_cut_a_list_off_is_told_with_its_table(panel_server, polled):
    [answer] = ANSWERS["a list that goes in circles"]
    answer(panel_server)
    error = (await polled()).error
    assert error.detail == "users: the list goes in circles; it counts as far as it was read"


async def test_the_deadline_of_the_whole_poll_is_told_from_that_of_a_piece(panel_server, polled):
    panel_server.routes[USERS] = drip
    assert (await polled(whole=0.2)).error.detail == "the lists took longer than 0.2 s"
    panel_server.routes[USERS] = silence
    assert (await polled(read=0.1)).error.detail == "users: nothing came for too long"
