"""What can be chosen at the top of a dashboard, and what its links need."""

from grafana_foundation_sdk.models.dashboard import (
    VariableHide,
    VariableModel,
    VariableOption,
    VariableRefresh,
    VariableSort,
    VariableType,
)

from authoring.queries import DATASOURCE

ALL = VariableOption(selected=True, text=["All"], value=["$__all"])


def datasource() -> VariableModel:
    """Which Prometheus."""
    return VariableModel(
        type_val=VariableType.DATASOURCE,
        name="datasource",
        label="Data source",
        query="prometheus",
        refresh=VariableRefresh.ON_DASHBOARD_LOAD,
    )


def several(name: str, label: str, values: str) -> VariableModel:
    """Some of the values of a label, or all; all includes series without the label."""
    found = _found(name, label, values)
    found.multi = found.include_all = True
    found.all_value = ".*"
    found.current = ALL
    return found


def single(name: str, label: str, values: str) -> VariableModel:
    """One of the values of a label."""
    return _found(name, label, values)


def external_url() -> VariableModel:
    """Where people reach Syncwatch's pages; the daemon says it itself (`web.external_url`)."""
    found = _found("external_url", "Syncwatch", "label_values(syncwatch_build_info, external_url)")
    found.hide = VariableHide.HIDE_VARIABLE
    found.skip_url_sync = True
    return found


def _found(name: str, label: str, values: str) -> VariableModel:
    return VariableModel(
        type_val=VariableType.QUERY,
        name=name,
        label=label,
        query={"query": values, "refId": name},
        datasource=DATASOURCE,
        refresh=VariableRefresh.ON_TIME_RANGE_CHANGED,
        sort=VariableSort.ALPHABETICAL_ASC,
    )
