"""The numbers that the alerts go by, so that a panel changes its colour where an alert begins to look."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

_FILE = Path(__file__).parents[2] / "config" / "prometheus" / "thresholds.yaml"


def threshold(group: str, name: str) -> float:
    """A number of `config/prometheus/thresholds.yaml`."""
    return float(_read()[group][name])


@cache
def _read() -> Any:
    return yaml.safe_load(_FILE.read_text(encoding="utf-8"))
