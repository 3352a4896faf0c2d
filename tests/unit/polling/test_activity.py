"""Why a user is off: asked once after a change of state, and never at the cost of anything else."""

from dataclasses import replace

import pytest
from msgspec import structs

from syncwatch.errors import Reason
from syncwatch.model import Change, Mailbox, Outcome, State, Switch, SwitchedOff, Why
from syncwatch.polling.activity import needs_activity, switched_off
from syncwatch.polling.fan_out import GIVE_UP
from syncwatch.rows import EVERYTHING, Sight
from unit.given import HOUR, MINUTE, T0, ActivityLine, IssueLine, UserLine, enabled, failed
from unit.polling.watched import Watched

OFF = UserLine(effective=Switch.DISABLED_BY_ERROR, error=True)
EXPIRED = ActivityLine(Change.DISABLED_BY_AUTHORIZATION)


def told(firm: Watched, user: str = "u1") -> tuple[SwitchedOff | None, bool]:
    facts = firm.memory.users[user].facts
    return facts.switched_off, facts.activity_known


async def asked(firm: Watched, later: float = MINUTE) -> list[str]:
    await firm.poll(later)
    return [what for what in firm.panel.asked if what.startswith("activity")]


@pytest.mark.parametrize(
    ("change", "needs"),
    [
        ({}, False),
        ({"error": True}, True),
        ({"effective": Switch.DISABLED_BY_ERROR}, True),
        ({"switch": Switch.DISABLED_BY_ERROR}, True),
        ({"switch": Switch.DISABLED}, True),
        ({"effective": Switch.DISABLED}, False),  # by the organization, which has no tab
        ({"switch": Switch.UNKNOWN}, False),
        ({"error": True, "mailbox": Mailbox.NOT_INITIALIZED}, False),
        ({"error": True, "activity_known": True}, False),
    ],
)
def test_only_who_is_off_by_error_or_by_a_person_is_asked_for_and_once(change, needs):
    assert needs_activity(enabled(**change), EVERYTHING) is needs
    assert not needs_activity(enabled(**change), Sight(activity=False))


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([], None),
        ([EXPIRED], SwitchedOff(T0 - HOUR, Why.AUTHORIZATION)),
        ([ActivityLine(Change.DISABLED_BY_THROTTLING)], SwitchedOff(T0 - HOUR, Why.THROTTLING)),
        ([ActivityLine(Change.DISABLED_BY_OTHER)], SwitchedOff(T0 - HOUR, Why.OTHER)),
        ([ActivityLine(Change.DISABLED)], SwitchedOff(T0 - HOUR, Why.PERSON)),
        ([EXPIRED, ActivityLine(Change.DISABLED, T0)], SwitchedOff(T0, Why.PERSON)),
        ([ActivityLine(Change.ENABLED, T0), EXPIRED], None),
        ([EXPIRED, ActivityLine(Change.ENABLED, T0 - 2 * HOUR)], SwitchedOff(T0 - HOUR, Why.AUTHORIZATION)),
        (
            [ActivityLine(Change.UNRELATED, T0), ActivityLine(Change.UNKNOWN, T0), EXPIRED],
            SwitchedOff(T0 - HOUR, Why.AUTHORIZATION),
        ),
    ],
)
def test_the_newest_row_about_the_switch_counts(rows, found):
    assert switched_off(rows) == found


async def test_it_is_asked_once_after_each_change_of_state():
    firm = Watched(lines=[(OFF,)], activity_={"u1": (EXPIRED,)})
    assert await asked(firm) == ["activity u1"]
    assert told(firm) == (SwitchedOff(T0 - HOUR, Why.AUTHORIZATION), True)
    assert await asked(firm) == []
    assert told(firm) == (SwitchedOff(T0 - HOUR, Why.AUTHORIZATION), True)
    firm.panel.lines = [(UserLine(),)]
    assert await asked(firm) == []
    assert told(firm) == (None, False)
    firm.panel.lines = [(UserLine(switch=Switch.DISABLED),)]
    firm.panel.activity_ = {"u1": (ActivityLine(Change.DISABLED, T0), EXPIRED)}
    assert await asked(firm) == ["activity u1"]
    assert told(firm) == (SwitchedOff(T0, Why.PERSON), True)


async def test_it_is_asked_again_once_a_session_tells_that_the_sync_was_on_in_between():
    firm = Watched(lines=[(OFF,)], activity_={"u1": (ActivityLine(Change.DISABLED_BY_THROTTLING),)})
    await firm.poll()
    ran = {"session_job": "s2", "session_started": T0 + 10, "session_outcome": Outcome.ERRORS}
    firm.panel.lines = [(replace(OFF, **ran, session_ended=T0 + 40),)]
    firm.panel.activity_ = {"u1": (ActivityLine(Change.DISABLED_BY_AUTHORIZATION, T0 + 45),)}
    assert await asked(firm) == ["activity u1"]
    assert told(firm) == (SwitchedOff(T0 + 45, Why.AUTHORIZATION), True)
    assert await asked(firm) == []
    runs = {"session_job": "s3", "session_started": T0 + 100, "session_outcome": Outcome.RUNNING}
    firm.panel.lines = [(replace(OFF, **runs, session_ended=None),)]
    assert await asked(firm) == ["activity u1"]
    firm.panel.lines = [
        (replace(OFF, **runs | {"session_outcome": Outcome.COMPLETED}, session_ended=T0 + 200),)
    ]
    assert await asked(firm) == [], "the same session"


async def test_an_unchanged_page_keeps_what_is_known():
    firm = Watched(lines=[(OFF,)], etags=["a"], activity_={"u1": (EXPIRED,)})
    assert await asked(firm) == ["activity u1"]
    assert await asked(firm) == []
    assert told(firm) == (SwitchedOff(T0 - HOUR, Why.AUTHORIZATION), True)


async def test_a_panel_without_activity_is_asked_once_and_one_that_does_not_offer_it_never():
    firm = Watched(lines=[(OFF,)])
    assert await asked(firm) == ["activity u1"]
    assert told(firm) == (None, True)
    assert await asked(firm) == []
    blind = Watched(lines=[(OFF,)], sight=structs.replace(EVERYTHING, activity=False))
    assert await asked(blind) == []
    assert told(blind) == (None, False)


@pytest.mark.parametrize("reason", [Reason.HTTP_5XX, Reason.TIMEOUT, Reason.SCHEMA])
async def test_a_failure_costs_nothing_and_is_asked_again(reason):
    firm = Watched(
        lines=[(replace(OFF, issues=1), UserLine(id="u2", issues=1))],
        fails={"activity": failed(reason)},
    )
    firm.panel.issues_ = {"u1": (IssueLine(),), "u2": (IssueLine(),)}
    result = await firm.poll()
    assert (result.error, firm.memory.baseline) == (None, True)
    assert [len(user.facts.issues) for user in firm.memory.users.values()] == [1, 1]
    assert not any(user.pending for user in firm.memory.users.values())
    assert result.snapshot.user("u1").verdict.state is State.DOWN
    firm.panel.fails, firm.panel.activity_ = {}, {"u1": (EXPIRED,)}
    assert await asked(firm) == ["activity u1"]
    assert told(firm)[1]


async def test_tabs_that_are_forbidden_are_not_visible_and_explain_nothing():
    users = tuple(replace(OFF, id=f"u{n}", session_outcome=Outcome.ERRORS) for n in range(20))
    firm = Watched(lines=[users], fails={"activity": failed(Reason.FORBIDDEN)})
    result = await firm.poll()
    assert (result.error, sum(what.startswith("activity") for what in firm.panel.asked)) == (None, 20)
    assert {told(firm, line.id) for line in users} == {(None, True)}
    assert [(cause.class_, cause.down) for cause in result.snapshot.causes()] == [("no_message", 20)]
    assert await asked(firm) == []


@pytest.mark.parametrize("reason", [Reason.AUTH, Reason.RATE_LIMITED, Reason.INTERNAL])
async def test_what_concerns_more_than_the_tab_makes_the_poll_partial(reason):
    firm = Watched(lines=[(OFF,)], fails={"activity": failed(reason, retry_after=90.0)})
    error = (await firm.poll()).error
    assert (error.reason, error.retry_after) == (Reason.PARTIAL, 90.0)
    assert error.detail == f"all users were read, but {reason}: as the test says"
    assert not told(firm)[1]


async def test_tabs_that_can_never_be_read_hold_up_neither_details_nor_for_ever_each_other():
    users = tuple(replace(OFF, id=f"u{n}", issues=1) for n in range(3 * GIVE_UP))
    firm = Watched(
        lines=[users],
        fails={f"activity u{n}": failed(Reason.HTTP_5XX) for n in range(GIVE_UP)},
        issues_={line.id: (IssueLine(),) for line in users},
        activity_={line.id: (EXPIRED,) for line in users},
    )
    await firm.poll()
    assert not any(user.pending for user in firm.memory.users.values())
    for _ in range(2 * GIVE_UP):
        await firm.poll(MINUTE)
    known = {id_ for id_, user in firm.memory.users.items() if user.facts.activity_known}
    assert known == {f"u{n}" for n in range(GIVE_UP, 3 * GIVE_UP)}


async def test_nothing_more_is_asked_of_a_panel_that_refuses_the_details():
    firm = Watched(lines=[(replace(OFF, issues=1),)], fails={"issues": failed(Reason.RATE_LIMITED)})
    assert await asked(firm) == []


async def test_of_others_than_the_one_user_who_is_wanted_only_the_same_organizations_are_asked():
    firm = Watched(lines=[(OFF, replace(OFF, id="u2"), replace(OFF, id="u3", organization="o2"))])
    await firm.poll(only="u2")
    assert [what for what in firm.panel.asked if what.startswith("activity")] == [
        "activity u1",
        "activity u2",
    ]
    firm = Watched(lines=[(OFF,)])
    await firm.poll(only="nobody")
    assert "activity u1" not in firm.panel.asked
