"""Real TLS between a real server and the client: whom it trusts, who it is, and that files may be rotated."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from threading import Event

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from yarl import URL

from syncwatch.config.fleet import Tls
from syncwatch.errors import PollError, Reason
from syncwatch.transport import way
from syncwatch.transport.client import Http, Timeouts
from syncwatch.transport.way import Contexts, Way


async def peer(request: web.Request) -> web.Response:
    certificate = request.transport.get_extra_info("peercert")
    return web.Response(text=str(certificate["subject"][0][0][1]) if certificate else "nobody")


@asynccontextmanager
async def serving(context: ssl.SSLContext) -> AsyncIterator[URL]:
    app = web.Application()
    app.router.add_get("/", peer)
    server = TestServer(app, scheme="https")
    await server.start_server(ssl=context)
    try:
        yield URL(f"https://127.0.0.1:{server.port}/")
    finally:
        await server.close()


async def asked(http: Http, url: URL, **files) -> str:
    tls = Tls(**files) if files else None
    answer = await http.get(url, "users", shown=None, etag=None, timeouts=Timeouts(), way=Way(tls))
    return answer.body.decode()


async def refused(http: Http, url: URL, **files) -> PollError:
    with pytest.raises(PollError) as caught:
        await asked(http, url, **files)
    assert caught.value.reason is Reason.TLS
    assert caught.value.__context__ is None
    return caught.value


async def test_only_the_authority_that_is_named_is_trusted(http, authority, stranger):
    async with serving(authority.server()) as url:
        assert await asked(http, url, ca_file=authority.file) == "nobody"
        for files in ({"ca_file": stranger.file}, {}):
            assert (await refused(http, url, **files)).detail == "users: the certificate is not to be trusted"


async def test_a_certificate_for_another_host_is_refused(http, authority):
    async with serving(authority.server("other", "DNS:panel.firm.example")) as url:
        assert "not to be trusted" in (await refused(http, url, ca_file=authority.file)).detail


async def test_each_tenant_shows_its_own_certificate_and_no_other(http, authority):
    asking = authority.server()
    asking.verify_mode = ssl.CERT_OPTIONAL
    asking.load_verify_locations(authority.file)
    made = {name: authority.issue(name) for name in ("firm-1", "firm-2")}
    async with serving(asking) as url:
        for name, (certificate, key) in [*made.items(), *made.items()]:
            own = {"ca_file": authority.file, "cert_file": certificate, "key_file": key}
            assert await asked(http, url, **own) == name
        assert await asked(http, url, ca_file=authority.file) == "nobody"


async def test_rotated_files_are_used_without_a_restart(http, authority, stranger, tmp_path):
    file = tmp_path / "ca.pem"
    file.write_bytes(stranger.file.read_bytes())
    async with serving(authority.server()) as url:
        await refused(http, url, ca_file=file)
        rotated = tmp_path / "rotated.pem"
        rotated.write_bytes(authority.file.read_bytes())
        rotated.replace(file)
        assert await asked(http, url, ca_file=file) == "nobody"
        file.write_bytes(b"")
        await refused(http, url, ca_file=file)


@pytest.mark.parametrize("key", ["ca_file", "cert_file"])
@pytest.mark.parametrize("content", [None, b"", b"no certificate", b"\xff" * 100])
async def test_a_file_that_is_no_use_is_named_by_its_key_and_nothing_of_it_is_told(
    http, authority, tmp_path, key, content
):
    file = tmp_path / "confidential.pem"
    if content is not None:
        file.write_bytes(content)
    error = await refused(http, URL("https://127.0.0.1:1/"), **{"ca_file": authority.file, key: file})
    assert f"tls.{key}" in error.detail
    assert "confidential" not in error.detail


async def test_a_key_that_needs_a_password_is_refused_and_nobody_is_asked_for_it(http, authority):
    certificate, key = authority.issue("locked", password="secret")
    files = {"ca_file": authority.file, "cert_file": certificate, "key_file": key}
    assert "password" in (await refused(http, URL("https://127.0.0.1:1/"), **files)).detail


async def test_contexts_are_shared_and_only_so_many_are_kept(authority, tls, tmp_path, monkeypatch):
    monkeypatch.setattr(way, "MOST_OWN", 3)
    monkeypatch.setattr(way, "MOST_SYSTEM", 1)
    contexts = Contexts(tls)
    assert await contexts.of(None) is await contexts.of(None) is tls
    own = Tls(ca_file=authority.file)
    first = await contexts.of(own)
    assert await contexts.of(Tls(ca_file=authority.file)) is first
    for number in range(5):
        copy = tmp_path / f"{number}.pem"
        copy.write_bytes(authority.file.read_bytes())
        await contexts.of(Tls(ca_file=copy))
    assert len(contexts._own) == 3
    assert await contexts.of(own) is not first
    shown = [Tls(None, *authority.issue(name)) for name in ("firm-1", "firm-2")]
    assert await contexts.of(shown[0]) is not await contexts.of(shown[1])
    assert [*contexts._system] == shown[1:], "these are large"
    assert await contexts.of(own) is await contexts.of(own)
    assert not contexts._turns


async def test_a_context_is_made_once_and_no_other_waits_for_it(authority, tls, tmp_path, monkeypatch):
    slow, going, made = Tls(ca_file=tmp_path / "slow.pem"), Event(), []
    slow.ca_file.write_bytes(authority.file.read_bytes())
    make = way._made

    def making(of):
        made.append(of)
        if of == slow:
            assert going.wait(10)
        return make(of)

    monkeypatch.setattr(way, "_made", making)
    contexts = Contexts(tls)
    waiting = [asyncio.create_task(contexts.of(slow)) for _ in range(3)]
    try:
        async with asyncio.timeout(5):
            await contexts.of(Tls(ca_file=authority.file))
        assert not any(each.done() for each in waiting)
    finally:
        going.set()
    assert len(set(await asyncio.gather(*waiting))) == 1
    assert made.count(slow) == 1


@pytest.mark.parametrize("own", [False, True])
async def test_every_context_verifies_and_writes_no_keys(authority, monkeypatch, tmp_path, own):
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    context = await Contexts().of(Tls(ca_file=authority.file) if own else None)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.keylog_filename is None
