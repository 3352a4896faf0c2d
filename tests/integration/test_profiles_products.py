"""Two documented products that do the same job, each behind a server that answers as its documentation says."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
import yaml
from aiohttp import web

from integration.profiled import polled, states
from integration.serving import served

SECRET = "secret-of-a-test"
TOKEN = "token-of-a-test"
DIRECTORY = "7b0d7c5e-directory"
CREDENTIALS = {"reader": {"client_id": "reader", "client_secret_file": "secret"}}

Row = dict[str, Any]


def folder_of(tmp_path_factory: pytest.TempPathFactory, name: str):
    folder = tmp_path_factory.mktemp(name)
    (folder / "secret").write_text(SECRET, encoding="utf-8")
    return folder


def let_in(request: web.Request) -> bool:
    return request.headers.get("Authorization") == f"Bearer {TOKEN}"


# Dataverse


def _literal(text: str) -> Any:
    return None if text == "null" else int(text)


def _fits(row: Row, condition: str) -> bool:
    column, operator, literal = condition.split(" ")
    return (row[column] == _literal(literal)) is {"eq": True, "ne": False}[operator]


@dataclass
class Dataverse:
    """An environment, and the directory that gives tokens for it: two rows a page, by `@odata.nextLink`.

    Attributes:
        selected: columns that were asked for.
    """

    mailboxes: list[Row] = field(default_factory=list)
    mappings: list[Row] = field(default_factory=list)
    selected: set[str] = field(default_factory=set)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/{directory}/oauth2/v2.0/token", self._token)
        app.router.add_get("/api/data/v9.2/{table}", self._list)
        return app

    async def _token(self, request: web.Request) -> web.Response:
        told = {**await request.post(), "directory": request.match_info["directory"]}
        if told != {
            "grant_type": "client_credentials",
            "client_id": "reader",
            "client_secret": SECRET,
            "scope": f"http://{request.host}/.default",
            "directory": DIRECTORY,
        }:
            return web.json_response({"error": "invalid_client"}, status=401)
        return web.json_response({"token_type": "Bearer", "expires_in": 3599, "access_token": TOKEN})

    async def _list(self, request: web.Request) -> web.Response:
        if not let_in(request):
            return web.Response(status=401)
        table = {"mailboxes": self.mailboxes, "exchangesyncidmappings": self.mappings}[
            request.match_info["table"]
        ]
        wanted = request.query["$select"].split(",")
        self.selected |= set(wanted)
        conditions = request.query["$filter"].split(" and ")
        rows = [row for row in table if all(_fits(row, condition) for condition in conditions)]
        start = int(request.query.get("$skiptoken", "<page 0>").strip("<page >"))
        page: Row = {
            "@odata.context": f"http://{request.host}/api/data/v9.2/$metadata",
            "value": [
                {"@odata.etag": 'W/"1"', **{column: row[column] for column in wanted}}
                for row in rows[start : start + 2]
            ],
        }
        if start + 2 < len(rows):
            same = str(request.url.with_query(None))
            query = "&".join(f"{name}={quote(request.query[name])}" for name in ("$select", "$filter"))
            page["@odata.nextLink"] = f"{same}?{query}&$skiptoken={quote(f'<page {start + 2}>')}"
        return web.json_response(page)


REFUSED = "Email Server Error Code: Http server returned 401 Unauthorized exception."
CONFLICT = "A scheduling conflict was found when saving appointment Status call from Exchange."


def environment_of_a_firm(now: float) -> Dataverse:
    firm = Dataverse()

    def time_at(ago: float | None) -> str | None:
        return (
            None
            if ago is None
            else datetime.fromtimestamp(int(now - ago), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        )

    def mailbox(
        name: str,
        status: int,
        *,
        success: float | None,
        started: float | None = None,
        error: str | None = None,
        **more: Any,
    ) -> None:
        firm.mailboxes.append({
            "mailboxid": f"mailbox-{name}",
            "_regardingobjectid_value": f"user-{name}",
            "_emailserverprofile_value": "profile-1",
            "actdeliverymethod": 1,
            "statecode": 0,
            "enabledforact": status == 1,
            "actstatus": status,
            "createdon": time_at(8_640_000),
            "lastsyncstartedon": time_at(started if started is not None or success is None else success + 20),
            "lastsuccessfulsynccompletedon": time_at(success),
            "lastsyncerror": error,
            "name": "Jane Roe",
            "emailaddress": "jane.roe@firm.example",
            **more,
        })  # fmt: skip

    mailbox("well", 1, success=300)
    mailbox("at-work", 1, success=900, started=30, error="of the past: " + REFUSED)
    mailbox("given-up", 2, success=7200, error=REFUSED)
    mailbox("given-up-without-a-word", 2, success=7200)
    mailbox("never-came-to-it", 2, success=None)
    mailbox("silent", 1, success=7200)
    mailbox("untested", 0, success=None)
    mailbox("odd", 3, success=300)
    mailbox("by-outlook", 1, success=None, actdeliverymethod=0)
    mailbox("inactive", 1, success=None, statecode=1)
    mailbox("queue", 1, success=300, _regardingobjectid_value=None)

    def mapping(user: str, error: str | None, number: int) -> None:
        firm.mappings.append({
            "exchangesyncidmappingid": f"mapping-{number}",
            "_ownerid_value": f"user-{user}",
            "itemsubject": "Status call",
            "lastsyncerror": error,
            "lastsyncerrorcode": None if error is None else -2147015675,
        })  # fmt: skip

    for number, (user, error) in enumerate(
        [("well", CONFLICT), ("well", None), ("silent", CONFLICT), ("at-work", "Blorp"), ("well", CONFLICT)]
    ):
        mapping(user, error, number)
    return firm


@pytest.fixture(scope="module")
def firm() -> Dataverse:
    return environment_of_a_firm(time.time())


@pytest.fixture(scope="module")
def dynamics(firm, tmp_path_factory):
    """Only the directory's address is another one than in the shipped profile."""
    folder = folder_of(tmp_path_factory, "dynamics")
    with served(firm.app()) as url:
        grant = {"token_url": f"{url}/{{directory}}/oauth2/v2.0/token", "scope": "{origin}/.default"}
        profile = {
            "profile": "dynamics-here",
            "extends": "dynamics-365",
            "authentication": {"client_credentials": grant},
        }
        (folder / "here.yaml").write_text(yaml.safe_dump(profile), encoding="utf-8")
        tenant = {
            "url": url,
            "profile": "dynamics-here",
            "credentials": "reader",
            "parameters": {"directory": DIRECTORY},
        }
        return polled(folder, tenant, panels={"files": ["here.yaml"]}, credentials=CREDENTIALS)


def test_mailboxes_of_dynamics_are_users_in_the_right_state(dynamics):
    assert dynamics["inboxsync_users"] == states(up=2, down=3, stalled=1, not_initialized=1, unknown=1)


def test_what_stopped_them_has_its_class_as_far_as_dynamics_tells(dynamics):
    assert dynamics["inboxsync_syncs_down"] == {
        ("auth_policy_blocked", "mail_admin"): 1,
        ("no_message", "vendor_support"): 2,
        ("no_recent_session", "vendor_support"): 1,
    }


def test_items_that_dynamics_could_not_synchronize_are_issues(dynamics):
    assert dynamics["inboxsync_issues_open"] == {
        ("exchange_item_invalid", "end_user"): 3,
        ("unclassified", "vendor_support"): 1,
    }


def test_subjects_are_not_asked_for(dynamics, firm):
    assert dynamics
    assert "itemsubject" not in firm.selected


def test_what_dynamics_does_not_tell_is_absent(dynamics):
    assert not {"inboxsync_mailboxes", "inboxsync_organizations_crm_disconnected"} & dynamics.keys()


# Salesforce


@dataclass
class Salesforce:
    """An org with Einstein Activity Capture: three records a page, by a `nextRecordsUrl` without a host."""

    connections: list[Row]
    queries: list[str] = field(default_factory=list)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/services/oauth2/token", self._token)
        app.router.add_get("/services/data/v66.0/query", self._query)
        app.router.add_get("/services/data/v66.0/query/01g000000000001AAA-{start:[0-9]+}", self._more)
        return app

    async def _token(self, request: web.Request) -> web.Response:
        if dict(await request.post()) != {
            "grant_type": "client_credentials",
            "client_id": "reader",
            "client_secret": SECRET,
        }:
            return web.json_response({"error": "invalid_client_id"}, status=400)
        return web.json_response(
            {"access_token": TOKEN, "token_type": "Bearer", "issued_at": "1795474800000", "scope": "api"}
        )

    async def _query(self, request: web.Request) -> web.Response:
        self.queries.append(request.query["q"])
        return self._page(request, 0)

    async def _more(self, request: web.Request) -> web.Response:
        return self._page(request, int(request.match_info["start"]))

    def _page(self, request: web.Request, start: int) -> web.Response:
        if not let_in(request):
            return web.json_response([{"errorCode": "INVALID_SESSION_ID", "message": "no"}], status=401)
        end = start + 3
        page: Row = {
            "totalSize": len(self.connections),
            "done": end >= len(self.connections),
            "records": [
                {"attributes": {"type": "ActivityUsrConnectionStatus"}, **row}
                for row in self.connections[start:end]
            ],
        }
        if end < len(self.connections):
            page["nextRecordsUrl"] = f"/services/data/v66.0/query/01g000000000001AAA-{end}"
        return web.json_response(page)


STATUSES = (
    "ACTIVE", "DISABLED", "INITIALIZING", "NEEDSATTENTION", "NEEDSATTENTIONGLOBAL", "NEEDSATTENTIONHYBRID",
    "PENDING", "PROCESSING", "SOMETHING_NEW", None,
)  # fmt: skip


@pytest.fixture(scope="module")
def org() -> Salesforce:
    return Salesforce([
        {"UserId": f"0055g00000{number:05}AAA", "ConfigurationName": None if number % 4 else "Jane's", "ConnectivityStatus": status}
        for number, status in enumerate(STATUSES)
    ])  # fmt: skip


@pytest.fixture(scope="module")
def einstein(org, tmp_path_factory):
    folder = folder_of(tmp_path_factory, "einstein")
    with served(org.app()) as url:
        tenant = {"url": url, "profile": "einstein-activity-capture", "credentials": "reader"}
        return polled(folder, tenant, credentials=CREDENTIALS)


def test_connections_of_einstein_are_users_in_the_right_state(einstein, org):
    assert einstein["inboxsync_users"] == states(up=1, failing=3, paused=1, not_initialized=2, unknown=3)
    assert len(org.queries) == 1


def test_einstein_tells_that_they_fail_and_not_why(einstein):
    assert einstein["inboxsync_syncs_down"] == {("no_message", "vendor_support"): 3}


@pytest.mark.parametrize(
    "family",
    [
        "inboxsync_issues_open",
        "inboxsync_issues_seen_total",
        "inboxsync_sessions_total",
        "inboxsync_tenant_last_session_timestamp_seconds",
        "inboxsync_oldest_session_timestamp_seconds",
        "inboxsync_tokens_expired",
        "inboxsync_dedup_conflicts",
        "inboxsync_mailboxes",
        "inboxsync_organizations_crm_disconnected",
    ],
)
def test_what_einstein_does_not_tell_is_absent(einstein, family):
    assert family not in einstein
