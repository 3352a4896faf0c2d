"""Durations as people write them: `250ms`, `30s`, `5m`, `1h30m`, `1d`; seconds inside.

A bare number is refused, because whoever writes `interval: 5` may mean minutes.
"""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

LEAST = 0.001
MOST = 30 * 86400.0

_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_PART = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)(ms|[dhms])")
_WHOLE = re.compile(rf"(?:{_PART.pattern}){{1,5}}")


def seconds(value: Any) -> float:
    """Read a duration.

    Raises:
        ValueError: it is not one, is zero or is longer than 30 days; says what to write.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError("needs a unit: write `30s`, `5m` or `1h30m`")  # noqa: TRY004 - pydantic wants ValueError
    if not isinstance(value, str) or not _WHOLE.fullmatch(value.strip()):
        raise ValueError("must be a duration: write `250ms`, `30s`, `5m`, `1h30m` or `1d`")
    parts = _PART.findall(value)
    units = [unit for _, unit in parts]
    if units != sorted(set(units), key=list(_UNITS).index):
        raise ValueError("must name each unit once, the largest first: write `1h30m`")
    total = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if not LEAST <= total <= MOST:
        raise ValueError("must be longer than 0 and no longer than `30d`")
    return total


# A schema of the file shows what people write.
Written = Annotated[str, Field(pattern=rf"^\s*{_WHOLE.pattern}\s*$")]

Duration = Annotated[float, BeforeValidator(seconds, json_schema_input_type=Written)]
