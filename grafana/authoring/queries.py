"""How the dashboards ask Prometheus, so that an answer stays right when two replicas show one tenant for a moment.

A tenant's own series are asked for as recorded, or through `one`. A selection of firms is an `and`, which cannot fail
for a firm that is there twice, as a join by multiplication would.
"""

from dataclasses import dataclass
from itertools import count

from grafana_foundation_sdk.models.dashboard import DataSourceRef
from grafana_foundation_sdk.models.prometheus import Dataquery, PromQueryFormat

DATASOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
# What is recorded may be recorded once a minute only: $__rate_interval is then at least four of them.
SHORTEST_STEP = "1m"
# Grafana's own colours are six, then shades of them. The others take one as well: by their name the first, which is
# the one whose shade comes seventh.
FEW, OTHERS = 6, "all others"
CHOICE = 'team=~"$team",tier=~"$tier",region=~"$region"'
CHOSEN = f"tenant:inboxsync_tenant_info:one{{{CHOICE}}}"


@dataclass(frozen=True)
class Query:
    """One question.

    Attributes:
        expr: PromQL.
        legend: what the series are called, e.g. `{{class}}`.
        instant: whether only the last value counts.
    """

    expr: str
    legend: str = ""
    instant: bool = False

    def target(self, ref: str, form: PromQueryFormat = PromQueryFormat.TIME_SERIES) -> Dataquery:
        """As a panel has it."""
        return Dataquery(
            expr=self.expr,
            legend_format=self.legend or "__auto",
            instant=self.instant,
            range_val=not self.instant,
            format_val=form,
            interval=None if self.instant else SHORTEST_STEP,
            ref_id=ref,
            datasource=DATASOURCE,
        )


def targets(queries: list[Query], form: PromQueryFormat = PromQueryFormat.TIME_SERIES) -> list[Dataquery]:
    """All queries of a panel, called A, B and so on."""
    return [query.target(chr(place), form) for place, query in zip(count(ord("A")), queries, strict=False)]


def one(selector: str) -> str:
    """A tenant's series without regard to which replica shows it."""
    return f"max without (instance, pod) ({selector})"


def earliest(selector: str) -> str:
    """A tenant's point in time; of two replicas the one that knows of longer ago."""
    return f"min without (instance, pod) ({selector})"


def chosen(expr: str) -> str:
    """Of series with a tenant those of the firms that the variables choose."""
    return f"({expr}) and on (tenant) {CHOSEN}"


def most(by_class: str) -> str:
    """The few classes that were largest in all of the time shown; `topk` alone would choose anew at each point."""
    return f"({by_class}) and on (class) {_largest(by_class)}"


def most_and_others(by_class: str) -> str:
    """Those, and all others added up."""
    others = f"sum(({by_class}) unless on (class) {_largest(by_class)})"
    return f'{most(by_class)} or label_replace({others}, "class", "{OTHERS}", "", "")'


def _largest(by_class: str) -> str:
    return f"topk({FEW}, sum_over_time(({by_class})[$__range:$__interval] @ end()))"


def explained(expr: str, labels: str = "severity, remedy") -> str:
    """Series by class and owner with what the catalogue says of them; also those that it does not know."""
    catalogue = "topk by (class, owner) (1, inboxsync_class_info)"
    return f"{expr} * on (class, owner) group_left ({labels}) {catalogue} or on (class, owner) {expr}"


def quantiles(histogram: str, selector: str = "") -> list[Query]:
    """The median, and what one in twenty and one in a hundred exceed."""
    rate = f"sum by (le) (rate({histogram}_bucket{selector}[$__rate_interval]))"
    return [Query(f"histogram_quantile(0.{part}, {rate})", f"p{part}") for part in (50, 95, 99)]
