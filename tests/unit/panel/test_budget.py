"""How much panels are asked, under a clock that the test moves; and what a panel that is ill is asked for, over real HTTP."""

import asyncio
from collections import Counter

import pytest
from aiohttp import web

from syncwatch.config.fleet import Budget, Budgets
from syncwatch.config.secrets import Credential
from syncwatch.errors import PollError, Reason
from syncwatch.panel.budget import ROOM, Limiter
from syncwatch.panel.panel import Panel
from syncwatch.panel.places import Places
from syncwatch.polling.poll import poll
from syncwatch.rows import Figures
from syncwatch.state.ledger import Ledger
from unit.given import T0, VirtualClock, settled
from unit.polling.watched import stages

LATE = T0 + 1e9
API = "api/admin/v1"


class World:
    """A limiter, and requests that take as long as a test says."""

    def __init__(self, polls: float = 1000, **budgets) -> None:
        self.clock = VirtualClock()
        self.limiter = Limiter(self.clock, Budgets(**budgets), polls)
        self.figures = Figures()
        self.started: list[tuple[str, float]] = []
        self.flying = Counter()
        self.most = Counter()
        self.tasks: list[asyncio.Task] = []

    async def request(self, host, group="g", *, takes=1.0, until=LATE):
        async with self.limiter.of(group).request(host, self.figures, until):
            await self._inside(host, group, takes)

    async def poll(self, host, group="g", *, takes=1.0):
        async with self.limiter.of(group).poll(host):
            await self._inside(host, group, takes)

    async def _inside(self, host, group, takes):
        self.started.append((host, self.clock.now() - T0))
        keys = (host, group, "all")
        self.flying.update(keys)
        for key in keys:
            self.most[key] = max(self.most[key], self.flying[key])
        try:
            await self.clock.sleep(takes)
        finally:
            self.flying.subtract(keys)

    def start(self, *coroutines) -> list[asyncio.Task]:
        tasks = [asyncio.ensure_future(each) for each in coroutines]
        self.tasks += tasks
        return tasks

    def times(self, host) -> list[float]:
        return [at for who, at in self.started if who == host]


@pytest.mark.parametrize("what", ["request", "poll"])
async def test_at_once_are_only_so_many_of_a_host_of_a_group_and_of_all(what):
    world = World(
        host=Budget(concurrency=2), groups={"g": Budget(concurrency=5)}, total=Budget(concurrency=7)
    )
    ask = getattr(world, what)
    hosts = [(f"h{n}", "g" if n < 5 else "other") for n in range(10)]
    world.start(*(ask(host, group) for host, group in hosts for _ in range(6)))
    await world.clock.pass_(60)
    assert all(task.done() for task in world.tasks)
    assert len(world.started) == 60
    assert {world.most[host] for host, _ in hosts} == {2}
    assert (world.most["g"], world.most["all"]) == (5, 7)


async def test_who_waits_for_something_narrow_holds_nothing_wide():
    world = World(host=Budget(concurrency=1), total=Budget(concurrency=2))
    world.start(*(world.request("slow", takes=100.0) for _ in range(10)), world.request("quick"))
    await world.clock.pass_(1)
    assert world.times("quick") == [0.0]


async def test_a_rate_holds_after_a_burst_and_nobody_holds_a_place_meanwhile():
    world = World(host=Budget(rate=2.0, burst=3, concurrency=1), total=Budget(concurrency=2))
    world.start(*(world.request("h", takes=0.0) for _ in range(7)), world.request("other"))
    await settled()
    assert world.times("other") == [0.0]
    await world.clock.pass_(10)
    assert world.times("h") == [0.0, 0.0, 0.0, 0.5, 1.0, 1.5, 2.0]
    assert world.figures.waited == pytest.approx(0.5 + 1.0 + 1.5 + 2.0)


async def test_rates_of_host_group_and_all_hold_together():
    world = World(host=Budget(rate=1.0), groups={"g": Budget(rate=0.5)}, total=Budget(rate=0.25))
    world.start(*(world.request(host, group) for host, group in (("a", "g"), ("b", "g"), ("c", "x"))))
    await world.clock.pass_(20)
    assert [at for _, at in world.started] == [0.0, 4.0, 8.0]


async def test_where_nothing_is_to_be_waited_for_nothing_is_awaited():
    world = World()
    request = world.limiter.of("g").request("h", world.figures, LATE).__aenter__()
    with pytest.raises(StopIteration):
        request.send(None)
    assert world.figures.waited == 0.0


async def test_a_wait_that_does_not_fit_into_the_poll_is_not_begun_and_costs_nobody_a_turn():
    world = World(host=Budget(rate=0.1))
    first, second = world.start(world.request("h"), world.request("h", until=T0 + 9))
    await settled()
    with pytest.raises(PollError) as caught:
        await second
    assert (caught.value.reason, caught.value.retry_after) == (Reason.RATE_LIMITED, None)
    world.start(world.request("h"))
    await world.clock.pass_(30)
    assert (await first, world.times("h")) == (None, [0.0, 10.0])


async def test_a_host_that_asks_for_rest_gets_it_from_all_whose_poll_lasts_as_long():
    world = World()
    world.limiter.of("g").rest("h", 30.0)
    patient, hurried, other = world.start(
        world.request("h", "another", until=T0 + 31), world.request("h", until=T0 + 29), world.request("o")
    )
    await settled()
    with pytest.raises(PollError) as caught:
        await hurried
    assert (caught.value.reason, caught.value.retry_after) == (Reason.RATE_LIMITED, 30.0)
    await world.clock.pass_(10)
    assert other.done()
    world.limiter.of("g").rest("h", 21.0)
    await world.clock.pass_(30)
    assert (await patient, world.times("h")) == (None, [31.0])


async def test_a_host_that_asks_for_rest_is_not_polled_and_its_tenants_hold_no_place_meanwhile():
    world = World(polls=1)
    world.limiter.of("g").rest("h", 600.0)
    world.start(world.poll("h"), world.poll("other"))
    await world.clock.pass_(700)
    assert world.started == [("other", 0.0), ("h", 600.0)]


async def test_nobody_makes_us_rest_for_more_than_an_hour():
    world = World()
    world.limiter.of("g").rest("h", 1e9)
    world.start(world.request("h"))
    await world.clock.pass_(3601)
    assert world.times("h") == [3600.0]


async def test_who_is_cancelled_takes_no_place_and_no_turn_along():
    world = World(host=Budget(concurrency=1, rate=1.0, burst=5))
    holder, *waiting = world.start(*(world.request("h", takes=10.0) for _ in range(4)))
    await settled()
    for task in (waiting[0], holder):
        task.cancel()
    await settled()
    assert world.times("h") == [0.0, 0.0]
    waiting[1].cancel()
    await world.clock.pass_(10)
    assert waiting[2].done()
    world.start(*(world.request("h", takes=0.0) for _ in range(2)))
    await settled()
    assert len(world.times("h")) == 5, "two turns were used for good, and one came back"


async def test_a_place_that_was_handed_to_one_who_is_cancelled_goes_to_the_next():
    places = Places(1)
    await places.take()
    second, third = (asyncio.ensure_future(places.take()) for _ in range(2))
    await settled()
    places.leave()
    second.cancel()
    await settled()
    assert (second.cancelled(), third.done()) == (True, True)
    places.leave()
    assert places.unused


async def test_other_budgets_count_at_once_and_nobody_loses_the_place_in_the_queue():
    world = World(host=Budget(concurrency=1))
    world.start(*(world.request("h", takes=100.0) for _ in range(5)))
    await settled()
    assert len(world.started) == 1
    world.limiter.apply(Budgets(host=Budget(concurrency=3)), 1000)
    await settled()
    assert len(world.started) == 3
    world.limiter.apply(Budgets(host=Budget(concurrency=1)), 1000)
    await world.clock.pass_(150)
    assert len(world.started) == 4
    world.limiter.apply(Budgets(host=Budget(), total=Budget(rate=0.1)), 1000)
    await settled()
    assert len(world.started) == 5
    world.start(*(world.request(host) for host in "ab"))
    await world.clock.pass_(5)
    assert (len(world.times("a")), len(world.times("b"))) == (1, 0)
    world.limiter.apply(Budgets(), 1000)
    await world.clock.pass_(5)
    assert len(world.times("b")) == 1


async def test_polls_in_flight_are_what_the_configuration_says_or_what_a_rate_can_use():
    world = World(polls=4, groups={"g": Budget(rate=1.5), "wide": Budget(concurrency=3, rate=50.0)})
    world.start(*(world.poll(f"{group}{n}", group) for group in ("g", "wide", "free") for n in range(10)))
    await world.clock.pass_(60)
    assert (world.most["g"], world.most["wide"], world.most["all"]) == (2, 3, 4)
    assert len(world.started) == 30


async def test_a_folder_has_no_host_and_counts_in_its_group():
    world = World(host=Budget(concurrency=1), groups={"g": Budget(concurrency=3)})
    world.start(*(world.poll(None) for _ in range(9)))
    await settled()
    assert world.flying["g"] == 3
    await world.clock.pass_(10)


async def test_hosts_that_nobody_asks_any_more_are_forgotten_and_those_with_a_debt_are_not():
    world = World(host=Budget(rate=0.001), groups={"g": Budget()})
    for n in range(50):
        world.clock.time += 5000.0
        for m in range(ROOM):
            await world.request(f"h{n}-{m}", f"g{n}-{m}", takes=0.0)
    assert len(world.limiter._hosts._gates) <= 4 * ROOM
    assert len(world.limiter._groups._gates) <= 4 * ROOM
    last = f"h49-{ROOM - 1}"
    for m in range(4 * ROOM):
        await world.request(f"more-{m}", takes=0.0)
    with pytest.raises(PollError):
        await world.request(last, until=world.clock.time + 10)


@pytest.fixture
def look(panel_server, profile, secret, http, clock):
    """Poll a panel that is asked for tokens; gives what it was asked."""
    credential = Credential("c", "syncwatch", secret, None, frozenset({"127.0.0.1"}))
    panel = Panel(panel_server.base_url, profile, credential, http, clock)

    async def polled() -> list[str]:
        before = len(panel_server.asked)
        result = await poll("firm-1", panel.reading(), Ledger(), stages(), clock)
        assert result.snapshot is None
        return [
            f"{method} {path.partition('?')[0].rpartition('/')[2]}"
            for method, path, _ in panel_server.asked[before:]
        ]

    return polled


def granting(panel_server, *, status=200):
    panel_server.body(
        "oauth/token", b'{"access_token": "t", "token_type": "Bearer", "expires_in": 3600}', status=status
    )


async def test_a_panel_that_fails_is_asked_for_one_list_and_for_no_token_again(look, panel_server):
    granting(panel_server)
    panel_server.body(f"{API}/organizations", b"", status=503)
    assert await look() == ["POST token", "GET organizations"]
    assert await look() == ["GET organizations"]


async def test_a_client_that_is_refused_costs_one_request_for_a_token(look, panel_server):
    granting(panel_server, status=401)
    assert [await look(), await look()] == [["POST token"]] * 2


async def test_a_token_that_is_refused_is_renewed_once_in_a_poll(look, panel_server):
    granting(panel_server)
    panel_server.body(f"{API}/organizations", b"", status=401)
    await look()
    assert await look() == ["GET organizations", "POST token", "GET organizations"]


async def test_requests_keep_to_the_budget_and_the_poll_says_how_long_they_waited(
    panel_server, profile, http, user
):
    clock = VirtualClock()
    flying = most = 0

    async def sessions(_: web.Request) -> web.Response:
        nonlocal flying, most
        flying += 1
        most = max(most, flying)
        await asyncio.sleep(0.01)
        flying -= 1
        return web.json_response({"data": [], "nextCursor": None})

    for n in range(4):
        panel_server.routes[f"{API}/users/u{n}/sessions"] = sessions
    limiter = Limiter(clock, Budgets(groups={"g": Budget(concurrency=2, rate=1.0, burst=3)}))
    panel = Panel(panel_server.base_url, profile, None, http, clock, allowance=limiter.of("g"))
    reading = panel.reading()
    async with asyncio.TaskGroup() as group:
        for n in range(4):
            group.create_task(reading.sessions(f"u{n}", back_to=None))
        while len(panel_server.asked) < 3:  # noqa: ASYNC110 - a real server answers in its own time
            await asyncio.sleep(0)
        await clock.pass_(1)
    assert most == 2
    assert reading.figures.requests == {("sessions", "200"): 4}
    assert reading.figures.waited == pytest.approx(1.0)


async def test_where_a_secret_url_leads_is_looked_up_for_each_poll(profile, secret, http, clock):
    panel = Panel(secret, profile, None, http, clock)
    hosts = []
    for secret.value in ("https://one.example/x?sig=1", "https://two.example/x?sig=2", "no URL"):
        hosts.append(panel.host)
    assert hosts == ["one.example", "two.example", None]


async def test_a_panel_that_says_nothing_more_is_allowed_for_now_is_asked_when_it_is(
    panel_server, profile, http
):
    clock = VirtualClock()
    limiter = Limiter(clock)
    panel, other = (
        Panel(panel_server.base_url, profile, None, http, clock, allowance=limiter.of(group))
        for group in ("g", "other")
    )

    def answering(reset: int) -> None:
        headers = {"RateLimit-Limit": "9", "RateLimit-Remaining": "0", "RateLimit-Reset": f"{reset}"}
        panel_server.body(f"{API}/plans", b'{"data": [], "nextCursor": null}', headers=headers)

    answering(20)
    await panel.reading().plans()
    answering(200)
    again = asyncio.ensure_future(panel.reading().plans())
    await clock.pass_(19)
    assert len(panel_server.asked) == 1
    await clock.pass_(1)
    assert await again == ()
    with pytest.raises(PollError) as caught:
        await other.reading().plans()
    assert (caught.value.reason, round(caught.value.retry_after)) == (Reason.RATE_LIMITED, 200)
    assert len(panel_server.asked) == 2
