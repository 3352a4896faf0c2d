"""Asking for something of each of many users."""

import asyncio

from syncwatch.errors import PollError, Reason
from syncwatch.polling.fan_out import AT_ONCE, GIVE_UP, ask_each


def deadline(seconds: float = 20.0) -> float:
    return asyncio.get_running_loop().time() + seconds


async def test_everybody_is_asked_once_and_a_few_at_a_time():
    asked, flying, most = [], set(), 0

    async def ask(item):
        nonlocal most
        flying.add(item)
        most = max(most, len(flying))
        await asyncio.sleep(0)
        flying.discard(item)
        asked.append(item)

    assert await ask_each(range(50), ask, deadline(), turn=7) == []
    assert sorted(asked) == list(range(50))
    assert asked[0] == 7
    assert most == AT_ONCE


async def test_as_many_as_there_may_be_are_no_more_tasks_than_are_in_flight():
    """At the deadline they are all to be cancelled, which a hundred thousand would take half a minute."""
    tasks = 0

    async def ask(_):
        nonlocal tasks
        tasks = max(tasks, len(asyncio.all_tasks()))
        await asyncio.sleep(3600)

    assert await ask_each(range(100_000), ask, deadline(0.05)) == []
    assert tasks <= AT_ONCE + 1


async def test_asking_ends_when_enough_have_failed_or_one_tells_of_all():
    for reason, most in ((Reason.HTTP_5XX, GIVE_UP + AT_ONCE), (Reason.AUTH, AT_ONCE)):
        asked = []

        async def ask(item, asked=asked, reason=reason):
            asked.append(item)
            await asyncio.sleep(0)
            raise PollError(reason, "no")

        errors = await ask_each(range(100), ask, deadline())
        assert {error.reason for error in errors} == {reason}
        assert len(asked) <= most


async def test_nobody_to_ask_is_nothing_to_do():
    assert await ask_each((), lambda _: None, deadline(), turn=3) == []
