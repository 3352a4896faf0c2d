"""What all polls hold together is bounded, with real answers, and nobody waits for somebody who waits."""

import asyncio

import pytest
from yarl import URL

from syncwatch.errors import PollError, Reason
from syncwatch.transport.client import Http, Timeouts
from syncwatch.transport.room import LEAST, Hold, NoPlaceError, Room

LITTLE, MOST, PLACES = 1000, 100_000, 2


@pytest.fixture
def room() -> Room:
    return Room(places=PLACES, little=LITTLE, most=MOST)


async def test_a_little_needs_no_place_and_more_needs_one_until_the_end(room):
    share = room.share()
    await share.take(LITTLE)
    assert room.taken == 0
    await share.take(1)
    await share.take(LITTLE)
    assert room.taken == 1
    share.drop(2 * LITTLE)
    assert room.taken == 1, "what grew once may grow again"
    share.close()
    share.close()
    assert room.taken == 0


async def test_without_a_place_nothing_is_held_and_waiting_gets_one(room):
    shares = [room.share() for _ in range(PLACES + 1)]
    for share in shares[:-1]:
        await share.take(LITTLE + 1)
    with pytest.raises(NoPlaceError):
        await shares[-1].take(LITTLE + 1)
    waiting = asyncio.create_task(shares[-1].afford(LITTLE + 1))
    await asyncio.sleep(0)
    assert not waiting.done()
    shares[0].close()
    await waiting
    assert room.taken == PLACES
    for share in shares:
        share.close()
    assert room.taken == 0


async def test_no_poll_holds_more_than_the_most(room):
    share = room.share()
    await share.take(MOST)
    with pytest.raises(PollError, match="decode: the answers of one poll are larger than"):
        await share.take(1)


async def test_whoever_gives_up_waiting_takes_no_place_along(room):
    first = [room.share() for _ in range(PLACES)]
    for share in first:
        await share.take(LITTLE + 1)
    last = room.share()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await last.wait()
    for share in (last, *first):
        share.close()
    assert room.taken == 0
    await room.share().afford(LITTLE + 1)
    assert room.taken == 1


async def test_a_request_that_finds_no_place_gives_its_connection_up(panel_server, tls, room):
    panel_server.body("large", bytes(50_000))
    url = URL(f"{panel_server.base_url}/large")
    async with Http(tls=tls, room=room) as http:
        for _ in range(PLACES):
            await room.share().take(LITTLE + 1)
        share = room.share()
        hold = Hold(share)
        with pytest.raises(NoPlaceError):
            await http.get(url, "users", shown=None, etag=None, timeouts=Timeouts(), hold=hold)
        assert share._held == 0
        assert not http._open.connector._acquired


async def test_a_body_that_breaks_off_is_held_no_longer(panel_server, tls, room):
    panel_server.body("large", bytes(LITTLE))
    async with Http(tls=tls, room=room, max_body=LITTLE - 1) as http:
        share = room.share()
        with pytest.raises(PollError) as caught:
            await http.get(
                URL(f"{panel_server.base_url}/large"),
                "users",
                shown=None,
                etag=None,
                timeouts=Timeouts(),
                hold=Hold(share),
            )
    assert caught.value.reason is Reason.DECODE
    assert share._held == 0


async def test_an_answer_that_goes_on_is_not_given_up_and_neither_is_one_that_nobody_waits_for():
    room, loop = Room(places=1, little=LITTLE, most=1 << 30, patience=0.02), asyncio.get_running_loop()
    share = room.share()
    await share.take(LITTLE + 1)
    async with share.reading():
        await asyncio.sleep(0.1)
    waiting = asyncio.create_task(room.share().wait())
    until = loop.time() + 0.2
    async with share.reading():
        while loop.time() < until:
            await share.take(LEAST)
            share.drop(LEAST)
            await asyncio.sleep(0)
    assert not waiting.done()
    share.close()
    await waiting
