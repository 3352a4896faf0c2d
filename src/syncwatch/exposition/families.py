"""Every metric with a tenant label, in one table: name, type, help, labels, and where its samples come from.

docs/metrics.md is generated from this table. Label sets are closed: there is no series per user, and no label
ever holds a remote text. Families marked `kept` stay while the tenant exists; the others are a picture of the
tenant and vanish when its data is too old to be true. What a panel does not show is absent, never zero.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from syncwatch.rows import EVERYTHING, Sight
from syncwatch.state.memory import Counters
from syncwatch.state.snapshot import Counts

INFO = "inboxsync_tenant_info"  # every tenant that is shown has it

Samples = Iterable[tuple[tuple[str, ...], float]]


@dataclass(frozen=True, slots=True)
class Tenant:
    """What is configured of a tenant, as far as it is shown.

    Attributes:
        id: its id, opaque.
        profile: the panel profile's id.
        labels: configured labels by name, the same names for all tenants.
        interval: seconds between two polls.
        stale_limit: seconds after which its data is too old to be shown.
        sight: what its panel shows by the profile, as long as no poll told.
        maintenance: times in which trouble is expected, each from and to, Unix seconds.
    """

    id: str
    profile: str
    labels: Mapping[str, str]
    interval: float
    stale_limit: float
    sight: Sight = EVERYTHING
    maintenance: tuple[tuple[float, float], ...] = ()

    def in_maintenance(self, now: float) -> bool:
        """Whether trouble is expected now."""
        return any(begin <= now < end for begin, end in self.maintenance)


@dataclass(frozen=True, slots=True)
class Health:
    """How polling of one tenant goes; times in Unix seconds, None before the first.

    Attributes:
        up: whether the last poll was complete.
        data: the time of the data that is shown.
        born: the same by the monotonic clock.
        last_poll: when the last poll started.
        last_success: when the last complete poll started.
        duration: seconds that the last poll took.
        polls: polls so far.
        failures: failed or incomplete polls so far, by reason.
        reason: why the last poll was not complete.
        truncated: whether a cap cut the last reading short.
    """

    up: bool | None = None
    data: float | None = None
    born: float | None = None
    last_poll: float | None = None
    last_success: float | None = None
    duration: float | None = None
    polls: int = 0
    failures: Mapping[str, int] = field(default_factory=dict)
    reason: str | None = None
    truncated: bool = False


class Subject(NamedTuple):
    """Everything that one tenant's samples are made of.

    `counters` is None until the journal was read, `counts` while there is nothing to show; `sight` is what the panel shows, by the last poll that told; `maintenance` is whether trouble was expected at the last look at the time.
    """

    tenant: Tenant
    health: Health
    counters: Counters | None
    counts: Counts | None
    sight: Sight
    maintenance: bool = False


class Family(NamedTuple):
    """One metric family.

    Attributes:
        name: the sample name; a counter's ends in `_total`.
        kind: `gauge` or `counter`.
        help: one sentence; says what is counted and where it comes from.
        labels: names of the labels after `tenant`.
        samples: label values and value of each sample of a tenant.
        kept: whether it stays when the tenant's data is stale.
        configured: whether what is configured of a tenant is in it.
    """

    name: str
    kind: str
    help: str
    labels: tuple[str, ...]
    samples: Callable[[Subject], Samples]
    kept: bool = False
    configured: bool = False


def _one(value: float | None) -> Samples:
    return () if value is None else (((), value),)


def _each(counts: Mapping[str, int] | None) -> Samples:
    return (((key,), count) for key, count in sorted((counts or {}).items()))


def _nonzero(counts: Mapping[str, int]) -> Samples:
    return (((key,), count) for key, count in sorted(counts.items()) if count)


def _picture(samples: Callable[[Counts], Samples]) -> Callable[[Subject], Samples]:
    return lambda subject: () if subject.counts is None else samples(subject.counts)


def _down(counts: Counts) -> Samples:
    return ((key, count) for key, count in sorted(counts.down.items()))


def _causes(counts: Counts) -> Samples:
    return ((key, count) for key, count in sorted(counts.causes.items()))


def _issues(counts: Counts) -> Samples:
    return () if counts.issues is None else ((key, count) for key, count in sorted(counts.issues.items()))


def _counted(samples: Callable[[Counters, Sight], Samples]) -> Callable[[Subject], Samples]:
    return lambda subject: () if subject.counters is None else samples(subject.counters, subject.sight)


def _dedup_total(counters: Counters, sight: Sight) -> Samples:
    shown = {"user": sight.messages, "item": sight.issues}
    return _each({effect: counters.dedup.get(effect, 0) for effect in shown if shown[effect]})


GAUGES = (
    Family(
        "inboxsync_users",
        "gauge",
        "Users by state of their sync, from the panel's users list as of the last poll.",
        ("state",),
        _picture(lambda c: (((state.value,), c.users[state]) for state in c.users)),
    ),
    Family(
        "inboxsync_syncs_down",
        "gauge",
        "Users whose sync is down (failing, down or stalled), by class of the trouble and who must act.",
        ("class", "owner"),
        _picture(_down),
    ),
    Family(
        "inboxsync_organization_wide_causes",
        "gauge",
        "Organizations that one trouble took down, not one for each user: by class and who must act.",
        ("class", "owner"),
        _picture(_causes),
    ),
    Family(
        "inboxsync_tenant_last_session_timestamp_seconds",
        "gauge",
        "When the newest ended session of the whole tenant ended.",
        (),
        _picture(lambda c: _one(c.newest_session)),
    ),
    Family(
        "inboxsync_oldest_session_timestamp_seconds",
        "gauge",
        "When the last session of the worst-off user among up, failing and stalled ended.",
        (),
        _picture(lambda c: _one(c.oldest_session)),
    ),
    Family(
        "inboxsync_issues_open",
        "gauge",
        "Items that do not sync, from the Issues tabs, by class and who must act.",
        ("class", "owner"),
        _picture(_issues),
    ),
    Family(
        "inboxsync_dedup_conflicts",
        "gauge",
        "Duplicate conflicts now: users stopped by the duplicate guard (user), items (item).",
        ("effect",),
        _picture(lambda c: _each(c.dedup)),
    ),
    Family(
        "inboxsync_tokens_expired",
        "gauge",
        "Users whose sync is down for an expired or revoked token, by side.",
        ("side",),
        _picture(lambda c: _each({side.value: count for side, count in c.tokens.items()})),
    ),
    Family(
        "inboxsync_mailboxes",
        "gauge",
        "Users by mailbox access type.",
        ("access_type",),
        _picture(lambda c: _nonzero(c.mailboxes)),
    ),
    Family(
        "inboxsync_organizations_crm_disconnected",
        "gauge",
        "Organizations whose Salesforce service account is disconnected.",
        (),
        _picture(lambda c: _one(c.crm_disconnected)),
    ),
    Family(
        "inboxsync_oldest_down_timestamp_seconds",
        "gauge",
        "Since when the longest-down user is down, as far as the panel or the watch tells.",
        (),
        _picture(lambda c: _one(c.oldest_down)),
    ),
    Family(
        "inboxsync_users_initialization_overdue",
        "gauge",
        "Users whose mailbox is not initialized for over 7 days.",
        (),
        _picture(lambda c: _one(c.overdue)),
    ),
)

COUNTERS = (
    Family(
        "inboxsync_sessions_total",
        "counter",
        "Sessions seen ended; what came and went between two polls and two pages cannot be counted.",
        (),
        _counted(lambda c, sight: _one(c.sessions if sight.sessions else None)),
        kept=True,
    ),
    Family(
        "inboxsync_session_failures_total",
        "counter",
        "Sessions seen ended that did not complete.",
        (),
        _counted(lambda c, sight: _one(c.failures if sight.sessions else None)),
        kept=True,
    ),
    Family(
        "inboxsync_issues_seen_total",
        "counter",
        "Issues not seen before; what came and went between two polls cannot be counted.",
        (),
        _counted(lambda c, sight: _one(c.issues if sight.issues else None)),
        kept=True,
    ),
    Family(
        "inboxsync_dedup_conflicts_total",
        "counter",
        "Duplicate conflicts not seen before: users stopped by the duplicate guard (user), items (item).",
        ("effect",),
        _counted(_dedup_total),
        kept=True,
    ),
    Family(
        "inboxsync_token_expiries_total",
        "counter",
        "Expired or revoked tokens by side; counted again only after a completed session in between.",
        ("side",),
        _counted(lambda c, sight: _each({"mailbox": 0, "crm": 0, **c.tokens} if sight.messages else None)),
        kept=True,
    ),
)

MAINTENANCE = Family(
    "inboxsync_tenant_maintenance",
    "gauge",
    "Whether trouble is expected now: the tenant is being brought in, or a time of maintenance covers it.",
    (),
    lambda s: _one(s.maintenance),
    kept=True,
    configured=True,
)

POLLING = (
    Family(
        "inboxsync_tenant_up",
        "gauge",
        "Whether the last poll of the tenant's panel was complete.",
        (),
        lambda s: _one(s.health.up),
        kept=True,
    ),
    Family(
        "inboxsync_tenant_data_timestamp_seconds",
        "gauge",
        "The time of the data that the tenant's figures are made of.",
        (),
        lambda s: _one(s.health.data),
        kept=True,
    ),
    Family(
        "inboxsync_tenant_last_poll_timestamp_seconds",
        "gauge",
        "When the last poll started.",
        (),
        lambda s: _one(s.health.last_poll),
        kept=True,
    ),
    Family(
        "inboxsync_tenant_last_poll_success_timestamp_seconds",
        "gauge",
        "When the last complete poll started.",
        (),
        lambda s: _one(s.health.last_success),
        kept=True,
    ),
    Family(
        "inboxsync_tenant_last_poll_duration_seconds",
        "gauge",
        "How long the last poll took.",
        (),
        lambda s: _one(s.health.duration),
        kept=True,
    ),
    Family(
        "inboxsync_tenant_poll_interval_seconds",
        "gauge",
        "The configured time between two polls.",
        (),
        lambda s: _one(s.tenant.interval),
        kept=True,
        configured=True,
    ),
    Family(
        "inboxsync_tenant_truncated",
        "gauge",
        "Whether the last reading was cut short: a list that loops, has no end, or is longer than is read.",
        (),
        lambda s: _one(s.health.truncated if s.health.polls else None),
        kept=True,
    ),
    Family(
        "inboxsync_tenant_polls_total",
        "counter",
        "Polls of the tenant's panel.",
        (),
        lambda s: _one(s.health.polls),
        kept=True,
    ),
    Family(
        "inboxsync_tenant_poll_failures_total",
        "counter",
        "Polls that failed or were incomplete, by reason.",
        ("reason",),
        lambda s: _each(s.health.failures),
        kept=True,
    ),
)


def info(label_names: Iterable[str]) -> Family:
    """The family that carries the configured labels; its label names are the fleet's."""
    names = tuple(label_names)
    return Family(
        INFO,
        "gauge",
        "Always 1; the tenant's panel profile and configured labels.",
        ("profile", *names),
        lambda s: (((s.tenant.profile, *(s.tenant.labels.get(name, "") for name in names)), 1),),
        kept=True,
        configured=True,
    )


def families(label_names: Iterable[str]) -> tuple[Family, ...]:
    """All families with a tenant label, in the order of the page."""
    return (info(label_names), MAINTENANCE, *POLLING, *GAUGES, *COUNTERS)
