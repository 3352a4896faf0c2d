"""What happens from poll to poll: time alone, what counts and how often, faults, and changes of the set-up."""

import pytest

from integration.bench import Bench, Person, bench, firm
from integration.firm_x import LOCKED, THROTTLED, UNHEARD, issue
from integration.other_panel import Firm
from integration.serving import becomes
from syncwatch.panel.reading import Reading

DAY = 86_400.0
STALL = 2 * 600 + 900
QUOTA = "ErrorQuotaExceeded: The mailbox has exceeded its storage quota."
COUNTERS = ("sessions_total", "session_failures_total", "issues_seen_total")


@pytest.fixture
def watched() -> Firm:
    return firm()


@pytest.fixture
async def on(tmp_path, watched):
    async with bench(tmp_path, firm=watched, other=firm()) as started:
        yield started


@pytest.fixture
def person(on, watched) -> Person:
    return Person(watched, on.clock.now)


def counted(on: Bench) -> tuple[float | None, ...]:
    """Sessions, failures and issues counted so far."""
    return tuple(on.value(name) for name in COUNTERS)


async def test_users_turn_stalled_on_time_though_the_panel_says_304_all_day(on, watched, person):
    person.runs(ago=STALL - 600)
    stalls = on.clock.now() + 600
    async with on.running(on.setup("firm", polling={"interval": "1h"})):
        await on.first_poll()
        watched.always_unchanged = True
        on.clock.ahead += stalls - on.clock.now() - 5
        assert on.value("users", "up") == 1
        on.clock.ahead += 6
        await on.shows(1, "users", "stalled")
        assert on.value("syncs_down", "no_recent_session", "vendor_support") == 1
        assert counted(on) == (0, 0, 0)
    assert watched.asked["sessions"] == 0
    assert watched.asked["304"] >= 1


async def test_a_session_that_runs_too_long_stalls_the_user_on_time(on, watched, person):
    person.runs(ago=60)
    person.starts(ago=30)
    async with on.running(on.setup("firm", polling={"max_session": "10m"})):
        await on.shows(1, "users", "up")
        on.clock.ahead += 571
        await on.shows(1, "syncs_down", "session_too_long", "vendor_support")
        person.ends()
        await on.shows(1, "users", "up")
        assert counted(on) == (1, 0, 0)


async def test_a_session_that_starts_after_a_failed_one_changes_and_counts_nothing(on, person):
    person.runs(QUOTA, ago=60)
    async with on.running(on.setup("firm")):
        await on.shows(1, "syncs_down", "exchange_quota", "end_user")
        person.starts()
        await on.polled()
        assert on.value("users", "failing") == 1
        assert on.value("syncs_down", "exchange_quota", "end_user") == 1
        assert counted(on) == (0, 0, 0)
        person.ends()
        await on.shows(1, "users", "up")
        assert counted(on) == (1, 0, 0)


async def test_each_session_is_counted_once(on, person):
    person.runs(ago=60)
    async with on.running(on.setup("firm")):
        await on.polled()
        for counts in ((1, 1, 0), (2, 1, 0), (3, 2, 0)):
            person.runs(QUOTA if counts[0] % 2 else None)
            await on.shows(counts[0], "sessions_total")
            await on.polled()
            assert counted(on) == counts
        page = on.app.metrics().decode()
        assert 'inboxsync_fleet_session_failures_total{class="exchange_quota"} 2.0' in page
        assert "inboxsync_session_duration_seconds_count 3.0" in page


async def test_sessions_that_were_missed_are_caught_up(on, watched, person):
    person.runs(ago=3000)
    async with on.running(on.setup("firm")):
        await on.polled()
        watched.status = 503
        await on.shows(0, "tenant_up")
        for ago, message in ((2400, None), (1800, QUOTA), (1200, None), (600, QUOTA), (1, None)):
            person.runs(message, ago=ago)
        watched.status = 200
        await on.shows(5, "sessions_total")
        assert counted(on) == (5, 2, 0)


async def test_a_new_user_is_new_and_a_deleted_one_is_gone(on, watched, person):
    person.runs()
    async with on.running(on.setup("firm")):
        await on.shows(1, "users", "up")
        another = Person(watched, on.clock.now, "u-2")
        another.runs(QUOTA, tab=[issue(UNHEARD)])
        await on.shows(1, "users", "failing")
        assert counted(on) == (1, 1, 1)
        watched.users.remove(another.row)
        await on.shows(0, "users", "failing")
        assert on.value("issues_open", "unclassified", "vendor_support") == 0
        assert counted(on) == (1, 1, 1)


async def test_a_user_deleted_between_list_and_tab_spoils_no_poll(on, watched, person):
    person.runs(tab=[issue(UNHEARD)])
    late = Person(watched, on.clock.now, "u-2")
    late.runs(tab=[issue(UNHEARD)])
    watched.gone.add("u-2")
    async with on.running(on.setup("firm")):
        await on.shows(1, "issues_open", "unclassified", "vendor_support")
        assert on.value("tenant_up") == 1


async def test_what_passes_by_itself_fails_a_user_only_the_second_time(on, person):
    person.runs(ago=60)
    async with on.running(on.setup("firm")):
        await on.polled()
        person.runs(THROTTLED)
        await on.shows(1, "session_failures_total")
        assert on.value("users", "up") == 1
        person.runs(THROTTLED)
        await on.shows(1, "users", "failing")
        person.runs()
        await on.shows(1, "users", "up")
        assert counted(on) == (3, 2, 0)


async def test_only_a_completed_session_resolves_issues(on, person):
    person.runs(ago=60, tab=[issue(LOCKED), issue(QUOTA)])
    async with on.running(on.setup("firm")):
        await on.shows(1, "issues_open", "salesforce_lock_contention", "nobody")
        person.runs(QUOTA, tab=[])
        await on.shows(1, "session_failures_total")
        assert on.value("issues_open", "salesforce_lock_contention", "nobody") == 1
        assert on.value("issues_open", "exchange_quota", "end_user") == 1
        person.runs(tab=[issue(QUOTA)])
        await on.shows(None, "issues_open", "salesforce_lock_contention", "nobody")
        assert on.value("issues_open", "exchange_quota", "end_user") == 1
        assert counted(on) == (2, 1, 0)


async def test_an_issue_is_new_only_if_it_was_not_there_for_a_day(on, person):
    def seen(number: int):
        return issue(f"{UNHEARD} (trace 0{number}ab-77e{number}, 2026-0{number}-01T10:00:0{number}Z)")

    async with on.running(on.setup("firm", polling={"stale_after": "15m"})):
        person.runs(tab=[seen(1)])
        await on.shows(1, "issues_open", "unclassified", "vendor_support")
        baseline = on.value("issues_seen_total")
        person.runs(tab=[])
        await on.shows(0, "issues_open", "unclassified", "vendor_support")
        on.clock.ahead += DAY - 3600
        person.runs(tab=[seen(2)])
        await on.shows(1, "issues_open", "unclassified", "vendor_support")
        assert on.value("issues_seen_total") == baseline
        person.runs(tab=[])
        await on.shows(0, "issues_open", "unclassified", "vendor_support")
        on.clock.ahead += DAY + 60
        person.runs(tab=[seen(3), issue(QUOTA)])
        await on.shows(baseline + 2, "issues_seen_total")


async def test_equal_rows_count_as_many_as_there_are(on, person):
    person.runs(ago=60, tab=[issue(UNHEARD)])
    async with on.running(on.setup("firm")):
        await on.shows(1, "issues_open", "unclassified", "vendor_support")
        person.runs(tab=[issue(UNHEARD)] * 3)
        await on.shows(3, "issues_open", "unclassified", "vendor_support")
        assert counted(on) == (1, 0, 2)


async def test_a_token_that_expired_counts_again_only_after_a_completed_session(on, person):
    text = "AADSTS700082: The refresh token has expired due to inactivity."
    person.runs(ago=60)
    async with on.running(on.setup("firm")):
        await on.polled()
        for message, total in ((text, 1), (text, 1), (None, 1), (text, 2)):
            person.runs(message)
            sessions = on.value("sessions_total")
            await on.shows(sessions + 1, "sessions_total")
            assert on.value("token_expiries_total", "mailbox") == total
        assert on.value("tokens_expired", "mailbox") == 1


async def test_new_rules_move_gauges_and_no_counter(on, watched, person):
    person.runs(UNHEARD, ago=60, tab=[issue(UNHEARD)])
    async with on.running(on.setup("firm")):
        await on.shows(1, "syncs_down", "unclassified", "vendor_support")
        person.runs(UNHEARD, tab=[issue(UNHEARD), issue(UNHEARD, name="Other")])
        await on.shows(1, "sessions_total")
        before = counted(on)
        rules = "rules:\n  - {id: own, class: network_error, any: ['frobnicated'], cases: [{text: not frobnicated}]}\n"
        on.app.apply(on.setup("firm", rules=rules))
        await on.shows(2, "issues_open", "network_error", "network_admin")
        await on.shows(0, "issues_open", "unclassified", "vendor_support")
        await on.shows(None, "syncs_down", "unclassified", "vendor_support")
        await on.polled()
        assert counted(on) == before == (1, 1, 1)


async def test_tenants_come_and_go(on, watched, person):
    person.runs()
    async with on.running(on.setup("firm")):
        await on.polled()
        polls = on.value("tenant_polls_total")
        on.app.apply(on.setup("firm", "other"))
        await on.polled("other")
        await on.polled()
        assert on.value("tenant_polls_total") > polls
        on.app.apply(on.setup("other"))
        assert on.figures("firm") == {}
        await on.polled("other")
        asked = watched.asked.total()
        await on.polled("other")
        await on.polled("other")
        assert watched.asked.total() == asked
        person.runs()
        on.app.apply(on.setup("firm", "other"))
        await on.shows(1, "users", "up")


async def test_a_tenant_that_does_not_change_goes_on_undisturbed(on, watched, person):
    person.runs()
    async with on.running(on.setup("firm")):
        await on.polled()
        on.app.apply(on.setup("firm", "other"))
        await on.polled("other")
        await on.polled()
        assert watched.asked["token"] == 1


async def test_another_interval_loses_no_count(on, person):
    person.runs(ago=60)
    async with on.running(on.setup("firm")):
        await on.polled()
        person.runs()
        await on.shows(1, "sessions_total")
        on.app.apply(on.setup("firm", polling={"interval": "50ms"}))
        person.runs()
        await on.shows(2, "sessions_total")
        assert on.value("tenant_poll_interval_seconds") == 0.05


@pytest.mark.parametrize("where", ["users", "__init__"])
async def test_a_fault_of_ours_ends_no_tenants_task(on, person, monkeypatch, where):
    person.runs(ago=60)
    async with on.running(on.setup("firm")):
        await on.polled()
        faults = []

        def fault(*_: object, **__: object) -> None:
            faults.append(where)
            raise RuntimeError(where)

        with monkeypatch.context() as patched:
            patched.setattr(Reading, where, fault)
            await becomes(lambda: _at_least(2, faults))
        if where == "users":
            assert on.value("tenant_poll_failures_total", "internal") >= 2
        on.clock.ahead += 60  # past the pause that failures cost
        person.runs()
        await on.shows(1, "sessions_total")
        await on.shows(1, "tenant_up")


def _at_least(number: int, of: list[str]) -> None:
    assert len(of) >= number


async def test_a_panel_that_is_down_keeps_its_gauges_for_a_while_and_its_counters_for_ever(
    on, watched, person
):
    person.runs(ago=60)
    async with on.running(on.setup("firm", polling={"stale_after": "60s"})):
        await on.polled()
        person.runs()
        await on.shows(1, "sessions_total")
        watched.status = 500
        await on.shows(0, "tenant_up")
        assert on.value("users", "up") == 1
        on.clock.ahead += 50
        assert on.value("users", "up") == 1
        on.clock.ahead += 11
        gone = on.figures()
        kept = {"inboxsync_tenant_info", "inboxsync_tenant_up", "inboxsync_sessions_total"}
        assert kept <= gone.keys()
        picture = ("inboxsync_users", "inboxsync_issues_open", "inboxsync_syncs", "inboxsync_mailboxes")
        assert not [name for name in gone if name.startswith(picture)]
        assert counted(on) == (1, 0, 0)
        assert on.value("tenant_poll_failures_total", "http_5xx") >= 1
        watched.status = 200
        on.clock.ahead += 30  # no matter how long the pause has grown
        await on.shows(1, "tenant_up")
        assert on.value("users", "up") == 1
        assert counted(on) == (1, 0, 0)


async def test_a_tab_that_cannot_be_read_costs_no_other_user(on, watched, person):
    person.runs(ago=60)
    others = [Person(watched, on.clock.now, f"v-{n}") for n in range(3)]
    async with on.running(on.setup("firm")):
        await on.polled()
        watched.broken = {"v-0"}
        for other in others:
            other.runs(tab=[issue(UNHEARD)])
        await on.shows(2, "issues_open", "unclassified", "vendor_support")
        await on.shows(2, "sessions_total")
        assert on.value("tenant_up") == 0
        assert on.value("tenant_poll_failures_total", "partial") >= 1
        watched.broken = set()
        await on.shows(3, "issues_open", "unclassified", "vendor_support")
        await on.shows(3, "sessions_total")
        assert counted(on) == (3, 0, 3)


async def test_tabs_that_can_never_be_read_hold_up_nobody_for_ever(on, watched):
    people = [Person(watched, on.clock.now, f"v-{n:02}") for n in range(20)]
    async with on.running(on.setup("firm")):
        await on.polled()
        watched.broken = {f"v-{n:02}" for n in range(8)}
        for each in people:
            each.runs(tab=[issue(UNHEARD)])
        await on.shows(12, "issues_open", "unclassified", "vendor_support", seconds=2)


@pytest.mark.parametrize(
    ("status", "reason"), [(401, "auth"), (403, "forbidden"), (404, "http_4xx"), (503, "http_5xx")]
)
async def test_a_panel_that_refuses_is_told_by_its_reason(on, watched, person, status, reason):
    watched.status = status
    async with on.running(on.setup("firm")):
        await on.shows(0, "tenant_up")
        assert on.value("tenant_poll_failures_total", reason) >= 1
        assert on.value("tenant_last_poll_success_timestamp_seconds") is None
        assert on.value("users", "up") is None
        assert counted(on) == (0, 0, 0)
