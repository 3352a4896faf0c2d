"""Host names are resolved by a system that a test controls: some names hang until it lets them go, and some have no address."""

import asyncio
import errno
import socket
import subprocess
import sys
import textwrap
from collections import Counter
from threading import Event, Lock

import pytest
from yarl import URL

from syncwatch.config.fleet import Proxy
from syncwatch.errors import PollError, Reason
from syncwatch.transport import resolver as module
from syncwatch.transport.client import Http, Timeouts
from syncwatch.transport.lookups import AT_ONCE, SLOW_AT_ONCE, Lookups
from syncwatch.transport.resolver import FRESH, KEPT, Resolver, UnresolvedError, patience
from syncwatch.transport.way import DIRECT, Way
from unit.given import VirtualClock

SHORT = 0.02  # seconds that a test waits for what does not come
FOUND = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]


class System:
    """The system's resolver: names that begin with `hang` wait, those with `no` have no address."""

    def __init__(self) -> None:
        self.asked = Counter()
        self.running = 0
        self.go = Event()
        self._lock = Lock()

    def __call__(self, host):
        with self._lock:
            self.asked[host] += 1
            self.running += 1
        if host.startswith("hang"):
            self.go.wait(30)
        with self._lock:
            self.running -= 1
        if host.startswith("no"):
            raise socket.gaierror(socket.EAI_NONAME, "Smith v. Jones")
        if host.startswith("full"):
            raise OSError(errno.EMFILE, "too many open files")
        return FOUND


@pytest.fixture
def system():
    made = System()
    yield made
    made.go.set()


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def resolver(system, clock):
    return Resolver(clock, system)


async def addresses(resolver, host, seconds=10.0):
    with patience(seconds):
        return [each["host"] for each in await resolver.resolve(host, 443)]


async def unresolved(resolver, host, seconds=10.0):
    with pytest.raises(UnresolvedError) as caught:
        await addresses(resolver, host, seconds)
    assert host not in str(caught.value)
    assert caught.value.__context__ is None
    return caught.value


async def hanging(resolver, names):
    """Ask for all of them, until nobody wants to wait any longer."""
    errors = await asyncio.gather(*(unresolved(resolver, name, SHORT) for name in names))
    assert all(error.late for error in errors)


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - it is a thread that is waited for
            await asyncio.sleep(0.001)


async def test_an_answer_is_what_the_library_takes_and_a_family_may_be_chosen(clock):
    both = [*FOUND, (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("fe80::1", 0, 0, 2))]
    resolver = Resolver(clock, lambda _: both)
    found = await resolver.resolve("h", 443)
    assert [(each["hostname"], each["host"], each["port"], each["family"]) for each in found] == [
        ("h", "127.0.0.1", 443, socket.AF_INET),
        ("h", "fe80::1%2", 443, socket.AF_INET6),
    ]
    assert len(await resolver.resolve("h", 443, socket.AF_INET6)) == 1


async def test_names_that_hang_hold_up_no_other(resolver, system):
    await hanging(resolver, [f"hang{number}" for number in range(SLOW_AT_ONCE)])
    assert await addresses(resolver, "good") == ["127.0.0.1"]


async def test_there_are_only_so_many_lookups_at_once_and_those_that_nobody_wants_are_not_begun(
    resolver, system
):
    await hanging(resolver, [f"hang{number}" for number in range(3 * AT_ONCE)])
    assert system.running == system.asked.total() == AT_ONCE


async def test_names_that_were_slow_share_a_part_of_the_threads(resolver, system, clock):
    names = [f"hang{number}" for number in range(AT_ONCE)]
    await hanging(resolver, names)
    await clock.pass_(5)
    system.go.set()
    await until(lambda: not resolver._lookups._asked)
    system.go.clear()
    await clock.pass_(FRESH)
    waiting = [asyncio.create_task(addresses(resolver, f"hang{number}")) for number in range(AT_ONCE)]
    assert await asyncio.gather(*(addresses(resolver, f"good{number}") for number in range(AT_ONCE)))
    assert system.running == SLOW_AT_ONCE
    system.go.set()
    await asyncio.gather(*waiting)
    await clock.pass_(FRESH)
    system.go.clear()
    await asyncio.gather(*(addresses(resolver, name, SHORT) for name in names))
    assert system.running == AT_ONCE, "whoever answered at once is slow no longer"


async def test_a_name_is_looked_up_once_however_many_ask_and_stays_fresh(resolver, system, clock):
    asking = [asyncio.create_task(addresses(resolver, "hang")) for _ in range(5)]
    asking.append(asyncio.create_task(unresolved(resolver, "hang", SHORT)))
    await asking[-1]
    system.go.set()
    assert await asyncio.gather(*asking[:-1]) == [["127.0.0.1"]] * 5
    await clock.pass_(FRESH - 1)
    await addresses(resolver, "hang")
    assert system.asked["hang"] == 1
    await clock.pass_(1)
    await addresses(resolver, "hang")
    assert system.asked["hang"] == 2


async def test_who_asks_while_the_others_are_told_is_told_too(system, clock):
    again = []

    def learn(host, _):
        if not again:
            again.append(asyncio.create_task(lookups.answer(host)))

    lookups = Lookups(clock, system, learn)
    hanging = [f"hang{number}" for number in range(AT_ONCE)]
    asking = [asyncio.create_task(lookups.answer(host)) for host in (*hanging[1:], "good", hanging[0])]
    async with asyncio.timeout(10):
        assert (await asking[-2]).addresses
        assert not again[0].done(), "the last thread is taken by the one that came before"
        system.go.set()
        assert (await again[0]).addresses
        assert await asyncio.gather(*asking)
    assert system.asked["good"] == 2


async def test_while_a_name_cannot_be_resolved_its_last_addresses_serve_for_an_hour(clock):
    outcome = [FOUND]

    def lookup(_):
        if not outcome:
            raise socket.gaierror(socket.EAI_AGAIN, "Smith v. Jones")
        return outcome[0]

    resolver = Resolver(clock, lookup)
    assert await addresses(resolver, "h")
    outcome.clear()
    for _ in range(int(KEPT / FRESH) - 1):
        await clock.pass_(FRESH)
        assert await addresses(resolver, "h") == ["127.0.0.1"]
    await clock.pass_(FRESH)
    assert not (await unresolved(resolver, "h")).late


async def test_a_late_answer_is_learned_and_until_then_the_last_addresses_serve(
    resolver, system, clock, monkeypatch
):
    monkeypatch.setattr(module, "HURRY", SHORT)
    system.go.set()
    await addresses(resolver, "hang")
    system.go.clear()
    await clock.pass_(FRESH)
    assert await addresses(resolver, "hang") == ["127.0.0.1"], "nobody waits for as long as it hangs"
    assert await addresses(resolver, "hang") == ["127.0.0.1"]
    await clock.pass_(10)
    system.go.set()
    await until(lambda: not system.running)
    await clock.pass_(KEPT - 20)
    system.go.clear()
    assert await addresses(resolver, "hang") == ["127.0.0.1"], "an hour from when it came"


async def test_names_that_are_long_gone_are_forgotten(resolver, clock, monkeypatch):
    monkeypatch.setattr(module, "ROOM", 10)
    resolver._full = 10
    for number in range(100):
        await addresses(resolver, f"good{number}")
        await clock.pass_(KEPT / 2)
    assert len(resolver._known) <= 15
    assert not resolver._lookups._asked


@pytest.mark.parametrize("host", ["x" * 64 + ".example", "a..b", "nul\0"])
async def test_what_cannot_be_a_name_has_no_address(clock, host):
    assert not (await unresolved(Resolver(clock), host)).late


@pytest.mark.parametrize(
    ("host", "way", "reason", "words"),
    [
        ("hang", DIRECT, Reason.DNS, "the host name was not resolved in time"),
        ("no", DIRECT, Reason.DNS, "the host name cannot be resolved"),
        ("full", DIRECT, Reason.INTERNAL, "no file descriptor is left: raise the limit of open files"),
        ("good", Way(proxy=Proxy("http://hang:1")), Reason.CONNECT, "the proxy's host name was not resolved in time"),
        ("good", Way(proxy=Proxy("http://no:1")), Reason.CONNECT, "the proxy's host name cannot be resolved"),
    ],
)  # fmt: skip
async def test_each_outcome_has_its_reason(system, host, way, reason, words):
    timeouts = Timeouts(connect=SHORT)
    async with Http(lookup=system) as http:
        with pytest.raises(PollError) as caught:
            await http.get(
                URL(f"http://{host}:1/"), "users", shown=None, etag=None, timeouts=timeouts, way=way
            )
    assert (caught.value.reason, caught.value.detail) == (reason, f"users: {words}")
    assert caught.value.__context__ is None


async def test_a_panel_is_found_by_its_name(system, panel_server):
    panel_server.body("x", b"{}")
    url = URL(panel_server.base_url).with_host("good") / "x"
    async with Http(lookup=system) as http:
        for _ in range(2):
            answer = await http.get(url, "users", shown=None, etag=None, timeouts=Timeouts())
            assert answer.body == b"{}"
    assert system.asked == {"good": 1}


def test_the_end_of_the_process_waits_for_no_lookup():
    script = """
        import asyncio, threading, uvloop
        from yarl import URL
        from syncwatch.errors import PollError
        from syncwatch.transport.client import Http, Timeouts

        async def main():
            timeouts = Timeouts(connect=0.01)
            async with Http(lookup=lambda _: threading.Event().wait()) as http:
                try:
                    await http.get(URL("http://h/"), "users", shown=None, etag=None, timeouts=timeouts)
                except PollError as error:
                    print(error)

        uvloop.run(main())
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert (run.stdout, run.stderr) == ("dns: users: the host name was not resolved in time\n", "")
