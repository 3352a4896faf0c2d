"""What is planted comes out nowhere."""

import base64
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml

from canary import door
from canary.outputs import ENVIRONMENT, OUTPUTS, World, invoke, scrapes
from canary.planted import (
    BEARER,
    CLIENT_SECRET,
    FIRM_NAME,
    IN_ENVIRONMENT,
    OTHER_SECRET,
    PLANTED,
    SIGNATURE,
    SUBJECT,
    TECHNICAL,
    leaks,
)
from canary.world import confidential, planted_exports
from integration.other_panel import OtherPanel
from integration.serving import Daemon, eventually, served
from syncwatch.state.store.tables import METADATA

TENANTS = ("open", "bearer", "refused", "variable")
FILES = ("exports", "half")
SHORT = TECHNICAL.partition(" ")[2].lower().encode()


def fleet(url: str, folder: Path, state: dict[str, str]) -> dict[str, object]:
    """One tenant that is let in, one by a static token that is not accepted, two whose secrets are wrong.

    And three whose places are confidential: exports, exports of which one is half a file, and a secret URL.
    """
    (folder / "place.secret").write_text(f"{url}/panel/open?sig={SIGNATURE}")
    for id_ in FILES:
        planted_exports(folder / FIRM_NAME / id_)
    users = folder / FIRM_NAME / "half" / "users.csv"
    users.write_bytes(users.read_bytes()[:-40])
    files = [
        {"id": id_, "url": (folder / FIRM_NAME / id_).as_uri(), "profile": "litify-inbox-csv"}
        for id_ in FILES
    ]
    return {
        "state": state,
        "polling": {"interval": "500ms"},
        "credentials": {
            "open": {"client_id": "syncwatch", "client_secret_file": "open.secret"},
            "bearer": {"token_file": "bearer.secret"},
            "refused": {"client_id": "syncwatch", "client_secret_file": "refused.secret"},
            "variable": {"client_id": "syncwatch", "client_secret_env": "CANARY_TOKEN"},
        },
        "tenants": [
            *({"id": id_, "url": f"{url}/panel/{id_}", "credentials": id_} for id_ in TENANTS),
            {"id": "signed", "url_file": "place.secret", "credentials": "open"},
            *files,
        ],
    }


@pytest.fixture(scope="module")
def world(tmp_path_factory, postgres) -> World:
    """Two daemons, one for each form of the log and each kind of journal, that have seen good polls, bad ones and refusals."""
    folder = tmp_path_factory.mktemp("canary")
    for name, secret in (("open", CLIENT_SECRET), ("bearer", BEARER), ("refused", OTHER_SECRET)):
        (folder / f"{name}.secret").write_text(secret)
    panel = OtherPanel(**{id_: confidential() for id_ in TENANTS})
    pages: dict[str, bytes] = {}
    postgres.sql("create database canary")
    states = {
        "json": {"path": "state"},
        "console": {"url": postgres.url("canary"), "key_file": "journal.secret"},
    }
    (folder / "journal.secret").write_text(IN_ENVIRONMENT * 2)
    with served(panel.app()) as url:
        daemons = []
        for fmt, state in states.items():
            place = folder / fmt
            place.mkdir()
            for secret in folder.glob("*.secret"):
                (place / secret.name).write_bytes(secret.read_bytes())
            settings = {"SYNCWATCH_LOG_FORMAT": fmt, "SYNCWATCH_LOG_LEVEL": "debug", **ENVIRONMENT}
            daemons.append(Daemon(place, fleet(url, place, state), **settings))
        try:
            _live(daemons, panel, pages)
        finally:
            for daemon in daemons:
                daemon.kill()
        yield World(
            daemons[0].config,
            daemons[0].config.with_name("state"),
            pages,
            {daemon.config.parent.name: daemon.log.read_bytes() for daemon in daemons},
            "\n".join(
                postgres.sql(f"COPY {table} TO STDOUT", "canary") for table in METADATA.tables
            ).encode(),
        )


def _live(daemons: list[Daemon], panel: OtherPanel, pages: dict[str, bytes]) -> None:
    """Good polls, then each kind of refusal in turn, then good ones again; scrapes all the way."""

    def scraped(up: int) -> None:
        for daemon in daemons:
            seen = daemon.figures("open")
            assert seen["inboxsync_tenant_up"] == {(): up}
            for path, body in scrapes(daemon).items():
                pages[path] = pages.get(path, b"") + body

    for daemon in daemons:
        daemon.ready()
        for tenant in (*TENANTS, *FILES, "signed"):
            daemon.polled(tenant)
    eventually(lambda: scraped(1))
    panel.firms["open"].tokens.clear()
    panel.firms["open"].status = 500
    eventually(lambda: scraped(0))
    panel.firms["open"].status = 200
    panel.firms["open"].broken = {"u-1", "u-2"}
    for row in panel.firms["open"].users[:4]:
        row["lastSession"] = {**row["lastSession"], "jobId": f"{row['lastSession']['jobId']}-next"}
    eventually(lambda: scraped(0))
    panel.firms["open"].broken = set()
    eventually(lambda: scraped(1))
    pages["door"] = door.answers(daemons[0])


@pytest.mark.parametrize("name", OUTPUTS)
def test_nothing_planted_comes_out_of(world, name):
    output = OUTPUTS[name].read(world)
    assert OUTPUTS[name].must_hold in output, output[:2000]
    assert not leaks(output)
    assert SHORT not in output.lower()


BAD = {
    "unknown key": f"credentials: {{x: {{client_id: a, client_secret: '{CLIENT_SECRET}'}}}}\ntenants: []\n",
    "wrong type": f"polling: {{interval: '{CLIENT_SECRET}', concurrency: '{SUBJECT[:12]}'}}\ntenants: []\n",
    "no list": f"tenants: '{CLIENT_SECRET}'\n",
    "no mapping": f"credentials: {{x: '{CLIENT_SECRET}'}}\ntenants: ['{CLIENT_SECRET}']\n",
    "url with user": f"tenants: [{{id: a, url: 'https://me:{quote(CLIENT_SECRET)}@a.example.com'}}]\n",
    "url with query": f"tenants: [{{id: a, url: 'https://a.example.com/?token={BEARER}'}}]\n",
    "no YAML": f"credentials: {{x: {{client_secret: '{CLIENT_SECRET}\n",
    "odd tag": f"credentials: !!python/object:{BEARER} {{}}\ntenants: []\n",
    "odd character": f"credentials: {{x: '{CLIENT_SECRET}\x07'}}\ntenants: []\n",
    "label": f"tenants: [{{id: a, url: 'https://a.example.com', labels: {{region: ['{CLIENT_SECRET}']}}}}]\n",
    "id": f"tenants: [{{id: '{CLIENT_SECRET}', url: 'https://a.example.com'}}]\n",
    "profile": f"tenants: [{{id: a, url: 'https://a.example.com', profile: ['{CLIENT_SECRET}']}}]\n",
    "listen": f"web: {{listen: '{CLIENT_SECRET}'}}\ntenants: []\n",
}


@pytest.mark.parametrize("what", BAD)
def test_a_broken_configuration_is_told_without_what_it_says(tmp_path, what):
    file = tmp_path / "bad.yaml"
    file.write_text(BAD[what])
    output = invoke("check-config", str(file))
    assert str(file).encode() in output
    assert b": fine" not in output
    assert not leaks(output)


@pytest.mark.parametrize("key", ["client_secret_file", "client_secret_env"])
def test_a_secret_in_the_place_of_its_place_is_not_shown(tmp_path, key):
    file = tmp_path / "syncwatch.yaml"
    file.write_text(
        f"credentials: {{x: {{client_id: a, {key}: '{CLIENT_SECRET}'}}}}\n"
        "tenants: [{id: a, url: 'https://a.example.com', credentials: x}]\n"
    )
    output = invoke("check-config", str(file))
    assert f"credentials.x.{key}".encode() in output
    assert not leaks(output)


@pytest.mark.parametrize(
    "content", [b"\xff" + CLIENT_SECRET.encode(), b"", f"{CLIENT_SECRET}\0".encode() * 5000], ids=len
)
def test_a_secret_that_cannot_be_one_is_not_shown(tmp_path, content):
    (tmp_path / "secret").write_bytes(content)
    file = tmp_path / "syncwatch.yaml"
    config = {
        "credentials": {"x": {"client_id": "a", "client_secret_file": "secret"}},
        "tenants": [{"id": "a", "url": "https://a.example.com", "credentials": "x"}],
    }
    file.write_text(yaml.safe_dump(config))
    output = invoke("check-config", str(file))
    assert b"secret" in output
    assert not leaks(output)


@pytest.mark.parametrize("name", PLANTED)
def test_the_search_would_find_it(name):
    text = PLANTED[name]
    forms = (
        text,
        text.upper(),
        text[5:13],
        quote(text),
        base64.b64encode(b"x" + text.encode()).decode(),
        text.encode().hex(),
    )
    assert all(name in leaks(f"before {form} after") for form in forms)
    assert leaks("nothing of the kind") == set()
    assert IN_ENVIRONMENT in ENVIRONMENT.values()
