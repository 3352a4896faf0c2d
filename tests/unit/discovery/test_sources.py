"""Files and lists over HTTP, read for real."""

import gzip
import json

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from syncwatch.config.fleet import FileDiscovery, HttpDiscovery
from syncwatch.config.secrets import Credential, FileSecret
from syncwatch.discovery.file_sd import FileSource
from syncwatch.discovery.http_sd import MAX_BODY, HttpSource
from syncwatch.transport.client import Http

CANARY = "hunter2-canary"


def groups(*ids):
    return json.dumps([{"targets": [f"https://{id_}"], "labels": {"tenant": id_}} for id_ in ids]).encode()


def ids(look):
    return None if look.targets is None else [each.tenant for each in look.targets]


@pytest.fixture
def files(tmp_path):
    return FileSource(FileDiscovery((f"{tmp_path}/*.json", f"{tmp_path}/b.*"), 60))


async def test_files_come_and_go(files, tmp_path):
    assert await files.look() == ((), ())
    (tmp_path / "b.json").write_bytes(groups("b"))
    (tmp_path / "a.json").write_bytes(groups("a"))
    (tmp_path / "b.yml").write_text("- {targets: [x], labels: {tenant: b2}}")
    assert ids(await files.look()) == ["a", "b", "b2"]
    (tmp_path / "a.json").unlink()
    assert ids(await files.look()) == ["b", "b2"]


async def test_of_a_file_that_cannot_be_read_the_last_good_content_stays(files, tmp_path):
    (tmp_path / "a.json").write_bytes(groups("a1", "a2"))
    (tmp_path / "b.json").write_bytes(b"[")
    look = await files.look()
    assert (ids(look), len(look.wrong)) == (["a1", "a2"], 1)
    assert look.wrong[0].startswith(f"{tmp_path}/b.json: is not a list of")
    (tmp_path / "a.json").write_text(f'[{{"{CANARY}": ')
    (tmp_path / "b.json").write_bytes(groups("b"))
    look = await files.look()
    assert (ids(look), len(look.wrong)) == (["a1", "a2", "b"], 1)
    assert CANARY not in str(look.wrong)


async def test_if_nothing_can_be_read_nothing_is_said(files, tmp_path):
    (tmp_path / "a.json").write_bytes(b"[")
    assert (await files.look()).targets is None


@pytest.fixture
async def inventory():
    """A server that answers what a test sets, and remembers what it was asked."""
    asked, answer = [], {}

    async def handle(request):
        asked.append(request)
        return web.Response(**(answer or {"status": 404}))

    application = web.Application()
    application.router.add_get("/{path:.*}", handle)
    async with TestServer(application) as server:
        yield server, asked, answer


@pytest.fixture
async def http():
    async with Http(max_body=1 << 20) as client:
        yield client


def source(server, http, **changes):
    url = f"{server.make_url('/targets/')}?tag=a%2Fb"
    return HttpSource(HttpDiscovery(url, 90.0, 5.0, **changes), http)


async def test_a_list_over_http_is_asked_for_as_prometheus_does(inventory, http, tmp_path):
    server, asked, answer = inventory
    answer.update(body=groups("a"), content_type="text/plain")
    assert ids(await source(server, http).look()) == ["a"]
    assert asked[0].raw_path == "/targets/?tag=a%2Fb", "as it is written"
    assert asked[0].headers["X-Prometheus-Refresh-Interval-Seconds"] == "90"
    assert "Authorization" not in asked[0].headers
    (tmp_path / "secret").write_text("s3")
    secret = FileSecret(tmp_path / "secret")
    token = Credential("c", None, None, secret, frozenset())
    named = Credential("c", None, None, None, frozenset(), "u", secret)
    await source(server, http, credential=token).look()
    await source(server, http, credential=named).look()
    assert [each.headers["Authorization"] for each in asked[1:]] == ["Bearer s3", "Basic dTpzMw=="]
    (tmp_path / "secret").unlink()
    look = await source(server, http, credential=token).look()
    assert look.targets is None
    assert "cannot be read" in look.wrong[0]
    assert len(asked) == 3, "nothing is asked without what it takes"


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ({"status": 503, "text": CANARY}, "HTTP 503"),
        ({"status": 302, "headers": {"Location": f"https://x/{CANARY}"}}, "HTTP 302"),
        ({"text": f"<html>{CANARY}", "content_type": "text/html"}, "the answer is not a list of"),
        ({"body": gzip.compress(bytes(8 << 20)), "headers": {"Content-Encoding": "gzip"}}, "larger than"),
    ],
)
async def test_another_answer_is_a_failure_and_not_shown(inventory, http, answer, says):
    server, asked, set_ = inventory
    set_.update(answer)
    look = await source(server, http).look()
    assert look.targets is None
    assert says in look.wrong[0]
    assert CANARY not in str(look)
    assert len(asked) == 1, "no redirect is followed"


async def test_a_list_over_http_is_bounded_by_its_own_limit(inventory):
    server, _, set_ = inventory
    set_.update(body=gzip.compress(b"[" + b" " * MAX_BODY + b"]"), headers={"Content-Encoding": "gzip"})
    async with Http() as http:
        look = await source(server, http).look()
    assert look == (None, (f"targets: the answer is larger than {MAX_BODY} bytes",))


async def test_a_server_that_is_away_is_a_failure(inventory, http):
    server, _, _ = inventory
    away = source(server, http)
    await server.close()
    look = await away.look()
    assert look.targets is None
    assert "no connection" in look.wrong[0]
    assert "127.0.0.1" not in look.wrong[0]
