"""What a poll must read of a user beyond the users list: as little as the facts allow.

Pure functions of what the list says now and what is remembered. The list shows only the newest session, which
may be running and then says nothing; memory fills in the ended one before it, and the user's sessions table is
asked only where memory cannot: cost follows change, not size. What the panel does not show is not asked for, and
where an export leaves a session out that it had, memory does not stand in for it: the sync may be well again.
"""

from msgspec.structs import replace

from syncwatch.model import IssueFacts, SessionFacts, UserFacts
from syncwatch.rows import Sight
from syncwatch.state.memory import Mark, UserMemory
from syncwatch.state.reading import UserReading

CHAIN = 2  # sessions remembered before the last one
MISSED = 1.5  # plan intervals between two starts after which a session in between may have been missed


def carry(listed: UserFacts, old: UserMemory | None, sight: Sight, *, reread: bool) -> UserFacts:
    """The listed facts with what memory knows and the list cannot say.

    With `reread` a message that the list does not have is not taken from memory: it is to be read again.
    """
    if old is None or listed is old.facts:
        return listed
    was = old.facts
    if listed.last is None and listed.running is None and not (sight.sessions and sight.silence):
        return replace(listed, issues=was.issues)
    if listed.last is None or _is_earlier(listed.last, was.last):
        return replace(
            listed, last=was.last, before=was.before, before_known=was.before_known, issues=was.issues
        )
    if was.last is not None and was.last.job == listed.last.job:
        silent = listed.last.finding is None and not listed.last.completed and not reread
        return replace(
            listed,
            last=was.last if silent else listed.last,
            before=was.before,
            before_known=was.before_known,
            issues=was.issues,
        )
    before = () if was.last is None else _chain(was.last, was.before)
    return replace(listed, before=before, before_known=was.last is not None, issues=was.issues)


def needs_sessions(
    facts: UserFacts, old: UserMemory | None, interval: float, sight: Sight, *, reread: bool
) -> bool:
    """Whether the sessions table must be read, given `carry`'s facts; `reread` asks for every text again."""
    if not sight.sessions:
        return False
    again = reread or (old is not None and old.pending)
    if facts.running is not None and (again or not _seen_running(facts.running.job, old)):
        return True
    if facts.last is None:
        return False
    new = _is_new(facts.last, old)
    silent = sight.messages and not facts.last.completed and facts.last.finding is None
    first_transient = facts.last.transient and not facts.before_known
    return (
        first_transient
        or (silent and (again or not _heard(facts.last, old)))
        or (new and _missed(facts.last, old, interval))
    )


def settle(facts: UserFacts, table: tuple[SessionFacts, ...] | None, old: UserMemory | None) -> UserReading:
    """The user's reading once the sessions table is there, None where it was not needed; issues as before.

    A session that ended after the list was read belongs to the next poll, together with its issues; a table that
    lags behind the list takes nothing back.
    """
    if table is not None:
        table = _together(facts, tuple(session for session in table if _listed(session, facts)))
        facts = replace(
            facts,
            last=next(iter(table), None),
            before=_chain(table[1], table[2:]) if table[1:] else (),
            before_known=True,
        )
    if facts.last is None or not _is_new(facts.last, old):
        return UserReading(facts)
    new = tuple(session for session in reversed(table or ()) if _is_later(session, old))
    return UserReading(facts, sessions=new or (facts.last,))


def needs_issues(user: UserReading, old: UserMemory | None, sight: Sight, *, reread: bool) -> bool:
    """Whether the Issues tab must be read: only with a new ended session, and if there may be or was a row."""
    if not sight.issues:
        return False
    asked = bool(user.sessions) or reread or old is None or old.pending
    return asked and (user.facts.issue_rows != 0 or bool(user.facts.issues))


def with_issues(user: UserReading, tab: tuple[IssueFacts, ...], *, whole: bool = True) -> UserReading:
    """The reading with the issues that are open now.

    Only a completed session and a `whole` tab resolve any: a failed session may leave the tab empty. They are in the
    order of their fingerprints, so that the same tab read twice is the same.
    """
    open_ = {issue.fingerprint: issue for issue in tab}
    last = user.facts.last
    if not whole or (last is not None and not last.completed):
        for kept in user.facts.issues:
            issue = open_.get(kept.fingerprint, kept)
            open_[kept.fingerprint] = replace(issue, count=max(issue.count, kept.count))
    return replace(
        user,
        facts=replace(user.facts, issues=tuple(open_[print_] for print_ in sorted(open_))),
        fresh_issues=True,
    )


def _chain(newest: SessionFacts, older: tuple[SessionFacts, ...]) -> tuple[SessionFacts, ...]:
    """The sessions before the last one, as far as they say something: what lies before one that completed does not."""
    return (newest,) if newest.completed else (newest, *older)[:CHAIN]


def _is_new(session: SessionFacts, old: UserMemory | None) -> bool:
    if old is None or old.mark is None:
        return True
    return old.mark.job != session.job and not _is_earlier(session, old.mark)


def _is_earlier(session: SessionFacts, other: SessionFacts | Mark | None) -> bool:
    return other is not None and session.started < other.started


def _heard(session: SessionFacts, old: UserMemory | None) -> bool:
    """Whether its message was asked for already, and what it said is still remembered."""
    return old is not None and old.facts.last is not None and old.facts.last.job == session.job


def _is_later(session: SessionFacts, old: UserMemory | None) -> bool:
    """Whether it ended under watch: after the mark, or any of a user who was known to have had none."""
    if old is None or (old.mark is None and old.pending):
        return False
    return old.mark is None or session.started > old.mark.started


def _together(facts: UserFacts, table: tuple[SessionFacts, ...]) -> tuple[SessionFacts, ...]:
    """The table with the newest session that is known, where the table does not have it (yet)."""
    last = facts.last
    if last is None or any(session.job == last.job for session in table):
        return table
    return tuple(sorted((last, *table), key=lambda session: session.started, reverse=True))


def _seen_running(job: str, old: UserMemory | None) -> bool:
    return old is not None and old.facts.running is not None and old.facts.running.job == job


def _missed(session: SessionFacts, old: UserMemory | None, interval: float) -> bool:
    """Whether a session may have come and gone between the one counted last and this one."""
    if old is None:
        return False
    if old.mark is None:
        return not old.pending  # the first one that is seen of somebody who was known to have had none
    if old.pending:
        return True
    return not _seen_running(session.job, old) and session.started - old.mark.started > MISSED * interval


def _listed(session: SessionFacts, facts: UserFacts) -> bool:
    if facts.running is not None:
        return session.started < facts.running.started
    return facts.last is None or session.started <= facts.last.started
