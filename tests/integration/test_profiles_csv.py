"""The CSV exports of the panel, written by hand with the headings of each generation, give the same figures."""

import csv
import io
import os
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
from aiohttp import encode_basic_auth, web

from integration.profiled import polled, states
from integration.serving import served

GRAPH = "Microsoft 365 OAuth (Graph API) - App-only"
EXPIRED = 'AADSTS700082: The refresh token\nhas expired "due to inactivity"; ask, then sign in.\r\nTrace 1'

Table = list[dict[str, str]]
Exports = dict[str, Table]


class Person(NamedTuple):
    """One user, and the sessions that ended so many seconds ago, each with its message."""

    name: str
    switch: str = "Enabled"
    mailbox: str = "Initialized"
    organization: str = "Litigation"
    sessions: tuple[tuple[float, str], ...] = ()

    @property
    def address(self) -> str:
        return f"{self.name.lower().replace(' ', '.')}@firm.example"


PEOPLE = (
    Person("Ann Well", sessions=((300, ""), (2100, ""))),
    Person("Bob Lame", sessions=((300, EXPIRED), (2100, ""))),
    Person("Cat Stopped", switch="Disabled due to an error", sessions=((90_000, EXPIRED),)),
    Person("Dan Off", switch="Disabled"),
    Person("Eve New", mailbox="Not initialized"),
    Person("Fay Firm-Off", organization="Closed"),
    Person("Gus Silent"),
    Person("Hal One", sessions=((300, ""),)),
    Person("Hal Other", sessions=((300, ""),)),
)
DOWN = ("oauth_token_expired", "mail_admin")


def us(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%m/%d/%Y %I:%M:%S %p")


def iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def legacy(now: float) -> Exports:
    """Before 2023: no user id, no status in words, no job id; users are known by their logon."""
    return {
        "users.csv": [
            {
                "Name": each.name,
                "E-Mail for Notifications": each.address,
                "Organization": each.organization,
                "Plan": "Standard",
                "Account Logon": f"FIRM\\{each.name.split()[0].lower()}{len(each.name)}",
                "Synchronization Disabled": str(each.switch != "Enabled"),
                "Mailbox Status": each.mailbox,
                "Created On": us(now - 8_640_000),
                "Disabled Due To An Error": str(each.switch == "Disabled due to an error"),
            }
            for each in PEOPLE
        ],
        "sessions.csv": [
            {
                "User": f"firm\\{each.name.split()[0].upper()}{len(each.name)}",
                "Synchronization start date": us(now - ago - 30),
                "Synchronization end date": us(now - ago),
                "Status": "errors" if message else "finished",
                "Error Category": "",
                "Message": message,
            }
            for each in PEOPLE
            for ago, message in each.sessions
        ],
        "organizations.csv": organizations(),
    }


def newer(now: float) -> Exports:
    """Since March 2023: profiles and licenses, a user id, a status in words; users are known by name or address."""
    return {
        "users.csv": [
            {
                "Name": each.name,
                "Email": each.address,
                "Profile": each.organization,
                "License": "Standard",
                "Mailbox access type": GRAPH,
                "User ID": f"4e8a3d12-fa32-4d92-9170-{number:012}",
                "Issues": "0",
                "Synchronization status": each.switch,
                "Mailbox Status": each.mailbox,
                "Created On": iso(now - 8_640_000),
            }
            for number, each in enumerate(PEOPLE)
        ],
        "sessions.csv": [
            {
                "Job ID": f"job-{each.name}-{ago:.0f}",
                "User": each.address if number % 2 else each.name,
                "Synchronization start date": iso(now - ago - 30),
                "Synchronization end date": iso(now - ago),
                "Status": "errors" if message else "finished",
                "Message": message,
            }
            for number, each in enumerate(PEOPLE)
            for ago, message in each.sessions
        ],
        "organizations.csv": organizations(),
    }


def newest(now: float) -> Exports:
    """The users list of today: only the effective status; sessions as before."""
    exports = newer(now)
    for row, each in zip(exports["users.csv"], PEOPLE, strict=True):
        off = each.organization == "Closed" and each.switch == "Enabled"
        row["Effective synchronization status"] = "Disabled" if off else row["Synchronization status"]
        del row["Synchronization status"]
    return exports


def organizations() -> Table:
    return [
        {"Name": "Litigation", "Mailbox access type": GRAPH, "Synchronization status": "Enabled"},
        {"Name": "Closed", "Mailbox access type": GRAPH, "Synchronization status": "Disabled"},
    ]


def text(table: Table, delimiter: str) -> str:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(table[0]), delimiter=delimiter, quoting=csv.QUOTE_MINIMAL)
    writer.writeheader()
    writer.writerows(table)
    return out.getvalue()


def written(folder: Path, exports: Mapping[str, Table], delimiter: str, encoding: str) -> Path:
    """The files, written a while ago: nobody has to wait until they stand still."""
    folder.mkdir()
    for name, table in exports.items():
        (folder / name).write_bytes(text(table, delimiter).encode(encoding))
        os.utime(folder / name, (time.time() - 5,) * 2)
    return folder


GENERATIONS: dict[str, tuple[Callable[[float], Exports], str, str]] = {
    "legacy": (legacy, ";", "utf-16"),
    "newer": (newer, ",", "utf-8-sig"),
    "newer, tabs": (newer, "\t", "utf-8"),
}


@pytest.fixture(scope="module", params=GENERATIONS)
def exported(request, tmp_path_factory) -> Path:
    exports, delimiter, encoding = GENERATIONS[request.param]
    return written(tmp_path_factory.mktemp("csv") / "exports", exports(time.time()), delimiter, encoding)


def of(folder: Path, **more: object) -> dict[str, object]:
    return {"url": folder.as_uri(), "profile": "litify-inbox-csv", **more}


@pytest.fixture(scope="module")
def seen(exported):
    return polled(exported.parent, of(exported))


def test_an_export_that_may_leave_sessions_out_makes_nobody_stalled(seen):
    assert seen["inboxsync_users"] == states(
        up=3, failing=1, down=1, paused=1, not_initialized=1, organization_off=1, unknown=1
    )


def test_whoever_is_down_has_the_class_of_the_message(seen):
    assert seen["inboxsync_syncs_down"] == {DOWN: 2}


def test_an_export_that_holds_all_sessions_tells_who_has_none(exported):
    seen = polled(exported.parent, of(exported, exports_complete=True))
    assert seen["inboxsync_users"] == states(
        up=3, failing=1, down=1, paused=1, not_initialized=1, organization_off=1, stalled=1
    )
    assert seen["inboxsync_syncs_down"] == {DOWN: 2, ("no_recent_session", "vendor_support"): 1}


def test_mailboxes_have_the_access_type_of_the_user_or_of_the_organization(seen):
    assert seen["inboxsync_mailboxes"] == {("m365_graph_app_only",): len(PEOPLE)}


@pytest.mark.parametrize("family", ["inboxsync_issues_open", "inboxsync_issues_seen_total"])
def test_issues_have_no_export_and_so_no_figures(seen, family):
    assert family not in seen


def test_the_data_is_as_old_as_its_files(exported, seen):
    oldest = min(file.stat().st_mtime for file in exported.iterdir())
    assert seen["inboxsync_tenant_data_timestamp_seconds"] == {(): pytest.approx(oldest, abs=0.01)}


def test_a_list_with_the_effective_status_alone_takes_it_for_the_users_own(tmp_path):
    folder = written(tmp_path / "exports", newest(time.time()), ",", "utf-8")
    assert polled(tmp_path, of(folder))["inboxsync_users"] == states(
        up=3, failing=1, down=1, paused=2, not_initialized=1, unknown=1
    )


def test_times_are_read_in_the_zone_and_the_form_of_the_firm(tmp_path):
    """Two hours ahead of UTC with the day first: read any other way, each session would be of another time."""
    now = time.time()
    exports = legacy(now + 7200)
    for row in exports["sessions.csv"]:
        for column in ("Synchronization start date", "Synchronization end date"):
            moment = datetime.strptime(row[column], "%m/%d/%Y %I:%M:%S %p").replace(tzinfo=UTC)
            row[column] = moment.strftime("%d/%m/%Y %H:%M:%S")
    for row in exports["users.csv"]:
        row["Created On"] = "01/02/2025"
    folder = written(tmp_path / "exports", exports, ";", "utf-8")
    theirs = {"timezone": "Etc/GMT-2", "datetime_format": ["%d/%m/%Y %H:%M:%S", "%d/%m/%Y"]}
    seen = polled(tmp_path, of(folder, exports_complete=True, **theirs))
    assert seen["inboxsync_users"]["up",] == 3
    assert seen["inboxsync_tenant_last_session_timestamp_seconds"] == {(): pytest.approx(now - 300, abs=1.5)}


def test_exports_may_lie_behind_a_web_server(exported, tmp_path):
    """User name and password, with what the folder gives, dated by Last-Modified."""
    (tmp_path / "password").write_text("pass word", encoding="utf-8")

    @web.middleware
    async def known(request: web.Request, handler) -> web.StreamResponse:
        if request.headers.get("Authorization") != encode_basic_auth("reader", "pass word"):
            return web.Response(status=401)
        return await handler(request)

    app = web.Application(middlewares=[known])
    app.router.add_static("/firm/exports", exported)
    with served(app) as url:
        tenant = {"url": f"{url}/firm/exports", "profile": "litify-inbox-csv", "credentials": "reader"}
        reader = {"username": "reader", "password_file": "password"}
        seen = polled(tmp_path, tenant, credentials={"reader": reader})
    assert seen["inboxsync_users"]["up",] == 3
    assert seen["inboxsync_syncs_down"] == {DOWN: 2}
    dated = min(file.stat().st_mtime for file in exported.iterdir())
    assert seen["inboxsync_tenant_data_timestamp_seconds"] == {(): pytest.approx(dated, abs=1)}
