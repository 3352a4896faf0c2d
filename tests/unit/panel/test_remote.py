"""Exports behind a URL: what a web server says of its files, or does not say."""

from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import pytest
from aiohttp import web

from syncwatch.config.secrets import Credential
from syncwatch.errors import PollError, Reason
from syncwatch.panel.panel import Panel
from unit.panel.conftest import SetSecret
from unit.panel.made import compiled, ids
from unit.panel.test_folder import CSV, WIDE, listed, runs

DAY = 86_400.0


def http_date(seconds: float) -> str:
    return formatdate(seconds, usegmt=True)


class Server:
    """One file each, with the headers that a test wants."""

    def __init__(self, fake: Any, panel: Panel) -> None:
        self.fake, self.panel, self.marks = fake, panel, {}
        self.reading = panel.reading()

    def put(self, name: str, content: str | bytes, **headers: str) -> None:
        body = content if isinstance(content, bytes) else content.encode()

        async def handler(request: web.Request) -> web.Response:
            etag = headers.get("ETag")
            if etag and request.headers.get("If-None-Match") == etag:
                return web.Response(status=304, headers={"ETag": etag})
            return web.Response(body=body, content_type="text/csv", headers=headers)

        self.fake.routes[name] = handler

    async def poll(self, *, reread: bool = False) -> list[str] | None:
        self.reading = self.panel.reading()
        pages = await self.reading.users({} if reread else self.marks)
        self.marks = {"": pages[0].mark}
        return None if pages[0].rows is None else ids(pages)


@pytest.fixture
def server(tmp_path, panel_server, http, clock) -> Callable[..., Server]:
    def make(change: dict[str, Any] = CSV, credential: Credential | None = None, query: str = "") -> Server:
        url = f"{panel_server.base_url}{query}"
        return Server(panel_server, Panel(url, compiled(tmp_path, change), credential, http, clock))

    return make


async def test_the_time_is_that_of_the_oldest_file(server, clock):
    files = server(WIDE)
    files.put("users.csv", listed("a"), **{"Last-Modified": http_date(clock.time - 100)})
    files.put("sessions.csv", runs("j1"), **{"Last-Modified": http_date(clock.time - DAY)})
    assert await files.poll() == ["a"]
    assert files.reading.time == clock.time - DAY


async def test_a_file_that_has_not_changed_is_not_sent_again(server, clock):
    files = server()
    files.put("users.csv", listed("a"), ETag='"1"', **{"Last-Modified": http_date(clock.time - 100)})
    assert await files.poll() == ["a"]
    clock.time += 600
    assert await files.poll() is None
    assert files.reading.figures.requests == {("users", "304"): 1}
    assert files.reading.time == clock.time - 700


async def test_what_is_asked_for_whole_comes_whole_after_a_304(server):
    files = server()
    files.put("users.csv", listed("a"), ETag='W/"1"')
    await files.poll()
    assert await files.poll(reread=True) == ["a"]


async def test_one_file_that_has_changed_brings_the_others_too(server, clock):
    files = server(WIDE)
    files.put("users.csv", listed("a"), ETag='"1"', **{"Last-Modified": http_date(clock.time - 100)})
    files.put("sessions.csv", runs("j1"), ETag='"2"', **{"Last-Modified": http_date(clock.time - 100)})
    await files.poll()
    files.put("sessions.csv", runs("j1", "j2"), ETag='"3"', **{"Last-Modified": http_date(clock.time - 50)})
    assert await files.poll() == ["a"]
    assert files.reading.time == clock.time - 100
    assert len(await files.reading.sessions("a", back_to=None)) == 2


async def test_without_last_modified_the_time_is_that_of_the_answer(server, clock):
    files = server()
    files.put("users.csv", listed("a"), Date=http_date(clock.time - 7))
    assert await files.poll() == ["a"]
    assert files.reading.time == clock.time - 7


async def test_a_date_that_cannot_be_read_is_passed_over(server, clock):
    files = server()
    files.put("users.csv", listed("a"), **{"Last-Modified": "yesterday", "Date": http_date(clock.time - 7)})
    await files.poll()
    assert files.reading.time == clock.time - 7


async def test_without_any_validator_the_content_tells_whether_it_has_changed(server, clock):
    files = server()
    files.put("users.csv", listed("a"), Date=http_date(clock.time))
    assert await files.poll() == ["a"]
    assert await files.poll() is None
    files.put("users.csv", listed("a", "b"), Date=http_date(clock.time))
    assert await files.poll() == ["a", "b"]


async def test_content_that_stays_the_same_stays_as_old_as_it_was(server, clock):
    files = server()
    started = clock.time
    files.put("users.csv", listed("a"), Date=http_date(started))
    await files.poll()
    clock.time += DAY
    files.put("users.csv", listed("a"), Date=http_date(clock.time))
    assert await files.poll() is None
    assert files.reading.time == started


async def test_a_smaller_file_is_believed_by_the_second_poll_that_finds_it(server, clock):
    files = server()
    for names, expected in (("abcdefghij", list("abcdefghij")), ("a", None), ("a", ["a"])):
        files.put("users.csv", listed(*names), ETag=f'"{len(names)}"', Date=http_date(clock.time))
        assert await files.poll() == expected


async def test_an_older_file_is_not_believed(server, clock):
    files = server()
    files.put("users.csv", listed("a"), **{"Last-Modified": http_date(clock.time - 100)})
    await files.poll()
    files.put("users.csv", listed("x", "y"), **{"Last-Modified": http_date(clock.time - DAY)})
    assert await files.poll() is None
    assert files.reading.time == clock.time - 100


async def test_a_file_that_is_still_being_uploaded_is_not_read(server, clock):
    files = server()
    files.put("users.csv", listed("a"), **{"Last-Modified": http_date(clock.time - 100)})
    await files.poll()
    files.put("users.csv", listed("a", "b")[:-2], **{"Last-Modified": http_date(clock.time)})
    assert await files.poll() is None


async def test_a_file_that_breaks_off_is_an_error(server):
    async def cut(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000", "Content-Type": "text/csv"})
        await response.prepare(request)
        await response.write(listed("a").encode())
        request.transport.close()
        return response

    files = server()
    files.fake.routes["users.csv"] = cut
    with pytest.raises(PollError) as caught:
        await files.poll()
    assert caught.value.reason is Reason.DECODE


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"body": b"<!doctype html><p>Log in"}, Reason.AUTH),
        ({"body": b"id,mailbox,switch\n", "content_type": "text/html"}, Reason.AUTH),
        ({"body": b"", "status": 401}, Reason.AUTH),
        ({"body": b"", "status": 302}, Reason.REDIRECT),
        ({"body": b"", "status": 403}, Reason.FORBIDDEN),
        ({"body": b"", "status": 404}, Reason.HTTP_4XX),
        ({"body": b"", "status": 304}, Reason.DECODE),
        ({"body": b"", "status": 503}, Reason.HTTP_5XX),
        ({"body": b""}, Reason.DECODE),
    ],
)
async def test_what_is_no_file_is_told_by_its_reason(server, answer, reason):
    files = server()
    files.put("users.csv", listed("a"), ETag='"1"')
    await files.poll()
    files.fake.body("users.csv", **{"content_type": "text/csv", **answer})
    with pytest.raises(PollError) as caught:
        await files.poll(reread=True)
    assert caught.value.reason is reason
    assert caught.value.__context__ is None


async def test_a_secret_url_keeps_its_query_and_shows_it_nowhere(server):
    files = server(query="?sig=s3cret&se=2026")
    files.put("users.csv", listed("a"))
    assert await files.poll() == ["a"]
    [(_, path, _)] = files.fake.asked
    assert path == "/panel/firm-1/users.csv?sig=s3cret&se=2026"
    files.fake.routes.clear()
    with pytest.raises(PollError) as caught:
        await files.poll()
    assert "s3cret" not in f"{caught.value!r} {files.panel!r} {files.reading!r} {files.marks}"


async def test_a_web_server_may_ask_who_we_are(server):
    credential = Credential("c", None, None, None, frozenset({"127.0.0.1"}), "me", SetSecret("pw"))
    files = server({**CSV, "authentication": {"basic": {}, "none": {}}}, credential)
    files.put("users.csv", listed("a"))
    assert await files.poll() == ["a"]
    assert files.fake.asked[0][2]["Authorization"].startswith("Basic ")
    assert [method for method, *_ in files.fake.asked] == ["GET"]
