"""How *Tenant* asks for the firm that is chosen."""

from authoring.queries import earliest, one

THIS_FIRM = '{tenant="$tenant"}'
NO_DATA = "no data: the panel cannot be read"
NOBODY = "nobody is down"


def recorded(rule: str) -> str:
    """The firm's own series of what is recorded."""
    return rule + THIS_FIRM


def shown(metric: str) -> str:
    """The firm's own series of a metric, whichever replica shows it."""
    return one(metric + THIS_FIRM)


def since(metric: str) -> str:
    """How long ago a point in time is that the firm shows."""
    return f"time() - {earliest(metric + THIS_FIRM)}"


def per_minute(counter: str) -> str:
    """What was counted each minute."""
    return f"60 * rate({recorded(counter)}[$__rate_interval])"
