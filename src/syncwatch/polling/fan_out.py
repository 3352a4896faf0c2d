"""Asking a panel for something of each of many users or organizations.

A few requests are in flight at once, and asking ends by itself: at a deadline, when enough have failed, or at a
failure that every other request would meet as well. Whoever was not reached is asked for by the next poll.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from syncwatch.errors import PollError, Reason

T = TypeVar("T")

AT_ONCE = 4  # requests in flight to one panel
GIVE_UP = 5  # failures after which the rest is left for the next poll
FATAL = frozenset({Reason.AUTH, Reason.FORBIDDEN, Reason.RATE_LIMITED})  # no use asking for more


async def ask_each(
    items: Sequence[T], ask: Callable[[T], Awaitable[None]], deadline: float, *, turn: int = 0
) -> list[PollError]:
    """Ask for each of `items` in their order; gives what failed.

    Args:
        items: of whom something is asked.
        ask: asks for one of them, and keeps what it gets.
        deadline: of the event loop's time.
        turn: who comes first; if it grows with each poll, those who can never be read hold up nobody for ever.
    """
    first = turn % len(items) if items else 0
    errors: list[PollError] = []
    rest = iter((*items[first:], *items[:first]))

    async def one_after_the_other() -> None:
        for item in rest:  # shared: a task for each item would be too many to be cancelled in time
            if hopeless(errors):
                return
            try:
                await ask(item)
            except PollError as error:
                errors.append(error.with_traceback(None))

    try:
        async with asyncio.timeout_at(deadline), asyncio.TaskGroup() as group:
            for _ in range(min(AT_ONCE, len(items))):
                group.create_task(one_after_the_other())
    except TimeoutError:
        pass
    return errors


def hopeless(errors: Sequence[PollError]) -> bool:
    """Whether there is no use in asking this panel for more now, or it wants to be left alone."""
    return len(errors) >= GIVE_UP or any(
        error.reason in FATAL or error.retry_after is not None for error in errors
    )
