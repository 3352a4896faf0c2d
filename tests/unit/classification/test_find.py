"""From rows to facts: nothing of a text leaves, and the same trouble is recognised in the next mail about it."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncwatch.classification.find import MAX_IN_A_POLL, MAX_MASKED, NORMALISATION, ROWS_A_TURN, Finder
from syncwatch.classification.masking import MASK
from syncwatch.model import (
    Condition,
    Context,
    Direction,
    Finding,
    IssueFacts,
    Operation,
    OrganizationFacts,
    Outcome,
    Running,
    Side,
    Source,
)
from syncwatch.turns import Turns
from unit.given import (
    REQUIRED,
    T0,
    THROTTLED,
    TOKEN,
    IssueLine,
    OrganizationLine,
    SessionLine,
    UserLine,
    classify,
    enabled,
    finder,
    mask,
)


def issues_of(finder: Finder, rows: Sequence[IssueLine], **user: str) -> tuple[IssueFacts, ...]:
    return asyncio.run(finder.issues(enabled(**user), rows))


def fingerprint(row: IssueLine, *, user: str = "u1", tenant: str = "firm-1", key: bytes = b"k" * 32) -> bytes:
    (issue,) = issues_of(Finder(tenant, classify, mask, key), [row], id=user)
    return issue.fingerprint


ROW = IssueLine(
    name="Lunch 12:30", text="Insufficient rights on record 0061x00000AbCdE at 2023-05-02T10:00:31Z"
)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Lunch 13:30"},
        {"type": "Task"},
        {"direction": Direction.TO_MAILBOX},
        {"operation": Operation.DELETE},
        {"code": "2"},
        {"text": "no"},
    ],
)
def test_every_part_of_the_row_is_part_of_the_fingerprint(change):
    assert fingerprint(replace(ROW, **change)) != fingerprint(ROW)


def test_so_are_tenant_user_and_key():
    prints = {
        fingerprint(ROW),
        fingerprint(ROW, user="u2"),
        fingerprint(ROW, tenant="b"),
        fingerprint(ROW, key=b"x"),
    }
    assert len(prints) == 4


PINNED = (
    ROW,
    IssueLine(text="", name="", type="", code=""),
    IssueLine(
        text="Ünicode \ud800 at Tue, 02 May 2023 10:00:31 GMT, trace 4e8a3d12-fa32",
        direction=Direction.UNKNOWN,
    ),
    IssueLine(text="may 5/2/2023 2:30:31 PM; ErrorId: 1234-5678 (77) " * 2000, operation=Operation.DELETE),
)
PRINTS = {1: "0bd947bd071376ad19e6a7e2bf7a73b9989f30a8541be184cda758ec03c6e8d2"}


def test_whoever_changes_a_fingerprint_gives_the_normalisation_a_new_number():
    prints = b"".join(map(fingerprint, PINNED))
    assert hashlib.sha256(prints).hexdigest() == PRINTS[NORMALISATION], "add a number and its digest here"


@pytest.mark.parametrize(
    ("text", "later"),
    [
        ("record 0061x00000AbCdE is locked", "record 0061x00000ZzZzZ is locked"),
        ("ErrorId: 1234-5678 (77)", "ErrorId: 99999999-1 (1)"),
        ("at 2023-05-02T10:00:31Z.", "at 2024-11-30T09:01:00+02:00."),
        ("trace 4e8a3d12-fa32-4d92-9170-74cac44a1530", "trace 11111111-0000-4d92-9170-74cac44a1531"),
        ("05/02/2023 10:00", "12/31/2024 9:07"),
    ],
)
def test_ids_numbers_and_dates_in_the_text_are_not(text, later):
    assert fingerprint(replace(ROW, text=text)) == fingerprint(replace(ROW, text=later))


@pytest.mark.parametrize(
    ("text", "later"),
    [
        ("at Tue, 02 May 2023 10:00:31 GMT", "at Wed, 14 Jun 2023 11:10:01 GMT"),
        ("at 5/2/2023 10:00:31 AM", "at 5/2/2023 2:30:31 PM"),
    ],
)
def test_nor_are_dates_with_words_in_them(text, later):
    assert fingerprint(replace(ROW, text=text)) == fingerprint(replace(ROW, text=later))


def test_the_length_of_an_id_does_not_move_the_end_of_a_long_text():
    tail = " ".join(f"word{'x' * (n % 7)}" for n in range(3000))
    assert fingerprint(replace(ROW, text=f"id 1 {tail}")) == fingerprint(
        replace(ROW, text=f"id 123456789 {tail}")
    )


def test_equal_rows_come_together_and_different_ones_do_not():
    one, two, three = (
        issues_of(finder(), [ROW, ROW, IssueLine()])[0],
        *issues_of(finder(), [ROW, IssueLine()]),
    )
    assert (one.count, two.count, three.count) == (2, 1, 1)
    assert one.fingerprint == two.fingerprint != three.fingerprint
    assert three.finding == REQUIRED


def test_an_issue_keeps_which_way_its_item_was_to_go_and_what_for():
    row = replace(ROW, direction=Direction.TO_MAILBOX, operation=Operation.DELETE)
    (issue,) = issues_of(finder(), [row, row])
    assert (issue.direction, issue.operation, issue.count) == (Direction.TO_MAILBOX, Operation.DELETE, 2)


def judged(**organization) -> tuple[Finder, list[Context]]:
    """A finder that knows organization `o1`, and the contexts in which it judges."""
    contexts: list[Context] = []

    def judge(text: str, context: Context) -> Finding:
        contexts.append(context)
        return classify(text)

    found = Finder("firm-1", judge, mask, b"k" * 32)
    found.know({"o1": OrganizationFacts("o1", **organization)})
    return found, contexts


@pytest.mark.parametrize(
    ("direction", "side"),
    [
        (Direction.TO_CRM, Side.CRM),
        (Direction.TO_MAILBOX, Side.MAILBOX),
        (Direction.UNKNOWN, None),
    ],
)
def test_the_system_at_the_end_of_the_way_speaks(direction, side):
    found, contexts = judged(access_type="m365_graph_user", settings={"S": 1})
    issues_of(found, [replace(ROW, direction=direction)])
    assert contexts == [Context("m365_graph_user", side, settings={"S": 1})]


@pytest.mark.parametrize(
    ("source", "side"),
    [
        (Source.EXCHANGE, Side.MAILBOX),
        (Source.CONNECTOR, Side.CRM),
        (Source.ENGINE, None),
        (Source.UNKNOWN, None),
        (None, None),
    ],
)
def test_a_session_speaks_for_the_part_that_it_blames(source, side):
    found, contexts = judged(access_type="m365_graph_user")
    row = SessionLine("s1", T0 - 30, T0, Outcome.ERRORS, "token", source)
    found.sessions(enabled(), [row])
    found.user(UserLine(session_outcome=Outcome.ERRORS, session_message="token", session_source=source))
    assert contexts == [Context("m365_graph_user", side, source)] * 2


@given(st.text(), st.text())
def test_any_text_whatever_becomes_a_fact_without_it(name, text):
    (issue,) = issues_of(finder(), [IssueLine(name="\ud800" + name, text=text + "\udfff")])
    assert len(issue.fingerprint) == 12


def test_nothing_of_a_text_leaves():
    line = UserLine(session_outcome=Outcome.ERRORS, session_message="Canary Roe ended it")
    facts = (
        finder().user(line),
        issues_of(finder(), [IssueLine(name="Canary lunch", text="Canary says no")]),
    )
    assert "Canary" not in repr(facts)
    assert b"Canary" not in msgspec.json.encode(facts)


def session(outcome, message=None, **rest):
    return finder().user(UserLine(session_outcome=outcome, session_message=message, **rest))


@pytest.mark.parametrize(
    ("outcome", "message", "completed", "finding"),
    [
        (Outcome.COMPLETED, None, True, None),
        (Outcome.COMPLETED, "token", True, None),
        (Outcome.ERRORS, "token", False, TOKEN),
        (Outcome.ERRORS, "throttled", False, THROTTLED),
        (Outcome.ERRORS, None, False, None),
        (Outcome.ERRORS, "", False, None),
        (Outcome.ERRORS, "with issues", True, None),
    ],
)
def test_what_a_session_came_to(outcome, message, completed, finding):
    last = session(outcome, message).last
    assert (last.completed, last.finding) == (completed, finding)


def test_a_blank_message_says_nothing():
    assert session(Outcome.ERRORS, " \n").last.finding is None


def test_a_session_that_runs_is_not_the_last_ended_one():
    for outcome in (Outcome.RUNNING, Outcome.ERRORS):
        facts = session(outcome, session_ended=None)
        assert (facts.last, facts.running) == (None, Running("s1", UserLine().session_started))


def test_a_status_that_nobody_knows_is_kept_as_odd():
    facts = session(Outcome.UNKNOWN)
    assert (facts.last, facts.running, facts.odd_session) == (None, None, True)


def test_a_user_without_sessions():
    facts = finder().user(
        UserLine(session_job=None, session_started=None, session_ended=None, session_outcome=None)
    )
    assert (facts.last, facts.running, facts.odd_session) == (None, None, False)


def test_of_the_table_the_ended_sessions_speak_newest_first():
    rows = [
        SessionLine("a", T0, T0 + 30),
        SessionLine("c", T0 + 200, None, Outcome.RUNNING),
        SessionLine("b", T0 + 100, T0 + 130, Outcome.ERRORS, "token"),
        SessionLine("x", T0 + 50, T0 + 60, Outcome.UNKNOWN),
    ]
    assert [(each.job, each.completed) for each in finder().sessions(enabled(), rows)] == [
        ("b", False),
        ("a", True),
    ]


def test_what_the_panel_leaves_open_stays_open_and_its_own_word_is_kept():
    facts = finder().user(UserLine(effective=None, issues=None, condition=Condition.FAILING))
    assert (facts.effective, facts.issue_rows, facts.condition) == (None, None, Condition.FAILING)


def test_no_name_and_no_address_gets_into_facts():
    named = UserLine(name="Canary Roe", address="canary@firm.example", session_job=None)
    assert "anary" not in repr(msgspec.structs.asdict(finder().user(named)))


class Noted:
    """A mask that gives the text back, and notes what it is told to be known."""

    def __init__(self):
        self.known = []

    def __call__(self, text, known):
        self.known.append(set(known))
        return f"template of {text}"


@pytest.fixture
def noted():
    return Noted()


@pytest.fixture
def masking(noted):
    return Finder("firm-1", classify, noted, b"k" * 32)


def test_what_no_rule_knows_has_a_template_and_what_one_knows_has_none(masking, noted):
    (odd,) = issues_of(masking, [IssueLine(name="Lunch", text="odd")])
    (known,) = issues_of(masking, [IssueLine(text="required")])
    last = masking.user(
        UserLine(name=None, address=None, session_outcome=Outcome.ERRORS, session_message="worse")
    ).last
    assert (odd.finding.template, known.finding.template) == ("template of odd", "")
    assert last.finding.template == "template of worse"
    user = enabled()
    assert noted.known == [{"Lunch", user.id, user.organization, ""}, {user.id, user.organization, ""}]


def test_names_and_addresses_of_the_lists_are_known_until_the_poll_ends(masking, noted):
    masking.organization(OrganizationLine(name="Harbor Group"))
    masking.user(UserLine(name="Jane Roe", address="jane@firm.example", session_job=None))
    issues_of(masking, [IssueLine(name="Lunch", text="odd")])
    assert noted.known == [{"Lunch", "u1", "o1", "Harbor Group", "Jane", "Roe", "jane", "firm"}]


def test_one_poll_brings_no_more_than_so_many_templates(masking):
    rows = [IssueLine(name=f"{number}", text=f"odd {number}") for number in range(MAX_IN_A_POLL)]
    issues = issues_of(masking, [*rows, IssueLine(name="x", text="one more"), rows[0]])
    templates = [issue.finding.template for issue in issues]
    assert len({*templates}) == MAX_IN_A_POLL + 1
    assert templates[-1] == MASK


def lasting(number: int) -> str:
    """The text of a number, in letters: neither an id nor a month."""
    return "odd x" + "".join(chr(ord("a") + int(digit)) for digit in str(number))


def test_one_poll_masks_no_more_than_so_many_texts(masking, noted):
    rows = [IssueLine(name=f"{number}", text=lasting(number)) for number in range(MAX_MASKED + 500)]
    issues = issues_of(masking, rows)
    assert len(noted.known) == MAX_MASKED
    assert len(issues) == len(rows)
    assert issues[-1].finding.template == MASK


def test_texts_that_differ_in_ids_only_are_one_of_them(masking, noted):
    rows = [IssueLine(name=f"{number}", text=f"odd {number}") for number in range(MAX_MASKED + 500)]
    issues_of(masking, rows)
    assert len(noted.known) == len(rows)


async def test_others_have_their_turn_after_every_few_rows(masking, noted):
    rows = [IssueLine(name=f"{number}", text=lasting(number)) for number in range(20 * ROWS_A_TURN)]
    reading = asyncio.ensure_future(masking.issues(enabled(), rows))
    seen = [0]
    while not reading.done():
        await asyncio.sleep(0)
        seen.append(len(noted.known))
    assert max(after - before for before, after in pairwise(seen)) <= ROWS_A_TURN
    assert seen[-1] == len(rows)


async def test_a_poll_whose_time_is_up_leaves_the_rest(masking, noted):
    rows = [IssueLine(name=f"{number}", text=lasting(number)) for number in range(20 * ROWS_A_TURN)]
    reading = asyncio.ensure_future(masking.issues(enabled(), rows))
    for _ in range(3):
        await asyncio.sleep(0)
    reading.cancel()
    await asyncio.wait([reading])
    assert reading.cancelled()
    assert 0 < len(noted.known) <= 2 * ROWS_A_TURN


async def test_the_issues_of_several_polls_take_turns(noted):
    turns = Turns()
    finders = [Finder(f"firm-{number}", classify, noted, b"k" * 32, turns) for number in range(5)]
    rows = [IssueLine(name=f"{number}", text=lasting(number)) for number in range(4 * ROWS_A_TURN)]
    reading = asyncio.gather(*(each.issues(enabled(), rows) for each in finders))
    seen = [0]
    while not reading.done():
        await asyncio.sleep(0)
        seen.append(len(noted.known))
    assert max(after - before for before, after in pairwise(seen)) <= ROWS_A_TURN


def test_a_session_of_the_future_is_odd_and_hides_no_other():
    found = Finder("firm-1", classify, mask, b"k" * 32, latest=T0 + 900)
    for ahead in (UserLine(session_ended=T0 + 901), UserLine(session_started=T0 + 901, session_ended=None)):
        facts = found.user(ahead)
        assert (facts.odd_session, facts.last, facts.running) == (True, None, None)
    facts = found.user(UserLine(session_ended=T0 + 900, created=T0 + 901))
    assert (facts.odd_session, facts.last.ended, facts.created) == (False, T0 + 900, None)
    rows = [SessionLine("s2", T0, T0 + 10**9), SessionLine("s1", T0 - 60, T0)]
    assert [session.job for session in found.sessions(facts, rows)] == ["s1"]
