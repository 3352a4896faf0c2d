"""What `diagnose` says of a user: the way, who must act, what to do; never more than ids, codes and times."""

import re
from typing import Any

import pytest

from syncwatch.diagnosis.case import Case
from syncwatch.diagnosis.explain import explain
from syncwatch.diagnosis.instant import instant
from syncwatch.diagnosis.states import Circumstances, diagnose
from syncwatch.model import Condition, IssueFacts, Mailbox, Owner, Running, State, Switch, UserFacts
from syncwatch.rows import EVERYTHING, Sight
from syncwatch.state.snapshot import UserView
from unit.diagnosis.cases import CATALOGUE
from unit.given import GUARD, REQUIRED, T0, TOKEN, enabled, ended, owner_of


def said(user: UserFacts, now: float = T0, sight: Sight = EVERYTHING, **more: Any) -> str:
    verdict = diagnose(user, Circumstances(1800, 3600, None, owner_of, sight=sight), now)
    view = UserView(user, verdict, T0, None)
    return "\n".join(explain(Case(now, sight, owner_of, CATALOGUE.remedy, user=view, **more)))


def test_a_user_who_is_down():
    text = said(enabled(error=True, last=ended("job-7", finding=TOKEN)))
    for part in (
        "state:  down since 2023-11-14T22:03:20Z\n",
        "class:  oauth_token_expired",
        "owner:  end_user",
        "do:     Sign in to the mailbox again",
        "rule:   token",
        "job job-7, failed at",
        "open issues: none",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"switch": Switch.UNKNOWN}, State.UNKNOWN),
        ({"mailbox": Mailbox.NOT_INITIALIZED}, State.NOT_INITIALIZED),
        ({"effective": Switch.DISABLED}, State.ORGANIZATION_OFF),
        ({"error": True}, State.DOWN),
        ({"switch": Switch.DISABLED}, State.PAUSED),
        ({"last": ended(at=1000.0)}, State.STALLED),
        ({"last": ended(finding=REQUIRED)}, State.FAILING),
        ({}, State.UP),
    ],
)
def test_every_state_says_what_to_do(changes, state):
    text = said(enabled(**changes))
    assert re.search(rf"^state:  {state}( since .*Z)?$", text, re.MULTILINE)
    assert "\ndo:     " in text


def test_since_when_is_told_only_where_the_data_tells():
    assert "state:  up\n" in said(enabled()), "one look does not know since when"
    assert "state:  failing since 2023-11-14T22:03:20Z\n" in said(enabled(last=ended(finding=REQUIRED)))


def test_open_issues_are_summed_with_what_to_do():
    tab = (IssueFacts(b"1" * 12, REQUIRED, 2), IssueFacts(b"2" * 12, GUARD), IssueFacts(b"3" * 12, REQUIRED))
    text = said(enabled(issues=tab, running=Running("r9", T0)))
    assert "  3 x salesforce_required_field (salesforce_admin): " in text
    assert "  1 x duplicate_events (end_user): " in text
    assert "running session: job r9" in text
    assert "without a new session this changes at " in text
    assert "not visible to monitoring" in text


HIDDEN = Sight(sessions=False, messages=False, issues=False)


def test_what_a_panel_does_not_show_is_said_and_not_taken_for_none():
    text = said(enabled(last=None), sight=HIDDEN)
    assert "sessions: not visible to monitoring: this panel does not show them\n" in text
    assert "state:  unknown\nowner:  not visible to monitoring\ndo:     Look in the panel" in text
    assert "\nsessions: not visible: this panel does not show them\n" in text
    assert text.endswith("open issues: not visible: this panel has no issues list")
    assert "none" not in text.replace("none is", "")
    up = said(enabled(last=None, condition=Condition.UP), sight=HIDDEN)
    assert "the panel's own word is that the sync works\n" in up


def test_an_export_that_may_leave_sessions_out_says_so():
    sight = Sight(silence=False, live=False)
    text = said(enabled(last=None), sight=sight)
    assert (
        "last ended session: none shown\nother sessions: not visible: this panel may leave some out\n" in text
    )
    recent = said(enabled(last=ended(finding=TOKEN)), sight=sight)
    assert "state:  failing since" in recent
    assert "without a new session this changes" not in recent, "not before there is a newer export"
    silent = said(enabled(last=ended(ok=False)), sight=Sight(messages=False))
    assert "\nmessages of sessions: not visible: this panel does not show them\n" in silent


def test_an_owner_without_a_remedy_of_its_own_gets_the_default_owners():
    assert CATALOGUE.remedy("oauth_token_expired", Owner.NETWORK_ADMIN).startswith("Sign in")


def test_any_time_can_be_told():
    assert instant(0) == "1970-01-01T00:00:00Z"
    assert instant(1e300).endswith("s after 1970")
