"""A door among clients that flood, dawdle and do not read: it ends them, counts them, and answers the others."""

import asyncio
import hashlib
import os
import resource
import socket
from contextlib import contextmanager, suppress

import pytest

from syncwatch.web import limits, pages
from syncwatch.web.connection import Connections, Stage
from unit.web.conftest import TEXT

REQUEST = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n"
LARGE = b"x" * (20 << 20)  # more than kernel and server can hold for a client


async def becomes(check) -> None:
    """Wait until it is so; the test's own timeout is the end of it."""
    async with asyncio.timeout(10):
        while not check():  # noqa: ASYNC110 - nothing tells it
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("said", ["", "GET /met", REQUEST + "X: y\r\n"])
async def test_who_does_not_say_what_he_wants_is_cut(serve, said):
    served = await serve(request=0.2)
    client = await served.connect()
    client.say(said)
    assert await client.rest() == (b"" if not said else _last_word(b"408 Request Timeout"))
    assert served.refused("slow_request") == 1
    await becomes(lambda: served.figure("connections") == 0)


async def test_saying_a_little_again_and_again_gives_no_more_time(serve):
    served = await serve(request=0.3)
    client = await served.connect()

    async def dawdle() -> None:
        while True:
            client.say("X: y\r\n")
            await asyncio.sleep(0.02)

    client.say(REQUEST)
    dawdling = asyncio.create_task(dawdle())
    assert (await client.rest()).startswith(b"HTTP/1.1 408")
    dawdling.cancel()


async def test_the_next_request_on_a_connection_has_its_time_too_and_no_more(serve):
    served = await serve(request=0.2)
    client = await served.connect()
    assert (await client.ask()).status == 200
    client.say("GET /met")
    assert (await client.rest()).startswith(b"HTTP/1.1 408")


async def test_a_connection_may_be_used_as_often_as_one_likes(serve, daemon):
    served = await serve()
    client = await served.connect()
    for _ in range(40):
        assert (await client.ask(X_Padding="y" * 1000)).status == 200
    assert daemon.scrapes == 40


async def test_a_connection_that_nobody_uses_any_more_is_ended(serve):
    served = await serve(idle=0.2)
    client = await served.connect()
    assert (await client.ask()).status == 200
    assert await client.rest() == b""
    assert served.refused("slow_request") == 0, "that is nobody's fault"


@pytest.mark.parametrize(
    "flood",
    [
        REQUEST + "".join(f"X-{n}: {'y' * 1000}\r\n" for n in range(60)),
        REQUEST + "X: " + "y" * 100_000,
        "GET /" + "y" * 100_000,
        "GET /metrics HTTP/1.1\r\nContent-Length: 100000\r\n\r\n" + "y" * 100_000,
    ],
)
async def test_a_flood_of_headers_or_of_a_body_is_cut_unread(serve, daemon, flood):
    served = await serve()
    client = await served.connect()
    client.say(flood)
    assert b"200 OK" not in await client.rest()
    assert (
        served.refused("large_request") + served.figure("requests_total", route="/metrics", code="413") >= 1
    )
    assert daemon.scrapes == 0
    assert (await served.ask()).status == 200


@pytest.mark.parametrize(
    "said",
    [
        "hello\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00",
        REQUEST + "X: " + "y" * 5000 + "\r\n\r\n",
        REQUEST + "".join(f"X{n}: y\r\n" for n in range(100)) + "\r\n",
        REQUEST + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        REQUEST + "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_400_without_being_repeated_or_logged(serve, said):
    served = await serve()
    client = await served.connect()
    client.say(said)
    answer = await client.rest()
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400"))
    assert answer.endswith(b"\r\n\r\n400\n")
    assert served.refused("bad_request") == 1
    assert served.log == []


async def test_a_body_is_not_taken(serve):
    served = await serve()
    assert (await served.ask("/metrics", body="x" * 1024)).status == 200
    assert (await served.ask("/metrics", body="x" * 1025)).status == 413


async def test_requests_that_are_sent_before_the_answers_are_read_are_bounded(serve, daemon):
    served = await serve()
    daemon.text = LARGE
    client = await served.connect()
    client.say((REQUEST + "\r\n") * 2000)
    await client.rest()
    assert served.refused("large_request") == 1
    assert daemon.scrapes <= 1


async def test_who_reads_slowly_is_cut_and_the_scrape_does_not_count(serve, daemon):
    daemon.text = LARGE
    served = await serve(sending=0.3)
    client = await served.connect()
    client.say(REQUEST + "\r\n")
    await becomes(lambda: served.refused("slow_reader") == 1)
    assert len(await client.rest()) < len(LARGE)
    assert daemon.scrapes == 0
    await becomes(lambda: served.figure("requests_total", route="/metrics", code="499") == 1)
    assert not any(entry["event"] == "web_fault" for entry in served.log)


async def test_a_page_is_sent_to_many_slow_clients_from_one_copy(serve, daemon):
    daemon.text = LARGE
    served = await serve()
    clients = [await served.connect() for _ in range(20)]
    for client in clients:
        client.say(REQUEST + "\r\n")
    await asyncio.gather(*(client.reader.read(1) for client in clients))
    assert daemon.rendered == 1
    held = [connection._raw.get_write_buffer_size() for connection in _connections(served)]
    assert len(held) == 20
    assert sum(held) < len(LARGE) / 4, "all of them together hold less than a part of it"
    served.clock.shift += 1
    late = await served.connect()
    late.say(REQUEST + "\r\n")
    await late.reader.read(1)
    assert daemon.rendered == 2, "that page is a second old"


@pytest.mark.parametrize(("which", "never"), [("patience", "stall"), ("stall", "patience")])
async def test_more_pages_than_may_be_sent_at_once_are_503_and_who_reads_gets_through(
    serve, daemon, which, never
):
    daemon.text = LARGE
    served = await serve(pages=4, **{never: 1e6})
    await _not_reading(served, 4)
    answer = await served.ask()
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    assert served.refused("pages") == 1
    served.clock.shift += getattr(limits.Limits(), which)
    assert (await served.ask()).body == LARGE, "it takes the place of the slowest"
    assert served.refused("slow_reader") == 1


async def test_who_waits_for_us_keeps_the_place(serve, daemon, monkeypatch):
    made = asyncio.Event()

    async def slowly(page: bytes) -> bytes:
        await made.wait()
        return page

    monkeypatch.setattr(pages, "compressed", slowly)
    served = await serve(pages=2)
    clients = [await served.connect() for _ in range(2)]
    for client in clients:
        client.say(REQUEST + "Accept-Encoding: gzip\r\n\r\n")
    await becomes(lambda: daemon.rendered == 1 and len(_stages(served, Stage.WORK)) == 2)
    served.clock.shift += 100
    assert (await served.ask()).status == 503
    made.set()
    assert [(await client.answer()).body for client in clients] == [TEXT, TEXT]


async def test_a_client_that_comes_many_times_keeps_no_other_out(serve, daemon):
    daemon.text = LARGE
    served = await serve(pages=4)
    await _not_reading(served, 4, local="127.0.0.2")
    again = await served.connect(local="127.0.0.2")
    assert (await again.ask()).status == 503
    for other in ("127.0.0.3", "127.0.0.4"):
        client = await served.connect(local=other)
        client.say(REQUEST + "\r\n")
        assert (await client.reader.readline()).startswith(b"HTTP/1.1 200")
    assert served.refused("slow_reader") == 2
    again = await served.connect(local="127.0.0.2")
    assert (await again.ask()).status == 503, "and takes the place of none"


async def test_a_client_is_a_user_where_there_are_users(serve, daemon):
    daemon.text = LARGE
    served = await serve(
        "bearer_tokens:\n"
        + "".join(f"  {user}: {{sha256: {hashlib.sha256(user.encode()).hexdigest()}}}\n" for user in "ab"),
        pages=4,
    )
    await _not_reading(served, 4, said="Authorization: Bearer a\r\n")
    assert (await served.ask(Authorization="Bearer a")).status == 503
    assert (await served.ask(Authorization="Bearer b")).status == 200


async def test_a_flood_of_connections_is_closed_and_counted_and_leaves_nothing_behind(serve):
    served = await serve(connections=50)
    flood = await asyncio.gather(*(served.connect() for _ in range(400)))
    await becomes(lambda: served.refused("connections") == 350)
    assert served.figure("connections") == 50
    for client in flood:
        client.abort()
    await becomes(lambda: served.figure("connections") == 0)
    answer = await served.ask()
    assert (answer.status, answer.body) == (200, TEXT)


async def test_one_that_is_accepted_while_all_ends_is_not_counted_for_ever(serve, monkeypatch):
    served = await serve()

    def full(_) -> bool:
        served.server._accepting.cancel()  # so the task that opens the connection never begins
        return False

    monkeypatch.setattr(Connections, "full", property(full))
    client = await served.connect()
    assert await client.rest() == b""
    assert served.figure("connections") == 0


async def test_without_file_descriptors_it_says_so_and_goes_on_once_there_are_some(serve):
    served = await serve()
    here = await served.connect()
    assert (await here.ask()).status == 200
    loop = asyncio.get_running_loop()
    with socket.socket() as late:
        late.settimeout(0)
        with _no_descriptors():
            await loop.sock_connect(late, ("127.0.0.1", served.port))
            await becomes(lambda: served.refused("descriptors") > 0)
            assert (await here.ask()).status == 200, "who is there is answered"
        await loop.sock_sendall(late, f"{REQUEST}\r\n".encode())
        assert (await loop.sock_recv(late, 100)).startswith(b"HTTP/1.1 200 OK")


async def test_closing_ends_everything_that_is_open(serve, daemon):
    daemon.text = LARGE
    served = await serve()
    silent, slow = await served.connect(), await served.connect()
    slow.say(REQUEST + "\r\n")
    await slow.reader.read(1)
    await served.server.close()
    assert await silent.rest() == b""
    assert len(await slow.rest()) < len(LARGE)
    assert served.figure("connections") == 0


async def _not_reading(served, count: int, *, local: str = "127.0.0.1", said: str = "") -> None:
    """Have so many clients begin to be sent a page that they do not read."""
    for _ in range(count):
        client = await served.connect(local=local)
        client.say(f"{REQUEST}{said}\r\n")
        await client.reader.read(1)


@contextmanager
def _no_descriptors():
    """All that there may be are in use."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = [os.open(os.devnull, os.O_RDONLY)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (taken[0] + 20, hard))
    try:
        with suppress(OSError):
            while True:
                taken.append(os.open(os.devnull, os.O_RDONLY))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for each in taken:
            os.close(each)


def _last_word(status: bytes) -> bytes:
    return b"HTTP/1.1 " + status + b"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


def _connections(served):
    return served.server._connections


def _stages(served, stage: Stage):
    return [connection for connection in _connections(served) if connection._stage is stage]
