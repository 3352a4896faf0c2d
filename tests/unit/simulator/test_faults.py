"""Every fault of the catalogue as a client without any defence meets it, and how faults are asked for."""

import asyncio
import ssl
import subprocess
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from integration.serving import free_port
from syncwatch.simulator import Options, serve
from syncwatch.simulator.access import CLIENT_ID, client_secret
from syncwatch.simulator.faults.catalogue import CATALOGUE, GROUPS
from syncwatch.simulator.faults.manners import LONGER

FIRM = "firm-001"
LARGEST = 64 << 20  # bytes that make an answer one without an end
USERS = f"/{FIRM}/api/admin/v1/users"
FORM = {
    "grant_type": "client_credentials",
    "client_id": CLIENT_ID,
    "client_secret": client_secret(1),
}

# What comes of the first request for the users, where it is not status 200 with a page that can be read.
NEVER_WHOLE = dict.fromkeys(
    ("slow", "hang", "hang_headers", "half_open", "drip", "interim", "flood", "flood_500", "gzip_bomb"),
    "no end",
)
BROKEN = dict.fromkeys(
    (
        *("down", "reset", "reset_in_body", "cut", "cut_chunks", "bad_chunks", "not_http"),
        *("huge_header", "many_headers", "not_gzip"),
    ),
    "broken",
)
REDIRECTS = {fault.name: "302" for fault in GROUPS["redirects"]} | {"redirect_308": "308"}
REFUSED = {
    **dict.fromkeys((fault.name for fault in GROUPS["access"]), "401"),
    "forbidden": "403",
    "logs_out": "200",
    **{fault.name: "429" for fault in GROUPS["manners"] if fault.name.startswith("rate_limited")},
    **{f"http_{status}": f"{status}" for status in (400, 404, 500, 501)},
    "unavailable": "503",
    "html_500": "500",
    "html_502": "502",
    "not_modified": "304",
}
EXPECTED = dict.fromkeys(CATALOGUE, "200") | NEVER_WHOLE | BROKEN | REDIRECTS | REFUSED


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    """A client of a world that is served as `simulate` serves it."""
    stop, told = asyncio.Event(), asyncio.Queue()
    async with asyncio.TaskGroup() as tasks:
        options = Options(tenants=2, users=12, page_size=6, slow=30, retry_after=7)
        tasks.create_task(serve(options, stop=stop, started=told.put_nowait))
        timeout = aiohttp.ClientTimeout(total=20, sock_read=0.6)
        async with aiohttp.ClientSession(await told.get(), timeout=timeout) as session:
            yield session
        stop.set()


async def bearer(client) -> dict[str, str]:
    async with client.post(f"/{FIRM}/oauth/token", data=FORM) as response:
        return {"Authorization": f"Bearer {(await response.json())['access_token']}"}


async def misbehave(client, fault: str) -> None:
    async with client.post("/control/fault", json={"tenant": FIRM, "kind": fault}) as response:
        assert response.status == 200


async def met(client, headers) -> str:
    """What comes of a request for the users."""
    read = 0
    try:
        async with (
            asyncio.timeout(2),
            client.get(USERS, headers=headers, allow_redirects=False) as response,
        ):
            async for chunk in response.content.iter_chunked(1 << 16):
                read += len(chunk)
                if read > LARGEST:
                    return "no end"
            return str(response.status)
    except TimeoutError:
        return "no end"
    except (aiohttp.ClientError, ValueError):
        return "broken"


@pytest.mark.parametrize("fault", CATALOGUE)
async def test_a_fault_is_met_until_it_ends_and_by_nobody_else(client, fault):
    headers = await bearer(client)
    await misbehave(client, fault)
    assert await met(client, headers) == EXPECTED[fault]
    async with client.get("/truth") as response:
        told = (await response.json())["tenants"]
    assert {name: each["fault"] for name, each in told.items()} == {FIRM: fault, "firm-002": "none"}
    await misbehave(client, "none")
    assert await met(client, headers) == "200"


async def read(client, **headers: str) -> bytes:
    async with client.get(USERS, headers=await bearer(client) | headers) as response:
        assert response.status == 200
        return await response.read()


@pytest.mark.parametrize(
    "fault", ["nan", "wrong_types", "unknown_words", "missing_fields", "naive_times", "twins"]
)
async def test_rows_are_changed_even_where_the_client_knows_the_right_page(client, fault):
    headers = await bearer(client)
    async with client.get(USERS, headers=headers) as response:
        right, known = await response.read(), response.headers["ETag"]
    await misbehave(client, fault)
    assert await read(client, **{"If-None-Match": known}) != right
    async with client.get(f"/{FIRM}/api/admin/v1/organizations", headers=headers) as response:
        assert response.status == 200


async def test_a_bomb_is_small_on_the_wire_and_large_once_it_is_read(client):
    headers = await bearer(client)
    await misbehave(client, "gzip_bomb")
    inflate, sent, made = zlib.decompressobj(16 + zlib.MAX_WBITS), 0, 0
    async with client.get(USERS, headers=headers, auto_decompress=False) as response:
        while made < 20 << 20:
            chunk = await response.content.readany()
            sent, made = sent + len(chunk), made + len(inflate.decompress(chunk))
    assert made > 500 * sent


async def test_a_huge_page_has_a_hundred_thousand_users(client):
    await misbehave(client, "huge_page")
    async with client.get(
        USERS, headers=await bearer(client), timeout=aiohttp.ClientTimeout(total=20)
    ) as response:
        assert (await response.read()).count(b'"userId"') == 20_000


async def test_a_client_that_follows_a_redirect_is_caught(client):
    async def trapped() -> int:
        async with client.get("/truth") as response:
            return (await response.json())["trapped"]

    headers = await bearer(client)
    for number, fault in enumerate(("redirect_elsewhere", "redirect_plain", "redirect_here"), 1):
        await misbehave(client, fault)
        async with client.get(USERS, headers=headers) as response:
            assert response.status == 404
        assert await trapped() == number


async def test_a_panel_asks_for_patience_for_as_long_as_it_is_told_to(client):
    headers = await bearer(client)
    for fault, header in (
        ("rate_limited", "Retry-After"),
        ("unavailable", "Retry-After"),
        ("exhausted", "RateLimit-Reset"),
    ):
        await misbehave(client, fault)
        async with client.get(USERS, headers=headers) as response:
            assert int(response.headers[header]) in {7, 7 * LONGER}


async def test_a_client_that_hangs_up_frees_what_a_fault_holds_up(client):
    headers = await bearer(client)
    await misbehave(client, "hang")
    before = len(asyncio.all_tasks())
    async with asyncio.TaskGroup() as tasks:
        waiting = [tasks.create_task(met(client, headers)) for _ in range(50)]
    assert {task.result() for task in waiting} == {"no end"}
    while len(asyncio.all_tasks()) > before:  # noqa: ASYNC110 - the test's own time limit ends it
        await asyncio.sleep(0.01)


def test_faults_go_to_whom_they_are_meant_for_or_to_the_last_who_are_free():
    options = Options(tenants=6, broken=1, faults={}).with_faults(["hang", "firm-004=flood", "nan"])
    assert options.faults == {"firm-004": "flood", "firm-005": "hang", "firm-003": "nan"}


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (["hangs"], "no fault 'hangs'"),
        (["firm-001=hangs"], "no fault 'hangs'"),
        (["firm-9=hang"], "no tenant firm-9"),
        (["hang", "flood", "nan"], "no tenant left for the fault nan"),
    ],
)
def test_a_fault_or_a_tenant_that_is_none_is_named(wanted, message):
    with pytest.raises(ValueError, match=message):
        Options(tenants=2).with_faults(wanted)


@pytest.fixture
def certificate(tmp_path) -> Path:
    """A certificate of localhost that nobody has signed, with its key."""
    request = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost")
    names = ("-addext", "subjectAltName=DNS:localhost")
    files = ("-keyout", tmp_path / "key", "-out", tmp_path / "crt")
    subprocess.run([*request, *names, *files], check=True, capture_output=True)
    (tmp_path / "both").write_bytes((tmp_path / "key").read_bytes() + (tmp_path / "crt").read_bytes())
    return tmp_path / "both"


async def test_the_same_panels_are_served_by_tls(certificate):
    trusting = ssl.create_default_context(cafile=certificate)
    port, stop, told = free_port(), asyncio.Event(), asyncio.Queue()
    async with asyncio.TaskGroup() as tasks:
        options = Options(tenants=1, https={port: certificate})
        tasks.create_task(serve(options, stop=stop, started=told.put_nowait))
        await told.get()
        async with aiohttp.ClientSession() as session:
            async with session.get(f"https://localhost:{port}/truth", ssl=trusting) as response:
                assert response.status == 200
            with pytest.raises(aiohttp.ClientConnectorCertificateError):
                await session.get(f"https://127.0.0.1:{port}/truth", ssl=trusting)
            with pytest.raises(aiohttp.ClientConnectorCertificateError):
                await session.get(f"https://localhost:{port}/truth")
        stop.set()
