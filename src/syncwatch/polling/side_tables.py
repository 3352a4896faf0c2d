"""Settings and Activity tabs: tables that only explain, and that may cost no more than what they explain.

Where one is forbidden it is *not visible*, as where the panel has none. Any other failure is asked again by the next poll and
leaves this one complete; `syncwatch_panel_requests_total` counts it. Only what says something of all requests is handed on.
"""

from collections.abc import Awaitable, Iterable
from typing import TypeVar

from syncwatch.errors import PollError, Reason

T = TypeVar("T")

_OF_ALL = frozenset({Reason.AUTH, Reason.RATE_LIMITED, Reason.INTERNAL})


async def if_allowed(asked: Awaitable[T | None]) -> T | None:
    """What the panel answers; None where it forbids the question.

    Raises:
        PollError: any other failure.
    """
    try:
        return await asked
    except PollError as error:
        if error.reason is not Reason.FORBIDDEN:
            raise
    return None


def of_all(errors: Iterable[PollError]) -> list[PollError]:
    """Those that are not a side table's own: a credential that is refused, a panel that wants rest, a fault of ours."""
    return [error for error in errors if error.reason in _OF_ALL or error.retry_after is not None]
