"""The exports tell what the JSON interface tells, in the panel's own headings, as a web server or as files."""

import asyncio
import csv
import io
from base64 import b64encode
from collections import Counter
from datetime import UTC, datetime

import pytest
import yaml
from typer.testing import CliRunner

from syncwatch.cli import app
from syncwatch.simulator import Format, Options, fleet, serve, write_fleet
from syncwatch.simulator.export_job import ExportSet, write_exports
from syncwatch.simulator.fleet import Beside, own_profile
from unit.simulator.judging import judge

LEGACY, NEWER = "firm-001", "firm-002"
TABLES = ("organizations", "users", "sessions")
BESIDE = Beside("fleet.secret", "fleet.panel.yaml")


def parsed(body: bytes) -> list[dict[str, str]]:
    """The rows of an export, whatever its dialect."""
    wide = body.startswith(b"\xff\xfe")
    text = body.decode("utf-16" if wide else "utf-8-sig")
    delimiter = next(each for each in ",;\t" if each in text.split("\r\n", 1)[0])
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))


def instant(text: str) -> str:
    """A time of either style, as the contract writes it."""
    if "/" not in text:
        return text
    return datetime.strptime(text, "%m/%d/%Y %I:%M:%S %p").replace(tzinfo=UTC).isoformat()


def contract_user(row: dict[str, str]) -> dict:
    legacy = "Synchronization Disabled" in row
    switch = row["Synchronization Disabled" if legacy else "Synchronization status"]
    return {
        "mailboxStatus": row["Mailbox Status"],
        "synchronizationStatus": {"True": "Disabled", "False": "Enabled"}.get(switch, switch),
        "disabledDueToError": row["Disabled Due To An Error" if legacy else "Disabled due to an error"]
        == "True",
        "createdOn": instant(row["Created On"]),
        "organization": row["Organization" if legacy else "Profile"],
    }


def contract_session(row: dict[str, str]) -> dict:
    return {
        "status": row["Status"],
        "startedAt": instant(row["Synchronization start date"]),
        "endedAt": instant(row["Synchronization end date"]) or None,
        "message": row["Message"] or None,
    }


def whose(row: dict[str, str], users: list[dict[str, str]]) -> int:
    """The one user whom a session's export names, by logon, address or name."""
    for key in ("Account Logon", "Email", "E-Mail for Notifications", "Name"):
        if found := [number for number, user in enumerate(users) if user.get(key) == row["User"]]:
            (one,) = found
            return one
    raise AssertionError(f"a session of nobody: {row['User']}")


async def tables(panel, tenant: str) -> dict[str, list[dict[str, str]]]:
    return {table: parsed((await panel.export(tenant, table)).body) for table in TABLES}


@pytest.mark.parametrize("interval", [30, 1800])
async def test_the_states_that_follow_from_the_exports_are_true_in_every_dialect(start, interval):
    panel = await start(tenants=18, plan_interval=interval, format=Format.CSV)
    panel.clock.pass_(interval * 7.3)
    seen, beginnings, said = Counter(), set(), ""
    for tenant in panel.options.tenant_ids:
        read = await tables(panel, tenant)
        organizations = {
            row["Name"]: {"synchronizationStatus": row["Synchronization status"]}
            for row in read["organizations"]
        }
        sessions = [[] for _ in read["users"]]
        for row in read["sessions"]:
            said += row["Message"]
            sessions[whose(row, read["users"])].append(contract_session(row))
        states = Counter()
        for row, ran in zip(read["users"], sessions, strict=True):
            user = contract_user(row)
            organization = organizations[user["organization"]]
            states[judge(user, organization, interval, ran, panel.clock.now)] += 1
        told = (await panel.truth(tenant))["tenants"][tenant]["users"]
        assert told == {state: states[state] for state in told}
        seen += states
        beginnings.add((await panel.export(tenant, "users")).body[:24])
    assert len(seen) == 8, f"a state was never seen: {seen}"
    assert len(beginnings) == 18, "two dialects look alike"
    assert all(special in said for special in ("\r\n", '"', ",")), "nothing needed quotes"


async def test_headings_are_the_panels_own(start):
    panel = await start()
    old, new = await tables(panel, LEGACY), await tables(panel, NEWER)
    organizations = [
        "ID", "Name", "Mailbox access type", "Synchronization status", "CRM service account status",
    ]  # fmt: skip
    sessions = [
        "Job ID", "User", "Synchronization start date", "Synchronization end date", "Status",
        "Synchronization Scope", "Changes", "Issues", "Error Category", "Error Source", "Message",
    ]  # fmt: skip
    for read in (old, new):
        assert list(read["organizations"][0]) == organizations
        assert list(read["sessions"][0]) == sessions
    assert list(old["users"][0]) == [
        "Name", "E-Mail for Notifications", "Organization", "Plan", "Account Logon", "Synchronization Disabled",
        "Mailbox Status", "Created On", "Disabled Due To An Error", "Updated On",
    ]  # fmt: skip
    assert list(new["users"][0]) == [
        "Name", "Email", "Profile", "License", "Mailbox access type", "User ID", "Issues",
        "Last synchronization session", "Synchronization status", "Disabled due to an error", "Mailbox Status",
        "Created On", "Updated On",
    ]  # fmt: skip


@pytest.mark.parametrize("tenant", [LEGACY, NEWER])
async def test_sessions_are_the_newest_of_each_user_word_for_word(start, tenant):
    panel = await start(users=120, plan_interval=60)
    panel.clock.pass_(3600)
    exported = {row["Job ID"]: row for row in (await tables(panel, tenant))["sessions"]}
    shown = {}
    for user in await panel.everything(tenant, "users"):
        rows = await panel.everything(tenant, f"users/{user['userId']}/sessions")
        running = [row for row in rows if row["status"] == "running"]
        shown |= {row["jobId"]: row for row in (*running, *rows[len(running) :][:3])}
    assert exported.keys() == shown.keys()
    for job, row in shown.items():
        assert exported[job]["Message"] == (row["message"] or "")
        assert exported[job]["Status"] == row["status"]
        assert bool(exported[job]["Synchronization end date"]) == (row["endedAt"] is not None)


async def test_an_export_may_be_filtered_by_errors(start):
    panel = await start(plan_interval=60, errors_only=True)
    panel.clock.pass_(600)
    rows = (await tables(panel, LEGACY))["sessions"]
    assert {row["Status"] for row in rows} == {"errors"}


async def test_whoever_is_watched_by_exports_has_the_usual_plan(start, tmp_path):
    panel = await start(tenants=2, exports=tmp_path, exported=1)
    watched = {user["planId"] for user in await panel.everything("firm-002", "users")}
    other = {user["planId"] for user in await panel.everything("firm-001", "users")}
    assert (watched, len(other)) == ({"plan-1"}, 3)


async def test_what_is_known_already_is_answered_304_until_the_next_export(start):
    panel = await start(export_interval=60)
    first = await panel.export(LEGACY, "users")
    tag, time = first.headers["ETag"], first.headers["Last-Modified"]
    for known in ({"If-None-Match": tag}, {"If-Modified-Since": time}):
        answer = await panel.export(LEGACY, "users", known)
        assert (answer.status, answer.body) == (304, b"")
        assert (answer.headers["ETag"], answer.headers["Last-Modified"]) == (tag, time)
    assert (
        await panel.export(LEGACY, "users", {"If-None-Match": '"x"', "If-Modified-Since": time})
    ).status == 200
    panel.clock.pass_(59)
    assert (await panel.export(LEGACY, "users", {"If-None-Match": tag})).status == 304
    panel.clock.pass_(1)
    for known in ({"If-None-Match": tag}, {"If-Modified-Since": time}):
        answer = await panel.export(LEGACY, "users", known)
        assert answer.status == 200
        assert answer.headers["Last-Modified"] > time


async def test_an_export_wants_a_password_or_a_token(start):
    panel = await start()

    async def status(authorization: str, tenant: str = LEGACY, table: str = "users") -> int:
        return (await panel.export(tenant, table, {"Authorization": authorization})).status

    def basic(text: bytes) -> str:
        return f"Basic {b64encode(text).decode()}"

    assert (await panel.export(LEGACY, "users")).status == 200
    assert await status((await panel.bearer(LEGACY))["Authorization"]) == 200
    assert await status((await panel.bearer(NEWER))["Authorization"]) == 401
    for wrong in (
        "",
        "Basic",
        "Basic é",
        basic(b"syncwatch:guess"),
        basic(b"syncwatch"),
        basic(b"\xff:\xff"),
    ):
        assert await status(wrong) == 401
    assert (await panel.export("firm-999", "users")).status == 404
    assert (await panel.export(LEGACY, "issues")).status == 404
    assert {(one.tenant, one.endpoint) for one in panel.simulator.asked if one.endpoint != "token"} == {
        (LEGACY, "export"),
        ("firm-999", "export"),
    }


async def test_an_export_that_is_downloaded_suffers_the_faults_of_its_tenant(start):
    panel = await start()
    await panel.control("fault", tenant=LEGACY, kind="http_500")
    assert (await panel.export(LEGACY, "users")).status == 500
    assert (await panel.export(NEWER, "users")).status == 200


async def test_a_folder_holds_what_could_be_downloaded_and_its_time(start, tmp_path):
    panel = await start(exports=tmp_path, exported=2)
    await panel.simulator.exports.write()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["firm-002", "firm-003"]
    for tenant in ("firm-002", "firm-003"):
        for table in TABLES:
            file = tmp_path / tenant / f"{table}.csv"
            assert file.read_bytes() == (await panel.export(tenant, table)).body
            assert file.stat().st_mtime == panel.clock.now


async def test_the_export_job_of_a_tenant_with_a_fault_has_died(start, tmp_path):
    panel = await start(tenants=2, exports=tmp_path, exported=2)
    await panel.simulator.exports.write()
    before = panel.clock.now
    await panel.control("fault", tenant="firm-001", kind="down")
    panel.clock.pass_(60)
    await panel.simulator.exports.write()
    times = [(tmp_path / tenant / "users.csv").stat().st_mtime for tenant in panel.options.tenant_ids]
    assert times == [before, panel.clock.now]


def test_a_file_is_replaced_as_a_whole_or_not_at_all(tmp_path):
    file = tmp_path / "users.csv"
    write_exports(tmp_path, ExportSet(1e9, {"users": b"old"}))
    with file.open("rb") as reader:
        write_exports(tmp_path, ExportSet(1e9 + 60, {"users": b"new"}))
        assert reader.read() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["users.csv"]
    (tmp_path / ".users.csv.part").mkdir()
    with pytest.raises(OSError):
        write_exports(tmp_path, ExportSet(1e9 + 120, {"users": b"newest"}))
    assert file.read_bytes() == b"new"


async def test_serve_has_written_the_folder_when_it_has_started_and_writes_it_again(tmp_path):
    options = Options(tenants=1, users=5, exports=tmp_path, exported=1, export_interval=1)
    file, stop, told = tmp_path / "firm-001" / "users.csv", asyncio.Event(), asyncio.Queue()
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        tasks.create_task(serve(options, stop=stop, started=told.put_nowait))
        await told.get()
        first = file.stat().st_mtime
        while file.stat().st_mtime == first:  # noqa: ASYNC110 - a file tells nobody
            await asyncio.sleep(0.05)
        stop.set()


def test_the_fleet_downloads_exports_with_a_password():
    written = fleet(Options(tenants=1, format=Format.CSV), "http://sim.example", beside=BESIDE)
    (tenant,) = written["tenants"]
    assert tenant["url"] == "http://sim.example/firm-001/exports"
    assert tenant["profile"] == "litify-inbox-csv"
    assert tenant["exports_complete"] is True
    assert written["credentials"] == {
        tenant["credentials"]: {"username": "syncwatch", "password_file": "fleet.secret"}
    }
    assert "panels" not in written


def test_the_fleet_reads_exported_tenants_from_their_folders_by_a_profile_with_their_plan(tmp_path):
    folder = tmp_path / "a b"
    options = Options(tenants=4, broken=1, plan_interval=15, exports=folder, exported=2)
    write_fleet(tmp_path / "fleet.yaml", options, "http://sim.example")
    written = yaml.safe_load((tmp_path / "fleet.yaml").read_text(encoding="utf-8"))
    by_id = {tenant["id"]: tenant for tenant in written["tenants"]}
    assert {id_ for id_, tenant in by_id.items() if tenant["profile"] == "litify-inbox"} == {
        "firm-001",
        "firm-004",
    }
    assert by_id["firm-003"]["url"] == (folder / "firm-003").as_uri()
    assert "credentials" not in by_id["firm-003"]
    (profile,) = written["panels"]["files"]
    own = yaml.safe_load((tmp_path / profile).read_text(encoding="utf-8"))
    assert own["profile"] == by_id["firm-002"]["profile"] == by_id["firm-003"]["profile"]
    assert (own["extends"], own["defaults"]) == ("litify-inbox-csv", {"default_plan_interval": "15s"})


def test_an_own_profile_is_written_only_where_it_is_needed():
    assert own_profile(Options(plan_interval=15)) is None
    assert own_profile(Options(plan_interval=1800, format=Format.CSV)) is None
    assert own_profile(Options(plan_interval=15, format=Format.CSV)) is not None


def test_a_filtered_export_is_not_called_complete():
    written = fleet(
        Options(tenants=1, format=Format.CSV, errors_only=True), "http://sim.example", beside=BESIDE
    )
    assert written["tenants"][0]["exports_complete"] is False


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"exported": 1}, "exports and exported go together"),
        ({"exports": "folder"}, "exports and exported go together"),
        ({"exports": "folder", "exported": 3, "tenants": 4, "broken": 2}, "exported is 3; it must be from 0 to 2"),
        ({"export_interval": 0.5}, "export_interval is 0.5"),
        ({"export_sessions": 21}, "export_sessions is 21"),
    ],
)  # fmt: skip
def test_options_that_make_no_sense_are_refused(wrong, name, tmp_path):
    if "exports" in wrong:
        wrong = wrong | {"exports": tmp_path}
    with pytest.raises(ValueError, match=f"^{name}"):
        Options(**wrong)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--exported", "1"), "exports and exported go together"),
        (("--export-interval", "15"), "must be a duration"),
        (("--format", "xml"), "--format"),
    ],
)
def test_the_command_refuses_what_makes_no_sense(arguments, said):
    result = CliRunner().invoke(app, ["simulate", *arguments])
    assert result.exit_code == 2
    assert said in result.stderr


def test_the_command_names_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    place = ("--listen", "127.0.0.1:0", "--exports", str(tmp_path / "file"), "--exported", "1")
    result = CliRunner().invoke(app, ["simulate", *place])
    assert result.exit_code == 1
    assert "cannot write" in result.stderr
