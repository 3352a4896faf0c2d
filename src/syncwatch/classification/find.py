"""From a panel's rows to facts: the last place that sees a text.

What leaves here is a finding (class, owner, codes) and a keyed fingerprint, never the text, the subject or a
name. The fingerprint must recognise a problem in the next snapshot although the texts carry trace ids and
dates that change each time; the class is not part of it, so that a new rule set cannot make an old issue new.
"""

import hmac
from collections import Counter
from collections.abc import Callable, Iterable

import re2

from syncwatch.model import Finding, IssueFacts, Outcome, Running, SessionFacts, UserFacts
from syncwatch.rows import IssueRow, SessionRow, UserRow

FINGERPRINT_BYTES = 12  # 96 bits: no collision among a billion issues
TEXT_LIMIT = 65_536  # characters that a fingerprint looks at

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
    """Turns the rows of one tenant into facts.

    Args:
        tenant: the tenant's id; equal texts of two tenants have different fingerprints.
        classify: text to finding.
        key: the secret key of the fingerprints.
    """

    def __init__(self, tenant: str, classify: Callable[[str], Finding], key: bytes) -> None:
        self._tenant = tenant
        self._classify = classify
        self._key = key

    def user(self, row: UserRow) -> UserFacts:
        """What the users list says of one user, with the newest session as `last` or `running`."""
        last, running = self._newest(row)
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
            created=row.created,
            last=last,
            running=running,
            odd_session=row.session_outcome is Outcome.UNKNOWN,
            issue_rows=row.issues,
        )

    def sessions(self, rows: Iterable[SessionRow]) -> tuple[SessionFacts, ...]:
        """The ended sessions among `rows`, newest first."""
        ended = [
            self._session(row.job, row.started, row.ended, row.outcome, row.message)
            for row in rows
            if row.ended is not None and row.outcome in {Outcome.COMPLETED, Outcome.ERRORS}
        ]
        return tuple(sorted(ended, key=lambda session: session.started, reverse=True))

    def issues(self, user: str, rows: Iterable[IssueRow]) -> tuple[IssueFacts, ...]:
        """The rows of a user's Issues tab; equal ones together."""
        counts: Counter[bytes] = Counter()
        findings: dict[bytes, Finding] = {}
        for row in rows:
            fingerprint = self._fingerprint(user, row)
            counts[fingerprint] += 1
            if fingerprint not in findings:
                findings[fingerprint] = self._classify(row.text)
        return tuple(IssueFacts(print_, findings[print_], count) for print_, count in counts.items())

    def _newest(self, row: UserRow) -> tuple[SessionFacts | None, Running | None]:
        job, started, outcome = row.session_job, row.session_started, row.session_outcome
        if job is None or started is None or outcome is None or outcome is Outcome.UNKNOWN:
            return None, None
        ended = row.session_ended
        if ended is None or outcome is Outcome.RUNNING:
            return None, Running(job, started)
        return self._session(job, started, ended, outcome, row.session_message), None

    def _session(
        self, job: str, started: float, ended: float, outcome: Outcome, message: str | None
    ) -> SessionFacts:
        text = (message or "").strip() if outcome is Outcome.ERRORS else ""
        finding = self._classify(text) if text else None
        completed = outcome is Outcome.COMPLETED or (finding is not None and finding.marks.completed)
        return SessionFacts(job, started, ended, completed, None if completed else finding)

    def _fingerprint(self, user: str, row: IssueRow) -> bytes:
        text = _CHANGING.sub("# ", _encodable(row.text[:TEXT_LIMIT]))
        parts = (self._tenant, user, row.type, row.name, row.direction, row.operation, row.code, text)
        message = b"\0".join(_encodable(part).encode() for part in parts)
        return hmac.digest(self._key, message, "sha256")[:FINGERPRINT_BYTES]


def _encodable(text: str) -> str:
    """`text` without lone surrogates, which JSON may carry and UTF-8 may not."""
    return text.encode("utf-8", "replace").decode("utf-8")
