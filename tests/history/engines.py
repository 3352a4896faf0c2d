"""The real journals, opened as the daemon opens them, each time as another process would."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from prometheus_client import CollectorRegistry

from syncwatch.classification.find import NORMALISATION
from syncwatch.clock import Clock
from syncwatch.config.fleet import State
from syncwatch.keeper import Keeper
from syncwatch.state.journal import Journal
from syncwatch.state.store.opening import store
from unit.polling.watched import Still

Open = Callable[[str, Clock], AbstractAsyncContextManager[Journal]]
"""Opens the journal for a process that watches this tenant, by this clock."""

DAY = 86_400.0


class Jumping(Still):
    """A clock that a test sets; by it pauses are over with the next step, and nothing happens by itself."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.Event().wait()

    def random(self) -> float:
        return 0.5


def kept_in(folder: Path, url: str | None = None) -> Open:
    """The journal in a folder, or in the database at `url`."""
    key_file = folder / "journal.key" if url else None
    if key_file:
        key_file.write_bytes(b"k" * 32)
    state = State(folder, url, None, key_file, 3 * DAY)

    @asynccontextmanager
    async def opened(tenant: str, clock: Clock) -> AsyncIterator[Journal]:
        keeper = Keeper(store(state, clock, NORMALISATION), clock, CollectorRegistry())
        keeper.watch({tenant}, state.retention)
        async with keeper.kept(lambda _: None):
            yield keeper.journal

    return opened


def in_memory(journal: Journal) -> Open:
    """The same journal for each process."""

    @asynccontextmanager
    async def opened(tenant: str, clock: Clock) -> AsyncIterator[Journal]:
        yield journal

    return opened
