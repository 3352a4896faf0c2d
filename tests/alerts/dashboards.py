"""What the committed dashboards ask Prometheus, with Grafana's variables replaced by what they may stand for."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "grafana" / "dashboards"
PATHS = sorted(FOLDER.glob("*.json"))

# What Grafana puts in place of its own variables, and of a choice that was not made. Its interval would be a minute, but
# points of a subquery lie on whole ones, and a Prometheus of the tests may not have lived through one.
SPANS = {"__rate_interval": "5m", "__interval": "1s", "__range": "1h"}
ALL = {"team": ".*", "tier": ".*", "region": ".*", "instance": ".*"}

_VARIABLE = re.compile(r"\$(?:\{(\w+)[^}]*\}|(\w+))")


def read(path: Path) -> dict:
    """A dashboard as Grafana reads it."""
    return json.loads(path.read_text(encoding="utf-8"))


def panels(dashboard: Mapping) -> list[dict]:
    """Those that show something; rows are only headings."""
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def expressions(path: Path, values: Mapping[str, str] | None = None) -> Iterator[tuple[str, str, str]]:
    """(dashboard, panel's title, PromQL) of every query, and of every annotation; `values` are those of variables.

    A variable that has no value is an error: `tenant` has to be said for the dashboard of a tenant.
    """
    dashboard, known = read(path), {**SPANS, **ALL, **(values or {})}
    for panel in panels(dashboard):
        for target in panel["targets"]:
            yield dashboard["uid"], panel["title"], replaced(target["expr"], known)
    for annotation in dashboard["annotations"]["list"]:
        yield dashboard["uid"], annotation["name"], replaced(annotation["expr"], known)


def replaced(expr: str, values: Mapping[str, str]) -> str:
    """An expression with values for all of its variables."""
    return _VARIABLE.sub(lambda found: values[found[1] or found[2]], expr)
