"""One transaction at a time on a real database of the test's own, on each of the two engines."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import Connection, Dialect, Engine, create_engine, event, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

T = TypeVar("T")
WAITING = (
    "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
)


class Transact:
    """Runs a function of a connection in a transaction, and commits."""

    def __init__(self, engine: Engine | AsyncEngine) -> None:
        self._engine = engine

    @property
    def dialect(self) -> Dialect:
        return self._engine.dialect

    async def __call__(self, work: Callable[[Connection], T]) -> T:
        if isinstance(self._engine, Engine):
            with self._engine.begin() as connection:
                return work(connection)
        async with self._engine.begin() as connection:
            return await connection.run_sync(work)

    async def overlapping(
        self, first: Callable[[Connection], object], second: Callable[[Connection], T]
    ) -> T:
        """Let `second` begin and wait for `first`, which is committed only then; of PostgreSQL."""
        async with self._engine.begin() as connection:
            await connection.run_sync(first)
            waiting = asyncio.create_task(self(second))
            async with asyncio.timeout(10):
                while not await self(lambda connection: connection.execute(text(WAITING)).scalar()):
                    assert not waiting.done(), "it did not wait"
        return await waiting


def sqlite(file: Path) -> Engine:
    engine = create_engine(f"sqlite:///{file}", connect_args={"isolation_level": None})

    @event.listens_for(engine, "connect")
    def _write_ahead(connection, record) -> None:
        connection.execute("PRAGMA journal_mode=WAL")

    @event.listens_for(engine, "begin")
    def _begin(connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path) -> str:
    """Where an empty database is."""
    return f"sqlite:///{tmp_path}/j" if request.param == "sqlite" else request.getfixturevalue("database")


@pytest.fixture
async def transact(url) -> AsyncIterator[Transact]:
    if url.startswith("sqlite"):
        engine = sqlite(Path(url.removeprefix("sqlite:///")))
        yield Transact(engine)
        engine.dispose()
    else:
        other = create_async_engine(url)
        yield Transact(other)
        await other.dispose()
