"""One reading of a scripted panel: what is kept, what is asked, and what stops it."""

from dataclasses import replace

import pytest
from msgspec import structs

from syncwatch.errors import PollError, Reason
from syncwatch.model import Condition, Mailbox, Outcome, State, Switch
from syncwatch.polling.read import read
from syncwatch.polling.terms import Terms
from syncwatch.rows import Sight
from syncwatch.state.journal import Commit, MemoryJournal
from syncwatch.state.memory import TenantMemory
from unit.given import (
    DAY,
    FILTERED,
    HOUR,
    MINUTE,
    T0,
    IssueLine,
    OrganizationLine,
    PlanLine,
    ScriptedPanel,
    SessionLine,
    UserLine,
    classify,
    failed,
    finder,
)
from unit.polling.watched import Watched, stages

NONE = ("unclassified", "vendor_support")  # shown even at 0


def terms(now: float = T0, **changes) -> Terms:
    return Terms(**{
        "now": now, "rules": "r1", "timeout": 5.0, "inventory_interval": HOUR, "default_plan_interval": 1800.0,
        **changes,
    })  # fmt: skip


async def test_a_poll_reads_lists_plans_and_the_tabs_that_are_needed():
    firm = Watched(lines=[(UserLine(issues=1), UserLine(id="u2"))], issues_={"u1": (IssueLine(),)})
    result = await firm.poll()
    assert result.error is None
    assert firm.panel.asked == ["organizations", "settings o1", "users", "plans", "issues u1"]
    assert result.snapshot.counts().issues == {("salesforce_required_field", "salesforce_admin"): 1, NONE: 0}
    await firm.poll(MINUTE)
    assert firm.panel.asked == ["organizations", "users"]


async def test_pages_that_did_not_change_reuse_the_facts_and_time_alone_stalls_the_user():
    firm = Watched(lines=[(UserLine(),), (UserLine(id="u2"),)], etags=["a", "b"])
    first = await firm.poll()
    assert first.snapshot.until == T0 - 10 * MINUTE + 75 * MINUTE
    second = await firm.poll(MINUTE)
    assert second.snapshot.counts().users == first.snapshot.counts().users
    late = await firm.poll(HOUR + 10 * MINUTE)
    assert late.snapshot.counts().users[State.STALLED] == 2
    assert late.error is None


async def test_a_changed_page_is_read_and_the_other_one_is_not():
    firm = Watched(lines=[(UserLine(),), (UserLine(id="u2"),)], etags=["a", "b"])
    await firm.poll()
    firm.panel.lines[1], firm.panel.etags = (UserLine(id="u3", mailbox=Mailbox.NOT_INITIALIZED),), ["a", "c"]
    result = await firm.poll(MINUTE)
    assert {view.facts.id: view.verdict.state for view in result.snapshot.users()} == {
        "u1": State.UP, "u3": State.NOT_INITIALIZED,
    }  # fmt: skip


async def test_a_row_that_cannot_be_read_is_kept_as_unknown():
    firm = Watched(refused=("u9",))
    result = await firm.poll()
    assert result.snapshot.user("u9").verdict.state is State.UNKNOWN


async def test_a_failed_tab_leaves_that_user_pending_and_settles_the_others():
    line = UserLine(issues=1)
    firm = Watched(
        lines=[(line, replace(line, id="u2"))],
        issues_={"u1": (IssueLine(),), "u2": (IssueLine(),)},
        fails={"issues u2": failed(Reason.HTTP_5XX)},
    )
    result = await firm.poll()
    assert (result.error.reason, firm.memory.baseline) == (Reason.PARTIAL, True)
    assert result.error.detail.startswith("sessions or issues of 1 of 2 users are still to be read: http_5xx")
    assert [firm.memory.users[user].pending for user in ("u1", "u2")] == [False, True]
    assert sum(result.snapshot.counts().users.values()) == 2
    firm.panel.fails = {}
    again = await firm.poll(MINUTE)
    assert "issues u1" not in firm.panel.asked
    assert "issues u2" in firm.panel.asked
    assert (again.error, firm.memory.users["u2"].pending, firm.memory.counters.issues) == (None, False, 0)


@pytest.mark.parametrize("reason", [Reason.AUTH, Reason.FORBIDDEN, Reason.RATE_LIMITED])
async def test_a_refusal_that_holds_for_all_stops_asking(reason):
    users = tuple(UserLine(id=f"u{n}", issues=1) for n in range(30))
    firm = Watched(lines=[users], fails={"issues": failed(reason, retry_after=90.0)})
    result = await firm.poll()
    assert (result.error.reason, result.error.retry_after) == (Reason.PARTIAL, 90.0)
    assert sum(what.startswith("issues") for what in firm.panel.asked) <= 4


async def test_a_handful_of_other_failures_stops_asking_too():
    users = tuple(UserLine(id=f"u{n}", issues=1) for n in range(40))
    firm = Watched(lines=[users], fails={"issues": failed(Reason.HTTP_5XX)})
    await firm.poll()
    assert sum(what.startswith("issues") for what in firm.panel.asked) <= 8


async def test_whoever_could_not_be_read_is_asked_for_last_and_holds_up_nobody():
    users = tuple(UserLine(id=f"u{n}", issues=1) for n in range(12))
    broken = {f"issues u{n}": failed(Reason.HTTP_5XX) for n in range(6)}
    firm = Watched(lines=[users], fails=broken, issues_={line.id: (IssueLine(),) for line in users})
    await firm.poll()
    assert not firm.memory.baseline, "nobody has asked for the last ones yet"
    for _ in range(2):
        await firm.poll(MINUTE)
    pending = {id_ for id_, user in firm.memory.users.items() if user.pending}
    assert pending == {f"u{n}" for n in range(6)}
    assert firm.memory.baseline
    firm.panel.fails = {}
    again = await firm.poll(MINUTE)
    assert (again.error, again.snapshot.counts().issues) == (
        None, {("salesforce_required_field", "salesforce_admin"): 12, NONE: 0},
    )  # fmt: skip
    assert firm.memory.counters.issues == 0, "it was all there already"


async def test_a_tab_of_which_a_part_is_missing_resolves_nothing():
    firm = Watched(lines=[(UserLine(issues=2),)], issues_={"u1": (IssueLine(), IssueLine("Dinner"))})
    await firm.poll()
    firm.panel.cut, firm.panel.issues_ = frozenset({"u1"}), {"u1": (IssueLine(),)}
    firm.panel.lines = [(UserLine(issues=1, session_job="s2", session_started=T0, session_ended=T0 + 30),)]
    part = await firm.poll(MINUTE)
    assert part.snapshot.counts().issues["salesforce_required_field", "salesforce_admin"] == 2
    firm.panel.cut = frozenset()
    firm.panel.lines = [(replace(firm.panel.lines[0][0], session_job="s3", session_started=T0 + 60),)]
    whole = await firm.poll(MINUTE)
    assert whole.snapshot.counts().issues["salesforce_required_field", "salesforce_admin"] == 1


async def test_few_requests_are_in_flight_at_one_panel():
    users = tuple(UserLine(id=f"u{n}", issues=1) for n in range(20))
    firm = Watched(lines=[users])
    firm.panel.slow = 0.001
    assert (await firm.poll()).error is None
    assert firm.panel.most_at_once == 4


async def test_time_runs_out_for_details_but_not_for_what_is_there():
    users = tuple(UserLine(id=f"u{n}", issues=1) for n in range(3))
    panel = ScriptedPanel(lines=[users], slow=60.0)
    reading, error = await read(panel, TenantMemory(), finder(), terms(timeout=0.05))
    assert (error.reason, reading.complete) == (Reason.PARTIAL, False)
    assert all(user.pending for user in reading.users.values())


async def test_lists_that_take_too_long_fail_the_poll_with_its_reason():
    class Slow(ScriptedPanel):
        async def users(self, marks):
            await self._tab("users")
            return ()

    with pytest.raises(PollError) as caught:
        await read(Slow(slow=60.0), TenantMemory(), finder(), terms(timeout=0.05))
    assert caught.value.reason is Reason.TIMEOUT


async def test_a_failed_list_keeps_memory_and_shows_nothing_new():
    firm = Watched()
    await firm.poll()
    before = firm.memory
    firm.panel.fails = {"users": failed(Reason.CONNECT)}
    result = await firm.poll(MINUTE)
    assert (result.error.reason, result.snapshot, result.happened) == (Reason.CONNECT, None, None)
    assert result.memory is before


@pytest.mark.parametrize("fails", ["organizations", "users", "plans"])
async def test_a_failure_does_not_keep_alive_what_was_read(fails):
    result = await Watched(fails={fails: failed(Reason.HTTP_5XX)}).poll()
    assert result.error.__traceback__ is None, "its frames hold the whole poll, until the next one"


async def test_a_fault_of_ours_ends_in_a_result_too():
    firm = Watched(fails={"users": ZeroDivisionError("Lunch with Jane Roe")})
    result = await firm.poll()
    assert (result.error.reason, result.snapshot) == (Reason.INTERNAL, None)
    assert "Jane" not in str(result.error)


@pytest.mark.parametrize("tab", ["issues", "sessions"])
async def test_a_user_deleted_between_list_and_tab_stays_as_listed_until_the_next_list(tab):
    line = UserLine(id="u2", issues=1)
    if tab == "sessions":
        line = replace(line, session_ended=None, session_outcome=Outcome.RUNNING)
    firm = Watched(lines=[(UserLine(), line)], **{f"{tab}_": {"u2": None}})
    result = await firm.poll()
    assert (result.error, firm.memory.baseline) == (None, True)
    assert {id_: user.pending for id_, user in firm.memory.users.items()} == {"u1": False, "u2": True}
    assert result.snapshot.user("u2").facts.issue_rows == 1
    firm.panel.lines = [(UserLine(),)]
    result = await firm.poll(MINUTE)
    assert [view.facts.id for view in result.snapshot.users()] == ["u1"]
    await firm.poll(MINUTE)
    assert set(firm.memory.users) == {"u1"}


async def test_plans_are_read_again_after_the_inventory_interval():
    firm = Watched()
    await firm.poll()
    await firm.poll(HOUR - 1)
    assert "plans" not in firm.panel.asked
    await firm.poll(1)
    assert "plans" in firm.panel.asked


async def test_an_unknown_plan_is_looked_up_at_once_and_not_again_and_again():
    firm = Watched()
    await firm.poll()
    firm.panel.lines = [(UserLine(plan="p2"),)]
    firm.panel.plans_ = (PlanLine("p1", 1800), PlanLine("p2", 7200))
    found = await firm.poll(MINUTE)
    assert "plans" in firm.panel.asked
    assert found.snapshot.until == T0 - 10 * MINUTE + 4 * HOUR + 15 * MINUTE
    firm.panel.lines = [(UserLine(plan="nowhere"),)]
    await firm.poll(MINUTE)
    assert "plans" in firm.panel.asked
    missing = await firm.poll(MINUTE)
    assert "plans" not in firm.panel.asked
    assert missing.snapshot.until == T0 - 10 * MINUTE + 75 * MINUTE, "default_plan_interval"


async def test_a_plans_table_that_fails_costs_its_freshness_and_nothing_else():
    firm = Watched(plans_=(PlanLine("p1", 7200),))
    await firm.poll()
    firm.panel.fails = {"plans": failed(Reason.HTTP_5XX, retry_after=90.0)}
    firm.panel.lines = [
        (UserLine(session_job="s2", session_started=T0 + HOUR - 60, session_ended=T0 + HOUR),)
    ]
    result = await firm.poll(HOUR)
    assert (result.error.reason, result.error.retry_after) == (Reason.PARTIAL, 90.0)
    assert (result.happened.sessions, firm.memory.baseline) == (1, True)
    assert result.snapshot.until == T0 + HOUR + 4 * HOUR + 15 * MINUTE, "the plan that is known"
    firm.panel.fails = {}
    assert (await firm.poll(MINUTE)).error is None
    assert "plans" in firm.panel.asked


async def test_a_plans_table_that_never_answered_leaves_the_default():
    firm = Watched(fails={"plans": failed(Reason.HTTP_5XX)})
    result = await firm.poll()
    assert (result.error.reason, firm.memory.baseline) == (Reason.PARTIAL, True)
    assert result.snapshot.until == T0 - 10 * MINUTE + 75 * MINUTE


async def test_who_comes_back_from_down_is_not_stalled_before_a_session_can_have_ended():
    line = UserLine(error=True, effective=Switch.DISABLED_BY_ERROR)
    firm = Watched(lines=[(line,)])
    assert (await firm.poll()).snapshot.counts().users[State.DOWN] == 1
    firm.panel.lines = [(UserLine(),)]
    back = await firm.poll(DAY)
    assert (back.snapshot.counts().users[State.UP], back.snapshot.until) == (1, T0 + DAY + 75 * MINUTE)
    assert (await firm.poll(75 * MINUTE)).snapshot.counts().users[State.STALLED] == 1


async def test_other_rules_read_every_text_again_and_count_nothing():
    line = UserLine(issues=1, session_outcome=Outcome.ERRORS, session_message="token")
    firm = Watched(lines=[(line,)], etags=["a"], issues_={"u1": (IssueLine(),)})
    await firm.poll()
    before = firm.memory.counters
    other = replace(firm.stages, rules="r2", classify=lambda *_: classify("crm token"))
    firm.stages = other
    result = await firm.poll(MINUTE)
    assert result.snapshot.counts().down == {("crm_token_expired", "client_admin"): 1}
    assert result.snapshot.counts().issues == {("crm_token_expired", "client_admin"): 1, NONE: 0}
    assert firm.memory.counters == before
    await firm.poll(MINUTE)
    assert firm.panel.asked == ["organizations", "users"]


async def test_a_session_that_starts_after_a_failure_changes_no_state_and_counts_nothing():
    line = UserLine(session_outcome=Outcome.ERRORS, session_message="token")
    firm = Watched(lines=[(line,)])
    first = await firm.poll()
    ran = (SessionLine("s1", line.session_started, line.session_ended, Outcome.ERRORS, "token"),)
    firm.panel.sessions_ = {"u1": (SessionLine("s2", T0, None, Outcome.RUNNING), *ran)}
    firm.panel.lines = [(replace(line, session_job="s2", session_started=T0, session_ended=None,
                                 session_outcome=Outcome.RUNNING, session_message=None),)]  # fmt: skip
    second = await firm.poll(MINUTE)
    assert second.snapshot.counts().down == first.snapshot.counts().down
    assert (second.happened.sessions, second.happened.changes) == (0, [])


async def test_a_session_with_issues_is_completed():
    line = UserLine(session_outcome=Outcome.ERRORS, session_message="with issues")
    result = await Watched(lines=[(line,)]).poll()
    assert result.snapshot.counts().users[State.UP] == 1


async def test_a_transient_failure_counts_as_one_only_after_another_failure():
    line = UserLine(session_outcome=Outcome.ERRORS, session_message="throttled")
    ran = SessionLine("s1", line.session_started, line.session_ended, Outcome.ERRORS, "throttled")
    for outcome, state in ((Outcome.COMPLETED, State.UP), (Outcome.ERRORS, State.FAILING)):
        earlier = SessionLine("s0", T0 - HOUR, T0 - HOUR + 30, outcome, "required")
        result = await Watched(lines=[(line,)], sessions_={"u1": (ran, earlier)}).poll()
        assert result.snapshot.counts().users[state] == 1


async def test_while_the_journal_is_away_the_picture_goes_on_and_counters_catch_up_afterwards():
    class Away(MemoryJournal):
        away = False

        async def commit(self, changes):
            return (
                {each.tenant: Commit.FAILED for each in changes}
                if self.away
                else await super().commit(changes)
            )

    firm = Watched()
    firm.stages = stages(journal=(journal := Away()))
    await firm.poll()
    journal.away = True
    new = UserLine(session_job="s2", session_started=T0, session_ended=T0 + 30)
    firm.panel.lines = [(new,)]
    result = await firm.poll(MINUTE)
    assert (result.counted.sessions, result.counters.sessions) == (0, 0)
    assert result.snapshot.user("u1").facts.last.job == "s2"
    assert firm.panel.asked == ["organizations", "users"]
    journal.away = False
    result = await firm.poll(MINUTE)
    assert (result.counted.sessions, result.counters.sessions) == (1, 1)


async def test_a_refused_commit_goes_on_from_what_the_other_writer_left():
    firm = Watched()
    await firm.poll()
    mine = firm.ledger
    new = UserLine(session_job="s2", session_started=T0, session_ended=T0 + 30)
    firm.panel.lines = [(new,)]
    await firm.poll(MINUTE)
    theirs, firm.ledger = firm.ledger, mine
    refused = await firm.poll(MINUTE)
    assert (refused.counted.sessions, refused.snapshot.user("u1").facts.last.job) == (0, "s2")
    after = await firm.poll(MINUTE)
    assert (after.counters, after.counted.sessions) == (theirs.counters, 0)


async def test_a_list_that_was_cut_short_forgets_nobody():
    firm = Watched(lines=[(UserLine(), UserLine(id="u2"))])
    await firm.poll()
    firm.panel.lines, firm.panel.users_whole = [(UserLine(),)], False
    result = await firm.poll(MINUTE)
    assert sum(result.snapshot.counts().users.values()) == 2


async def test_another_list_that_was_cut_short_keeps_nobody_who_is_gone():
    firm = Watched(lines=[(UserLine(), UserLine(id="u2"))])
    await firm.poll()

    class Cut(ScriptedPanel):
        async def settings(self, organization):
            self.figures.truncated = True
            return await super().settings(organization)

    firm.panel = Cut()
    result = await firm.poll(HOUR)
    assert firm.panel.figures.truncated
    assert sum(result.snapshot.counts().users.values()) == 1


async def test_only_one_users_details_are_read_when_only_one_is_asked_for():
    users = tuple(UserLine(id=f"u{n}", issues=1) for n in range(5))
    firm = Watched(lines=[users])
    result = await firm.poll(only="u3")
    assert [what for what in firm.panel.asked if what.startswith("issues")] == ["issues u3"]
    assert (result.error, firm.memory.users["u3"].pending) == (None, False)


@pytest.mark.parametrize(("issues", "read_"), [(1, ["u3", "u0", "u1"]), (0, [])])
async def test_the_items_of_the_organizations_others_are_read_too_where_they_are_wanted(issues, read_):
    others = [UserLine(id=f"u{n}", issues=1) for n in range(2)]
    firm = Watched(
        lines=[(*others, UserLine(id="u3", issues=issues), UserLine(id="x", organization="o2", issues=1))]
    )
    firm.panel.issues_ = {id_: (IssueLine(),) for id_ in ("u0", "u1", "u3", "x")}
    await firm.poll(only="u3", items=True)
    assert [what for what in firm.panel.asked if what.startswith("issues")] == [
        f"issues {id_}" for id_ in read_
    ]
    pending = {id_ for id_, user in firm.memory.users.items() if user.pending}
    assert pending == {"u0", "u1", "u3", "x"} - {*read_, "u3"}


async def test_the_sessions_of_the_users_organization_are_read_too_for_they_may_tell_the_cause():
    failed_ = {"session_outcome": Outcome.ERRORS, "session_message": None}
    users = (
        UserLine(id="u1", **failed_), UserLine(id="u2", **failed_), UserLine(id="u3", issues=1),
        UserLine(id="u4", organization="o2", **failed_),
    )  # fmt: skip
    firm = Watched(lines=[users])
    await firm.poll(only="u2")
    tabs = [what for what in firm.panel.asked if what.startswith(("sessions", "issues"))]
    assert tabs == ["sessions u2", "sessions u1"]


async def test_after_a_gap_every_session_counts():
    firm = Watched()
    await firm.poll()
    at = T0 + DAY
    rows = tuple(
        SessionLine(f"x{n}", at - n * 1800, at - n * 1800 + 30, Outcome.COMPLETED) for n in range(40)
    )
    firm.panel.sessions_ = {"u1": (*rows, SessionLine("s1", T0 - 10 * MINUTE - 30, T0 - 10 * MINUTE))}
    firm.panel.lines = [(UserLine(session_job="x0", session_started=at, session_ended=at + 30),)]
    assert (await firm.poll(DAY + MINUTE)).happened.sessions == 40


async def test_a_user_of_whom_no_time_at_all_is_known_is_not_up_for_ever():
    line = UserLine(
        created=None, session_job=None, session_started=None, session_ended=None, session_outcome=None
    )
    firm = Watched(lines=[(line,)])
    assert (await firm.poll()).snapshot.until == T0 + 75 * MINUTE
    assert (await firm.poll(MINUTE)).snapshot.until == T0 + 75 * MINUTE
    assert (await firm.poll(75 * MINUTE)).snapshot.counts().users[State.STALLED] == 1


NO_SESSION = {
    "session_job": None, "session_started": None, "session_ended": None, "session_outcome": None
}  # fmt: skip
BROKEN = UserLine(session_outcome=Outcome.ERRORS, session_message="token")
WELL = UserLine(**NO_SESSION)


async def states(firm: Watched, later: float = 0.0) -> dict[str, State]:
    result = await firm.poll(later)
    assert result.error is None
    return {view.facts.id: view.verdict.state for view in result.snapshot.users()}


async def test_only_what_the_panel_shows_is_asked_for():
    bare = Sight(
        organizations=False, plans=False, sessions=False, messages=False, issues=False,
        default_plan_interval=7200.0,
    )  # fmt: skip
    firm = Watched(sight=bare, lines=[(UserLine(effective=None, condition=Condition.UP, issues=None),)])
    assert await states(firm) == {"u1": State.UP}
    assert firm.panel.asked == ["users"]
    assert firm.memory.users["u1"].facts.plan is None
    firm.panel.sight = structs.replace(bare, sessions=True, messages=True)
    firm.panel.lines = [
        (UserLine(effective=None, session_job="s2", session_started=T0 - 30, session_ended=T0),)
    ]
    result = await firm.poll(MINUTE)
    assert result.snapshot.until == T0 + 4 * HOUR + 15 * MINUTE, "the panel's own default goes first"


@pytest.mark.parametrize(
    ("organization", "state"),
    [
        (OrganizationLine(), State.UP),
        (OrganizationLine(switch=Switch.DISABLED), State.ORGANIZATION_OFF),
        (OrganizationLine("another"), State.UNKNOWN),
    ],
)
async def test_a_missing_effective_status_is_worked_out_from_the_organization(organization, state):
    firm = Watched(lines=[(UserLine(effective=None),)], organizations_=(organization,))
    assert await states(firm) == {"u1": state}
    nowhere = Watched(lines=[(UserLine(effective=None, organization=""),)], organizations_=(organization,))
    assert await states(nowhere) == {"u1": State.UP}


async def test_an_export_filtered_by_errors_shows_a_sync_that_is_well_again_as_unknown_and_counts_once():
    firm = Watched(sight=FILTERED, time=T0, lines=[(WELL, replace(WELL, id="u2"))])
    assert await states(firm) == {"u1": State.UNKNOWN, "u2": State.UNKNOWN}
    counted = []
    for line in (BROKEN, WELL, BROKEN, WELL, replace(BROKEN, session_job="s2", session_started=T0)):
        firm.panel.lines = [(line, replace(WELL, id="u2"))]
        after = await states(firm, MINUTE)
        assert after == {"u1": State.FAILING if line.session_job else State.UNKNOWN, "u2": State.UNKNOWN}
        counted.append((firm.memory.counters.sessions, firm.memory.counters.tokens.get("mailbox", 0)))
    assert counted == [(1, 1), (1, 1), (1, 1), (1, 1), (2, 1)]


async def test_an_export_that_died_stalls_nobody_and_is_not_looked_at_again_for_it():
    whole = Sight(plans=False, issues=False, live=False)
    firm = Watched(sight=whole, time=T0)
    for later in (0.0, 10 * MINUTE, 5 * HOUR, 3 * DAY):
        assert await states(firm, later) == {"u1": State.UP}
    result = await firm.poll(MINUTE)
    assert (result.snapshot.time, result.snapshot.until) == (T0, float("inf"))
    firm.panel.time = T0 + 2 * HOUR
    assert await states(firm) == {"u1": State.STALLED}, "a newer export in which there is still no session"


async def test_data_is_never_newer_than_its_reading():
    firm = Watched(sight=Sight(live=False), time=T0 + DAY)
    assert (await firm.poll()).snapshot.time == T0


async def test_a_failed_poll_says_what_the_panel_shows_too():
    firm = Watched(sight=FILTERED, fails={"users": failed(Reason.SCHEMA)})
    result = await firm.poll()
    assert (result.snapshot, result.sight) == (None, FILTERED)


async def test_newer_data_that_is_not_read_is_told_and_the_figures_stay():
    firm = Watched()
    await firm.poll()
    firm.panel.held = failed(Reason.DECODE)
    result = await firm.poll()
    assert result.error.reason is Reason.DECODE
    assert result.snapshot.counts().users[State.UP] == 1


async def test_an_organizations_cause_outlasts_a_poll_that_cannot_read_whom_it_takes_down():
    down = [UserLine(id=f"u{n}", session_job=f"{n}/1", session_outcome=Outcome.ERRORS) for n in range(20)]
    well = [UserLine(id=f"v{n}") for n in range(3)]
    firm = Watched(lines=[(*down, *well)])

    def table(number: int, at: float) -> dict[str, tuple[SessionLine, ...]]:
        return {
            f"u{n}": (SessionLine(f"{n}/{number}", at - 30, at, Outcome.ERRORS, "token"),) for n in range(20)
        }

    firm.panel.sessions_ = table(1, T0 - 10 * MINUTE)
    (cause,) = (await firm.poll()).snapshot.causes()
    firm.panel.sessions_ = table(2, T0 + 130)
    firm.panel.fails = {"sessions": failed(Reason.HTTP_5XX)}
    next_ = {"session_started": T0 + 100, "session_ended": T0 + 130}
    again = [replace(line, session_job=f"{n}/2", **next_) for n, line in enumerate(down)]
    firm.panel.lines = [(*again, *well)]
    partial = await firm.poll(5 * MINUTE)
    assert partial.snapshot.causes() == (cause,)
    assert (partial.happened.began, partial.happened.over) == ([], [])
    firm.panel.fails = {}
    whole = await firm.poll(5 * MINUTE)
    assert whole.snapshot.causes() == (cause,)
    assert (whole.happened.began, whole.happened.over) == ([], [])


async def test_a_steady_firm_is_written_when_it_changes_and_its_success_every_ten_minutes():
    class Counting(MemoryJournal):
        commits = 0

        async def commit(self, changes):
            self.commits += len(changes)
            return await super().commit(changes)

    lines = (
        UserLine(issues=1),
        UserLine(id="off", switch=Switch.DISABLED, effective=Switch.DISABLED),
        UserLine(id="error", effective=Switch.DISABLED_BY_ERROR, error=True),
        UserLine(
            id="new",
            mailbox=Mailbox.NOT_INITIALIZED,
            session_job=None,
            session_started=None,
            session_ended=None,
        ),
        UserLine(id="odd", effective=Switch.UNKNOWN),
        UserLine(id="fails", session_outcome=Outcome.ERRORS, session_message="token"),
        UserLine(id="gone", organization="o2"),
    )
    off = OrganizationLine("o2", switch=Switch.DISABLED)
    firm = Watched(lines=[lines], organizations_=(OrganizationLine(), off), issues_={"u1": (IssueLine(),)})
    firm.stages = stages(journal=(journal := Counting()))
    result = await firm.poll()
    assert len({view.verdict.state for view in result.snapshot.users()}) == 6
    for seconds, commits in ((0, 1), (60, 1), (300, 1), (240, 2), (60, 2)):
        await firm.poll(seconds)
        assert journal.commits == commits, seconds


async def test_a_session_of_the_future_hides_no_stall_and_those_after_it_are_counted():
    firm = Watched(lines=[(UserLine(session_ended=T0 + 10**9, session_job="odd"),)])

    async def state(later: float) -> State:
        return (await firm.poll(later)).snapshot.user("u1").verdict.state

    assert await state(0.0) is State.UNKNOWN
    firm.panel.lines = [(UserLine(),)]
    assert await state(MINUTE) is State.UP
    assert firm.ledger.counters.sessions == 1
    assert await state(3 * HOUR) is State.STALLED


@pytest.mark.parametrize("fails", [{}, {"users": failed(Reason.DECODE)}, {"users": KeyError()}])
async def test_whatever_a_poll_comes_to_it_holds_nothing_afterwards(fails):
    firm = Watched(fails=fails)
    await firm.poll()
    assert firm.panel.closed
