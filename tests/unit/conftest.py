"""The client, and servers that a test lets it ask."""

import ssl
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from syncwatch.transport.client import Http
from unit.served import FakePanel


@pytest.fixture(scope="session")
def tls() -> ssl.SSLContext:
    """As the client's own; making one for each test would take longer than most tests."""
    return ssl.create_default_context()


@pytest.fixture
async def http(tls) -> AsyncIterator[Http]:
    async with Http(max_body=1 << 20, tls=tls) as client:
        yield client


async def _served() -> AsyncIterator[FakePanel]:
    fake = FakePanel()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", fake.handle)
    async with TestServer(app) as server:
        fake.base_url = str(server.make_url("/panel/firm-1"))
        yield fake


panel_server = pytest.fixture(_served, name="panel_server")
token_server = pytest.fixture(_served, name="token_server")
