"""Between a tenant's memory and its rows.

Of a finding the template is never written: it is masked, but still closer to a text than anything on a disk may be.
What many users have in common (findings, organizations, plans, classes) is one object in memory after a load, as it is
after a poll. Only what differs from a field's default is in the JSON: another default is another schema.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import force_setattr, replace

from syncwatch.model import (
    Cause,
    Direction,
    Finding,
    IssueFacts,
    Operation,
    OrganizationFacts,
    SessionFacts,
    Side,
    State,
    UserFacts,
)
from syncwatch.state.difference import kept_facts
from syncwatch.state.journal import Recalled
from syncwatch.state.memory import EMPTY, Counters, KnownIssue, Mark, TenantMemory, UserMemory
from syncwatch.state.store.tables import COUNTERS

Row = tuple[Any, ...]
"""Columns of one row, in the order of their statement."""

FINDINGS = 4096  # different ones that are kept at hand; a rule set makes a few hundred
STRINGS = 65_536

_NO_ISSUES: Mapping[bytes, KnownIssue] = MappingProxyType({})
_NOTHING: frozenset[str] = frozenset()
_STATES: Mapping[str, State] = MappingProxyType({state.value: state for state in State})
_DIRECTIONS: Mapping[str, Direction] = MappingProxyType({each.value: each for each in Direction})
_OPERATIONS: Mapping[str, Operation] = MappingProxyType({each.value: each for each in Operation})


class TenantRow(NamedTuple):
    """The columns that a commit writes of a tenant; see `tables.WRITTEN`."""

    tenant: str
    version: int
    epoch: int
    written: float | None
    last_success: float | None
    baseline: bool
    suspicions: int
    rules: str
    normalisation: int
    sessions: int
    failures: int
    issues: int
    dedup_user: int
    dedup_item: int
    tokens_mailbox: int
    tokens_crm: int
    inventory: str
    causes: str


class Inventory(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is remembered of a tenant's lists beside its users; see `TenantMemory`."""

    organizations: Mapping[str, OrganizationFacts] = MappingProxyType({})
    settings_read: Mapping[str, float] = MappingProxyType({})
    plans: Mapping[str, float] = MappingProxyType({})
    plans_read: float | None = None
    odd_plans: frozenset[str] = frozenset()


class Records:
    """Makes rows of memories and memories of rows.

    Args:
        normalisation: version of what makes the fingerprints; memories with those of another one start again.
    """

    def __init__(self, normalisation: int) -> None:
        self._normalisation = normalisation
        self._encode = msgspec.json.Encoder(enc_hook=_plain, order="deterministic").encode
        self._facts = msgspec.json.Decoder(UserFacts).decode
        self._gone = msgspec.json.Decoder(tuple[float, ...]).decode
        self._inventory = msgspec.json.Decoder(Inventory).decode
        self._causes = msgspec.json.Decoder(tuple[Cause, ...]).decode
        finding = msgspec.json.Decoder(Finding).decode
        self._shared = lru_cache(STRINGS)(str)
        self._bare = lru_cache(FINDINGS)(_bare)
        self._finding_text = lru_cache(FINDINGS)(lambda known: self._text(_bare(known)))
        self._finding = lru_cache(FINDINGS)(lambda text: self._bare(finding(text)))
        self._told = lru_cache(FINDINGS)(lambda text: frozenset(text.split(",")))

    def tenant_row(self, tenant: str, memory: TenantMemory) -> TenantRow:
        """The tenant's own row."""
        inventory = Inventory(
            memory.organizations, memory.settings_read, memory.plans, memory.plans_read, memory.odd_plans
        )
        counters = memory.counters
        return TenantRow(
            tenant=tenant,
            version=memory.version,
            epoch=memory.epoch,
            written=memory.written,
            last_success=memory.last_success,
            baseline=memory.baseline,
            suspicions=memory.suspicions,
            rules=memory.rules,
            normalisation=self._normalisation,
            sessions=counters.sessions,
            failures=counters.failures,
            issues=counters.issues,
            dedup_user=counters.dedup.get("user", 0),
            dedup_item=counters.dedup.get("item", 0),
            tokens_mailbox=counters.tokens.get(Side.MAILBOX, 0),
            tokens_crm=counters.tokens.get(Side.CRM, 0),
            inventory=self._text(inventory),
            causes=self._text(memory.causes),
        )

    def user_row(self, tenant: str, user: UserMemory) -> Row:
        """A user's row, in the order of the table's columns."""
        mark = user.mark
        return (
            tenant,
            user.facts.id,
            user.state.value,
            user.class_,
            user.since,
            user.active_since,
            user.down_since,
            mark.job if mark else None,
            mark.started if mark else None,
            ",".join(sorted(user.told)),
            user.pending,
            user.failed,
            user.uncounted,
            user.missing,
            self._facts_text(user.facts),
        )

    def issue_rows(self, tenant: str, user: UserMemory) -> dict[bytes, Row]:
        """The rows of a user's issues by fingerprint, in the order of the table's columns.

        Those that are gone have no finding: it is not in memory any more.
        """
        found = {issue.fingerprint: issue for issue in user.facts.issues}
        return {
            fingerprint: (
                tenant,
                user.facts.id,
                fingerprint,
                known.open,
                known.first_seen,
                max(known.gone, default=None),
                self._text(known.gone) if known.gone else None,
                *self._what(found.get(fingerprint)),
            )
            for fingerprint, known in user.known.items()
        }

    def memory(
        self, row: TenantRow, users: Iterable[Row], issues: Mapping[str, Sequence[Row]]
    ) -> TenantMemory:
        """A tenant's memory.

        Args:
            row: the tenant's own.
            users: whole rows of its users.
            issues: whole rows of their issues, by user.
        """
        inventory = self._inventory(row.inventory)
        memory = TenantMemory(
            version=row.version,
            epoch=row.epoch,
            written=row.written,
            last_success=row.last_success,
            baseline=bool(row.baseline),
            suspicions=row.suspicions,
            rules=self._shared(row.rules),
            organizations=inventory.organizations,
            settings_read=inventory.settings_read,
            plans=inventory.plans,
            plans_read=inventory.plans_read,
            odd_plans=inventory.odd_plans,
            users={each[1]: self._user(each, issues.get(each[1], ())) for each in users},
            causes=self._causes(row.causes),
            counters=_counters(getattr(row, name) for name in COUNTERS),
        )
        return memory if row.normalisation == self._normalisation else memory.again()

    def recalled(self, row: Row) -> tuple[str, Recalled]:
        """A tenant's id, and what is said of it before it is polled."""
        tenant, last_success, *counters = row
        return tenant, Recalled(_counters(counters), last_success)

    def _user(self, row: Row, issues: Sequence[Row]) -> UserMemory:
        (
            _, id_, state, class_, since, active_since, down_since, job, started, told, pending, failed, uncounted, missing, text
        ) = row  # fmt: skip
        known, found = self._issues(issues) if issues else (_NO_ISSUES, ())
        facts = self._user_facts(text, id_, found)
        return UserMemory(
            facts,
            _STATES[state],
            since,
            class_ and self._shared(class_),
            active_since,
            down_since,
            None if job is None else _mark(job, started, facts.last),
            known,
            self._told(told) if told else _NOTHING,
            bool(pending),
            bool(failed),
            bool(uncounted),
            missing,
        )

    def _user_facts(self, text: str, id_: str, issues: tuple[IssueFacts, ...]) -> UserFacts:
        """The facts as they were; nobody has seen them yet, so that they may still be changed."""
        facts = self._facts(text)
        force_setattr(facts, "id", id_)
        force_setattr(facts, "organization", self._shared(facts.organization))
        if facts.plan is not None:
            force_setattr(facts, "plan", self._shared(facts.plan))
        if facts.access_type is not None:
            force_setattr(facts, "access_type", self._shared(facts.access_type))
        for session in (facts.last, *facts.before):
            if session is not None and session.finding is not None:
                force_setattr(session, "finding", self._bare(session.finding))
        if issues:
            force_setattr(facts, "issues", issues)
        return facts

    def _facts_text(self, facts: UserFacts) -> str:
        """The facts but for what has a column or a row of its own."""
        last = facts.last and self._written(facts.last)
        return self._text(
            replace(kept_facts(facts), id="", last=last, before=tuple(map(self._written, facts.before)))
        )

    def _written(self, session: SessionFacts) -> SessionFacts:
        finding = session.finding
        return replace(session, finding=self._bare(finding)) if finding and finding.template else session

    def _issues(self, rows: Sequence[Row]) -> tuple[dict[bytes, KnownIssue], tuple[IssueFacts, ...]]:
        """All that are known, and those of them that are open."""
        known, found = {}, []
        for _, _, fingerprint, open_, first_seen, _, gone, direction, operation, finding in rows:
            known[fingerprint] = KnownIssue(open_, self._gone(gone) if gone else (), first_seen)
            if open_ and finding is not None:
                what = self._finding(finding)
                found.append(
                    IssueFacts(fingerprint, what, open_, _DIRECTIONS[direction], _OPERATIONS[operation])
                )
        found.sort(key=_fingerprint)  # as a reading has them, whatever the order of the rows
        return known, tuple(found)

    def _what(self, issue: IssueFacts | None) -> Row:
        """Direction, operation and finding."""
        if issue is None:
            return (None, None, None)
        return issue.direction.value, issue.operation.value, self._finding_text(issue.finding)

    def _text(self, value: Any) -> str:
        return self._encode(value).decode()


def _fingerprint(issue: IssueFacts) -> bytes:
    return issue.fingerprint


def _mark(job: str, started: float, last: SessionFacts | None) -> Mark:
    """Mostly the last session, and then of the same objects."""
    if last is not None and last.job == job and last.started == started:
        return Mark(last.job, last.started)
    return Mark(job, started)


def _bare(finding: Finding) -> Finding:
    return replace(finding, template="") if finding.template else finding


def _counters(columns: Iterable[int]) -> Counters:
    """The columns `COUNTERS`."""
    sessions, failures, issues, user, item, mailbox, crm = columns
    return Counters(
        sessions,
        failures,
        issues,
        _counts({"user": user, "item": item}),
        _counts({Side.MAILBOX.value: mailbox, Side.CRM.value: crm}),
    )


def _counts(counts: Mapping[str, int]) -> Mapping[str, int]:
    counted = {name: count for name, count in counts.items() if count}
    return MappingProxyType(counted) if counted else EMPTY


def _plain(value: Any) -> Any:
    """What msgspec does not know."""
    if isinstance(value, Mapping):
        return dict(value)
    raise NotImplementedError
