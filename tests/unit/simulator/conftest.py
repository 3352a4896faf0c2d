"""A simulated panel on a real port, with a clock that the test turns."""

from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from types import SimpleNamespace

import pytest
from aiohttp.test_utils import TestClient, TestServer

from syncwatch.simulator import Options, Simulator
from syncwatch.simulator.access import CLIENT_ID, client_secret

BEGINNING = 1_700_000_000.25
API = "api/admin/v1"


def encode_basic(name: str, password: str) -> str:
    return f"Basic {b64encode(f'{name}:{password}'.encode()).decode()}"


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = BEGINNING

    def __call__(self) -> float:
        return self.now

    def pass_(self, seconds: float) -> None:
        self.now += seconds


class Panel:
    """A client of one simulator."""

    def __init__(self, simulator: Simulator, client: TestClient, clock: Clock, options: Options) -> None:
        self.simulator = simulator
        self.client = client
        self.clock = clock
        self.options = options

    async def token(self, tenant: str, **changes: str) -> SimpleNamespace:
        form = {
            "grant_type": "client_credentials",
            "client_id": CLIENT_ID,
            "client_secret": client_secret(self.options.seed),
            **changes,
        }
        async with self.client.post(f"/{tenant}/oauth/token", data=form) as response:
            return SimpleNamespace(status=response.status, body=await response.json())

    async def bearer(self, tenant: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {(await self.token(tenant)).body['access_token']}"}

    async def get(
        self, tenant: str, path: str, headers: dict[str, str] | None = None, **query: str
    ) -> SimpleNamespace:
        headers = await self.bearer(tenant) | (headers or {})
        async with self.client.get(f"/{tenant}/{API}/{path}", headers=headers, params=query) as response:
            body = await response.json() if response.status != 304 else None
            return SimpleNamespace(status=response.status, body=body, headers=response.headers)

    async def everything(self, tenant: str, path: str, **query: str) -> list[dict]:
        rows, cursor = [], {}
        while True:
            page = (await self.get(tenant, path, **query, **cursor)).body
            rows += page["data"]
            if page["nextCursor"] is None:
                return rows
            cursor = {"cursor": page["nextCursor"]}

    async def export(self, tenant: str, table: str, headers: dict[str, str] | None = None) -> SimpleNamespace:
        """A download, by name and password unless `headers` hold something else."""
        password = encode_basic(CLIENT_ID, client_secret(self.options.seed))
        headers = {"Authorization": password} | (headers or {})
        async with self.client.get(f"/{tenant}/exports/{table}.csv", headers=headers) as response:
            return SimpleNamespace(
                status=response.status, body=await response.read(), headers=response.headers
            )

    async def truth(self, tenant: str = "") -> dict:
        async with self.client.get(f"/truth/{tenant}".rstrip("/")) as response:
            assert response.status == 200
            return await response.json()

    async def control(self, what: str, **body: str | None) -> int:
        async with self.client.post(f"/control/{what}", json=body) as response:
            return response.status


@pytest.fixture
async def start() -> AsyncIterator[Callable[..., Awaitable[Panel]]]:
    async with AsyncExitStack() as stack:

        async def start(**options) -> Panel:
            clock = Clock()
            wanted = Options(**({"tenants": 3, "users": 40, "seed": 7, "now": clock} | options))
            simulator = Simulator(wanted)
            client = await stack.enter_async_context(TestClient(TestServer(simulator.app())))
            return Panel(simulator, client, clock, wanted)

        yield start
