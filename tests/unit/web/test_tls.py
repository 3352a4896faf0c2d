"""The door with TLS: real handshakes, certificates that change, and clients that show one."""

import ssl

import pytest

NAMES = "IP:127.0.0.1,DNS:localhost"


@pytest.fixture
def files(tmp_path, authority):
    """Certificates beside the web configuration file; `renew` puts another one into the place of the server's."""
    authority("server", NAMES)
    authority("renewed", NAMES)
    authority("prometheus", "DNS:prometheus.example.com")
    folder = authority("stranger", "DNS:stranger.example.com,IP:0:0:0:0:0:0:0:1")
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())

    def renew() -> None:
        for kind in ("crt", "key"):
            (tmp_path / f"server.{kind}").write_bytes((folder / f"renewed.{kind}").read_bytes())

    renew.folder = folder
    return renew


def client(files, show: str | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=files.folder / "ca.crt")
    if show:
        context.load_cert_chain(files.folder / f"{show}.crt", files.folder / f"{show}.key")
    return context


def name(connection) -> str:
    subject = connection.writer.get_extra_info("peercert")["subject"]
    return dict(part for parts in subject for part in parts)["commonName"]


SERVER = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"
KNOWN = SERVER + "  client_ca_file: ca.crt\n  client_auth_type: RequireAndVerifyClientCert\n"


async def test_tls_is_spoken_and_browsers_are_told_to_stay_with_it(serve, files):
    served = await serve(SERVER)
    answer = await served.ask("/metrics", tls=client(files))
    assert answer.status == 200
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=")


async def test_headers_of_the_file_go_over_ours(serve, files):
    served = await serve(SERVER + "http_server_config: {headers: {Strict-Transport-Security: max-age=0}}")
    answer = await served.ask("/metrics", tls=client(files))
    assert answer.headers["Strict-Transport-Security"] == "max-age=0"


async def test_a_new_certificate_is_shown_to_new_connections_and_old_ones_go_on(serve, files):
    served = await serve(SERVER)
    old = await served.connect(client(files))
    assert name(old) == "server"
    files()
    served.write(SERVER)
    new = await served.connect(client(files))
    assert name(new) == "renewed"
    for connection in (old, new):
        assert (await connection.ask()).status == 200


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_versions_are_as_the_file_says(serve, files, version):
    served = await serve(SERVER + "  min_version: TLS13\n")
    old = client(files)
    old.maximum_version = version
    if version is ssl.TLSVersion.TLSv1_3:
        assert (await served.ask(tls=old)).status == 200
    else:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await served.connect(old)
        assert served.refused("handshake") == 1


async def test_whoever_speaks_no_tls_or_nothing_is_cut(serve, files):
    served = await serve(SERVER, handshake=0.2)
    plain, silent = await served.connect(), await served.connect()
    plain.say("GET / HTTP/1.1\r\n\r\n")
    assert b"HTTP" not in await plain.rest()
    assert await silent.rest() == b""
    assert (await served.ask(tls=client(files))).status == 200
    assert served.refused("handshake") == 2
    assert served.figure("connections") <= 1, "what was cut does not count any more"


async def refused(served, context) -> bool:
    """Whether a client is not let in: with TLS 1.3 it learns that after the handshake."""
    try:
        connection = await served.connect(context)
    except (ssl.SSLError, ConnectionError):
        return True
    connection.say("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
    try:
        return b"200 OK" not in await connection.reader.read(100)
    except (ssl.SSLError, ConnectionError):
        return True


async def test_a_certificate_is_asked_for_and_says_who_it_is(serve, files, daemon):
    served = await serve(KNOWN + "access: {prometheus.example.com: {scopes: [metrics, operate]}}")
    assert await refused(served, client(files)), "it shows none"
    known = client(files, "prometheus")
    assert (await served.ask(tls=known)).status == 200
    assert (await served.ask("/-/reload", "POST", tls=known)).status == 200
    assert served.audit()[0]["who"] == "prometheus.example.com"
    stranger = client(files, "stranger")
    assert (await served.ask(tls=stranger)).status == 200
    assert (await served.ask("/", tls=stranger)).status == 403, (
        "whom the file does not name has the figures only"
    )
    assert (await served.ask("/-/reload", "POST", tls=stranger)).status == 403
    assert daemon.reloads == 1


@pytest.mark.parametrize(
    ("names", "fits"), [("[prometheus.example.com]", "prometheus"), ('["::1"]', "stranger")]
)
async def test_only_the_names_of_the_file_are_let_in(serve, files, names, fits):
    served = await serve(f"{KNOWN}  client_allowed_sans: {names}\n")
    for each in ("prometheus", "stranger"):
        assert await refused(served, client(files, each)) == (each != fits)
    assert served.refused("certificate") == 1


async def test_connections_from_before_the_file_asked_for_more_are_cut(serve, files):
    served = await serve(SERVER)
    connection = await served.connect(client(files))
    assert (await connection.ask()).status == 200
    served.write(KNOWN)
    await connection.rest()
    assert served.refused("trust") == 1


async def test_a_plain_door_becomes_one_with_tls_without_a_restart(serve, files):
    served = await serve()
    assert (await served.ask()).status == 200
    served.write(SERVER)
    assert (await served.ask(tls=client(files))).status == 200
