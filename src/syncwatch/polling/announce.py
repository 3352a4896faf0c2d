"""The log of what changed: transitions, not repetitions.

A tenant that cannot be polled is said once, and once more when the reason changes or it is back; a user is said
when the state or class changes. With ten thousand tenants anything else would be noise.
"""

from collections.abc import Iterable

import structlog

from syncwatch.errors import Reason
from syncwatch.polling.poll import Result

log = structlog.get_logger(__name__)


class Announcer:
    """Remembers what was said of each tenant last."""

    def __init__(self) -> None:
        self._said: dict[str, Reason | None] = {}

    def announce(self, tenant: str, result: Result) -> None:
        """Say what is new about a tenant."""
        error = result.error
        before = self._said.get(tenant)
        self._said[tenant] = error.reason if error else None
        if error is not None and error.reason is not before:
            log.warning("poll_failed", tenant=tenant, reason=error.reason.value, detail=error.detail)
        elif error is None and before is not None:
            log.info("poll_recovered", tenant=tenant, reason=before.value)
        for change in result.events.changes if result.events else ():
            log.info(
                "user_changed",
                tenant=tenant,
                user=change.user,
                before=change.before.value,
                state=change.verdict.state.value,
                **{"class": change.verdict.class_, "owner": change.verdict.owner},
            )

    def keep(self, tenants: Iterable[str]) -> None:
        """Forget all tenants but these."""
        kept = set(tenants)
        self._said = {tenant: reason for tenant, reason in self._said.items() if tenant in kept}
