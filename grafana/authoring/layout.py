"""How panels become a dashboard: sections of bands side by side, and what all dashboards have in common."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import (
    AnnotationContainer,
    AnnotationQuery,
    Dashboard,
    DashboardCursorSync,
    DashboardDashboardTemplating,
    DashboardDashboardTime,
    DashboardLink,
    DashboardLinkType,
    GridPos,
    Panel,
    RowPanel,
    TimePickerConfig,
    VariableModel,
)

from authoring.panels import fit_legend

WIDTH = 24  # of Grafana's grid
TAG = "syncwatch"


@dataclass(frozen=True)
class Band:
    """Panels side by side, all of one height; equally wide unless said."""

    height: int
    panels: list[Panel]
    widths: tuple[int, ...] = ()

    def placed(self, top: int) -> Iterator[Panel]:
        """The panels with their places."""
        widths = self.widths or (WIDTH // len(self.panels),) * len(self.panels)
        if sum(widths) != WIDTH:
            titles = ", ".join(str(panel.title) for panel in self.panels)
            message = f"{titles}: their widths make {sum(widths)}, not {WIDTH}"
            raise ValueError(message)
        left = 0
        for panel, width in zip(self.panels, widths, strict=True):
            panel.grid_pos = GridPos(h=self.height, w=width, x=left, y=top)
            fit_legend(panel, width)
            left += width
            yield panel


def dashboard(
    *,
    uid: str,
    title: str,
    says: str,
    sections: Mapping[str, list[Band]],
    variables: list[VariableModel],
    links: list[DashboardLink] | None = None,
    annotations: list[AnnotationQuery] | None = None,
    since: str = "now-6h",
) -> Dashboard:
    """All that Grafana needs to show it."""
    others = DashboardLink(
        title="Syncwatch",
        type_val=DashboardLinkType.DASHBOARDS,
        tags=[TAG],
        keep_time=True,
        icon="external link",
    )
    return Dashboard(
        uid=uid,
        title=title,
        description=says,
        tags=[TAG],
        editable=False,
        graph_tooltip=DashboardCursorSync.CROSSHAIR,
        time=DashboardDashboardTime(from_val=since, to="now"),
        timepicker=TimePickerConfig(),
        refresh="1m",
        panels=list(_arranged(sections)),
        templating=DashboardDashboardTemplating(list_val=variables),
        annotations=AnnotationContainer(list_val=annotations or []),
        links=[others, *(links or [])],
    )


def _arranged(sections: Mapping[str, list[Band]]) -> Iterator[Panel | RowPanel]:
    numbers, top = count(1), 0
    for title, bands in sections.items():
        yield RowPanel(title=title, id_val=next(numbers), grid_pos=GridPos(h=1, w=WIDTH, x=0, y=top))
        top += 1
        for band in bands:
            for panel in band.placed(top):
                panel.id_val = next(numbers)
                yield panel
            top += band.height


def as_json(made: Dashboard) -> Any:
    """The dashboard as what JSON can say."""
    return json.loads(json.dumps(made, cls=JSONEncoder))
