"""The journal in PostgreSQL, over one connection that is thrown away whenever anything went wrong on it.

Nothing waits for a server that does not answer for longer than the call has. A call that ends early is cancelled and
its connection cut off: the driver may keep a cancellation to itself while it sends many rows, and closing is a
conversation too. The password is read anew for each connection, so that a rotated one needs no restart, and it is
never part of a URL that somebody might print.
"""

import asyncio
import os
import ssl
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy import Dialect, event, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from syncwatch.config.secrets import SecretUnavailable
from syncwatch.state.store.engine import Away, InDoubt, Kind, T, Work

PATIENCE, PREPARING, CONNECTING, CLOSING = 10.0, 60.0, 5.0, 1.0  # seconds
PREPARED = "syncwatch_prepared"
VERIFIED = {"verify-ca", "verify-full"}
SIZE = text(
    "SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class "
    "WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'"
)
STATES = {
    "53100": Kind.FULL,
    "25006": Kind.READ_ONLY,  # a standby, or a server that was made read-only
    "40001": Kind.LOCKED,
    "40P01": Kind.LOCKED,
    "55P03": Kind.LOCKED,
    "57014": Kind.TIMEOUT,
    "42501": Kind.REFUSED,
    "3D000": Kind.REFUSED,
    "XX001": Kind.CORRUPT,
    "XX002": Kind.CORRUPT,
}
CLASSES = {
    "08": Kind.UNREACHABLE,
    "53": Kind.UNREACHABLE,  # too many connections, no memory
    "57": Kind.UNREACHABLE,  # shut down, or starting up
    "28": Kind.REFUSED,
    "22": Kind.DATA,
    "23": Kind.DATA,
    "54": Kind.DATA,  # larger than the server can take
}
"""By the first two characters of an SQLSTATE, where `STATES` does not name the whole of it."""
KINDS: tuple[tuple[tuple[type[Exception], ...], Kind], ...] = (
    ((TimeoutError, PoolTimeoutError), Kind.TIMEOUT),
    ((asyncpg.DataError,), Kind.DATA),  # the driver cannot encode it
    ((asyncpg.ClientConfigurationError,), Kind.REFUSED),
    ((OSError, asyncpg.InterfaceError, asyncpg.InternalClientError), Kind.UNREACHABLE),
)
"""Of what has no SQLSTATE; the first that fits."""


class Postgres:
    """An `Engine` over one database.

    Args:
        url: `postgresql+asyncpg://user@host:port/database`, without a password.
        prepare: makes the schema, or refuses; runs first on each connection.
        password: reads it, or raises `SecretUnavailable`; None where the server asks for none.
        patience: seconds that a call may take.
    """

    def __init__(
        self,
        url: str,
        prepare: Work[None],
        password: Callable[[], str] | None = None,
        *,
        patience: float = PATIENCE,
    ) -> None:
        self._prepare = prepare
        self._password = password
        self._patience = patience
        self._driver: Any = None  # its newest connection
        self._engine = create_async_engine(
            url,
            pool_size=1,
            max_overflow=0,
            pool_pre_ping=True,  # a server that was restarted meanwhile is no reason to fail
            hide_parameters=True,
            connect_args={"timeout": CONNECTING, "server_settings": {"application_name": "syncwatch"}},
        )
        event.listen(self._engine.sync_engine, "do_connect", self._log_in)
        event.listen(self._engine.sync_engine, "connect", self._connected)
        event.listen(self._engine.sync_engine, "invalidate", _cut)

    @property
    def dialect(self) -> Dialect:
        """See `Engine.dialect`."""
        return self._engine.dialect

    async def write(self, work: Work[T], *, extra: float = 0.0) -> T:
        """See `Engine.write`."""
        return await self._call(work, extra, write=True)

    async def read(self, work: Work[T], *, extra: float = 0.0) -> T:
        """See `Engine.read`."""
        return await self._call(work, extra, write=False)

    async def size(self) -> int | None:
        """See `Engine.size`."""
        size: int = await self.read(lambda connection: connection.execute(SIZE).scalar_one())
        return size

    async def close(self) -> None:
        """See `Engine.close`."""
        with suppress(TimeoutError, OSError, SQLAlchemyError, asyncpg.PostgresError):
            async with asyncio.timeout(CLOSING):
                await self._engine.dispose()

    async def _call(self, work: Work[T], extra: float, *, write: bool) -> T:
        committing = asyncio.Event()
        patience = self._patience + extra
        try:
            async with asyncio.timeout(patience) as limit:
                prepared = partial(self._prepared, limit=limit, patience=patience)
                return await self._cut_off(self._transact(work, prepared, committing if write else None))
        except Exception as error:
            kind = _kind(error)
            if kind is None:
                raise
            raise (InDoubt if committing.is_set() else Away)(kind) from None

    async def _cut_off(self, call: Coroutine[Any, Any, T]) -> T:
        """Wait for a call; it ends with us, for sure, if we are cancelled."""
        doing = asyncio.create_task(call)
        try:
            await asyncio.wait([doing])
        except asyncio.CancelledError:
            doing.cancel()
            if self._driver is not None:
                self._driver.terminate()
            await asyncio.wait([doing])
            if not doing.cancelled():
                doing.exception()  # nobody asks for it any more
            raise
        return doing.result()

    async def _transact(
        self,
        work: Work[T],
        prepared: Callable[[AsyncConnection], Awaitable[None]],
        committing: asyncio.Event | None,
    ) -> T:
        async with self._engine.connect() as connection:
            try:
                await prepared(connection)
                await connection.execution_options(
                    isolation_level="READ COMMITTED" if committing is not None else "REPEATABLE READ"
                )
                result = await connection.run_sync(work)
                if committing is not None:
                    committing.set()
                    await connection.commit()
                else:
                    await connection.rollback()
            except BaseException:
                await connection.invalidate()
                raise
        return result

    async def _prepared(self, connection: AsyncConnection, limit: asyncio.Timeout, patience: float) -> None:
        """Run `prepare` if it did not on this connection; it may take longer, because it may migrate."""
        if PREPARED not in connection.info:
            _extend(limit, PREPARING)
            await connection.run_sync(self._prepare)
            await connection.commit()
            connection.info[PREPARED] = True
        _extend(limit, patience)

    def _connected(self, connection: Any, _record: object) -> None:
        self._driver = connection.driver_connection

    def _log_in(self, _dialect: Dialect, _record: object, _: object, named: dict[str, Any]) -> None:
        if named.get("ssl") in VERIFIED and "PGSSLROOTCERT" not in os.environ:
            named["ssl"] = _verifying(host=named["ssl"] == "verify-full")
        if self._password is not None:
            try:
                named["password"] = self._password()
            except SecretUnavailable:
                raise Away(Kind.REFUSED) from None


def _verifying(*, host: bool) -> ssl.SSLContext:
    """Verify by the certificates that the system trusts; the driver by itself has only a file in the home folder."""
    context = ssl.create_default_context()
    context.check_hostname = host
    return context


def _extend(limit: asyncio.Timeout, seconds: float) -> None:
    limit.reschedule(asyncio.get_running_loop().time() + seconds)


def _cut(connection: Any, _record: object, _error: object) -> None:
    """End it without a word to a server that may not answer."""
    connection.driver_connection.terminate()


def _kind(error: Exception) -> Kind | None:
    """Why the database could not; None for a fault of ours."""
    cause = _of_driver(error.orig) if isinstance(error, DBAPIError) else error
    if isinstance(cause, Away):
        return cause.kind
    if state := getattr(cause, "sqlstate", None):
        return STATES.get(state) or CLASSES.get(state[:2], Kind.OTHER)
    kinds = (kind for types, kind in KINDS if isinstance(cause, types))
    return next(kinds, Kind.OTHER if isinstance(error, DBAPIError) else None)


def _of_driver(error: BaseException | None) -> BaseException | None:
    """What asyncpg raised, out of what SQLAlchemy makes of it."""
    return error and (error.__cause__ or error)
