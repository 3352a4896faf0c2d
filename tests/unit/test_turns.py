"""Work that grows with a tenant holds up nobody else."""

import asyncio
import threading

from syncwatch.turns import LARGE, Turns


async def test_little_work_is_done_in_turns_on_the_loop():
    turns, done = Turns(), []

    async def piece(name):
        done.append(await turns.work(LARGE - 1, lambda: (name, threading.current_thread())))

    await asyncio.gather(piece("a"), piece("b"))
    assert done == [("a", threading.main_thread()), ("b", threading.main_thread())]


async def test_much_work_leaves_the_loop_and_the_turns_to_others():
    turns, begun, go_on = Turns(), threading.Event(), threading.Event()

    def much():
        begun.set()
        assert go_on.wait(20)
        return "much"

    working = asyncio.ensure_future(turns.work(LARGE, much))
    await asyncio.to_thread(begun.wait, 20)
    assert await turns.work(1, lambda: "little") == "little"
    assert not working.done()
    go_on.set()
    assert await working == "much"


async def test_much_work_is_done_one_after_the_other():
    turns, at_once, most = Turns(), [], []

    def much():
        at_once.append(1)
        most.append(len(at_once))
        at_once.pop()

    await asyncio.gather(*(turns.work(LARGE, much) for _ in range(5)))
    assert most == [1] * 5
