"""When many users' trouble is one organization's: the thresholds, the time, and how long it stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncwatch.config.fleet import OrganizationWide
from syncwatch.diagnosis.causes import Member, organization_wide
from syncwatch.model import Cause, Owner, State, Verdict
from unit.given import MINUTE, T0

HALF_AN_HOUR = 30 * MINUTE
LIMITS = OrganizationWide()
DENIED = "impersonation_denied"
UP = Verdict(State.UP)


def denied(since: float | None = T0, owner: Owner = Owner.MAIL_ADMIN, class_: str = DENIED) -> Verdict:
    return Verdict(State.FAILING, class_, owner, since=since)


def firm(down: int, up: int = 0, organization: str = "o1", *, settled: bool = True) -> list[Member]:
    verdicts = [denied()] * down + [UP] * up
    return [Member(organization, verdict, HALF_AN_HOUR, settled) for verdict in verdicts]


def begun(members: list[Member], limits: OrganizationWide = LIMITS) -> list[tuple[str, int, int]]:
    return [(cause.class_, cause.down, cause.active) for cause in organization_wide(members, (), limits)]


@pytest.mark.parametrize(
    ("down", "up", "wide"),
    [
        (80, 0, True),
        (5, 5, True),
        (5, 6, False),
        (4, 0, False),
        (4, 4, False),
        (40, 41, False),
        (0, 9, False),
    ],
)
def test_it_takes_five_users_and_half_of_those_whose_sync_is_meant_to_run(down, up, wide):
    assert begun(firm(down, up)) == ([(DENIED, down, down + up)] if wide else [])


def test_the_thresholds_are_configuration():
    assert begun(firm(2, 2), OrganizationWide(users=2)) == [(DENIED, 2, 4)]
    assert begun(firm(9, 1), OrganizationWide(share=0.95)) == []


def test_they_must_have_come_down_within_two_plan_intervals():
    def at(*minutes: float) -> list[Member]:
        return [Member("o1", denied(T0 + each * MINUTE), HALF_AN_HOUR) for each in minutes]

    assert begun(at(0, 10, 20, 30, 60)) == [(DENIED, 5, 5)]
    assert begun(at(0, 10, 20, 30, 61)) == []
    assert begun(at(0, 100, 110, 120, 130, 140)) == [(DENIED, 6, 6)], "the window may lie anywhere"
    slow = [member._replace(interval=4 * HALF_AN_HOUR) for member in at(0, 60, 120, 180, 240)]
    assert begun(slow) == [(DENIED, 5, 5)]


def test_who_is_down_since_nobody_knows_when_does_not_begin_one():
    assert begun([Member("o1", denied(None), HALF_AN_HOUR)] * 9) == []


def test_classes_and_organizations_are_not_added_up():
    other = [Member("o1", denied(class_="network_error"), HALF_AN_HOUR)] * 4
    assert begun(firm(4) + other) == []
    assert begun(firm(4) + firm(4, organization="o2")) == []
    assert begun(firm(9, organization="")) == [], "who is in none shares nothing"


def test_the_owner_is_whom_most_of_the_verdicts_name():
    members = firm(3) + [Member("o1", denied(owner=Owner.CLIENT_ADMIN), HALF_AN_HOUR)] * 4
    (cause,) = organization_wide(members, (), LIMITS)
    assert cause.owner is Owner.CLIENT_ADMIN


STANDING = (Cause("o1", DENIED, Owner.MAIL_ADMIN, 80, 80),)


@pytest.mark.parametrize(("down", "stays"), [(80, True), (39, True), (20, True), (19, False), (0, False)])
def test_it_stays_until_less_than_a_quarter_is_left(down, stays):
    causes = organization_wide(firm(down, 80 - down), STANDING, LIMITS)
    assert [(cause.down, cause.active) for cause in causes] == ([(down, 80)] if stays else [])


def test_an_organization_without_anybody_left_has_none():
    assert organization_wide([], STANDING, LIMITS) == ()


def test_who_is_still_to_be_read_speaks_neither_for_it_nor_against_it():
    unread = firm(0, 79, settled=False)
    assert organization_wide(unread, STANDING, LIMITS) == (Cause("o1", DENIED, Owner.MAIL_ADMIN, 79, 79),)
    assert begun(firm(80, settled=False)) == []
    assert begun(firm(6) + unread) == [], "most of them are not known to be down"


@pytest.mark.parametrize(
    ("down", "up", "unread", "stays"),
    [(0, 3, 20, 20), (1, 1, 79, 80), (0, 61, 19, None), (0, 60, 20, 20), (10, 60, 10, 20), (90, 0, 9, 90)],
)
def test_it_is_over_only_if_it_were_over_with_all_who_are_still_to_be_read(down, up, unread, stays):
    members = firm(down, up) + firm(unread, settled=False)
    causes = organization_wide(members, STANDING, LIMITS)
    assert [cause.down for cause in causes] == ([stays] if stays else []), (
        "at most as many as before are left"
    )
    assert all(cause.owner is Owner.MAIL_ADMIN for cause in causes)


@given(
    st.lists(
        st.builds(
            firm, st.integers(0, 9), st.integers(0, 9), st.sampled_from(["o1", "o2"]), settled=st.booleans()
        ),
        max_size=3,
    ),
    st.booleans(),
)
def test_a_cause_that_begins_also_stays_and_counts_no_more_than_there_are(firms, standing):
    members = [member for each in firms for member in each]
    causes = organization_wide(members, STANDING if standing else (), LIMITS)
    assert organization_wide(members, causes, LIMITS) == causes
    assert all(1 <= cause.down <= cause.active for cause in causes)
