"""An organization breaks on demand, all of it at once, and heals; the truth and the panel agree all the while."""

from collections import Counter

import pytest

from syncwatch.simulator import Options
from syncwatch.simulator.people import IMPERSONATED
from unit.simulator.judging import judge, seconds

FIRM = "firm-001"
DENIED = {"class": "impersonation_denied", "owner": "mail_admin"}


async def members(panel) -> list[dict]:
    """Users of the largest organization whose sync is meant to run."""
    users = await panel.everything(FIRM, "users")
    sizes = Counter(user["organizationId"] for user in users)
    largest = max(sorted(sizes), key=lambda id_: sizes[id_])
    return [
        user
        for user in users
        if user["organizationId"] == largest
        and user["mailboxStatus"] == "Initialized"
        and user["effectiveSynchronizationStatus"] == "Enabled"
    ]


async def states(panel) -> Counter[str]:
    organizations = {one["id"]: one for one in await panel.everything(FIRM, "organizations")}
    plans = {
        one["id"]: one["synchronizationIntervalSeconds"] for one in await panel.everything(FIRM, "plans")
    }
    seen: Counter[str] = Counter()
    for user in await panel.everything(FIRM, "users"):
        sessions = await panel.everything(FIRM, f"users/{user['userId']}/sessions")
        interval = plans.get(user["planId"], 1800)
        seen[judge(user, organizations[user["organizationId"]], interval, sessions, panel.clock.now)] += 1
    return seen


async def denied(panel) -> int:
    down = (await panel.truth(FIRM))["tenants"][FIRM]["syncs_down"]
    return next((one["count"] for one in down if one | DENIED == one), 0)


async def test_all_who_run_fail_at_once_and_until_it_heals(start):
    panel = await start(tenants=1, users=60, seed=3)
    before = await panel.get(FIRM, "users")
    assert await panel.control("break", tenant=FIRM, **{"class": "impersonation_denied"}) == 200
    broken = await members(panel)
    assert len(broken) > 10
    for user in broken:
        last = user["lastSession"]
        assert (last["status"], last["errorSource"]) == ("errors", "Microsoft Exchange")
        assert "ErrorImpersonateUserDenied" in last["message"]
        assert seconds(last["endedAt"]) == pytest.approx(panel.clock.now, abs=0.001)
    assert await denied(panel) >= len(broken)
    changed = await panel.get(FIRM, "users", {"If-None-Match": before.headers["ETag"]})
    assert changed.status == 200
    for _ in range(12):
        panel.clock.pass_(1800)
        assert {user["userId"] for user in broken} <= {user["userId"] for user in await members(panel)}, (
            "no error switches them off"
        )
        truth = (await panel.truth(FIRM))["tenants"][FIRM]["users"]
        assert await states(panel) == Counter({state: count for state, count in truth.items() if count})
        assert await denied(panel) >= len(broken) // 2
    assert await panel.control("break", tenant=FIRM, **{"class": None}) == 200
    assert not any("Impersonate" in (user["lastSession"]["message"] or "") for user in await members(panel))


async def test_the_organization_then_enters_by_an_account_and_no_token_of_it_expires(start):
    panel = await start(tenants=1, users=80, organizations=1)
    await panel.control("break", tenant=FIRM, **{"class": "impersonation_denied"})
    [organization] = await panel.everything(FIRM, "organizations")
    assert organization["mailboxAccessType"] in IMPERSONATED
    assert all("mailboxAccessType" not in user for user in await members(panel))
    for user in await panel.everything(FIRM, "users"):
        if user.get("mailboxAccessType", organization["mailboxAccessType"]) in IMPERSONATED:
            assert "AADSTS700082" not in ((user["lastSession"] or {}).get("message") or "")


async def test_another_organization_and_class_may_be_named(start):
    panel = await start(tenants=1)
    wanted = {"tenant": FIRM, "organization": "org-1", "class": "salesforce_auth"}
    assert await panel.control("break", **wanted) == 200
    users = await panel.everything(FIRM, "users")
    failed = {
        user["organizationId"]
        for user in users
        if user["lastSession"] and "expired access/refresh" in (user["lastSession"]["message"] or "")
    }
    assert "org-1" in failed


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"tenant": FIRM},
        {"tenant": FIRM, "class": "gremlins"},
        {"tenant": "firm-999", "class": None},
        {"tenant": FIRM, "class": None, "organization": "org-99"},
    ],
)
async def test_what_cannot_break_is_told(start, body):
    assert await (await start()).control("break", **body) == 400


async def test_it_may_be_broken_from_the_start(start):
    panel = await start(tenants=1, users=80, organizations=1, breaks={FIRM: "impersonation_denied"})
    assert await denied(panel) >= len(await members(panel)) > 20
    with pytest.raises(ValueError, match="known: "):
        Options(breaks={FIRM: "gremlins"})
    with pytest.raises(ValueError, match="there is no tenant firm-9"):
        Options(breaks={"firm-9": "salesforce_auth"})


async def test_settings_differ_and_recurring_events_are_refused_only_where_they_are_not_synced(start):
    panel = await start(tenants=12, users=60)
    seen = Counter()
    for tenant in panel.options.tenant_ids:
        synced = set()
        for one in await panel.everything(tenant, "organizations"):
            rows = await panel.everything(tenant, f"organizations/{one['id']}/settings")
            value = {row["name"]: row["value"] for row in rows}.get("ServiceAutoTrackRecurrentEvents")
            seen[value] += 1
            synced |= {one["id"]} if value == "1" else set()
        for user in await panel.everything(tenant, "users"):
            if user["organizationId"] in synced and user["issues"]:
                issues = await panel.everything(tenant, f"users/{user['userId']}/issues")
                assert not any("is a recurring one" in issue["errorText"] for issue in issues)
    assert min(seen["0"], seen["1"], seen[None]) > 0


async def test_the_activity_tab_says_what_switched_a_user_off(start):
    panel = await start(tenants=6, users=80)
    panel.clock.pass_(20 * 1800)
    told = Counter()
    for tenant in panel.options.tenant_ids:
        for user in await panel.everything(tenant, "users"):
            off = user["disabledDueToError"] or user["synchronizationStatus"] == "Disabled"
            if not off or user["mailboxStatus"] != "Initialized":
                continue
            newest = (await panel.everything(tenant, f"users/{user['userId']}/activity"))[0]
            by_error = "due to" in newest["details"]
            assert by_error == user["disabledDueToError"]
            assert (newest["changedBy"] is None) == by_error
            text = (user["lastSession"] or {}).get("message") or ""
            if "AADSTS700082" in text:
                assert "authorization" in newest["details"]
            told[newest["details"]] += 1
    assert len(told) == 4
