"""What the daemon answers over HTTP, through a real server."""

import errno
import gzip
import json
import socket

import pytest
from prometheus_client import CollectorRegistry

from syncwatch.clock import SystemClock
from syncwatch.web.access import Access
from syncwatch.web.door import Door
from syncwatch.web.listener import listening
from syncwatch.web.routes import ROUTES
from syncwatch.web.server import start
from syncwatch.web.view import TenantView
from unit.web.conftest import OPENMETRICS, TEXT


def test_every_route_says_who_may_and_only_the_probes_are_open():
    assert {(route.method, route.path.partition(":")[0]): route.access for route in ROUTES} == {
        ("GET", "/"): Access.READ,
        ("GET", "/metrics"): Access.METRICS,
        ("GET", "/-/healthy"): Access.OPEN,
        ("GET", "/-/ready"): Access.OPEN,
        ("POST", "/-/reload"): Access.OPERATE,
        ("GET", "/api/v1/tenants"): Access.READ,
        ("GET", "/api/v1/tenants/{tenant"): Access.READ,
        ("POST", "/api/v1/tenants/{tenant"): Access.OPERATE,
        ("GET", "/api/v1/templates"): Access.IDENTIFY,
    }
    assert {route.method for route in ROUTES if route.access is not Access.OPERATE} == {"GET"}


@pytest.mark.parametrize(("path", "what"), [("/-/healthy", "standstill"), ("/-/ready", "not_ready")])
async def test_a_probe_says_why_not(serve, daemon, path, what):
    served = await serve()
    assert (await served.ask(path)).status == 200
    setattr(daemon, what, "no poll ended for 9 s")
    answer = await served.ask(path)
    assert (answer.status, answer.text) == (503, "no poll ended for 9 s\n")


async def test_the_probes_are_independent(serve, daemon):
    served = await serve()
    daemon.not_ready = "shutting down"
    assert (await served.ask("/-/healthy")).status == 200
    assert (await served.ask("/metrics")).status == 200, "the last scrape"


@pytest.mark.parametrize(
    ("accept", "openmetrics"),
    [
        (None, False),
        ("*/*", False),
        ("text/plain;version=0.0.4", False),
        ("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", True),
        ("application/openmetrics-text;q=0, text/plain", False),
    ],
)
async def test_the_scraper_gets_the_format_it_asks_for(serve, accept, openmetrics):
    answer = await (await serve()).ask("/metrics", **({"Accept": accept} if accept else {}))
    kind = "application/openmetrics-text; version=1.0.0" if openmetrics else "text/plain; version=0.0.4"
    assert answer.headers["Content-Type"] == f"{kind}; charset=utf-8"
    assert answer.body == (OPENMETRICS if openmetrics else TEXT)
    assert "Accept" in answer.headers["Vary"]


async def test_a_large_page_is_compressed_for_who_takes_it(serve):
    served = await serve()
    answer = await served.ask("/metrics", Accept_Encoding="gzip")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.body) == TEXT
    for refused in ("identity", "gzip;q=0, identity"):
        plain = await served.ask("/metrics", Accept_Encoding=refused)
        assert plain.body == TEXT


async def test_a_small_page_is_not_compressed(serve, daemon):
    daemon.text = b"x 1\n"
    answer = await (await serve()).ask("/metrics", Accept_Encoding="gzip")
    assert answer.body == b"x 1\n"


async def test_each_answered_scrape_is_noted_and_nothing_else_is(serve, daemon):
    served = await serve()
    for path in ("/metrics", "/", "/-/ready", "/metrics"):
        await served.ask(path)
    await served.ask("/metrics", "HEAD")
    assert daemon.scrapes == 2


async def test_one_scrape_after_the_other_gets_the_page_as_it_is_now(serve, daemon):
    served = await serve()
    for figures in (b"x 1\n", b"x 2\n"):
        daemon.text = figures
        assert (await served.ask("/metrics")).body == figures


async def test_the_landing_page_leads_to_the_rest_and_escapes(serve, daemon):
    daemon.watched["firm-001"] = TenantView("firm-001", up=True, last_poll=1.0)
    answer = await (await serve()).ask("/")
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "1.2.3&lt;b&gt;" in answer.text
    assert "5 tenants; 1 of them" in answer.text
    for route in ROUTES:
        if route.method == "GET" and "{" not in route.path and route.path != "/":
            assert f'href="{route.path}"' in answer.text


async def test_tenants_are_listed_page_by_page(serve, daemon):
    served = await serve()
    daemon.watched["firm-002"] = TenantView(
        "firm-002",
        up=False,
        reason="partial",
        data=9.5,
        last_poll=10.0,
        next_poll=910.0,
        breaker="open",
        users={"up": 3, "down": 1},
        down={("duplicate_events", "end_user"): 1},
    )
    first = json.loads((await served.ask("/api/v1/tenants?limit=2")).body)
    assert [row["id"] for row in first["tenants"]] == ["firm-001", "firm-002"]
    assert first["tenants"][0]["users"] is None, "not polled yet is not zero"
    assert first["tenants"][1] == {
        "id": "firm-002",
        "up": False,
        "reason": "partial",
        "data_timestamp": 9.5,
        "last_poll_timestamp": 10.0,
        "next_poll_timestamp": 910.0,
        "breaker": "open",
        "truncated": False,
        "users": {"up": 3, "down": 1},
        "down": [{"class": "duplicate_events", "owner": "end_user", "users": 1}],
    }
    rest = json.loads((await served.ask(f"/api/v1/tenants?limit=3&after={first['next']}")).body)
    assert [row["id"] for row in rest["tenants"]] == ["firm-003", "firm-004", "firm-005"]
    assert rest["next"] is None
    assert json.loads((await served.ask("/api/v1/tenants/firm-002")).body) == first["tenants"][1]
    assert (await served.ask("/api/v1/tenants/firm-009")).status == 404


@pytest.mark.parametrize("limit", ["0", "1001", "x", "-1", "", "1" * 4000])
async def test_a_limit_that_is_none_is_refused(serve, limit):
    assert (await (await serve()).ask(f"/api/v1/tenants?limit={limit}")).status == 400


async def test_every_answer_is_hardened(serve):
    served = await serve()
    for path in (*(route.path for route in ROUTES), "/nowhere"):
        headers = (await served.ask(path)).headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "deny"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["Server"] == "syncwatch", "no version"
        assert "Strict-Transport-Security" not in headers, "it is plain HTTP"


@pytest.mark.parametrize("path", ["/nowhere", "/metrics/", "/-/quit", "/debug/pprof", "/%2e%2e/etc/passwd"])
async def test_what_there_is_not_is_404(serve, path):
    answer = await (await serve()).ask(path)
    assert answer.status == 404
    assert path not in answer.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_nothing_can_be_told_to_what_is_only_looked_at(serve, method):
    served = await serve()
    for path in (route.path for route in ROUTES if route.method == "GET" and "{" not in route.path):
        assert (await served.ask(path, method, body="x" * 100)).status == 405


OPERATIONS = ("/-/reload", "/api/v1/tenants/firm-001/poll")


@pytest.mark.parametrize("host", ["syncwatch.example.com", "syncwatch.example.com:9797", "192.0.2.7", "["])
async def test_somebody_without_a_name_who_came_by_another_name_can_look_but_not_operate(serve, daemon, host):
    """A proxy, or the page of a stranger whose name was made to lead to this machine."""
    served = await serve()
    for path in OPERATIONS:
        assert (await served.ask(path, "POST", Host=host)).status == 403
    assert daemon.reloads == 0
    assert daemon.polled == []


@pytest.mark.parametrize("host", ["localhost:9797", "127.0.0.1:9797", "[::1]:9797"])
async def test_somebody_without_a_name_on_this_machine_can_operate_but_sees_no_texts(serve, daemon, host):
    served = await serve()
    assert [(await served.ask(path, "POST", Host=host)).status for path in OPERATIONS] == [200, 202]
    assert daemon.reloads == 1
    assert (await served.ask("/api/v1/templates", Host=host)).status == 403


@pytest.mark.parametrize(
    "header", ["Forwarded", "Via", "X_Real_IP", "X_Forwarded_For", "x_forwarded_proto", "X_Forwarded_Host"]
)
async def test_whoever_comes_by_a_proxy_that_says_so_is_not_somebody_on_this_machine(serve, daemon, header):
    served = await serve()
    for path in OPERATIONS:
        assert (await served.ask(path, "POST", Host="127.0.0.1:9797", **{header: "192.0.2.7"})).status == 403
    assert (daemon.reloads, daemon.polled) == (0, [])


async def test_who_does_not_say_whom_he_asks_cannot_operate(serve, daemon):
    client = await (await serve()).connect()
    client.say("POST /-/reload HTTP/1.0\r\n\r\n")
    assert (await client.answer()).status == 403
    assert daemon.reloads == 0


@pytest.mark.parametrize("why_not", ["starting", "shutting down"])
async def test_nothing_is_done_before_the_daemon_has_started_or_once_it_ends(serve, daemon, why_not):
    served = await serve()
    daemon.not_ready = why_not
    for path in OPERATIONS:
        answer = await served.ask(path, "POST")
        assert (answer.status, answer.text) == (503, f"{why_not}\n")
        assert answer.headers["Retry-After"] == "1"
    assert (daemon.reloads, daemon.polled) == (0, [])


async def test_requests_are_counted_by_route_and_code(serve):
    served = await serve()
    for path in ("/metrics", "/api/v1/tenants/firm-001", "/api/v1/tenants/x", "/no/where", "/else/where"):
        await served.ask(path)
    assert served.figure("requests_total", route="/metrics", code="200") == 1
    assert served.figure("requests_total", route="/api/v1/tenants/{tenant}", code="200") == 1
    assert served.figure("requests_total", route="/api/v1/tenants/{tenant}", code="404") == 1
    assert served.figure("requests_total", route="other", code="404") == 2


async def test_an_address_in_use_is_an_oserror(serve, daemon):
    served = await serve()
    door = Door(SystemClock(), CollectorRegistry())
    with pytest.raises(OSError, match="Address already in use"):
        await start(daemon.view(), "127.0.0.1", served.port, door)


ELSEWHERE = "192.0.2.1"  # an address for examples: no machine has it


@pytest.fixture
def addresses(monkeypatch):
    """Says what the name `door` leads to."""
    real = socket.getaddrinfo

    def lead_to(*found: str) -> None:
        def resolved(host, port, **options):
            return [each for ip in found for each in real(ip, port, **options)] if host == "door" else []

        monkeypatch.setattr(socket, "getaddrinfo", resolved)

    return lead_to


def test_an_address_that_this_machine_does_not_have_is_left_out_if_it_has_another(addresses):
    addresses(ELSEWHERE, "127.0.0.1")
    (only,) = listening("door", 0)
    with only:
        assert only.getsockname()[0] == "127.0.0.1"


def test_a_name_with_no_address_of_this_machine_is_an_oserror(addresses):
    addresses(ELSEWHERE)
    with pytest.raises(OSError, match="Cannot assign requested address") as refused:
        listening("door", 0)
    assert refused.value.errno == errno.EADDRNOTAVAIL


def test_one_address_that_is_in_use_is_an_oserror_and_leaves_nothing_open(addresses):
    addresses("127.0.0.2", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="Address already in use"):
            listening("door", port)
        socket.create_server(("127.0.0.2", port)).close()
