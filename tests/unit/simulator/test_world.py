"""The world lives by its clock, is the same for the same seed, stands still when frozen, and misbehaves on demand."""

import asyncio
import stat

import aiohttp
import pytest
import yaml

from syncwatch.simulator import Options, fleet, serve, write_fleet
from syncwatch.simulator.fleet import Beside
from syncwatch.simulator.world import World

FIRM = "firm-001"


async def shown(panel) -> list:
    users = await panel.everything(FIRM, "users")
    tables = [
        await panel.everything(FIRM, f"users/{user['userId']}/{table}")
        for user in users
        for table in ("issues", "sessions", "activity")
    ]
    return [users, await panel.everything(FIRM, "organizations"), tables]


async def test_one_seed_makes_one_world_however_often_it_is_looked_at(start):
    patient, curious, other = await start(), await start(), await start(seed=8)
    for _ in range(20):
        curious.clock.pass_(1800)
        await curious.get(FIRM, "users")
    patient.clock.pass_(20 * 1800)
    other.clock.pass_(20 * 1800)
    assert await shown(patient) == await shown(curious)
    assert await patient.truth() == await curious.truth()
    assert await shown(other) != await shown(curious)


async def test_a_frozen_world_stands_still_and_goes_on_when_thawed(start):
    panel = await start(plan_interval=60)
    panel.clock.pass_(300)
    assert await panel.control("freeze") == 200
    world, truth = await shown(panel), await panel.truth()
    assert truth["frozen"]
    panel.clock.pass_(200)
    assert await shown(panel) == world
    assert (await panel.truth())["revision"] == truth["revision"]
    assert await panel.control("thaw") == 200
    assert await shown(panel) != world
    thawed = await panel.truth()
    assert thawed["revision"] > truth["revision"]
    assert not thawed["frozen"]


async def test_sessions_run_visibly_and_end_once_in_an_interval(start):
    panel = await start(tenants=1, plan_interval=60, change=0.0)
    seen: dict[str, set[str]] = {}
    for _ in range(60):
        panel.clock.pass_(3)
        for user in await panel.everything(FIRM, "users"):
            session = user["lastSession"] or {"jobId": "none", "status": "none"}
            seen.setdefault(session["jobId"], set()).add(session["status"])
    assert sum(len(statuses) == 2 and "running" in statuses for statuses in seen.values()) >= 20


async def test_users_fall_ill_and_recover_and_issues_come_and_go(start):
    panel = await start(tenants=1, plan_interval=60)
    states, issues = {}, {}
    for _ in range(80):
        panel.clock.pass_(60)
        for user in await panel.everything(FIRM, "users"):
            states.setdefault(user["userId"], []).append(user["effectiveSynchronizationStatus"])
            issues.setdefault(user["userId"], []).append(user["issues"])
    switched_off = [
        way for way in states.values() if way[0] == "Enabled" and "Disabled due to an error" in way
    ]
    assert any(way[-1] == "Enabled" for way in switched_off)
    assert any(max(way) > way[0] and way[-1] < max(way) for way in issues.values())


async def test_whoever_is_switched_on_again_has_just_ended_a_session(start):
    panel = await start(tenants=1, plan_interval=60)
    off: set[str] = set()
    back = 0
    for _ in range(200):
        panel.clock.pass_(10)
        for user in await panel.everything(FIRM, "users"):
            if user["effectiveSynchronizationStatus"] != "Enabled" or user["mailboxStatus"] != "Initialized":
                off.add(user["userId"])
            elif user["userId"] in off:
                off.remove(user["userId"])
                newest = user["lastSession"]
                assert newest["endedAt"] == user["updatedOn"]
                back += 1
    assert back > 0


async def test_texts_change_their_details_and_keep_the_item(start):
    panel = await start(tenants=1, plan_interval=60, change=0.0)
    before = {user["userId"]: user for user in await panel.everything(FIRM, "users")}
    old = {id_: await panel.everything(FIRM, f"users/{id_}/issues") for id_ in before}
    panel.clock.pass_(300)
    changed = 0
    for id_, rows in old.items():
        now = await panel.everything(FIRM, f"users/{id_}/issues")
        assert [row["name"] for row in now] == [row["name"] for row in rows]
        changed += now != rows
    assert changed > 0


@pytest.mark.parametrize(("empty", "rows_stay"), [(True, False), (False, True)])
async def test_a_failed_session_empties_the_tab_only_if_told_to(start, empty, rows_stay):
    panel = await start(tenants=1, users=100, empty_tab_on_failure=empty, plan_interval=60)
    panel.clock.pass_(3600)
    rows = 0
    for user in await panel.everything(FIRM, "users"):
        if user["disabledDueToError"] and user["lastSession"]["errorSource"]:
            rows += user["issues"]
    assert (rows > 0) == rows_stay


def test_a_tenant_nobody_looked_at_for_a_year_is_there_at_once():
    now = [1e9]
    world = World(Options(tenants=1, users=50, plan_interval=30, now=lambda: now[0]))
    before = world.tenant(FIRM).revision
    now[0] += 365 * 86_400
    tenant = world.tenant(FIRM)
    assert tenant.revision - before < 50 * 2 * 60
    assert max(user.updated for user in tenant.users) > now[0] - 60


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("unauthorized", 401),
        ("rate_limited", 429),
        ("http_500", 500),
        ("html", 200),
        ("garbage", 200),
        ("none", 200),
    ],
)
async def test_a_fault_is_served_until_it_ends(start, kind, status):
    panel = await start()
    headers = await panel.bearer(FIRM)
    assert await panel.control("fault", tenant=FIRM, kind=kind) == 200
    async with panel.client.get(f"/{FIRM}/api/admin/v1/users", headers=headers) as response:
        body = await response.read()
        assert response.status == status
        assert response.headers.get("Retry-After") == ("30" if kind == "rate_limited" else None)
        assert body.startswith(b"<!DOCTYPE") == (kind == "html")
        assert (b"\xff" in body) == (kind == "garbage")
    assert (await panel.truth(FIRM))["tenants"][FIRM]["broken"] == (kind != "none")
    assert (await panel.get("firm-002", "users")).status == 200
    await panel.control("fault", tenant=FIRM, kind="none")
    assert (await panel.get(FIRM, "users")).status == 200


async def test_a_tenant_that_is_down_breaks_the_connection_and_a_slow_one_answers_late(start):
    slept = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    panel = await start(sleep=sleep, slow=45, latency=0.5)
    headers = await panel.bearer(FIRM)
    await panel.control("fault", tenant=FIRM, kind="slow")
    async with panel.client.get(f"/{FIRM}/api/admin/v1/plans", headers=headers) as response:
        assert response.status == 200
    assert slept == [0.5, 0.5, 45]
    await panel.control("fault", tenant=FIRM, kind="down")
    with pytest.raises(aiohttp.ClientError):
        await panel.client.get(f"/{FIRM}/api/admin/v1/plans", headers=headers)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"tenant":"firm-001","kind":"x"}', b'{"tenant":["a"],"kind":"none"}']
)
async def test_a_fault_nobody_knows_is_refused(start, body):
    panel = await start()
    headers = {"Content-Type": "application/json"}
    async with panel.client.post("/control/fault", data=body, headers=headers) as response:
        assert response.status == 400


async def test_some_tenants_are_broken_from_the_start_and_faults_may_be_drawn(start):
    panel = await start(broken=1)
    broken = {name: told["broken"] for name, told in (await panel.truth())["tenants"].items()}
    assert broken == {"firm-001": False, "firm-002": False, "firm-003": True}
    assert (await panel.truth("firm-003"))["tenants"]["firm-003"]["fault"] == "http_500"
    flaky = await start(flaky={"http_500": 0.5})
    headers = await flaky.bearer(FIRM)
    statuses = set()
    for _ in range(40):
        async with flaky.client.get(f"/{FIRM}/api/admin/v1/plans", headers=headers) as response:
            statuses.add(response.status)
    assert statuses == {200, 500}


@pytest.mark.parametrize(
    ("wrong", "name"),
    [({"tenants": 0}, "tenants"), ({"page_size": 501}, "page_size"), ({"broken": 2, "tenants": 1}, "broken")],
)
def test_an_option_out_of_range_is_named(wrong, name):
    with pytest.raises(ValueError, match=f"^{name} is"):
        Options(**wrong)


async def test_serve_tells_where_it_listens_and_stops_when_told(tmp_path):
    options, stop, told = Options(tenants=2, users=5), asyncio.Event(), asyncio.Queue()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(serve(options, stop=stop, started=told.put_nowait))
        base_url = await told.get()
        secret = write_fleet(tmp_path / "fleet.yaml", options, base_url, poll_interval="5s")
        written = yaml.safe_load((tmp_path / "fleet.yaml").read_text(encoding="utf-8"))
        credential = written["credentials"][written["tenants"][0]["credentials"]]
        form = {"grant_type": "client_credentials", "client_id": credential["client_id"]}
        form["client_secret"] = (tmp_path / credential["client_secret_file"]).read_text(encoding="utf-8")
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{written['tenants'][1]['url']}/oauth/token", data=form) as response,
        ):
            assert response.status == 200
        stop.set()
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert secret.read_text(encoding="utf-8") not in (tmp_path / "fleet.yaml").read_text(encoding="utf-8")
    assert written["polling"]["interval"] == "5s"
    beside = Beside.of(tmp_path / "fleet.yaml")
    assert written == fleet(options, base_url, beside=beside, poll_interval="5s")
