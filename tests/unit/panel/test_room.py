"""What polls hold at once is bounded while a real server floods all of them, and every one of them ends."""

import asyncio
from contextlib import suppress

import pytest
from aiohttp import web

from syncwatch.errors import PollError, Reason
from syncwatch.panel.panel import Panel
from syncwatch.transport.client import Http
from syncwatch.transport.room import Room
from unit.panel.made import compiled, row, users

PLACES, LITTLE, MOST = 2, 64 << 10, 1 << 20


@pytest.fixture
async def roomy(tls):
    async with Http(tls=tls, room=Room(places=PLACES, little=LITTLE, most=MOST)) as http:
        yield http


def listed(rows: int) -> list[dict]:
    return [row(f"u{number}", filler="x" * 1000) for number in range(rows)]


async def test_many_large_lists_at_once_take_turns_at_the_few_places(panel_server, tmp_path, roomy, clock):
    """Pages of a third of the little: the fourth needs a place. Whoever waits for one asks for nothing."""
    taken, paging = [], {"paging": {"page_number": {"parameter": "page", "first": 0}}}
    rows = listed(20)

    async def handler(request: web.Request) -> web.Response:
        taken.append(roomy.room.taken)
        at = int(request.query["page"])
        fresh = [{**each, "id": f"{each['id']}-{at}"} for each in rows] if at < 8 else []
        return web.json_response(fresh)

    panel_server.routes["users"] = handler
    profile = compiled(tmp_path, users(**paging))

    async def poll() -> int:
        reading = Panel(panel_server.base_url, profile, None, roomy, clock).reading()
        try:
            return sum(len(page.rows) for page in await reading.users({}))
        finally:
            reading.close()

    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        polls = [group.create_task(poll()) for _ in range(12)]
    assert {each.result() for each in polls} == {160}, "everybody reads everything"
    assert max(taken) == PLACES
    assert roomy.room.taken == 0


async def test_a_flood_is_left_and_the_others_go_on(panel_server, tmp_path, roomy, clock):
    sent = 0

    async def flood(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        try:
            while sent < 200 << 20:
                await response.write(b" " * (1 << 16))
                sent += 1 << 16
        except ConnectionError:
            pass
        return response

    panel_server.routes["users"] = flood
    panel = Panel(panel_server.base_url, compiled(tmp_path, {}), None, roomy, clock)
    reading = panel.reading()
    with pytest.raises(PollError) as caught:
        await reading.users({})
    reading.close()
    assert caught.value.reason is Reason.DECODE
    assert sent < 20 << 20
    panel_server.json("users", listed(200))
    reading = panel.reading()
    [page] = await reading.users({})
    assert (len(page.rows), roomy.room.taken) == (200, 1)
    reading.close()
    assert roomy.room.taken == 0


async def test_tabs_are_held_no_longer_than_they_are_read(panel_server, tmp_path, roomy, clock, profile):
    panel_server.pages("api/admin/v1/users/u/issues", [{"errorText": "x" * 1000} for _ in range(60)])
    reading = Panel(panel_server.base_url, profile, None, roomy, clock).reading()
    for _ in range(30):
        assert len((await reading.issues("u")).rows) == 60
    assert roomy.room.taken == 0
    reading.close()


async def test_a_wait_for_a_place_ends_with_the_poll(panel_server, tmp_path, roomy, clock):
    panel_server.json("users", listed(200))
    panel = Panel(panel_server.base_url, compiled(tmp_path, {}), None, roomy, clock)
    holders = [roomy.room.share() for _ in range(PLACES)]
    for holder in holders:
        await holder.take(LITTLE + 1)
    reading = panel.reading()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await reading.users({})
    reading.close()
    for holder in holders:
        holder.close()
    assert roomy.room.taken == 0
    assert reading.figures.requests == {}, "it was not a request that took so long"


async def test_answers_that_drip_lose_their_places_to_whoever_waits(panel_server, tmp_path, tls, clock):
    """They could hold them until the ends of their polls, and all polls of large lists would be late."""
    over = asyncio.Event()

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        with suppress(ConnectionError):
            await response.write(b"[" + b" " * LITTLE)
            while not over.is_set():
                await response.write(b" ")
                with suppress(TimeoutError):
                    await asyncio.wait_for(over.wait(), 0.01)
        return response

    panel_server.routes["firm-1/users"] = drip
    panel_server.json("firm-2/users", listed(200))
    room = Room(places=PLACES, little=LITTLE, most=MOST, patience=0.1)
    async with Http(tls=tls, room=room) as http, asyncio.timeout(20):

        def reading(tenant):
            return Panel(
                f"{panel_server.base_url}/{tenant}", compiled(tmp_path, {}), None, http, clock
            ).reading()

        dripping = [reading("firm-1") for _ in range(PLACES)]
        polls = [asyncio.create_task(each.users({})) for each in dripping]
        while room.taken < PLACES:  # noqa: ASYNC110 - nothing tells it
            await asyncio.sleep(0.001)
        waiting = asyncio.create_task((healthy := reading("firm-2")).users({}))
        for each, poll in zip(dripping, polls, strict=True):
            with pytest.raises(
                PollError, match="timeout: users: the answer hardly comes, and others wait"
            ) as caught:
                await poll
            assert caught.value.__context__ is None
            each.close()
        [page] = await waiting
        assert len(page.rows) == 200
        healthy.close()
    over.set()
    assert room.taken == 0
