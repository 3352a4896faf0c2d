"""What the panels serve has the shape of the contract, endpoint by endpoint."""

from pathlib import Path

import pytest
import yaml

CONTRACT = Path(__file__).parents[4] / "shared/panel-api/openapi.yaml"
STRANGE = {"Migrating", "Suspended"}  # status values that nobody knows, on purpose
TYPES = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict, "null": type(None)}


@pytest.fixture(scope="module")
def schemas():
    if not CONTRACT.exists():
        pytest.skip(f"the contract is not beside this checkout: {CONTRACT.name}")
    return yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))["components"]["schemas"]


def violations(schemas, schema, value, where="") -> list[str]:
    """Where `value` is not what `schema` says, as far as this contract uses the language."""
    if "$ref" in schema:
        return violations(schemas, schemas[schema["$ref"].rsplit("/", 1)[1]], value, where)
    if "oneOf" in schema:
        answers = [violations(schemas, one, value, where) for one in schema["oneOf"]]
        return [] if [] in answers else answers[0]
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and type(value) not in {TYPES[kind] for kind in kinds}:
        return [f"{where}: {value!r} is no {kinds}"]
    if "enum" in schema and value not in [*schema["enum"], *STRANGE]:
        return [f"{where}: {value!r} is none of {schema['enum']}"]
    if not isinstance(value, dict):
        return []
    found = [f"{where}.{name} is missing" for name in schema.get("required", []) if name not in value]
    known = schema.get("properties", {})
    found += [f"{where}.{name} is not in the contract" for name in value if name not in known]
    for name, part in known.items():
        if name in value:
            found += violations(schemas, part, value[name], f"{where}.{name}")
    return found


async def test_every_row_of_every_table_fits_the_contract(start, schemas):
    panel = await start(plan_interval=60)
    panel.clock.pass_(3600)
    seen = set()
    for tenant in panel.options.tenant_ids:
        tables = {
            "Organization": await panel.everything(tenant, "organizations"),
            "Plan": await panel.everything(tenant, "plans"),
            "Setting": await panel.everything(tenant, "organizations/org-1/settings"),
            "User": await panel.everything(tenant, "users"),
        }
        for table, path in {"Session": "sessions", "Issue": "issues", "Activity": "activity"}.items():
            tables[table] = [
                row
                for user in tables["User"]
                for row in await panel.everything(tenant, f"users/{user['userId']}/{path}")
            ]
        for table, rows in tables.items():
            seen |= {table} if rows else set()
            assert [bad for row in rows for bad in violations(schemas, schemas[table], row, table)] == []
    assert seen == {"Organization", "Plan", "Setting", "User", "Session", "Issue", "Activity"}


async def test_the_checker_itself_can_fail(schemas):
    assert violations(schemas, schemas["Plan"], {"id": 1, "name": "x", "active": True}, "Plan") == [
        "Plan.synchronizationIntervalSeconds is missing",
        "Plan.id: 1 is no ['string']",
    ]


async def test_pages_are_complete_and_in_order_whatever_their_size(start):
    panel = await start(page_size=7)
    other = await start(page_size=500)
    paged = await panel.everything("firm-001", "users", limit="200")
    assert [row["userId"] for row in paged] == [
        row["userId"] for row in await other.everything("firm-001", "users", limit="500")
    ]
    assert len((await panel.get("firm-001", "users", limit="500")).body["data"]) == 7
    assert len((await panel.get("firm-001", "users", limit="3")).body["data"]) == 3


@pytest.mark.parametrize(
    "query", [{"limit": "0"}, {"limit": "501"}, {"limit": "x"}, {"cursor": "x"}, {"cursor": "é"}]
)
async def test_a_limit_or_cursor_out_of_contract_is_refused(start, query):
    panel = await start()
    answer = await panel.get("firm-001", "users", **query)
    assert (answer.status, answer.body["error"]["type"]) == (400, "bad_request")


async def test_a_page_on_which_nothing_changed_is_answered_304(start):
    panel = await start(page_size=20)
    first = await panel.get("firm-001", "users")
    tag = {"If-None-Match": first.headers["ETag"]}
    assert (await panel.get("firm-001", "users", tag)).status == 304
    second = {"cursor": first.body["nextCursor"]}
    assert (await panel.get("firm-001", "users", tag, **second)).status == 200
    panel.clock.pass_(panel.options.plan_interval)
    changed = await panel.get("firm-001", "users", tag)
    assert changed.status == 200
    assert changed.headers["ETag"] != first.headers["ETag"]
    assert changed.body["data"] != first.body["data"]


async def test_a_token_is_good_for_one_tenant_until_it_expires(start):
    panel = await start(token_lifetime=60)
    granted = await panel.token("firm-001")
    assert granted.body["token_type"] == "Bearer"
    assert granted.body["expires_in"] == 60
    mine = {"Authorization": f"Bearer {granted.body['access_token']}"}

    async def status(tenant: str, headers: dict[str, str]) -> int:
        async with panel.client.get(f"/{tenant}/api/admin/v1/plans", headers=headers) as response:
            return response.status

    assert await status("firm-001", mine) == 200
    assert await status("firm-002", mine) == 401
    assert await status("firm-001", {}) == 401
    assert await status("firm-001", {"Authorization": "Bearer 9999999999-forged"}) == 401
    panel.clock.pass_(60)
    assert await status("firm-001", mine) == 401


@pytest.mark.parametrize(
    "wrong", [{"client_secret": "guess"}, {"client_id": "other"}, {"client_secret": "é"}]
)
async def test_wrong_credentials_get_no_token(start, wrong):
    panel = await start()
    assert (await panel.token("firm-001", **wrong)).status == 401


async def test_only_reads_are_answered_and_nothing_that_does_not_exist(start):
    panel = await start()
    headers = await panel.bearer("firm-001")
    users = "/firm-001/api/admin/v1/users"
    for method in ("POST", "PUT", "PATCH", "DELETE", "HEAD"):
        async with panel.client.request(method, users, headers=headers) as response:
            assert response.status == 405
    assert (await panel.get("firm-001", "users/nobody/issues")).status == 404
    assert (await panel.get("firm-001", "organizations/org-9/settings")).status == 404
    assert (await panel.token("firm-999")).status == 404


async def test_the_sessions_table_is_bounded_and_newest_first_and_agrees_with_the_list(start):
    panel = await start(plan_interval=60, history=5)
    panel.clock.pass_(3600)
    for user in await panel.everything("firm-001", "users"):
        sessions = await panel.everything("firm-001", f"users/{user['userId']}/sessions")
        assert len([one for one in sessions if one["endedAt"]]) <= 5
        assert [one["startedAt"] for one in sessions] == sorted(
            (one["startedAt"] for one in sessions), reverse=True
        )
        assert all(one["endedAt"] for one in sessions[1:])
        assert (user["lastSession"] or {}).get("jobId") == (sessions[0]["jobId"] if sessions else None)
        assert user["issues"] == len(await panel.everything("firm-001", f"users/{user['userId']}/issues"))


async def test_the_log_of_requests_says_endpoint_and_status(start):
    panel = await start()
    await panel.get("firm-002", "users")
    assert [(one.tenant, one.endpoint, one.status) for one in panel.simulator.asked] == [
        ("firm-002", "token", 200),
        ("firm-002", "users", 200),
    ]
