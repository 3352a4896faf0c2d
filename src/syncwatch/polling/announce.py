"""The log of what changed: transitions, not repetitions.

A tenant that cannot be polled is said once, and once more when the reason changes or it is back; one whose data is
too old to be shown, be it that polls fail or that an export job died, when it gets and when it is no longer so; a
user is said when the state or class changes, a trouble of a whole organization when it begins and when it is over. With ten thousand tenants anything else would be noise.
"""

from collections.abc import Mapping
from math import inf

import structlog

from syncwatch.errors import Reason
from syncwatch.polling.poll import Result
from syncwatch.state.transitions import Events

log = structlog.get_logger(__name__)


class Announcer:
    """Remembers what was said of each tenant last."""

    def __init__(self) -> None:
        self._said: dict[str, Reason | None] = {}
        self._data: dict[str, float] = {}
        self._stale: set[str] = set()
        self._limits: Mapping[str, float] = {}

    def announce(self, tenant: str, result: Result) -> None:
        """Say what is new about a tenant."""
        self._poll(tenant, result)
        self._age(tenant, result)
        events = result.happened
        if events is None:
            return
        if events.strangers:
            log.warning("user_ids_changed", tenant=tenant, users=len(result.memory.users))
        self._causes(tenant, events)
        for change in events.changes:
            log.info(
                "user_changed",
                tenant=tenant,
                user=change.user,
                before=change.before.value,
                state=change.verdict.state.value,
                **{"class": change.verdict.class_, "owner": change.verdict.owner},
            )

    def keep(self, limits: Mapping[str, float]) -> None:
        """Forget all tenants but these; `limits` are the seconds after which each one's data is too old to be shown."""
        self._limits = dict(limits)
        self._said = {tenant: reason for tenant, reason in self._said.items() if tenant in limits}
        self._data = {tenant: time for tenant, time in self._data.items() if tenant in limits}
        self._stale &= limits.keys()

    def _poll(self, tenant: str, result: Result) -> None:
        error = result.error
        before = self._said.get(tenant)
        self._said[tenant] = error.reason if error else None
        if error is not None and error.reason is not before:
            log.warning("poll_failed", tenant=tenant, reason=error.reason.value, detail=error.detail)
        elif error is None and before is not None:
            log.info("poll_recovered", tenant=tenant, reason=before.value)

    def _causes(self, tenant: str, events: Events) -> None:
        """Say which troubles of whole organizations began, and which are over."""
        for cause in events.began:
            log.warning(
                "organization_wide_cause",
                tenant=tenant,
                organization=cause.organization,
                down=cause.down,
                active=cause.active,
                **{"class": cause.class_, "owner": cause.owner.value},
            )
        for cause in events.over:
            about = {"organization": cause.organization, "class": cause.class_}
            log.info("organization_wide_cause_over", tenant=tenant, **about)

    def _age(self, tenant: str, result: Result) -> None:
        if result.snapshot is not None:
            self._data[tenant] = result.snapshot.time
        if tenant not in self._data:
            return
        age = result.started + result.duration - self._data[tenant]
        limit = self._limits.get(tenant, inf)
        if age > limit and tenant not in self._stale:
            self._stale.add(tenant)
            log.warning(
                "data_stale", tenant=tenant, age_minutes=int(age // 60), limit_minutes=round(limit / 60, 1)
            )
        elif age <= limit and tenant in self._stale:
            self._stale.discard(tenant)
            log.info("data_fresh", tenant=tenant)
