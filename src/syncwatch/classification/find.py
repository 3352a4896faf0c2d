"""From a panel's rows to facts: the last place that sees a text.

What leaves here is a finding (class, owner, codes), a keyed fingerprint and, where no rule knows the text, its masked
template; never the text, the subject or a name. The fingerprint must recognise a problem in the next snapshot although
the texts carry trace ids and dates that change each time; the class is not part of it, so that a new rule set cannot
make an old issue new. Whatever the texts are, the work with them comes in pieces, and what is masked of a poll is bounded.
"""

import hmac
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import inf
from types import MappingProxyType

import re2
from msgspec.structs import replace

from syncwatch.classification.masking import HEAD, MASK, Masking, parts
from syncwatch.model import (
    NO_CONTEXT,
    Context,
    Direction,
    Finding,
    IssueFacts,
    OrganizationFacts,
    Outcome,
    Running,
    SessionFacts,
    Side,
    Source,
    UserFacts,
)
from syncwatch.rows import IssueRow, OrganizationRow, SessionRow, UserRow
from syncwatch.turns import Turns

Classify = Callable[[str, Context], Finding]
"""Text, and what stands around it, to finding."""

NORMALISATION = (
    1  # grows whenever any issue gets another fingerprint: then nothing that is remembered is recognised
)
FINGERPRINT_BYTES = 12  # 96 bits: no collision among a billion issues
TEXT_LIMIT = 65_536  # characters that a fingerprint looks at
MAX_IN_A_POLL = 100  # different templates that one poll of a tenant may bring; all others are one
MAX_MASKED = 500  # texts that one poll may mask, those that differ in ids and dates only being one
ROWS_A_TURN = 10  # issues that are read before others have their turn: of the longest texts 20 ms

# The text of an issue comes from the system at the end of the way, that of a session from the one it blames.
_SPEAKERS: Mapping[Direction | Source | None, Side] = MappingProxyType(
    {
        Direction.TO_CRM: Side.CRM,
        Direction.TO_MAILBOX: Side.MAILBOX,
        Source.CONNECTOR: Side.CRM,
        Source.EXCHANGE: Side.MAILBOX,
    }
)

# Whatever differs between two texts about the same trouble: everything with a digit in it (GUIDs, trace and record
# ids, numbers, dates) and the words of dates. A run of them becomes one mark, so that neither length nor form counts.
_CHANGING = re2.compile(
    r"(?i)(?:(?:[a-z\-:.+/]*[0-9][0-9a-z\-:.+/]*"
    r"|\b(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\b"
    r"|\b(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b"
    r"|\b(?:[ap]m|gmt|utc)\b)[\s,]*)+"
)


class Finder:
    """Turns the rows of one tenant into facts, for one poll.

    Args:
        tenant: the tenant's id; equal texts of two tenants have different fingerprints.
        classify: see `Classify`.
        mask: see `Masking`.
        key: the secret key of the fingerprints.
        turns: keeps the issues of all polls from holding up the event loop; without it only this poll's.
        latest: Unix seconds after which nothing can have happened: a session of later is odd, and hides no other.

    Attributes:
        turns: the same.
    """

    def __init__(
        self,
        tenant: str,
        classify: Classify,
        mask: Masking,
        key: bytes,
        turns: Turns | None = None,
        *,
        latest: float = inf,
    ) -> None:
        self._tenant = tenant
        self._classify = classify
        self._mask = mask
        self._key = key
        self.turns = turns or Turns()
        self._latest = latest
        self._contexts: dict[str, Context] = {}
        self._people: dict[str, tuple[str | None, str | None]] = {}
        self._organizations: dict[str, str | None] = {}
        self._templates: set[str] = set()
        self._masked: set[int] = set()

    def know(self, organizations: Mapping[str, OrganizationFacts]) -> None:
        """Let what is known of the organizations decide, from now on, who must act."""
        self._contexts = {
            id_: Context(access=each.access_type, settings=each.settings)
            for id_, each in organizations.items()
        }

    def context(self, user: UserFacts | UserRow) -> Context:
        """What stands around every text about a user."""
        context = self._contexts.get(user.organization, NO_CONTEXT)
        return context._replace(access=user.access_type) if user.access_type else context

    def organization(self, row: OrganizationRow) -> OrganizationFacts:
        """What the list of organizations says of one; its name is known until the poll ends."""
        self._organizations[row.id] = row.name
        return OrganizationFacts(row.id, row.switch, row.access_type, row.crm_connected)

    def user(self, row: UserRow) -> UserFacts:
        """What the users list says of one user, with the newest session as `last` or `running`.

        The user's name and address are known until the poll ends.
        """
        self._people[row.id] = row.name, row.address
        odd = row.session_outcome is Outcome.UNKNOWN or self._is_ahead(row.session_started, row.session_ended)
        last, running = (None, None) if odd else self._newest(row)
        return UserFacts(
            id=row.id,
            organization=row.organization,
            plan=row.plan,
            mailbox=row.mailbox,
            switch=row.switch,
            effective=row.effective,
            condition=row.condition,
            error=row.error,
            access_type=row.access_type,
            created=None if self._is_ahead(row.created) else row.created,
            last=last,
            running=running,
            odd_session=odd,
            issue_rows=row.issues,
        )

    def sessions(self, user: UserFacts, rows: Iterable[SessionRow]) -> tuple[SessionFacts, ...]:
        """The ended sessions among a user's `rows`, newest first."""
        ended = [
            self._session(
                user,
                job=row.job,
                started=row.started,
                ended=row.ended,
                outcome=row.outcome,
                message=row.message,
                source=row.source,
            )
            for row in rows
            if row.ended is not None
            and row.outcome in {Outcome.COMPLETED, Outcome.ERRORS}
            and not self._is_ahead(row.started, row.ended)
        ]
        return tuple(sorted(ended, key=lambda session: session.started, reverse=True))

    async def issues(self, user: UserFacts, rows: Sequence[IssueRow]) -> tuple[IssueFacts, ...]:
        """The rows of a user's Issues tab; equal ones together. Others have their turn in between."""
        counts: Counter[bytes] = Counter()
        first: dict[bytes, IssueFacts] = {}
        for start in range(0, len(rows), ROWS_A_TURN):
            async with self.turns:
                for row in rows[start : start + ROWS_A_TURN]:
                    fingerprint = self._fingerprint(user.id, row)
                    counts[fingerprint] += 1
                    if fingerprint not in first:
                        first[fingerprint] = self._issue(user, row, fingerprint)
        return tuple(replace(issue, count=counts[print_]) for print_, issue in first.items())

    def _is_ahead(self, *times: float | None) -> bool:
        return any(time is not None and time > self._latest for time in times)

    def _issue(self, user: UserFacts, row: IssueRow, fingerprint: bytes) -> IssueFacts:
        speaking = self.context(user)._replace(side=_SPEAKERS.get(row.direction))
        finding = self._find(row.text, speaking, user, row.name)
        return IssueFacts(fingerprint, finding, direction=row.direction, operation=row.operation)

    def _newest(self, row: UserRow) -> tuple[SessionFacts | None, Running | None]:
        job, started, outcome = row.session_job, row.session_started, row.session_outcome
        if job is None or started is None or outcome is None:
            return None, None
        ended = row.session_ended
        if ended is None or outcome is Outcome.RUNNING:
            return None, Running(job, started)
        session = self._session(
            row,
            job=job,
            started=started,
            ended=ended,
            outcome=outcome,
            message=row.session_message,
            source=row.session_source,
        )
        return session, None

    def _session(
        self,
        user: UserFacts | UserRow,
        *,
        job: str,
        started: float,
        ended: float,
        outcome: Outcome,
        message: str | None,
        source: Source | None,
    ) -> SessionFacts:
        context = self.context(user)._replace(side=_SPEAKERS.get(source), source=source)
        text = (message or "").strip() if outcome is Outcome.ERRORS else ""
        finding = self._find(text, context, user) if text else None
        completed = outcome is Outcome.COMPLETED or (finding is not None and finding.marks.completed)
        return SessionFacts(job, started, ended, completed, None if completed else finding)

    def _find(self, text: str, context: Context, user: UserFacts | UserRow, *names: str) -> Finding:
        """What a text about a user, and perhaps an item of this name, means; if no rule knows, with its template."""
        finding = self._classify(text, context)
        if finding.rule:
            return finding
        return replace(finding, template=self._template(text, (*names, *self._known(user))))

    def _known(self, user: UserFacts | UserRow) -> tuple[str, ...]:
        """What no template may repeat of a user: ids, and what those pages say that have changed since the last poll."""
        organization = self._organizations.get(user.organization) or ""
        return user.id, user.organization, organization, *parts(*self._people.get(user.id, (None, None)))

    def _template(self, text: str, known: Iterable[str]) -> str:
        if not self._may_mask(text):
            return MASK
        template = sys.intern(self._mask(text, known))  # the same ones come from many users and tenants
        if template not in self._templates:
            if len(self._templates) >= MAX_IN_A_POLL:
                return MASK
            self._templates.add(template)
        return template

    def _may_mask(self, text: str) -> bool:
        """Whether enough is left for a text. Masking takes longer than all else, and nobody reads so many templates."""
        alike = hash(_lasting(text[:HEAD]))
        if alike not in self._masked and len(self._masked) < MAX_MASKED:
            self._masked.add(alike)
        return alike in self._masked

    def _fingerprint(self, user: str, row: IssueRow) -> bytes:
        text = _lasting(row.text[:TEXT_LIMIT])
        parts = (self._tenant, user, row.type, row.name, row.direction, row.operation, row.code, text)
        message = b"\0".join(_encodable(part).encode() for part in parts)
        return hmac.digest(self._key, message, "sha256")[:FINGERPRINT_BYTES]


def _lasting(text: str) -> str:
    """`text` without what changes each time."""
    return _CHANGING.sub("# ", _encodable(text))  # type: ignore[no-any-return]


def _encodable(text: str) -> str:
    """`text` without lone surrogates, which JSON may carry and UTF-8 may not."""
    return text.encode("utf-8", "replace").decode("utf-8")
