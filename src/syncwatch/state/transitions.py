"""What is new and what is gone: a pure function of memory, reading and verdicts.

Here is defined what one event is. A session counts when it is first seen ended; an issue when its fingerprint
is neither open nor gone for less than a day; an expired token or a stop by the duplicate guard once until a
session completes. Before the first complete poll nothing counts: it only says what was there already; nor when
every user's id has changed. Who is there at all is `roster`'s to say. A user of whom nothing changed stays the same
object, so that whoever looks for changes need not look inside.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from types import MappingProxyType

import msgspec
from msgspec.structs import replace

from syncwatch.model import NO_MESSAGE, Cause, Finding, IssueFacts, SessionFacts, State, UserFacts, Verdict
from syncwatch.state.memory import Counters, KnownIssue, Mark, TenantMemory, UserMemory, plus
from syncwatch.state.reading import Reading, UserReading
from syncwatch.state.roster import HELD, Roster

DAY = 86_400.0
DUPLICATES = "duplicate_events"
GUARD = "duplicate_guard"
NOT_RUNNING = frozenset({State.NOT_INITIALIZED, State.ORGANIZATION_OFF, State.PAUSED, State.DOWN})


class StateChange(msgspec.Struct, frozen=True):
    """One user's step from one state or class to another."""

    user: str
    before: State
    verdict: Verdict


class Tally(msgspec.Struct):
    """What counts, once it is committed; bounded, however long it waits for that.

    Attributes:
        sessions: ended sessions.
        failures: those that did not complete, by class.
        durations: how many sessions took so many whole seconds.
        issues: newly seen issues, by class.
        dedup: duplicate conflicts by effect, `user` or `item`.
        tokens: token expiries by side.
        rules: newly seen texts by the rule that matched.
    """

    sessions: int = 0
    failures: Counter[str] = msgspec.field(default_factory=Counter)
    durations: Counter[int] = msgspec.field(default_factory=Counter)
    issues: Counter[str] = msgspec.field(default_factory=Counter)
    dedup: Counter[str] = msgspec.field(default_factory=Counter)
    tokens: Counter[str] = msgspec.field(default_factory=Counter)
    rules: Counter[str] = msgspec.field(default_factory=Counter)

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in Tally.__struct_fields__)

    def __add__(self, later: "Tally") -> "Tally":
        """These and then those."""
        return Tally(*(getattr(self, name) + getattr(later, name) for name in Tally.__struct_fields__))


class Events(Tally):
    """What happened between two polls: what counts, and what is only said.

    Attributes:
        changes: users whose state or class changed.
        began: organization-wide causes that did not stand before.
        over: those that stood before and no longer do.
        strangers: whether nobody who is there was known before.
    """

    changes: list[StateChange] = msgspec.field(default_factory=list)
    began: list[Cause] = msgspec.field(default_factory=list)
    over: list[Cause] = msgspec.field(default_factory=list)
    strangers: bool = False

    @property
    def tally(self) -> Tally:
        """What of it counts."""
        return Tally(*(getattr(self, name) for name in Tally.__struct_fields__))


def transitions(
    memory: TenantMemory,
    reading: Reading,
    roster: Roster,
    verdicts: Mapping[str, Verdict],
    causes: tuple[Cause, ...] = (),
) -> tuple[TenantMemory, Events]:
    """The memory after this reading, and the events on the way to it.

    If not one user is known any more, it is the ids that have changed (a column is gone, a key is new) or a list that was
    empty for a while: then nothing is new, and this reading is a baseline again. A list that was cut short is one only if it was so each time.
    """
    there = roster.listed
    strangers = bool(there) and not roster.kept and memory.users.keys().isdisjoint(there)
    baseline = memory.baseline and not strangers
    strangers = strangers and memory.baseline
    events, uncounted = Events(strangers=strangers), Events()
    users = _absent(roster, again=memory.rules != reading.rules)
    for id_, user in there.items():
        old = memory.users.get(id_)
        counts = baseline and not (old and old.uncounted)
        heard = events if counts else uncounted
        users[id_] = _user(old, user, verdicts[id_], reading.time, heard, baseline=baseline)
    events.changes += uncounted.changes
    _causes(memory.causes, causes, events)
    after = TenantMemory(
        version=memory.version,
        epoch=memory.epoch,
        written=memory.written,
        last_success=memory.last_success,
        polls=memory.polls + 1,
        suspicions=roster.suspicions,
        nameless=memory.nameless if roster.lost else max(memory.nameless, reading.nameless),
        baseline=baseline or (reading.complete and (reading.whole_list or memory.polls >= HELD)),
        rules=reading.rules,
        organization_pages=reading.organization_pages,
        user_pages=reading.user_pages if not roster.lost else {},  # whoever is new on it is to be seen again
        organizations=reading.organizations,
        settings_read=reading.settings_read,
        plans=reading.plans,
        plans_read=reading.plans_read,
        odd_plans=reading.odd_plans,
        users=users,
        causes=causes,
        counters=_counted(memory.counters, events),
    )
    return after, events


def _absent(roster: Roster, *, again: bool) -> dict[str, UserMemory]:
    """Those who are not listed, as they were; if texts are judged anew, theirs are once they can be read."""
    absent = {**roster.kept, **roster.missing}
    if again:
        absent = {id_: replace(user, pending=True) for id_, user in absent.items()}
    return absent


def _causes(before: Iterable[Cause], causes: Iterable[Cause], events: Events) -> None:
    """What began and what is over, of the troubles of whole organizations."""
    was = {(cause.organization, cause.class_): cause for cause in before}
    now = {(cause.organization, cause.class_): cause for cause in causes}
    events.began += (cause for key, cause in now.items() if key not in was)
    events.over += (cause for key, cause in was.items() if key not in now)


def _counted(counters: Counters, events: Events) -> Counters:
    return Counters(
        sessions=counters.sessions + events.sessions,
        failures=counters.failures + events.failures.total(),
        issues=counters.issues + events.issues.total(),
        dedup=plus(counters.dedup, events.dedup),
        tokens=plus(counters.tokens, events.tokens),
    )


def _user(
    old: UserMemory | None,
    user: UserReading,
    verdict: Verdict,
    now: float,
    events: Events,
    *,
    baseline: bool,
) -> UserMemory:
    told = old.told if old else frozenset()
    for session in user.sessions:
        told = _session(session, told, events)
    state = verdict.state
    if old is not None and (old.state is not state or old.class_ != verdict.class_):
        events.changes.append(StateChange(user.facts.id, old.state, verdict))
    known = old.known if old else MappingProxyType({})
    after = UserMemory(
        facts=user.facts,
        state=state,
        since=old.since if old and old.state is state else _since(old, verdict, now),
        class_=verdict.class_,
        active_since=None if state in NOT_RUNNING else grace_from(old, user.facts, now),
        down_since=_down_since(old, verdict, now),
        mark=_mark(old, user),
        known=_issues(known, user.facts.issues, now, events) if user.fresh_issues else known,
        told=told,
        pending=user.pending,
        failed=user.failed,
        uncounted=user.pending and (old.uncounted if old else not baseline),
    )
    return old if old is not None and after == old else after


def _mark(old: UserMemory | None, user: UserReading) -> Mark | None:
    """The newest session that is counted; it stays so where an export leaves it out from one day to the next."""
    counted, last = old.mark if old else None, user.facts.last
    if user.pending or last is None or (counted is not None and last.started < counted.started):
        return counted
    return Mark(last.job, last.started)


def grace_from(old: UserMemory | None, facts: UserFacts, now: float) -> float | None:
    """Since when the sync of a user whose sync runs now is seen to, where that grants grace.

    None for one whose sync ran at first sight and whose data tells since when. Who comes back from `down` gets the
    grace too: no session can have ended while the engine had switched the user off.
    """
    if old is None:
        return now if facts.last is None and facts.created is None else None
    return now if old.state in NOT_RUNNING else old.active_since


def _since(old: UserMemory | None, verdict: Verdict, now: float) -> float:
    """At first sight the evidence tells; afterwards the change was seen, or came at a known instant."""
    return verdict.since if verdict.since is not None and (old is None or verdict.since >= old.since) else now


def _down_since(old: UserMemory | None, verdict: Verdict, now: float) -> float | None:
    if not verdict.state.sync_is_down:
        return None
    return old.down_since if old and old.down_since is not None else _since(old, verdict, now)


def _session(session: SessionFacts, told: frozenset[str], events: Events) -> frozenset[str]:
    """Count one ended session; gives what is told of the user from now on."""
    events.sessions += 1
    events.durations[max(0, round(session.ended - session.started))] += 1
    if session.completed:
        return frozenset()
    finding = session.finding
    events.failures[finding.class_ if finding else NO_MESSAGE] += 1
    if finding is None:
        return told
    _matched(finding, 1, events)
    side = finding.marks.token_expired
    if side is not None and side not in told:
        events.tokens[side] += 1
        told |= {side}
    if finding.marks.duplicate_guard and GUARD not in told:
        events.dedup["user"] += 1
        told |= {GUARD}
    return told


def _matched(finding: Finding, count: int, events: Events) -> None:
    if finding.rule:
        events.rules[finding.rule] += count


def _issues(
    known: Mapping[bytes, KnownIssue], issues: tuple[IssueFacts, ...], now: float, events: Events
) -> Mapping[bytes, KnownIssue]:
    after: dict[bytes, KnownIssue] = {}
    for issue in issues:
        before = known.get(issue.fingerprint, KnownIssue(0, first_seen=now))
        standing = _standing(before, issue.count, now)
        _seen(issue.finding, issue.count - before.open - _back(before, standing, now), events)
        after[issue.fingerprint] = standing
    for fingerprint, before in known.items():
        if fingerprint not in after and (standing := _standing(before, 0, now)).gone:
            after[fingerprint] = standing
    return after


def _standing(before: KnownIssue, rows: int, now: float) -> KnownIssue:
    """The same issue with so many rows now; those that went last come back first."""
    gone = _remembered(before, now)
    if rows < before.open:
        return KnownIssue(rows, (*gone, *(now,) * (before.open - rows)), before.first_seen)
    return KnownIssue(rows, gone[: max(0, len(gone) - (rows - before.open))], before.first_seen)


def _back(before: KnownIssue, after: KnownIssue, now: float) -> int:
    """How many rows were gone for less than a day and are back."""
    return max(0, len(_remembered(before, now)) - len(after.gone))


def _remembered(issue: KnownIssue, now: float) -> tuple[float, ...]:
    return tuple(time for time in issue.gone if now - time < DAY)


def _seen(finding: Finding, count: int, events: Events) -> None:
    if count <= 0:
        return
    events.issues[finding.class_] += count
    _matched(finding, count, events)
    if finding.class_ == DUPLICATES:
        events.dedup["item"] += count
