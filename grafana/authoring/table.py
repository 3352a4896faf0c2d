"""Tables: each column is a label, or a query of its own whose rows are joined by the labels that all queries share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import table as schema
from grafana_foundation_sdk.models.dashboard import (
    DashboardLink,
    DataTransformerConfig,
    DynamicConfigValue,
    FieldConfig,
    FieldConfigSource,
    MatcherConfig,
    Panel,
    ThresholdsConfig,
    ValueMapping,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from authoring.palette import Override
from authoring.queries import DATASOURCE, Query, targets
from authoring.values import MISSING


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        title: above it.
        source: a label, or PromQL of a value for each row.
        unit: of values; None for a label.
        limits: from which values on they have which colour.
        words: what is shown for values that mean something.
        links: where a cell leads.
        width: in pixels; what is left if None.
        decimals: as many as needed if None.
        wraps: whether a long text takes several lines.
        hidden: whether it is asked for only because of the labels that it brings.
    """

    title: str
    source: str
    unit: str | None = None
    limits: ThresholdsConfig | None = None
    words: Sequence[ValueMapping] = ()
    links: Sequence[DashboardLink] = ()
    width: int | None = None
    decimals: int | None = None
    wraps: bool = False
    hidden: bool = False

    def override(self) -> Override:
        """As a panel has it."""
        look: dict[str, Any] = {
            "unit": self.unit,
            "thresholds": self.limits,
            "decimals": self.decimals,
            "mappings": [*self.words, *self._plain_if_missing()],
            "links": list(self.links),
            "noValue": "-",  # else a cell without a value says that the whole table is empty
            "custom.width": self.width,
            "custom.filterable": self.unit is None or None,  # beside a number there is no room for the sign
            "custom.cellOptions": self._cell(),
        }
        return Override(
            matcher=MatcherConfig("byName", self.title),
            properties=[
                DynamicConfigValue(key, value) for key, value in look.items() if value not in (None, [])
            ],
        )

    def _plain_if_missing(self) -> Sequence[ValueMapping]:
        """What is missing would else have the colour of zero."""
        return [MISSING] if self.limits else []

    def _cell(self) -> dict[str, Any] | None:
        if self.wraps:
            return {"type": "auto", "wrapText": True}
        return {"type": "color-text"} if self.limits or self.words else None


def table(
    title: str, says: str, columns: list[Column], *, empty: str, sort: str, falling: bool = True
) -> Panel:
    """One row for each set of labels that the first query gives, sorted by the column with the title `sort`."""
    questions = [column for column in columns if column.unit is not None]
    queries = [Query(column.source, instant=True) for column in questions]
    options = schema.Options(
        cell_height=common.TableCellHeight.SM,
        sort_by=[common.TableSortByFieldState(display_name=sort, desc=falling)],
    )
    defaults = FieldConfig(no_value=empty, custom=common.TableFieldOptions(inspect=False))
    return Panel(
        type_val="table",
        title=title,
        description=says,
        datasource=DATASOURCE,
        targets=[*targets(queries, PromQueryFormat.TABLE)],
        transformations=[DataTransformerConfig(id_val="merge", options={}), _arranged(columns, questions)],
        field_config=FieldConfigSource(
            defaults=defaults, overrides=[column.override() for column in columns]
        ),
        options=options,
    )


def _arranged(columns: list[Column], questions: list[Column]) -> DataTransformerConfig:
    """Only these columns, in this order; Grafana calls the value of an only query `Value`."""
    fields = {
        column.title: f"Value #{chr(ord('A') + questions.index(column))}"
        if column in questions
        else column.source
        for column in columns
    }
    renamed = {field: title for title, field in fields.items()}
    if len(questions) == 1:
        renamed["Value"] = questions[0].title
    hidden = {field: True for column, field in zip(columns, fields.values(), strict=True) if column.hidden}
    order = {field: place for place, field in enumerate(fields.values())}
    if "Value #A" in order:
        order["Value"] = order["Value #A"]
    return DataTransformerConfig(
        id_val="organize",
        options={"excludeByName": {"Time": True, **hidden}, "indexByName": order, "renameByName": renamed},
    )
