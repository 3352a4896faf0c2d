"""To connect, between two pieces, and as a whole: each deadline ends what it is there for, and is told by its name."""

import asyncio

import pytest
from aiohttp import web
from yarl import URL

from syncwatch.errors import PollError, Reason
from syncwatch.transport.client import Http, Timeouts

LONG = 60.0


async def detail(http: Http, url: str, **timeouts: float) -> str:
    given = Timeouts(**{"total": LONG, "connect": LONG, "read": LONG, **timeouts})
    with pytest.raises(PollError) as caught:
        await http.get(URL(url), "users", shown=None, etag=None, timeouts=given)
    assert caught.value.reason is Reason.TIMEOUT
    assert caught.value.__context__ is None
    return caught.value.detail


@pytest.fixture
async def silent():
    """A server that takes a connection and says nothing."""
    over = asyncio.Event()

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    async with await asyncio.start_server(hold, "127.0.0.1", 0) as server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        over.set()


async def test_a_handshake_without_an_answer_ends_by_the_connect_timeout(http, silent):
    assert await detail(http, f"https://{silent}/", connect=0.05) == "users: no connection in time"


async def test_a_request_without_an_answer_ends_by_the_read_timeout(http, silent):
    assert await detail(http, f"http://{silent}/", read=0.05) == "users: nothing came for too long"


@pytest.mark.parametrize(
    ("pause", "timeouts", "told"),
    [
        (None, {"read": 0.1}, "nothing came for too long"),
        (0.01, {"read": 0.2, "total": 0.3}, "the answer took too long as a whole"),
    ],
    ids=["stops in the middle", "drips"],
)
async def test_an_answer_that_stops_and_one_that_drips_are_told_apart(
    http, panel_server, pause, timeouts, told
):
    over = asyncio.Event()

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while not over.is_set() and request.transport is not None:
            await response.write(b"{")
            try:
                await asyncio.wait_for(over.wait(), pause)
            except TimeoutError:
                continue
        return response

    panel_server.routes["drip"] = drip
    assert await detail(http, f"{panel_server.base_url}/drip", **timeouts) == f"users: {told}"
    over.set()


async def test_waiting_for_a_free_connection_ends_too(silent, tls):
    async with Http(limit=1, tls=tls) as http:
        first = asyncio.create_task(detail(http, f"http://{silent}/", total=0.3))
        await asyncio.sleep(0)
        assert "too long as a whole" in await detail(http, f"http://{silent}/", total=0.1)
        await first
