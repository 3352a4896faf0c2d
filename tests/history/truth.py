"""What of a tenant's life counts, written from the definition of an event alone; it shares no code with the daemon.

A session counts when it is first seen ended. A row of an Issues tab counts when it is neither open nor gone for less
than a day, equal rows each for itself; only a session that completed and a tab that was read whole take rows away. An
expired token of a side, and a stop by the duplicate guard, count once until a session completes. The first complete look
counts nothing, nor does the first look at a user that failed at that time; later whoever is new counts with all their
rows and their newest session.

A truth is a value: looks are folded into it one after the other, and a watcher that forgets what it never wrote down
goes back to an older one.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from history.script import End, Problem, Session, User

DAY = 86_400.0
HELD = 2  # lists in a row that lost more than half and are not believed
FORGOTTEN = 2  # complete lists in a row without a user who is then forgotten

ONCE = {
    End.MAILBOX_TOKEN: "expired mailbox tokens",
    End.CRM_TOKEN: "expired CRM tokens",
    End.GUARD: "users stopped",
}

Counts = Counter[str]


@dataclass(frozen=True)
class Look:
    """What one poll was shown.

    Attributes:
        users: those whom the list had.
        now: when.
        rules: by which rules texts were judged; other ones make all tabs be read again.
        whole: whether the list went to its end.
        failed: users of whom something was asked for in vain.
        cut: users whose tab did not go to its end, with the rows that it had.
    """

    users: Mapping[str, User]
    now: float
    rules: str = ""
    whole: bool = True
    failed: frozenset[str] = frozenset()
    cut: Mapping[str, list[Problem]] = field(default_factory=dict)


@dataclass(frozen=True)
class Known:
    """One user as far as seen.

    Attributes:
        newest: when the newest counted session began.
        open: rows that stand.
        left: when others went that may come back.
        once: what does not count again before a session completes.
        unread: whether something of theirs is still to be read.
        before: whether that is so since before the first complete look.
        missing: complete lists in a row without them.
    """

    organization: str
    newest: float | None = None
    open: Counter[Problem] = field(default_factory=Counter)
    left: Mapping[Problem, tuple[float, ...]] = field(default_factory=dict)
    once: frozenset[End] = frozenset()
    unread: bool = False
    before: bool = False
    missing: int = 0


@dataclass(frozen=True)
class Truth:
    """Everything that was seen, and what it counts; see the module."""

    users: Mapping[str, Known] = field(default_factory=dict)
    begun: bool = False
    rules: str = ""
    doubts: int = 0
    looks: int = 0
    counts: Counts = field(default_factory=Counter)

    def written(self) -> "Truth":
        """What is left of it in a process that reads it: not how often the one before had looked."""
        return replace(self, looks=0)

    def after(self, look: Look) -> "Truth":
        """With one more look."""
        listed, others, doubts = self._believed(look)
        there = {id_ for id_, known in others.items() if not known.missing}
        strangers = bool(listed) and not there and not self.users.keys() & listed.keys()
        begun = self.begun and not strangers
        counts = self.counts.copy()
        again = look.rules != self.rules
        users = {id_: replace(known, unread=known.unread or again) for id_, known in others.items()}
        for id_, user in listed.items():
            old = self.users.get(id_)
            if id_ in look.failed:
                before = old.before if old else not begun
                users[id_] = replace(
                    old or Known(""), organization=user.organization, unread=True, before=before, missing=0
                )
                continue
            users[id_], seen = _user(old, user, look, again=look.rules != self.rules)
            if begun and not (old and old.before):
                counts += seen
        begun = begun or look.whole or self.looks >= HELD
        looks = self.looks + 1
        return Truth(users, begun=begun, rules=look.rules, doubts=doubts, counts=counts, looks=looks)

    def _believed(self, look: Look) -> tuple[Mapping[str, User], Mapping[str, Known], int]:
        """Whom of the list to believe in, who else is not forgotten, and how many lists were doubted."""
        lost = {id_: known for id_, known in self.users.items() if id_ not in look.users}
        if not look.whole:
            return look.users, lost, self.doubts
        there = sum(not known.missing for known in self.users.values())
        odd = 2 * sum(not known.missing for known in lost.values()) > there
        if odd and self.doubts < HELD:
            return {id_: user for id_, user in look.users.items() if id_ in self.users}, lost, self.doubts + 1
        missing = {id_: replace(known, missing=known.missing + 1) for id_, known in lost.items()}
        return look.users, {id_: one for id_, one in missing.items() if one.missing < FORGOTTEN}, 0


def _user(old: Known | None, user: User, look: Look, *, again: bool) -> tuple[Known, Counts]:
    seen: Counts = Counter()
    new = _new_sessions(old, user.sessions)
    once = old.once if old else frozenset()
    for session in reversed(new):
        once = _session(session, once, seen)
    open_, left = (old.open, old.left) if old else (Counter[Problem](), {})
    moved = old is not None and old.organization != user.organization
    if new or old is None or old.unread or again or moved:
        rows = Counter(look.cut.get(user.id, user.tab))
        completed = not user.sessions or user.sessions[0].end.completed
        rows = rows if completed and user.id not in look.cut else rows | open_
        left = _rows(open_, rows, left, look.now, seen)
        open_ = rows
    newest = user.sessions[0].started if user.sessions else (old.newest if old else None)
    return Known(user.organization, newest, open_, left, once), seen


def _new_sessions(old: Known | None, sessions: list[Session]) -> list[Session]:
    """The newest first: of somebody new only that one, because the others ended before anybody looked."""
    if old is None or (old.newest is None and old.unread):
        return sessions[:1]
    return [session for session in sessions if old.newest is None or session.started > old.newest]


def _session(session: Session, once: frozenset[End], seen: Counts) -> frozenset[End]:
    seen["sessions"] += 1
    if session.end.completed:
        return frozenset()
    seen["failures"] += 1
    if session.end in ONCE and session.end not in once:
        seen[ONCE[session.end]] += 1
        return once | {session.end}
    return once


def _rows(
    before: Counter[Problem],
    rows: Counter[Problem],
    left: Mapping[Problem, tuple[float, ...]],
    now: float,
    seen: Counts,
) -> Mapping[Problem, tuple[float, ...]]:
    after = {}
    for problem in before | rows | Counter(left.keys()):
        gone = [time for time in left.get(problem, ()) if now - time < DAY]
        for _ in range(rows[problem] - before[problem]):
            if gone:
                gone.pop()  # the one that went last
            else:
                seen["issues"] += 1
                seen.update(["duplicates"] if problem.duplicate else [])
        gone += [now] * (before[problem] - rows[problem])
        if gone:
            after[problem] = tuple(gone)
    return after
