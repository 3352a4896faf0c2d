"""What `/truth` says is what can be read off the panels, by a reader of a few lines who knows no world."""

from collections import Counter

import pytest

from syncwatch.simulator.texts import OWNERS, TRANSIENT
from syncwatch.simulator.wordings import ISSUES, SESSION_FAILURES, WITH_ISSUES
from unit.simulator.judging import COMPLETED, PASSING, judge


@pytest.mark.parametrize("interval", [30, 1800])
async def test_states_and_counts_are_what_the_panels_show(start, interval):
    panel = await start(tenants=5, plan_interval=interval)
    seen = Counter()
    for _ in range(3):
        panel.clock.pass_(interval * 7.3)
        truth = await panel.truth()
        for tenant in panel.options.tenant_ids:
            organizations = {one["id"]: one for one in await panel.everything(tenant, "organizations")}
            plans = {
                one["id"]: one["synchronizationIntervalSeconds"]
                for one in await panel.everything(tenant, "plans")
            }
            states, issues = Counter(), 0
            for user in await panel.everything(tenant, "users"):
                sessions = await panel.everything(tenant, f"users/{user['userId']}/sessions")
                organization = organizations[user["organizationId"]]
                states[
                    judge(user, organization, plans.get(user["planId"], 1800), sessions, panel.clock.now)
                ] += 1
                issues += user["issues"]
            told = truth["tenants"][tenant]
            seen += states
            assert told["users"] == {state: states[state] for state in told["users"]}
            assert sum(one["count"] for one in told["issues_open"]) == issues
            assert sum(told["mailboxes"].values()) == states.total()
            off = [one for one in organizations.values() if one["crmConnection"] == "Disconnected"]
            assert told["organizations_crm_disconnected"] == len(off)
    assert len(seen) == 8, f"a state was never seen: {seen}"


async def test_the_parts_of_the_truth_agree_with_each_other(start):
    panel = await start(tenants=20, plan_interval=60)
    panel.clock.pass_(1800)
    told = (await panel.truth())["tenants"]
    tokens, guarded = Counter(), 0
    for tenant in told.values():
        users, down = tenant["users"], {one["class"]: one["count"] for one in tenant["syncs_down"]}
        stalled = down.get("no_recent_session", 0) + down.get("session_too_long", 0)
        assert stalled == users["stalled"]
        assert sum(down.values()) == users["stalled"] + users["failing"] + users["down"]
        assert tenant["tokens_expired"]["mailbox"] == down.get("oauth_token_expired", 0)
        assert tenant["tokens_expired"]["crm"] <= down.get("salesforce_auth", 0)
        assert tenant["dedup_conflicts"]["user"] == down.get("duplicate_events", 0)
        open_ = {one["class"]: one["count"] for one in tenant["issues_open"]}
        assert tenant["dedup_conflicts"]["item"] == open_.get("duplicate_events", 0)
        tokens.update(tenant["tokens_expired"])
        guarded += tenant["dedup_conflicts"]["user"]
    assert min(tokens["mailbox"], tokens["crm"], guarded) > 0


async def test_time_alone_stalls_users_and_a_long_session_is_named_as_such(start):
    panel = await start(tenants=1)
    await panel.control("freeze")
    before = (await panel.truth())["tenants"]["firm-001"]["users"]
    assert before["up"] > 0
    panel.clock.pass_(6 * 3600)
    after = (await panel.truth())["tenants"]["firm-001"]
    assert after["users"]["up"] == after["users"]["failing"] == 0
    assert after["users"]["stalled"] == before["stalled"] + before["up"] + before["failing"]
    assert after["users"]["down"] == before["down"]
    assert {one["class"] for one in after["syncs_down"]} >= {"no_recent_session", "session_too_long"}


async def test_the_truth_of_one_tenant_is_part_of_the_whole(start):
    panel = await start()
    await panel.control("freeze")
    whole, one = await panel.truth(), await panel.truth("firm-002")
    assert one["tenants"] == {"firm-002": whole["tenants"]["firm-002"]}
    async with panel.client.get("/truth/firm-999") as response:
        assert response.status == 404


def test_each_wording_names_a_class_that_somebody_owns_and_reads_differently_each_time():
    for text in (*SESSION_FAILURES, *ISSUES):
        assert text.class_ in OWNERS
        one, other = (text.render(bytes([n]) * 32, 1e9 + n) for n in (1, 2))
        assert "$" not in one
        assert (one == other) == ("$" not in text.template)
        assert not COMPLETED.search(one) or text.class_ == "sync_engine_fault"
        assert bool(PASSING.search(one)) == text.transient or text in ISSUES
    for text in WITH_ISSUES:
        assert COMPLETED.search(text.render(bytes(32), 1e9, issues=2, conflicts=1))
    assert set(OWNERS) >= TRANSIENT
