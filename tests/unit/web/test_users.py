"""Who may do what, with real passwords and tokens; and what is left in the log of it."""

import asyncio
import base64
import hashlib
import json

import bcrypt
import pytest

from syncwatch.errors import Problem
from syncwatch.web import passwords
from syncwatch.web.access import Access
from syncwatch.web.gate import UNKNOWN_INTERVAL, UNKNOWN_LINES
from syncwatch.web.rates import FAILURES, Failures
from syncwatch.web.routes import ROUTES

PASSWORD, LONG = "opensesame", "x" * 73
HASH = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
TOKENS = {
    "root": "token of root",
    "reader": "token of reader",
    "local": "token of local",
    "texts": "token of texts",
}
WEB = f"""
basic_auth_users: {{prometheus: {HASH}, alice: {HASH}}}
bearer_tokens: {json.dumps({name: {"sha256": hashlib.sha256(token.encode()).hexdigest()} for name, token in TOKENS.items()})}
access:
  alice: {{scopes: [read]}}
  root: {{scopes: [metrics, read, identify, operate]}}
  reader: {{scopes: [read]}}
  texts: {{scopes: [identify]}}
  local: {{scopes: [metrics, read, identify, operate], tenants: [firm-002, firm-004]}}
"""


def basic(user: str, password: str = PASSWORD) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def bearer(user: str) -> str:
    return f"Bearer {TOKENS[user]}"


def concrete(path: str) -> str:
    return path.partition("{")[0] + "firm-002/poll" if path.endswith("/poll") else path.partition("{")[0]


async def test_without_a_user_every_route_but_the_probes_answers_401_and_so_does_what_is_not_there(serve):
    served = await serve(WEB)
    for route in ROUTES:
        answer = await served.ask(concrete(route.path), route.method)
        if route.access is Access.OPEN:
            assert answer.status == 200
        else:
            assert answer.status == 401, route
            challenges = [text for name, text in answer.all if name == "WWW-Authenticate"]
            assert [text.split()[0] for text in challenges] == ["Basic", "Bearer"]
    assert (await served.ask("/nowhere")).status == 401
    assert (await served.ask("/metrics", "DELETE")).status == 401
    assert (await served.ask("/nowhere", Authorization=bearer("reader"))).status == 404


@pytest.mark.parametrize(
    ("authorization", "allowed"),
    [
        (basic("prometheus"), {Access.METRICS}),
        (basic("alice"), {Access.READ}),
        (bearer("reader"), {Access.READ}),
        (bearer("texts"), {Access.IDENTIFY}),
        (bearer("root"), {Access.METRICS, Access.READ, Access.IDENTIFY, Access.OPERATE}),
    ],
)
async def test_a_user_gets_what_the_scopes_say_and_403_for_the_rest(serve, authorization, allowed):
    served = await serve(WEB)
    for route in ROUTES:
        path = "/api/v1/tenants/firm-002" if route.name == "tenant" else concrete(route.path)
        status = (await served.ask(path, route.method, Authorization=authorization)).status
        assert status in ({200, 202} if route.access in {*allowed, Access.OPEN} else {403}), route


@pytest.mark.parametrize(
    "authorization",
    [
        basic("prometheus", "wrong"),
        basic("nobody"),
        basic("prometheus", ""),
        basic("prometheus", LONG),
        basic("", ""),
        "Basic %%%",
        "Basic " + base64.b64encode(b"no colon").decode(),
        "Basic " + base64.b64encode(b"\xff\xfe:\xff").decode(),
        "Bearer wrong",
        "Bearer ",
        "Digest x",
        "Bearer " + "x" * 3000,
    ],
)
async def test_what_is_wrong_is_401(serve, authorization):
    served = await serve(WEB)
    assert (await served.ask("/metrics", Authorization=authorization)).status == 401


async def test_a_user_of_some_tenants_sees_no_others(serve, daemon):
    served = await serve(WEB)
    local = {"Authorization": bearer("local")}
    listed = json.loads((await served.ask("/api/v1/tenants", **local)).body)
    assert [row["id"] for row in listed["tenants"]] == ["firm-002", "firm-004"]
    assert (await served.ask("/api/v1/tenants/firm-002", **local)).status == 200
    unseen = await served.ask("/api/v1/tenants/firm-001", **local)
    unknown = await served.ask("/api/v1/tenants/firm-999", **local)
    assert (unseen.status, unseen.body) == (unknown.status, unknown.body) == (404, b"404: Not Found")
    assert (await served.ask("/api/v1/tenants/firm-001/poll", "POST", **local)).status == 404
    assert (await served.ask("/api/v1/tenants/firm-004/poll", "POST", **local)).status == 202
    assert daemon.polled == ["firm-004"]
    assert "2 tenants" in (await served.ask("/", **local)).text
    assert (await served.ask("/-/reload", "POST", **local)).status == 403, "it is about all tenants"
    assert (await served.ask("/api/v1/templates", **local)).status == 403
    assert (await served.ask("/metrics", **local)).status == 200, "who has `metrics` has everything of it"


async def test_reload_answers_with_the_reasons(serve, daemon, tmp_path):
    served = await serve(WEB)
    assert (await served.ask("/-/reload", "POST", Authorization=bearer("root"))).status == 200
    daemon.problems = (Problem(tmp_path, 3, "web", "is wrong"), Problem(tmp_path, None, "", "too"))
    answer = await served.ask("/-/reload", "POST", Authorization=bearer("root"))
    assert (answer.status, answer.text) == (400, f"{tmp_path}:3: web: is wrong\n{tmp_path}: too\n")
    assert daemon.reloads == 2


async def test_templates_are_shown_with_how_many_are_not(serve):
    served = await serve(WEB)
    answer = await served.ask("/api/v1/templates", Authorization=bearer("texts"))
    row = {"template": "the <*> is full", "count": 4, "tenants": 3}
    row |= {"first_seen_timestamp": 1.0, "last_seen_timestamp": 2.0}
    assert json.loads(answer.body) == {"templates": [row], "hidden": 7}


async def test_each_use_that_shows_texts_or_does_something_leaves_one_line_without_what_was_typed(serve):
    served = await serve(WEB)
    await served.ask("/-/reload?secret=1", "POST", Authorization=bearer("root"))
    await served.ask("/api/v1/templates?q=opensesame", Authorization=bearer("reader"))
    await served.ask("/api/v1/tenants/firm-002/poll", "POST", Authorization=bearer("local"))
    await served.ask("/api/v1/tenants/typed-by-somebody/poll", "POST", Authorization=bearer("root"))
    await served.ask("/-/reload", "POST", Authorization=basic("typed", "opensesame"))
    await served.ask("/metrics", Authorization=bearer("root"))
    assert served.audit() == [
        {"who": who, "route": route, "tenant": tenant, "user": None, "outcome": outcome}
        for who, route, tenant, outcome in (
            ("root", "reload", None, "allowed"),
            ("reader", "templates", None, "forbidden"),
            ("local", "poll", "firm-002", "allowed"),
            ("root", "poll", None, "not_found"),
            (None, "reload", None, "unknown"),
        )
    ]
    assert not any(
        typed in str(served.log) for typed in ("secret", "opensesame", "typed", "Bearer", "127.0.0.1")
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Origin": "http://[::1"},
    ],
)
async def test_what_a_browser_sends_for_another_site_does_nothing(serve, daemon, headers):
    served = await serve(WEB)
    answer = await served.ask("/-/reload", "POST", Authorization=bearer("root"), **headers)
    assert (answer.status, daemon.reloads) == (403, 0)
    assert served.refused("foreign") == 1
    assert served.audit()[0]["outcome"] == "forbidden"
    own = {"Sec_Fetch_Site": "same-origin", "Origin": "http://localhost"}
    assert (await served.ask("/-/reload", "POST", Authorization=bearer("root"), **own)).status == 200


async def test_a_right_password_is_worked_out_once_and_again_when_its_hash_has_changed(serve, monkeypatch):
    worked = []
    checkpw = bcrypt.checkpw
    monkeypatch.setattr(bcrypt, "checkpw", lambda *args: worked.append(args) or checkpw(*args))
    served = await serve(WEB)
    for _ in range(3):
        assert (await served.ask("/metrics", Authorization=basic("prometheus"))).status == 200
    assert len(worked) == 1
    served.write(WEB)
    await served.ask("/metrics", Authorization=basic("prometheus"))
    assert len(worked) == 1, "nothing has changed"
    served.write(WEB.replace("alice: {scopes: [read]}", "alice: {scopes: [metrics]}"))
    await served.ask("/metrics", Authorization=basic("prometheus"))
    assert len(worked) == 1, "nothing of this user has"
    served.write(WEB.replace(HASH, bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()))
    assert (await served.ask("/metrics", Authorization=basic("prometheus"))).status == 200
    assert len(worked) == 2
    served.write(WEB.replace(HASH, bcrypt.hashpw(b"another", bcrypt.gensalt(4)).decode()))
    assert (await served.ask("/metrics", Authorization=basic("prometheus"))).status == 401
    assert not any(PASSWORD.encode() in value for value in served.door.identity.passwords._right.values())


async def test_somebody_unknown_costs_as_much_work_as_a_wrong_password(serve, monkeypatch):
    costs = []
    checkpw = bcrypt.checkpw
    monkeypatch.setattr(
        bcrypt, "checkpw", lambda password, hash_: costs.append(hash_[:7]) or checkpw(password, hash_)
    )
    served = await serve(WEB)
    for user in ("nobody", "prometheus"):
        await served.ask("/metrics", Authorization=basic(user, "wrong"))
    assert costs == [b"$2b$04$", HASH[:7].encode()]


async def test_nobody_gets_in_by_the_hash_that_stands_in_for_those_who_are_no_users(serve, monkeypatch):
    monkeypatch.setattr(bcrypt, "checkpw", lambda *_: True)
    served = await serve(WEB)
    for _ in range(2):
        assert (await served.ask("/metrics", Authorization=basic("nobody"))).status == 401


async def test_users_change_with_the_file_and_connections_stay(serve):
    served = await serve(WEB)
    client = await served.connect()
    assert (await client.ask(Authorization=basic("prometheus"))).status == 200
    served.write(WEB.replace("prometheus:", "grafana:"))
    assert (await client.ask(Authorization=basic("prometheus"))).status == 401
    assert (await client.ask(Authorization=basic("grafana"))).status == 200


async def test_who_fails_too_often_is_not_heard_for_a_while_but_who_is_known_is(serve):
    served = await serve(WEB)
    assert (await served.ask("/metrics", Authorization=basic("prometheus"))).status == 200
    for _ in range(FAILURES):
        assert (await served.ask("/metrics", Authorization=basic("prometheus", "wrong"))).status == 401
    for authorization in (basic("prometheus", "wrong"), basic("alice"), "Bearer wrong"):
        answer = await served.ask("/metrics", Authorization=authorization)
        assert (answer.status, answer.headers["Retry-After"]) == (429, "6")
    assert served.refused("failures") == 3
    for authorization in (basic("prometheus"), bearer("root")):
        assert (await served.ask("/metrics", Authorization=authorization)).status == 200
    served.write(WEB + "# as when a certificate is renewed\n")
    assert (await served.ask("/metrics", Authorization=basic("prometheus"))).status == 200
    served.clock.shift += 6
    assert (await served.ask("/", Authorization=basic("alice"))).status == 200


@pytest.mark.parametrize(
    ("web", "request_", "status"),
    [
        (WEB, {}, 401),
        (WEB, {"body": "x" * 2000}, 413),
        (WEB, {"Authorization": "Bearer wrong"}, 401),
        ("", {"Host": "evil.example"}, 403),
        ("", {"Sec_Fetch_Site": "cross-site"}, 403),
        ("", {"body": "x" * 2000}, 413),
    ],
)
async def test_somebody_without_a_name_cannot_fill_the_log(serve, web, request_, status):
    served = await serve(web)
    answers = {(await served.ask("/-/reload", "POST", **request_)).status for _ in range(UNKNOWN_LINES + 5)}
    assert status in answers <= {status, 429}
    assert len(served.audit()) == UNKNOWN_LINES
    served.clock.shift += UNKNOWN_INTERVAL
    for _ in range(5):
        await served.ask("/-/reload", "POST", **request_)
    assert len(served.audit()) == UNKNOWN_LINES + 1


async def test_what_somebody_without_a_name_may_do_and_what_a_user_tries_leave_a_line_all_the_same(serve):
    served = await serve()
    for _ in range(UNKNOWN_LINES + 5):
        await served.ask("/-/reload", "POST", Host="evil.example")
    await served.ask("/-/reload", "POST")
    served.write(WEB)
    await served.ask("/-/reload", "POST", Authorization=bearer("reader"))
    assert [(line["who"], line["outcome"]) for line in served.audit()[UNKNOWN_LINES:]] == [
        (None, "allowed"),
        ("reader", "forbidden"),
    ]


async def test_passwords_that_wait_are_bounded_and_who_is_too_many_is_asked_to_come_again(serve, monkeypatch):
    monkeypatch.setattr(passwords, "MAX_WAITING", 2)
    released = asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(*_):
        asyncio.run_coroutine_threadsafe(released.wait(), loop).result()
        return True

    monkeypatch.setattr(bcrypt, "checkpw", slow)
    served = await serve(WEB)
    waiting = [
        asyncio.create_task(served.ask("/metrics", Authorization=basic("prometheus"))) for _ in range(2)
    ]
    while served.door.identity.passwords._waiting < 2:  # noqa: ASYNC110 - nothing tells it
        await asyncio.sleep(0)
    answer = await served.ask("/metrics", Authorization=basic("prometheus"))
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    assert (await served.ask("/-/healthy")).status == 200, "and nothing else waits for it"
    released.set()
    assert [(await each).status for each in waiting] == [200, 200]


async def test_the_rate_limit_of_the_file_is_for_everybody_but_the_probes(serve):
    served = await serve("rate_limit: {interval: 10s, burst: 2}")
    assert [(await served.ask("/metrics")).status for _ in range(3)] == [200, 200, 429]
    assert (await served.ask("/-/healthy")).status == 200
    served.clock.shift += 10
    assert [(await served.ask("/metrics")).status for _ in range(2)] == [200, 429]
    assert served.refused("rate") == 2


def test_failures_of_ever_new_addresses_take_no_more_memory():
    failures = Failures(limit=100)
    for number in range(1000):
        assert failures.take(f"10.0.{number // 256}.{number % 256}", 0.0) == 0
    assert len(failures) == 100


def test_a_client_with_a_whole_network_is_one_client():
    failures = Failures()
    waits = [failures.take(f"2001:db8:1:2::{number:x}", 0.0) for number in range(FAILURES + 1)]
    assert waits[-1] > 0
    assert failures.take("2001:db8:1:3::1", 0.0) == 0
