"""Whose texts are judged again: of whom something has changed that decides who must act, and nobody else's."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from msgspec import structs

from syncwatch.errors import Reason
from syncwatch.model import IMPERSONATED, Context, Finding, Outcome, Owner, Switch
from unit.given import (
    MINUTE,
    T0,
    TOKEN,
    IssueLine,
    OrganizationLine,
    SessionLine,
    UserLine,
    failed,
)
from unit.polling.watched import Watched, stages

APP_ONLY = "m365_graph_app_only"
# Down for what only the sessions table tells, with an open issue.
DOWN = UserLine(session_outcome=Outcome.ERRORS, effective=Switch.DISABLED_BY_ERROR, error=True, issues=1)
TABLE = (SessionLine("s1", T0 - 10 * MINUTE - 30, T0 - 10 * MINUTE, Outcome.ERRORS, "token"),)


def by_access(text: str, context: Context) -> Finding:
    impersonated = context.access in IMPERSONATED
    return structs.replace(TOKEN, owner=Owner.CLIENT_ADMIN if impersonated else Owner.END_USER)


def owners(firm: Watched, user: str = "u1") -> tuple[Owner, Owner]:
    """Of the session, and of the issue."""
    facts = firm.memory.users[user].facts
    return facts.last.finding.owner, facts.issues[0].finding.owner


def tabs(firm: Watched) -> list[str]:
    return [what for what in firm.panel.asked if what.startswith(("sessions", "issues"))]


@pytest.fixture
def firm() -> Watched:
    """Two users of a firm with two organizations, in the first of which people log in by themselves."""
    firm = Watched(
        lines=[(DOWN, replace(DOWN, id="u2"))],
        organizations_=(OrganizationLine(), OrganizationLine("o2", access_type=APP_ONLY)),
        sessions_=dict.fromkeys(("u1", "u2"), TABLE),
        issues_=dict.fromkeys(("u1", "u2"), (IssueLine(),)),
    )
    firm.stages = stages(classify=by_access)
    return firm


@pytest.mark.parametrize("change", [{"organization": "o2"}, {"access_type": APP_ONLY}])
async def test_who_comes_to_another_way_into_the_mailbox_is_read_again_and_nobody_else(firm, change):
    await firm.poll()
    assert owners(firm) == (Owner.END_USER,) * 2
    firm.panel.lines = [(replace(DOWN, **change), replace(DOWN, id="u2"))]
    result = await firm.poll(MINUTE)
    assert owners(firm) == (Owner.CLIENT_ADMIN,) * 2
    assert tabs(firm) == ["sessions u1", "issues u1"]
    assert (result.happened.sessions, result.happened.issues.total()) == (0, 0)
    await firm.poll(MINUTE)
    assert tabs(firm) == []


async def test_a_row_that_cannot_be_read_has_not_moved_anywhere(firm):
    await firm.poll()
    firm.panel.lines, firm.panel.refused = [(replace(DOWN, id="u2"),)], ("u1",)
    await firm.poll(MINUTE)
    assert tabs(firm) == []
    firm.panel.lines, firm.panel.refused = [(DOWN, replace(DOWN, id="u2"))], ()
    await firm.poll(MINUTE)
    assert owners(firm) == (Owner.END_USER,) * 2


async def test_a_page_with_somebody_pending_is_sent_again_so_that_names_are_known_to_be_masked():
    known: list[tuple[str, ...]] = []

    def mask(text: str, names: Iterable[str] = ()) -> str:
        known.append(tuple(names))
        return "masked"

    firm = Watched(
        lines=[(UserLine(name="Grant Access", issues=1),), (UserLine(id="u2"),)],
        etags=["a", "b"],
        issues_={"u1": (IssueLine(text="strange"),)},
        fails={"issues": failed(Reason.HTTP_5XX)},
    )
    firm.stages = stages(mask=mask)
    await firm.poll()
    firm.panel.fails = {}
    await firm.poll(MINUTE)
    assert firm.panel.sent == [""]
    (names,) = known
    assert any("Grant" in name for name in names)
    await firm.poll(MINUTE)
    assert firm.panel.sent == []
