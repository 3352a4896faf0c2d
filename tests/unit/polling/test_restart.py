"""After a restart a panel is asked for its lists and for what has changed, and for nothing that the journal has."""

from dataclasses import replace

import pytest

from history.engines import Jumping, kept_in
from syncwatch.model import Change, Outcome, State, Switch
from syncwatch.state.ledger import Ledger
from unit.given import (
    HOUR,
    MINUTE,
    T0,
    ActivityLine,
    IssueLine,
    OrganizationLine,
    SessionLine,
    SettingLine,
    UserLine,
)
from unit.polling.watched import Watched, stages

FAILED = UserLine(id="fails", session_outcome=Outcome.ERRORS, session_message="throttled")
EARLIER = SessionLine("s0", T0 - HOUR, T0 - HOUR + 30, Outcome.ERRORS, "required")
LINES = (
    UserLine(issues=2),
    UserLine(id="off", switch=Switch.DISABLED, effective=Switch.DISABLED),
    UserLine(id="error", effective=Switch.DISABLED_BY_ERROR, error=True, session_outcome=Outcome.ERRORS),
    FAILED,
    replace(FAILED, id="told", session_message=None),
)
RAN = SessionLine("s1", FAILED.session_started, FAILED.session_ended, Outcome.ERRORS, "token")


@pytest.fixture(params=["sqlite", "postgresql"])
def opened(request, tmp_path):
    url = request.getfixturevalue("database") if request.param == "postgresql" else None
    return kept_in(tmp_path, url)


@pytest.fixture
def firm() -> Watched:
    firm = Watched(
        lines=[LINES],
        organizations_=(OrganizationLine(access_type="m365_graph_app_only"),),
        settings_={"o1": (SettingLine(),)},
        sessions_={"fails": (replace(RAN, message="throttled"), EARLIER), "told": (RAN, EARLIER), "error": (RAN,)},
        issues_={"u1": (IssueLine(), IssueLine(name="Dinner", text="token"))},
        activity_={"off": (ActivityLine(Change.DISABLED),)},
    )  # fmt: skip
    firm.clock = Jumping()
    return firm


async def restarted(firm: Watched, opened, later: float = MINUTE, **changes):
    """The first poll of a new process."""
    async with opened("firm-1", firm.clock) as journal:
        firm.stages = stages(journal=journal, **changes)
        firm.ledger = Ledger()
        return await firm.poll(later)


async def test_what_has_not_changed_is_not_read_again_and_shown_as_before(firm, opened):
    before = await restarted(firm, opened, 0)
    assert {what.partition(" ")[0] for what in firm.panel.asked} == {
        "organizations", "settings", "users", "plans", "sessions", "issues", "activity",
    }  # fmt: skip
    after = await restarted(firm, opened)
    assert firm.panel.asked == ["organizations", "users"]
    assert list(after.snapshot.users()) == list(before.snapshot.users())
    assert after.snapshot.counts() == before.snapshot.counts()
    assert (after.happened.changes, after.counters) == ([], before.counters)


async def test_a_session_that_ended_meanwhile_counts_once(firm, opened):
    await restarted(firm, opened, 0)
    new = replace(LINES[0], session_job="s2", session_started=T0 + 60, session_ended=T0 + 90)
    firm.panel.lines = [(new, *LINES[1:])]
    for _ in range(2):
        result = await restarted(firm, opened)
        assert (result.counters.sessions, result.counters.issues) == (1, 0)


async def test_sessions_of_hours_are_caught_up_from_the_table(firm, opened):
    await restarted(firm, opened, 0)
    ran = [SessionLine(f"n{number}", T0 + number * 1800, T0 + number * 1800 + 30) for number in range(1, 11)]
    last = ran[-1]
    new = replace(LINES[0], session_job=last.job, session_started=last.started, session_ended=last.ended)
    firm.panel.lines = [(new, *LINES[1:])]
    first = SessionLine("s1", LINES[0].session_started, LINES[0].session_ended)
    firm.panel.sessions_["u1"] = (*reversed(ran), first)
    result = await restarted(firm, opened, 6 * HOUR)
    assert result.counters.sessions == 10
    assert [what for what in firm.panel.asked if what.startswith("sessions")] == ["sessions u1"]


async def test_with_other_rules_all_is_read_again_and_nothing_counts(firm, opened):
    before = await restarted(firm, opened, 0)
    after = await restarted(firm, opened, rules="r2")
    assert "issues u1" in firm.panel.asked
    assert after.counters == before.counters
    await restarted(firm, opened, rules="r2")
    assert firm.panel.asked == ["organizations", "users"]


async def test_since_when_a_user_is_down_is_not_forgotten(firm, opened):
    await restarted(firm, opened, 0)
    result = await restarted(firm, opened, 2 * HOUR)
    view = result.snapshot.user("error")
    assert (view.verdict.state, view.down_since) == (State.DOWN, FAILED.session_ended)
