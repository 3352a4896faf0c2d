"""A `World` behind the scripted panel, with everything that may go wrong between a panel and a poll."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from history.script import End, Problem, Session, User, World
from history.truth import Look
from syncwatch.classification.book import Book
from syncwatch.classification.classifier import Classifier
from syncwatch.errors import PollError, Reason
from syncwatch.model import Direction, Mailbox, Operation, Outcome
from syncwatch.setup import load_ruleset
from unit.given import IssueLine, OrganizationLine, ScriptedPanel, SessionLine, UserLine

DIRECTIONS = {True: Direction.TO_CRM, False: Direction.TO_MAILBOX}
ORGANIZATIONS = tuple(map(OrganizationLine, ("o1", "o2", "o3")))
OUTCOMES = {True: Outcome.COMPLETED, False: Outcome.ERRORS}


@dataclass(frozen=True)
class Trouble:
    """What goes wrong in one poll.

    Attributes:
        lists: whether the lists cannot be read at all.
        left_out: users whom the list does not have.
        whole: whether the list goes to its end, as the panel says.
        failing: users whose `tab` cannot be read.
        gone: users whose tabs are not there any more.
        cut: users whose Issues tab does not go to its end.
    """

    lists: bool = False
    left_out: frozenset[str] = frozenset()
    whole: bool = True
    failing: Mapping[str, str] = field(default_factory=dict)
    gone: frozenset[str] = frozenset()
    cut: frozenset[str] = frozenset()


NONE = Trouble()


def panel(world: World, trouble: Trouble = NONE) -> ScriptedPanel:
    """The panel for one poll, whose texts are like those of no other poll."""
    shown = {id_: user for id_, user in world.users.items() if id_ not in trouble.left_out}
    error = PollError(Reason.HTTP_5XX, "as the test says")
    fails: dict[str, BaseException] = {f"{tab} {id_}": error for id_, tab in trouble.failing.items()}
    if trouble.lists:
        fails["users"] = error
    return ScriptedPanel(
        lines=[tuple(_line(user, world) for user in shown.values())],
        organizations_=ORGANIZATIONS,
        sessions_={id_: None if id_ in trouble.gone else _table(user) for id_, user in shown.items()},
        issues_={id_: _tab(id_, user, world, trouble) for id_, user in shown.items()},
        fails=fails,
        cut=trouble.cut,
        users_whole=trouble.whole,
    )


def look(world: World, asked: Collection[str], trouble: Trouble, *, now: float, rules: str) -> Look:
    """What that panel showed to somebody who asked for this."""
    shown = {id_: user for id_, user in world.users.items() if id_ not in trouble.left_out}
    failed = {id_ for id_, tab in trouble.failing.items() if f"{tab} {id_}" in asked}
    failed |= {id_ for id_ in trouble.gone if f"sessions {id_}" in asked or f"issues {id_}" in asked}
    cut = {id_: _some(shown[id_].tab) for id_ in trouble.cut & shown.keys()}
    return Look(shown, now, rules, trouble.whole, frozenset(failed), cut)


def classifier() -> Classifier:
    """The rules that the histories need."""
    return Classifier(Book(load_ruleset((Path(__file__).with_name("rules.yaml"),))))


def _some(tab: list[Problem]) -> list[Problem]:
    return tab[: len(tab) // 2]


def _line(user: User, world: World) -> UserLine:
    newest = user.running or (user.sessions[0] if user.sessions else None)
    return UserLine(
        id=user.id,
        organization=user.organization,
        mailbox=Mailbox.INITIALIZED,
        error=user.off,
        created=user.created,
        issues=len(user.tab),
        session_job=newest.job if newest else None,
        session_started=newest.started if newest else None,
        session_ended=newest.ended if newest else None,
        session_outcome=_outcome(newest) if newest else None,
        session_message=newest.message if newest and not world.terse else None,
        name=user.name,
    )


def _outcome(session: Session) -> Outcome:
    if session.ended is None:
        return Outcome.RUNNING
    return OUTCOMES[session.end is End.COMPLETED]


def _table(user: User) -> tuple[SessionLine, ...]:
    rows = (*((user.running,) if user.running else ()), *user.sessions)
    return tuple(SessionLine(row.job, row.started, row.ended, _outcome(row), row.message) for row in rows)


def _tab(id_: str, user: User, world: World, trouble: Trouble) -> tuple[IssueLine, ...] | None:
    if id_ in trouble.gone:
        return None
    rows = _some(user.tab) if id_ in trouble.cut else user.tab
    return tuple(
        IssueLine(
            problem.name,
            world.text(problem.text),
            direction=DIRECTIONS[problem.to_crm],
            operation=Operation(problem.operation),
        )
        for problem in rows
    )
