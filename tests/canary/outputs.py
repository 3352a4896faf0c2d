"""Every way out of the program, as one table: whoever adds an output adds a line here."""

import io
import os
import sqlite3
import sys
from collections.abc import Callable, Mapping
from contextlib import closing, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import msgspec
import yaml

from canary.planted import CLIENT_SECRET, IN_ENVIRONMENT
from canary.world import TEXTS, exports
from integration.serving import Daemon
from logs import logging_kept
from syncwatch.cli import app

ENVIRONMENT = {"SYNCWATCH_CANARY_SECRET": IN_ENVIRONMENT, "CANARY_TOKEN": IN_ENVIRONMENT}
OPENMETRICS = {"Accept": "application/openmetrics-text;version=1.0.0"}
NOBODY = "postgresql+asyncpg://syncwatch@127.0.0.1:1/syncwatch"
JSON_LINES = b"\n".join(msgspec.json.encode({"id": n, "text": text}) for n, text in enumerate(TEXTS))


@dataclass(frozen=True)
class World:
    """What has run, and was stopped, when outputs are looked at.

    Attributes:
        config: the configuration of the planted fleet.
        state: its state folder.
        pages: what the daemons answered, by path and format, all polls after another.
        logs: what they wrote, by format.
        database: all rows of the journal in PostgreSQL.
    """

    config: Path
    state: Path
    pages: Mapping[str, bytes]
    logs: Mapping[str, bytes]
    database: bytes


class Output(NamedTuple):
    """A way out, and a word that it must hold, so that an output that is empty by mistake is noticed."""

    read: Callable[[World], bytes]
    must_hold: bytes = b""


def invoke(*arguments: str, stdin: bytes = b"", **environ: str) -> bytes:
    """Standard output and standard error of a command, run in this process."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    given = io.TextIOWrapper(io.BytesIO(stdin))
    with (
        logging_kept(),
        redirect_stdout(out),
        redirect_stderr(out),
        patch.object(sys, "stdin", given),
        patch.dict(os.environ, {**ENVIRONMENT, **environ}),
        suppress(SystemExit),
    ):
        app(list(arguments), prog_name="syncwatch")
    out.flush()
    return out.buffer.getvalue()


def scrapes(daemon: Daemon) -> dict[str, bytes]:
    """All that the daemon answers now."""
    return {
        "text": daemon.ask().body,
        "openmetrics": daemon.ask(**OPENMETRICS).body,
        "landing": daemon.ask("/").body,
        "probes": daemon.ask("/-/healthy").body + daemon.ask("/-/ready").body,
        "no page": daemon.ask("/nothing").body,
    }


def _command(*arguments: str, stdin: bytes = b"", **environ: str) -> Callable[[World], bytes]:
    return lambda world: invoke(
        *(str(world.config) if each == "CONFIG" else each for each in arguments), stdin=stdin, **environ
    )


def _diagnose(user: str) -> Output:
    return Output(_command("diagnose", "CONFIG", "--tenant", "open", "--user", user), b"state:")


def _ticket(user: str) -> Output:
    return Output(_command("ticket", "CONFIG", "--tenant", "open", "--user", user), b"first seen:")


def _check_exports(*, headed: bool) -> Callable[[World], bytes]:
    """`check-panel` of a tenant that drops files into a folder."""

    def read(world: World) -> bytes:
        folder = world.config.parent / f"exports-{headed}"
        folder.mkdir(exist_ok=True)
        for name, text in exports().items():
            (folder / name).write_text(text if headed else text.partition("\n")[2], encoding="utf-8")
            os.utime(folder / name, (1_700_000_000, 1_700_000_000))
        config = folder / "syncwatch.yaml"
        tenant = {"id": "files", "url": folder.as_uri(), "profile": "litify-inbox-csv"}
        config.write_text(yaml.safe_dump({"tenants": [tenant]}), encoding="utf-8")
        return invoke("check-panel", str(config), "--tenant", "files")

    return read


def _forget_elsewhere(state: Mapping[str, str]) -> Callable[[World], bytes]:
    """`forget` of a configuration with another place for its state, and a secret in each file that it names."""

    def read(world: World) -> bytes:
        folder = world.config.parent / f"forget-{len(state)}"
        folder.mkdir(exist_ok=True)
        (folder / "key").write_text(CLIENT_SECRET * 2)
        (folder / "short").write_text(CLIENT_SECRET)
        config = folder / "syncwatch.yaml"
        tenant = {"id": "files", "url": folder.as_uri(), "profile": "litify-inbox-csv"}
        config.write_text(yaml.safe_dump({"state": dict(state), "tenants": [tenant]}), encoding="utf-8")
        return invoke("forget", str(config), "--tenant", "files")

    return read


def _dumped(file: Path) -> bytes:
    """All rows of a database as text."""
    with closing(sqlite3.connect(file)) as journal:
        return "\n".join(journal.iterdump()).encode()


def _files(folder: Path) -> bytes:
    return b"".join(str(each).encode() + each.read_bytes() for each in folder.rglob("*") if each.is_file())


OUTPUTS: Mapping[str, Output] = {
    "/metrics as text": Output(lambda w: w.pages["text"], b"inboxsync_syncs_down{"),
    "/metrics as OpenMetrics": Output(lambda w: w.pages["openmetrics"], b"# EOF"),
    "landing page": Output(lambda w: w.pages["landing"], b"Syncwatch"),
    "probes": Output(lambda w: w.pages["probes"], b"ready"),
    "door, of tenants": Output(lambda w: w.pages["door"], b'"id":"open"'),
    "door, of templates": Output(lambda w: w.pages["door"], b'"templates":'),
    "door, of what is wrong": Output(lambda w: w.pages["door"], b"privacy.show_email: must be true or false"),
    "log of the door": Output(lambda w: w.logs["json"], b'"audit"'),
    "log of targets": Output(lambda w: w.logs["json"], b'"targets_rejected"'),
    "page that is none": Output(lambda w: w.pages["no page"], b"404"),
    "run, log as JSON at debug": Output(lambda w: w.logs["json"], b'"poll_failed"'),
    "run, log for the console at debug": Output(lambda w: w.logs["console"], b"poll_failed"),
    "state folder": Output(lambda w: _files(w.state), b'"class_":"duplicate_events"'),
    "journal in a file": Output(lambda w: _dumped(w.state / "journal.db"), b'INSERT INTO "issues"'),
    "journal in PostgreSQL": Output(lambda w: w.database, b"u-3"),
    "forget": Output(_command("forget", "CONFIG", "--tenant", "open"), b"open: forgotten, with "),
    "forget a tenant that is none": Output(_command("forget", "CONFIG", "--tenant", "x"), b"has nothing"),
    "forget where nothing is": Output(_forget_elsewhere({"path": "nothing"}), b"there is no journal"),
    "forget where nobody answers": Output(
        _forget_elsewhere({"url": NOBODY, "key_file": "key", "password_file": "key"}), b"unreachable"
    ),
    "forget with a key that is none": Output(
        _forget_elsewhere({"url": NOBODY, "key_file": "short"}), b"is too short"
    ),
    "poll-once": Output(_command("poll-once", "CONFIG", SYNCWATCH_LOG_LEVEL="debug"), b"inboxsync_users{"),
    "poll-once, console": Output(
        _command("poll-once", "CONFIG", SYNCWATCH_LOG_FORMAT="console"), b"poll_failed"
    ),
    "poll-once of a tenant that is none": Output(
        _command("poll-once", "CONFIG", "--tenant", "x"), b"no tenant"
    ),
    "unclassified": Output(_command("unclassified", "CONFIG"), b"not shown"),
    "unclassified --all": Output(
        _command("unclassified", "CONFIG", "--all"), b"item <*> was written to the queue of <*>"
    ),
    "unclassified --all, of addresses": Output(
        _command("unclassified", "CONFIG", "--all"), b"The attendee <*> was written to the queue"
    ),
    "suggest-rule": Output(_command("suggest-rule", "CONFIG"), b"Nothing"),
    "suggest-rule --all": Output(_command("suggest-rule", "CONFIG", "--all"), b"  - id: "),
    **{f"diagnose u-{number}": _diagnose(f"u-{number}") for number in (0, 3, 5)},
    "diagnose a user with odd values": _diagnose("odd-0"),
    "diagnose an exported user": Output(
        _command("diagnose", "CONFIG", "--tenant", "exports", "--user", "x-3"), b"not visible"
    ),
    "diagnose where half a file is": Output(
        _command("diagnose", "CONFIG", "--tenant", "half", "--user", "x-3"), b"cannot be read"
    ),
    "diagnose where nobody is let in": Output(
        _command("diagnose", "CONFIG", "--tenant", "refused", "--user", "u-1"), b"cannot be read"
    ),
    **{f"ticket u-{number}": _ticket(f"u-{number}") for number in range(len(TEXTS))},
    "ticket of a user with odd values": Output(
        _command("ticket", "CONFIG", "--tenant", "open", "--user", "odd-8"), b"state unknown"
    ),
    "ticket of an exported user": Output(
        _command("ticket", "CONFIG", "--tenant", "exports", "--user", "x-3"), b"user x-3"
    ),
    "ticket where nobody is let in": Output(
        _command("ticket", "CONFIG", "--tenant", "refused", "--user", "u-1"), b"cannot be read"
    ),
    "classify": Output(_command("classify", *TEXTS), b"unclassified"),
    "classify --json": Output(_command("classify", "--json", stdin=JSON_LINES), b'"class":"unclassified"'),
    "classify what is no JSON": Output(
        _command("classify", stdin=JSON_LINES.replace(b"}", b"")), b"<stdin>:1"
    ),
    "check-config": Output(_command("check-config", "CONFIG"), b": fine"),
    "check-config, bad settings": Output(
        _command(
            "check-config", "CONFIG", SYNCWATCH_LISTEN=IN_ENVIRONMENT, SYNCWATCH_LOG_LEVEL=IN_ENVIRONMENT
        ),
        b"SYNCWATCH_LISTEN",
    ),
    "healthy": Output(_command("healthy", "CONFIG", SYNCWATCH_LISTEN="127.0.0.1:1"), b"nobody listens there"),
    "check-panel": Output(_command("check-panel", "CONFIG", "--tenant", "open"), b"extends: litify-inbox"),
    "check-panel where nobody is let in": Output(
        _command("check-panel", "CONFIG", "--tenant", "refused"), b"users could not be read: auth"
    ),
    "check-panel of files": Output(_check_exports(headed=True), b"extends: litify-inbox-csv"),
    "check-panel of files without headings": Output(_check_exports(headed=False), b"users:"),
    "version": Output(_command("version"), b"syncwatch"),
}
