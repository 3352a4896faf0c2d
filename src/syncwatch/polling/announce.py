"""The log of what changed: transitions, not repetitions.

A tenant that cannot be polled is said once, and once more when the reason changes or it is back; one whose data is
too old to be shown, be it that polls fail or that an export job died, when it gets and when it is no longer so; a
user is said when the state or class changes, a trouble of a whole organization when it begins and when it is over. With ten thousand tenants anything else would be noise.

When nobody can be reached, that is said once, and of no tenant. Before it is known, and where it is half a fleet, only so many
are said in a minute; the others when it is their turn and they still cannot be reached.
"""

from collections.abc import Mapping
from math import inf

import structlog

from syncwatch.errors import Reason
from syncwatch.polling.offline import REACHABLE, UNREACHABLE, Reachability
from syncwatch.polling.poll import Result
from syncwatch.state.transitions import Events

UNREACHABLE_LINES = 20  # a minute: enough to see what it is

log = structlog.get_logger(__name__)


class Announcer:
    """Remembers what was said of each tenant last."""

    def __init__(self) -> None:
        self._said: dict[str, Reason | None] = {}
        self._data: dict[str, float] = {}
        self._stale: set[str] = set()
        self._limits: Mapping[str, float] = {}
        self._offline = False
        self._minute, self._lines = 0.0, 0

    def announce(self, tenant: str, result: Result, reachability: Reachability = REACHABLE) -> None:
        """Say what is new about a tenant, and about all of them."""
        self._network(reachability)
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

    def _network(self, reachability: Reachability) -> None:
        if reachability.offline is self._offline:
            return
        self._offline = reachability.offline
        say, event = (log.warning, "offline") if self._offline else (log.info, "online")
        say(event, hosts=reachability.hosts, unreachable=reachability.unreachable)

    def _poll(self, tenant: str, result: Result) -> None:
        error = result.error
        before = self._said.get(tenant)
        if error is not None and error.reason in UNREACHABLE - {before} and self._held(result):
            return
        self._said[tenant] = error.reason if error else None
        if error is not None and error.reason is not before:
            log.warning("poll_failed", tenant=tenant, reason=error.reason.value, detail=error.detail)
        elif error is None and before is not None:
            log.info("poll_recovered", tenant=tenant, reason=before.value)

    def _held(self, result: Result) -> bool:
        """Whether one more line about a panel that cannot be reached would be too many."""
        if self._offline:
            return True
        minute = (result.started + result.duration) // 60
        if minute != self._minute:
            self._minute, self._lines = minute, 0
        self._lines += 1
        return self._lines > UNREACHABLE_LINES

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
