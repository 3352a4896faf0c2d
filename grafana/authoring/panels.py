"""The kinds of panels that the dashboards are made of. Each needs a title, what it says, a unit and its empty state.

A panel gets its place and its id from `layout`, which also lets the legend fit the place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.models import bargauge, common, stat, statetimeline, timeseries
from grafana_foundation_sdk.models.dashboard import (
    DashboardLink,
    FieldColor,
    FieldColorModeId,
    FieldConfig,
    FieldConfigSource,
    Panel,
    ThresholdsConfig,
    ValueMapping,
)

from authoring.palette import PLAIN, Override
from authoring.queries import DATASOURCE, Query, targets
from authoring.values import PLAINLY

WIDE = 12  # half of Grafana's grid
LAST = common.ReduceDataOptions(values=False, calcs=["lastNotNull"], fields="")


@dataclass(frozen=True)
class Look:
    """How the values of a panel look.

    Attributes:
        unit: by Grafana's names.
        empty: what stands there when nothing comes.
        limits: from which values on they have which colour.
        words: what is shown for values that mean something.
        links: where a value leads.
        colours: of series that have one of their own.
        top: the largest value that there can be.
        decimals: as many as needed if None.
    """

    unit: str
    empty: str
    limits: ThresholdsConfig | None = None
    words: Sequence[ValueMapping] = ()
    links: Sequence[DashboardLink] = ()
    colours: Sequence[Override] = ()
    top: float | None = None
    decimals: int | None = None

    def config(self, mode: FieldColorModeId, custom: object = None) -> FieldConfigSource:
        """As a panel has it."""
        defaults = FieldConfig(
            unit=self.unit,
            no_value=self.empty,
            thresholds=self.limits or PLAINLY,
            mappings=list(self.words) or None,
            links=list(self.links) or None,
            color=FieldColor(mode=mode, fixed_color=PLAIN if mode is FieldColorModeId.FIXED else None),
            min_val=0,
            max_val=self.top,
            decimals=self.decimals,
            custom=custom,
        )
        return FieldConfigSource(defaults=defaults, overrides=list(self.colours))


def number(title: str, says: str, expr: str, look: Look) -> Panel:
    """One number, as it is now: the last one of a range would stay after its data has become stale."""
    options = stat.Options(graph_mode=common.BigValueGraphMode.NONE, reduce_options=LAST)
    query = Query(expr, instant=True)
    return _panel(
        "stat", title, says, [query], look=look.config(FieldColorModeId.THRESHOLDS), options=options
    )


def name(title: str, says: str, query: Query, look: Look) -> Panel:
    """What the series that come are called, not their values."""
    options = stat.Options(
        text_mode=common.BigValueTextMode.NAME,
        graph_mode=common.BigValueGraphMode.NONE,
        reduce_options=LAST,
    )
    return _panel(
        "stat", title, says, [query], look=look.config(FieldColorModeId.THRESHOLDS), options=options
    )


def bars(title: str, says: str, query: Query, look: Look) -> Panel:
    """One bar for each series, as they come."""
    options = bargauge.Options(
        display_mode=common.BarGaugeDisplayMode.BASIC,
        orientation=common.VizOrientation.HORIZONTAL,
        name_placement=common.BarGaugeNamePlacement.LEFT,
        value_mode=common.BarGaugeValueMode.TEXT,
        # Else a few bars have huge texts, and their names are cut.
        text=common.VizTextDisplayOptions(title_size=12, value_size=16),
        reduce_options=LAST,
    )
    mode = FieldColorModeId.THRESHOLDS if look.limits else FieldColorModeId.FIXED
    return _panel("bargauge", title, says, [query], look=look.config(mode), options=options)


def lines(title: str, says: str, queries: list[Query], look: Look, *, stacked: bool = False) -> Panel:
    """Values over time; those that add up to something are stacked."""
    custom = common.GraphFieldConfig(
        line_width=1,
        fill_opacity=60 if stacked else 5,
        show_points=common.VisibilityMode.AUTO,
        span_nulls=False,
        axis_soft_max=1 if look.unit in {"none", "short"} else None,
        stacking=common.StackingConfig(common.StackingMode.NORMAL, "A") if stacked else None,
        thresholds_style=_dashes() if look.limits else None,
    )
    options = timeseries.Options(
        legend=_list_below(),
        tooltip=common.VizTooltipOptions(common.TooltipDisplayMode.MULTI, common.SortOrder.DESCENDING),
    )
    mode = FieldColorModeId.PALETTE_CLASSIC if look.colours or _several(queries) else FieldColorModeId.FIXED
    return _panel("timeseries", title, says, queries, look=look.config(mode, custom), options=options)


def fit_legend(panel: Panel, width: int) -> None:
    """Beside the lines where there is room for it, else in as few lines as it needs below them."""
    if isinstance(panel.options, timeseries.Options):
        panel.options.legend = _table_beside() if width >= WIDE else _list_below()


def timeline(title: str, says: str, queries: list[Query], look: Look) -> Panel:
    """States over time, one row for each series."""
    options = statetimeline.Options(
        show_value=common.VisibilityMode.AUTO,
        row_height=0.8,
        legend=_list_below(shown=False),
        tooltip=common.VizTooltipOptions(common.TooltipDisplayMode.SINGLE),
    )
    look_of_rows = look.config(FieldColorModeId.THRESHOLDS, statetimeline.FieldConfig(fill_opacity=80))
    return _panel("state-timeline", title, says, queries, look=look_of_rows, options=options)


def _panel(
    kind: str, title: str, says: str, queries: list[Query], *, look: FieldConfigSource, options: Any
) -> Panel:
    return Panel(
        type_val=kind,
        title=title,
        description=says,
        datasource=DATASOURCE,
        targets=[*targets(queries)],
        field_config=look,
        options=options,
    )


def _several(queries: list[Query]) -> bool:
    return len(queries) > 1 or "{{" in queries[0].legend


def _dashes() -> common.GraphThresholdsStyleConfig:
    return common.GraphThresholdsStyleConfig(mode=common.GraphThresholdsStyleMode.DASHED)


def _table_beside() -> common.VizLegendOptions:
    return common.VizLegendOptions(
        display_mode=common.LegendDisplayMode.TABLE,
        placement=common.LegendPlacement.RIGHT,
        show_legend=True,
        calcs=["lastNotNull", "max"],
        sort_by="Last *",
        sort_desc=True,
    )


def _list_below(*, shown: bool = True) -> common.VizLegendOptions:
    return common.VizLegendOptions(
        display_mode=common.LegendDisplayMode.LIST,
        placement=common.LegendPlacement.BOTTOM,
        show_legend=shown,
        calcs=[],
    )
