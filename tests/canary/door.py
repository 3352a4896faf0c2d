"""What the door answers, to those who may and to those who may not, while confidential things are put everywhere."""

import json
from base64 import b64encode
from urllib.parse import quote

import bcrypt
import yaml

from canary.planted import (
    ADDRESS,
    AT_THE_DOOR,
    CLIENT_SECRET,
    OTHER_SECRET,
    PERSON,
    SIGNATURE,
    SUBJECT,
)
from integration.serving import Daemon, eventually

WHO = "on-call"
SCOPES = ["metrics", "read", "identify", "operate"]


def authorization(password: str) -> str:
    return f"Basic {b64encode(f'{WHO}:{password}'.encode()).decode()}"


def targets() -> list[dict[str, object]]:
    """Targets with what must not be told in every place of them."""
    labels = {"tenant": "listed", "__profile__": SUBJECT, "__credentials__": PERSON, "note": ADDRESS}
    return [
        {"targets": [f"https://{quote(PERSON)}:{quote(CLIENT_SECRET)}@a.example.com"], "labels": labels},
        {"targets": [f"https://a.example.com/?sig={SIGNATURE}"], "labels": {"tenant": SUBJECT}},
        {"targets": ["https://a.example.com"], "labels": {"tenant": "odd", SUBJECT: ADDRESS}},
    ]


def answers(daemon: Daemon) -> bytes:
    """Put users at the door of a daemon and targets beside it; all that it then answers, to right and wrong people."""
    folder = daemon.config.parent
    before = yaml.safe_load(daemon.config.read_text())
    (folder / "targets.json").write_text(json.dumps(targets()))
    (folder / "web.yaml").write_text(
        yaml.safe_dump(
            {
                "basic_auth_users": {WHO: bcrypt.hashpw(AT_THE_DOOR.encode(), bcrypt.gensalt(4)).decode()},
                "access": {WHO: {"scopes": SCOPES}},
            }
        )
    )
    after = {
        **before,
        "web": {**before["web"], "config_file": "web.yaml"},
        "discovery": {"file_sd": [{"files": ["targets.json"]}]},
    }
    daemon.config.write_text(yaml.safe_dump(after))
    told = [daemon.ask("/-/reload", "POST").body]
    eventually(lambda: _is_asked(daemon))
    paths = ("/", "/metrics", "/api/v1/tenants", "/api/v1/tenants/open", "/api/v1/templates")
    odd = (f"/api/v1/tenants/{quote(SUBJECT)}", f"/nowhere?{quote(CLIENT_SECRET)}={quote(ADDRESS)}")
    for password in (OTHER_SECRET, AT_THE_DOOR):
        shown = authorization(password)
        told += [daemon.ask(path, Authorization=shown).body for path in (*paths, *odd)]
        told.append(daemon.ask("/api/v1/tenants/open/poll", "POST", Authorization=shown).body)
    daemon.config.write_text(
        yaml.safe_dump({**after, "surprise": PERSON, "privacy": {"show_email": ADDRESS}})
    )
    told.append(daemon.ask("/-/reload", "POST", Authorization=authorization(AT_THE_DOOR)).body)
    daemon.config.write_text(yaml.safe_dump(before))
    eventually(lambda: _is_open(daemon))
    return b"\n".join(told)


def _is_asked(daemon: Daemon) -> None:
    assert daemon.ask().status == 401


def _is_open(daemon: Daemon) -> None:
    assert daemon.ask("/-/reload", "POST", Authorization=authorization(AT_THE_DOOR)).status == 200
    assert daemon.ask().status == 200
