"""One tenant as the scheduler sees it, and as it can be asked about: values only."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass

from syncwatch.polling.breaker import Breaker
from syncwatch.rows import PanelReading


def _no_host() -> None:
    """A folder has none."""


@dataclass(frozen=True, slots=True)
class Watch:
    """One tenant as the scheduler sees it.

    Attributes:
        tenant: its id.
        interval: seconds between two polls.
        open: starts one poll's worth of requests to its panel.
        identity: what the watch was made from; a different one means a different watch.
        panel: what its panel was made from, so that the same panel is not asked sooner because of another interval.
        group: its budget group.
        host: whose machine its panel is on at the time, if that is known.
        admit: around each poll; waits until one more is allowed.
    """

    tenant: str
    interval: float
    open: Callable[[], PanelReading]
    identity: object
    panel: object = None
    group: str = ""
    host: Callable[[], str | None] = _no_host
    admit: Callable[[], AbstractAsyncContextManager[None]] = nullcontext


@dataclass(frozen=True, slots=True)
class Standing:
    """How a tenant stands.

    Attributes:
        breaker: see `Breaker`.
        polling: whether it is polled right now.
        due: when it is polled next, Unix seconds, by the clock as it is now.
    """

    breaker: Breaker
    polling: bool
    due: float
