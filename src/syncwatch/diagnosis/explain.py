"""A diagnosis in words: the cause above all, the way through the tree, who must act, what to do, and the evidence.

Ids, codes and times only.
"""

from collections.abc import Iterator

from syncwatch.diagnosis.case import NOT_VISIBLE, Case, Leaf, Remedy
from syncwatch.diagnosis.instant import instant
from syncwatch.diagnosis.items import tasks
from syncwatch.diagnosis.tree import walk
from syncwatch.model import Cause, State, UserFacts, Verdict
from syncwatch.rows import Sight
from syncwatch.state.snapshot import UserView


def explain(case: Case) -> Iterator[str]:
    """The diagnosis, line by line."""
    steps, leaf = walk(case)
    for cause in case.causes:
        yield from _cause(cause, case)
    for step in steps:
        yield f"  {step.node:<4} {step.looked_at}: {step.found}"
        yield f"       -> {step.follows}"
    yield ""
    if case.user is None:
        yield from _leaf(leaf)
        return
    verdict = case.verdict
    yield f"state:  {verdict.state}{f' since {instant(verdict.since)}' if verdict.since is not None else ''}"
    yield from _leaf(leaf, " (of open issues: the sync itself runs)" if verdict.state is State.UP else "")
    yield from _rule(verdict)
    yield from _evidence(case.user, case.sight)
    if case.sight.issues:
        yield from _issues(case.facts, case.remedy)
    else:
        yield "open issues: not visible: this panel has no issues list"


def _cause(cause: Cause, case: Case) -> Iterator[str]:
    yield (
        f"organization-wide cause: {cause.class_}, {cause.down} of {cause.active} active users of organization"
        f" {cause.organization} are down with it"
    )
    if case.user is not None and case.verdict.class_ != cause.class_:
        yield "  this user is not one of them"
    yield f"  owner: {cause.owner}"
    yield f"  do:    {case.remedy(cause.class_, cause.owner)}"
    yield ""


def _leaf(leaf: Leaf, remark: str = "") -> Iterator[str]:
    if leaf.class_ is not None:
        yield f"class:  {leaf.class_}{remark}"
    yield f"owner:  {NOT_VISIBLE if leaf.owner is None else leaf.owner}"
    yield f"do:     {leaf.do}"


def _rule(verdict: Verdict) -> Iterator[str]:
    if verdict.finding is not None:
        codes = ", ".join(verdict.finding.codes)
        told = f", confidence {verdict.finding.confidence:g}" if verdict.finding.rule else ""
        yield f"rule:   {verdict.finding.rule or 'none'}{f' (codes: {codes})' if codes else ''}{told}"


def _evidence(user: UserView, sight: Sight) -> Iterator[str]:
    facts, verdict = user.facts, user.verdict
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
    for (class_, owner), count in tasks(facts.issues):
        yield f"  {count} x {class_} ({owner}): {remedy(class_, owner)}"
