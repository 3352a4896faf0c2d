"""A `World` as one firm of the other panel, by the rows of its contract."""

from history.script import INTERVAL, ORGANIZATIONS, End, Problem, Session, User, World
from integration.firm_x import iso
from integration.other_panel import Firm, Row

SWITCHED = {False: "Enabled", True: "Disabled due to an error"}
DIRECTIONS = {True: "ExchangeToSalesforce", False: "SalesforceToExchange"}


def show(world: World, firm: Firm) -> None:
    """Let the firm's panel show the world as it is now, in another thread's midst.

    Users are last: a poll may meet the tabs of a step before its list, and never a list before its tabs.
    """
    users = tuple(world.users.values())
    firm.gone = set(world.deleted)
    firm.sessions = {user.id: _table(user) for user in users}
    firm.issues = {user.id: [_issue(problem, world) for problem in user.tab] for user in users}
    firm.users = [_user(user, terse=world.terse) for user in users]


def firm(world: World) -> Firm:
    """A firm that shows this world."""
    made = Firm(
        organizations=[
            {
                "id": id_,
                "name": "Roe & Partner",
                "mailboxAccessType": "Microsoft 365 OAuth (Graph API) - App-only",
                "synchronizationStatus": "Enabled",
            }
            for id_ in ORGANIZATIONS
        ],
        plans=[
            {"id": "plan", "name": "Plan", "synchronizationIntervalSeconds": int(INTERVAL), "active": True}
        ],
    )
    show(world, made)
    return made


def _user(user: User, *, terse: bool) -> Row:
    newest = user.running or (user.sessions[0] if user.sessions else None)
    session = _session(newest) if newest else None
    if terse and session:
        del session["message"]
    return {
        "userId": user.id,
        "name": user.name,
        "email": "somebody@firm.example",
        "organizationId": user.organization,
        "planId": "plan",
        "mailboxStatus": "Initialized",
        "synchronizationStatus": "Enabled",
        "effectiveSynchronizationStatus": SWITCHED[user.off],
        "disabledDueToError": user.off,
        "lastSession": session,
        "issues": len(user.tab),
        "createdOn": iso(user.created),
    }


def _table(user: User) -> list[Row]:
    newest = (user.running,) if user.running else ()
    return [_session(session) for session in (*newest, *user.sessions)]


def _session(session: Session) -> Row:
    ran = "finished" if session.end is End.COMPLETED else "errors"
    return {
        "jobId": session.job,
        "startedAt": iso(session.started),
        "endedAt": None if session.ended is None else iso(session.ended),
        "status": "running" if session.ended is None else ran,
        "message": session.message,
    }


def _issue(problem: Problem, world: World) -> Row:
    return {
        "type": "Appointment",
        "name": problem.name,
        "direction": DIRECTIONS[problem.to_crm],
        "operation": problem.operation.capitalize(),
        "errorCode": 2,
        "errorText": world.text(problem.text),
    }
