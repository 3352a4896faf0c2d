"""A time as people and tickets want it: in UTC, as ISO 8601."""

from datetime import UTC, datetime


def instant(time: float) -> str:
    """A time in Unix seconds; whatever the panel said can be told."""
    try:
        return datetime.fromtimestamp(time, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    except (OverflowError, ValueError, OSError):
        return f"{time:.0f} s after 1970"
