"""The troubleshooting tree: every leaf against a golden file, and what is true of any walk.

After a change that is meant: GOLDEN=write pytest tests/unit/diagnosis/test_tree.py.
"""

import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from syncwatch.diagnosis.case import NOT_VISIBLE, Case
from syncwatch.diagnosis.explain import explain
from syncwatch.diagnosis.states import Circumstances, diagnose
from syncwatch.diagnosis.tree import walk
from syncwatch.model import (
    IMPERSONATED,
    AccessType,
    Cause,
    Context,
    Direction,
    IssueFacts,
    Operation,
    OrganizationFacts,
    Owner,
    State,
    SwitchedOff,
    Why,
)
from syncwatch.state.snapshot import UserView
from unit.diagnosis import cases
from unit.diagnosis.cases import CASES, CATALOGUE
from unit.diagnosis.test_states import circumstances, enabled_users, users
from unit.given import T0

GOLDEN = Path(__file__).parents[2] / "golden" / "diagnoses"
NODES = ("D0", "D1", "D2", "D3", "D3a", "D3b", "D3c", "D3'", "D4", "D4a", "D4b", "D4c", "D5", "D6", "D7")


@pytest.mark.parametrize("name", CASES)
def test_every_leaf_is_told_as_its_golden_file_says(name):
    said, golden = "\n".join(explain(CASES[name])) + "\n", GOLDEN / f"{name}.txt"
    if os.environ.get("GOLDEN") == "write":
        golden.write_text(said, encoding="utf-8")
    assert said == golden.read_text(encoding="utf-8")


def test_there_is_a_golden_file_for_each_case_and_no_other():
    assert {path.stem for path in GOLDEN.iterdir()} == CASES.keys()


def test_the_cases_end_at_every_node_that_can_be_an_end_and_pass_all_others():
    walks = [walk(case) for case in CASES.values()]
    assert {w.leaf.node for w in walks} == {"D0", "D1", "D2", "D3", "D3a", "D3b", "D3c", "D3'", "D4", "D7"}
    assert {step.node for w in walks for step in w.steps} == set(NODES)
    assert {case.user.verdict.state for case in CASES.values() if case.user} == set(State)


access_types = st.none() | st.sampled_from(AccessType)
findings = st.sampled_from([
    cases.GUARD, cases.FAULT, cases.DENIED, cases.REFUSED, cases.LIMIT, cases.ORGANIZER, cases.RECURRING,
])  # fmt: skip
issues = st.lists(
    st.builds(
        IssueFacts, st.binary(min_size=12, max_size=12), findings, st.integers(1, 9),
        st.sampled_from(Direction), st.sampled_from(Operation),
    ),
    max_size=4,
).map(tuple)  # fmt: skip
names = st.sampled_from([cases.RECURRENT, cases.ANSWERS, cases.API_COUNT, cases.API_PERCENT])
causes = st.lists(
    st.builds(
        Cause, st.just("o1"), st.sampled_from(["impersonation_denied", "no_message"]),
        st.sampled_from(Owner), st.integers(1, 9), st.integers(9, 20),
    ),
    max_size=2,
).map(tuple)  # fmt: skip


@st.composite
def any_case(draw: st.DrawFn) -> Case:
    user = replace(
        draw(enabled_users | users),
        issues=draw(issues),
        switched_off=draw(st.none() | st.builds(SwitchedOff, st.just(T0), st.sampled_from(Why))),
        activity_known=draw(st.booleans()),
        issue_rows=draw(st.none() | st.integers(0, 3)),
    )
    access, told = draw(access_types), draw(st.dictionaries(names, st.integers(-1, 20)))
    organization = draw(st.none() | st.just(OrganizationFacts("o1", access_type=access, settings=told)))
    terms = replace(draw(circumstances), context=Context(access, settings=told))
    organization = organization and replace(organization, crm_connected=draw(st.none() | st.booleans()))
    view = UserView(user, diagnose(user, terms, T0), T0, None)
    return Case(T0, terms.sight, CATALOGUE.owner, CATALOGUE.remedy, None, view, organization, draw(causes))


@settings(max_examples=500, deadline=None)
@given(any_case())
def test_whatever_the_facts_the_walk_ends_in_somebody_who_acts_or_in_what_is_not_visible(case):
    steps, leaf = walk(case)
    assert all(all(step) for step in steps)
    assert leaf.do
    assert leaf.owner is not None or any(NOT_VISIBLE in step.found for step in steps)
    if case.user.verdict.state.sync_is_down:
        assert (leaf.class_, leaf.owner) == (case.user.verdict.class_, case.owner)
    assert "healthy" not in "\n".join(explain(case))


@settings(max_examples=200, deadline=None)
@given(any_case())
def test_the_walk_goes_down_the_tree_from_its_top_and_ends_where_its_steps_do(case):
    steps, leaf = walk(case)
    levels = [step.node[:2] for step in steps]
    assert levels == sorted(levels)
    assert (levels[0], {step.node for step in steps} <= set(NODES)) == ("D0", True)
    assert leaf.node in {step.node for step in steps}


@settings(max_examples=200, deadline=None)
@given(any_case(), st.sampled_from(sorted(IMPERSONATED)))
def test_a_user_without_a_login_in_the_product_is_never_told_to_log_in(case, access):
    silent = replace(case.user.facts, last=None, issues=())
    organization = OrganizationFacts("o1", access_type=access)
    terms = Circumstances(1800, 3600, None, CATALOGUE.owner, Context(access), sight=case.sight)
    user = UserView(silent, diagnose(silent, terms, T0), T0, None)
    text = "\n".join(explain(replace(case, user=user, organization=organization, causes=())))
    assert not re.search(r"(?i)\bsigns? in\b|\blog in to\b|own login|mailbox again", text)
