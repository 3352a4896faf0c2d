"""What one scrape of the daemon says, as tables for people: how the fleet is, and who is worst off.

Made of /metrics alone, joined as a dashboard would join it (the remedy comes from `inboxsync_class_info`, by class
and owner), so that the table can show nothing that a Prometheus would not know.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Literal, NamedTuple

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample
from rich.console import Group, RenderableType
from rich.table import Table

from syncwatch.model import State

WORST = 12  # tenants in the table
CSV_PROFILE = "simulated-csv"  # of the tenants that are folders of exports
COLUMNS: Mapping[str, Literal["left", "right"]] = {
    "tenant": "left",
    "profile": "left",
    "data age (s)": "right",
    "users": "right",
    "sync down": "right",
    "top class": "left",
    "owner": "left",
    "what to do": "left",
    "panel": "left",
}


class Trouble(NamedTuple):
    """A line of the table: one tenant; `down` is how many users' sync is down, None where nothing is known.

    `age` is that of the data, in seconds; exports are older than answers of an interface.
    """

    tenant: str
    profile: str
    age: int | None
    users: int | None
    down: int | None
    class_: str
    owner: str
    remedy: str
    panel: str


class Scrape:
    """One answer of /metrics, by sample name."""

    def __init__(self, text: str) -> None:
        self._samples: defaultdict[str, list[Sample]] = defaultdict(list)
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                self._samples[sample.name].append(sample)

    def sums(self, name: str, *labels: str) -> Counter[tuple[str, ...]]:
        """The values of a metric, summed by some of its labels."""
        sums: Counter[tuple[str, ...]] = Counter()
        for sample in self._samples[name]:
            sums[tuple(sample.labels[label] for label in labels)] += int(sample.value)
        return sums

    @property
    def complete(self) -> bool:
        """Whether every tenant was polled at least once."""
        tenants = self.sums("inboxsync_tenant_info", "tenant")
        return bool(tenants) and tenants.keys() == self.sums("inboxsync_tenant_up", "tenant").keys()

    def troubles(self, now: float) -> list[Trouble]:
        """All tenants, those whose panel does not answer first, then by how many users' sync is down."""
        made = self.sums("inboxsync_tenant_data_timestamp_seconds", "tenant")
        up = self.sums("inboxsync_tenant_up", "tenant")
        users = self.sums("inboxsync_users", "tenant")
        down = self.sums("inboxsync_syncs_down", "tenant")
        classes = _greatest(self.sums("inboxsync_syncs_down", "tenant", "class", "owner"))
        reasons = _greatest(self.sums("inboxsync_tenant_poll_failures_total", "tenant", "reason"))
        remedies = {
            labels[:2]: labels[2] for labels in self.sums("inboxsync_class_info", "class", "owner", "remedy")
        }
        troubles = []
        for tenant, profile in self.sums("inboxsync_tenant_info", "tenant", "profile"):
            key = (tenant,)
            class_, owner = classes.get(key, ("", ""))
            remedy, panel = remedies.get((class_, owner), ""), "up"
            if not up[key]:
                (reason,) = reasons.get(key, ("not polled yet",))
                panel = f"down: {reason}"
                if not class_:
                    owner, remedy = "operator", "Look at the panel's host and its credential."
            seen = key in users
            counts = (users[key] if seen else None, down[key] if seen else None)
            age = max(round(now - made[key]), 0) if key in made else None
            troubles.append(Trouble(tenant, profile, age, *counts, class_, owner, remedy, panel))
        return sorted(troubles, key=lambda each: (each.panel == "up", -(each.down or 0), each.tenant))


def _greatest(sums: Counter[tuple[str, ...]]) -> dict[tuple[str, ...], tuple[str, ...]]:
    """For each first label, the other labels of its greatest sum."""
    greatest: dict[tuple[str, ...], tuple[str, ...]] = {}
    for labels, value in sums.most_common():
        if value:
            greatest.setdefault(labels[:1], labels[1:])
    return greatest


def tables(scrape: Scrape, now: float, page: str, panel: str) -> RenderableType:
    """What one scrape says, for people; `page` and `panel` are the addresses of daemon and simulator."""
    troubles = scrape.troubles(now)
    states = scrape.sums("inboxsync_users", "state")
    answering = sum(trouble.panel == "up" for trouble in troubles)
    fleet = Table(
        title=f"{sum(states.values())} users by state; {answering} of {len(troubles)} panels answer"
    )
    for state in State:
        fleet.add_column(state, justify="right")
    fleet.add_row(*(str(states[state,]) for state in State))
    worst = Table(title=f"The {min(WORST, len(troubles))} tenants worst off")
    for column, justify in COLUMNS.items():
        worst.add_column(column, justify=justify)
    for trouble in troubles[:WORST]:
        worst.add_row(*("?" if value is None else str(value) for value in trouble))
    return Group(
        fleet,
        worst,
        _exports(troubles),
        f"Open {page}/ and {page}/metrics; what is true: {panel}/truth. Ctrl-C stops.",
    )


def _exports(troubles: list[Trouble]) -> str:
    """Which tenants are read from files, and how old those are."""
    told = (
        f"{each.tenant} ({'no data yet' if each.age is None else f'{each.age} s old'})"
        for each in sorted(troubles)
        if each.profile == CSV_PROFILE
    )
    return f"Read from folders of CSV exports, which show no issues: {', '.join(told)}."
