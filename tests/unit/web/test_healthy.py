"""`syncwatch healthy` says what the door beside it says, however that is locked, and whatever else is wrong."""

import asyncio
import os
import subprocess
import sys

import pytest

SERVER = "tls_server_config:\n  cert_file: elsewhere.crt\n  key_file: elsewhere.key\n"
STRICT = SERVER + "  client_ca_file: ca.crt\n  client_auth_type: RequireAndVerifyClientCert\n"
USERS = "bearer_tokens: {prometheus: {sha256: " + "a" * 64 + "}}\n"


@pytest.fixture
def ask(tmp_path):
    """Runs the command with a configuration; gives its exit code and what it printed."""

    async def run(config, **environ):
        file = tmp_path / "syncwatch.yaml"
        file.write_text(config)
        command = [sys.executable, "-m", "syncwatch", "healthy", str(file)]
        done = await asyncio.to_thread(
            subprocess.run,
            command,
            env=os.environ | environ,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, (done.stdout + done.stderr).strip()

    return run


@pytest.fixture
def certificates(tmp_path, authority):
    for file in authority("elsewhere", "DNS:syncwatch.example.com").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())


async def test_it_is_well_while_the_daemon_says_so_whatever_else_is_wrong_in_the_file(serve, ask, daemon):
    served = await serve(USERS)
    config = f'web: {{listen: ":{served.port}"}}\nnonsense: {{}}\n'
    assert await ask(config) == (0, "healthy")
    daemon.standstill = "the event loop stands still"
    assert await ask(config) == (1, "the event loop stands still")


async def test_the_environment_goes_over_the_file_as_it_does_for_the_daemon(serve, ask):
    served = await serve()
    assert await ask("tenants: []\n", SYNCWATCH_LISTEN=f"127.0.0.1:{served.port}") == (0, "healthy")


async def test_tls_is_spoken_where_the_daemon_speaks_it(serve, ask, certificates):
    served = await serve(SERVER)
    config = f'web: {{listen: "0.0.0.0:{served.port}", config_file: web.yaml}}\n'
    assert await ask(config) == (0, "healthy")


@pytest.mark.parametrize("versions", ["", "  max_version: TLS12\n"])
async def test_a_door_that_wants_to_see_a_certificate_is_well_if_it_asks_for_one(
    serve, ask, certificates, versions
):
    served = await serve(STRICT + versions)
    config = f'web: {{listen: "127.0.0.1:{served.port}", config_file: web.yaml}}\n'
    code, said = await ask(config)
    assert (code, "only to those with a certificate" in said) == (0, True)


async def test_where_nobody_listens_it_is_not_well(serve, ask):
    served = await serve()
    await served.server.close()
    config = f'web: {{listen: "127.0.0.1:{served.port}"}}\n'
    assert await ask(config) == (1, f"127.0.0.1:{served.port}: nobody listens there")


@pytest.mark.parametrize(
    ("config", "code", "says"),
    [
        ("web: {listen: 9797}\n", 2, "syncwatch.yaml:1: web.listen: must be host:port"),
        ("web: {config_file: missing.yaml}\n", 2, "missing.yaml: cannot be read: no such file or directory"),
        ('web: {listen: "127.0.0.1:0"}\n', 1, "web.listen: is any free port"),
    ],
)
async def test_where_the_daemon_answers_must_be_written_somewhere(ask, config, code, says):
    found, said = await ask(config)
    assert found == code
    assert says in said
