"""A verdict in words: the way through the tree, who must act, what to do, and what the panel does not show.

Ids, codes and times only.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from syncwatch.diagnosis.tree import SESSIONS
from syncwatch.model import Owner, State, UserFacts, Verdict
from syncwatch.rows import Sight
from syncwatch.state.snapshot import UserView

Remedy = Callable[[str, Owner], str]

# What to do in a state for which no class of trouble stands.
_ADVICE = {
    State.UNKNOWN: "Look at the user in the panel, and teach the panel profile the status value it shows.",
    State.ORGANIZATION_OFF: "Nothing, if the organization was switched off on purpose; else switch it on.",
    State.PAUSED: "Nothing, if it was meant; else switch the user's synchronization on.",
    State.UP: "Nothing for the sync itself, it runs; for open issues see below.",
}
_TOO_LITTLE = "Look at the user in the panel: what it lets the watch see does not tell whether the sync runs."
MAILBOX_NOT_INITIALIZED = "mailbox_not_initialized"
_NOT_VISIBLE = (
    "what the product leaves out silently: private, internal, blocked or unrelated events, events made before"
    " the sync was set up, and events outside of its time window"
)


def explain(view: UserView, sight: Sight, owner_of: Callable[[str], Owner], remedy: Remedy) -> Iterator[str]:
    """The diagnosis of one user, line by line.

    Args:
        view: the user as shown.
        sight: what the panel shows.
        owner_of: default owner of a class.
        remedy: what an owner is to do about a class.
    """
    facts, verdict = view.facts, view.verdict
    for step in verdict.path:
        yield f"  {step.node + ':':<20} {step.found}"
    yield ""
    yield f"state:  {verdict.state}{f' since {instant(verdict.since)}' if verdict.since is not None else ''}"
    yield from _trouble(verdict, owner_of, remedy)
    yield from _evidence(facts, verdict, sight)
    if sight.issues:
        yield from _issues(facts, remedy)
    else:
        yield "open issues: not visible: this panel has no issues list"
    if verdict.state is State.UP:
        yield f"not visible to monitoring: {_NOT_VISIBLE}"


def instant(time: float) -> str:
    """A time in UTC, as ISO 8601."""
    try:
        return datetime.fromtimestamp(time, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    except (OverflowError, ValueError, OSError):
        return f"{time:.0f} s after 1970"


def _trouble(verdict: Verdict, owner_of: Callable[[str], Owner], remedy: Remedy) -> Iterator[str]:
    class_, owner = verdict.class_, verdict.owner
    if verdict.state is State.NOT_INITIALIZED:
        class_, owner = MAILBOX_NOT_INITIALIZED, owner_of(MAILBOX_NOT_INITIALIZED)
    if class_ is None or owner is None:
        yield f"do:     {_advice(verdict)}"
        return
    yield f"class:  {class_}"
    yield f"owner:  {owner}"
    yield f"do:     {remedy(class_, owner)}"
    if verdict.finding is not None:
        codes = ", ".join(verdict.finding.codes)
        yield f"rule:   {verdict.finding.rule or 'none'}{f' (codes: {codes})' if codes else ''}"


def _advice(verdict: Verdict) -> str:
    too_little = verdict.state is State.UNKNOWN and verdict.path[-1].node == SESSIONS
    return _TOO_LITTLE if too_little else _ADVICE[verdict.state]


def _evidence(facts: UserFacts, verdict: Verdict, sight: Sight) -> Iterator[str]:
    if not sight.sessions:
        yield "sessions: not visible: this panel does not show them"
        return
    if facts.last is not None:
        how = "completed" if facts.last.completed else "failed"
        yield f"last ended session: job {facts.last.job}, {how} at {instant(facts.last.ended)}"
    else:
        yield "last ended session: none" if sight.silence else "last ended session: none shown"
    if facts.running is not None:
        yield f"running session: job {facts.running.job}, since {instant(facts.running.started)}"
    if not sight.silence:
        yield "other sessions: not visible: this panel may leave some out"
    if not sight.messages:
        yield "messages of sessions: not visible: this panel does not show them"
    if sight.live and verdict.until != float("inf"):
        yield f"without a new session this changes at {instant(verdict.until)}"


def _issues(facts: UserFacts, remedy: Remedy) -> Iterator[str]:
    if not facts.issues:
        yield "open issues: none"
        return
    yield "open issues:"
    kinds: dict[tuple[str, Owner], int] = {}
    for issue in facts.issues:
        kind = issue.finding.class_, issue.finding.owner
        kinds[kind] = kinds.get(kind, 0) + issue.count
    for (class_, owner), count in sorted(kinds.items(), key=lambda item: (-item[1], item[0])):
        yield f"  {count} x {class_} ({owner}): {remedy(class_, owner)}"
