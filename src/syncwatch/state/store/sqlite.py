"""The journal in one file next to the daemon, in a thread of its own.

What is committed stays so after a power loss: a commit of many tenants at once makes its fsync cheap. A file that is
damaged is moved aside with a loud word, and an empty one is begun: a journal that is gone costs a new baseline, and a
daemon that does not start costs everything. The same where somebody took the file away while it was open: what is
written to it then would be lost with the process, and nobody told. The thread does one call after the other; a caller who no longer waits
does not disturb it, and by one lock the two agree on whether a call that took too long may still commit.
"""

import asyncio
import errno
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Lock

import structlog
from sqlalchemy import Connection, Dialect, NullPool, RootTransaction, create_engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from syncwatch.clock import Clock
from syncwatch.state.store.aside import BESIDE, move_aside
from syncwatch.state.store.engine import Away, InDoubt, Kind, T, Work

DATABASE = "journal.db"
PATIENCE, OPENING, CLOSING = (
    20.0,
    300.0,
    10.0,
)  # seconds; the first time a large file is checked and perhaps migrated
BUSY = 5.0  # seconds that somebody else's write, as that of `forget`, is waited for
PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "secure_delete = ON",  # what is forgotten is overwritten
    "temp_store = MEMORY",
    "wal_autocheckpoint = 2000",  # pages, 8 MB
    "journal_size_limit = 16777216",
    "cache_size = -16384",  # KiB
)
KINDS = {
    sqlite3.SQLITE_FULL: Kind.FULL,
    sqlite3.SQLITE_READONLY: Kind.READ_ONLY,
    sqlite3.SQLITE_PERM: Kind.READ_ONLY,
    sqlite3.SQLITE_BUSY: Kind.LOCKED,
    sqlite3.SQLITE_LOCKED: Kind.LOCKED,
    sqlite3.SQLITE_PROTOCOL: Kind.LOCKED,
    sqlite3.SQLITE_CORRUPT: Kind.CORRUPT,
    sqlite3.SQLITE_NOTADB: Kind.CORRUPT,
    sqlite3.SQLITE_CONSTRAINT: Kind.DATA,
    sqlite3.SQLITE_MISMATCH: Kind.DATA,
    sqlite3.SQLITE_TOOBIG: Kind.DATA,
    sqlite3.SQLITE_CANTOPEN: Kind.UNREACHABLE,
    sqlite3.SQLITE_IOERR: Kind.UNREACHABLE,
}
SYSTEM = {
    errno.ENOSPC: Kind.FULL,
    errno.EDQUOT: Kind.FULL,
    errno.EROFS: Kind.READ_ONLY,
    errno.EACCES: Kind.READ_ONLY,
    errno.EPERM: Kind.READ_ONLY,
}
CHUNK = 1 << 20
PRIMARY = 0xFF  # the part of an error code that says which of `KINDS` it is
SPARED = {Kind.DATA, Kind.LOCKED, Kind.FULL}  # after these the connection is as good as before

_File = tuple[int, int]  # device and number: the same name may come to mean another one

log = structlog.get_logger(__name__)


class Sqlite:
    """An `Engine` over the file `DATABASE` in `folder`; both are made if they are not there.

    Args:
        folder: where the file lies, and those that were moved aside.
        prepare: makes the schema, or refuses; runs first on each connection.
        clock: says when a file was moved aside.
        patience: seconds that a call may take.
    """

    def __init__(
        self, folder: Path, prepare: Work[None], clock: Clock, *, patience: float = PATIENCE
    ) -> None:
        self._path = folder / DATABASE
        self._prepare = prepare
        self._clock = clock
        self._patience = patience
        self._engine = create_engine(
            "sqlite://", creator=self._connect, poolclass=NullPool, hide_parameters=True
        )
        event.listen(self._engine, "begin", _begin)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._connection: Connection | None = None
        self._open_file: _File | None = None
        self._begun = False  # by this engine: then it may be empty
        self._sound = False

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
        return await self.read(self._bytes)

    async def close(self) -> None:
        """See `Engine.close`; writes what is in the log back to the file, and empties it."""
        loop = asyncio.get_running_loop()
        with suppress(TimeoutError, RuntimeError):  # the latter of a thread that has ended
            async with asyncio.timeout(CLOSING):
                await loop.run_in_executor(self._thread, self._finish)
        self._thread.shutdown(wait=False)

    async def _call(self, work: Work[T], extra: float, *, write: bool) -> T:
        say = Lock()  # whoever takes it first has the say: the thread to commit, or we to give up
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout((self._patience if self._sound else OPENING) + extra):
                return await loop.run_in_executor(self._thread, self._do, work, say, write)
        except TimeoutError:
            sure = say.acquire(blocking=False) or not write
            raise (Away if sure else InDoubt)(Kind.TIMEOUT) from None

    def _do(self, work: Work[T], say: Lock, write: bool) -> T:  # noqa: FBT001 - an executor hands on positions
        try:
            _still_wanted(say)
            connection = self._opened()
            with connection.execution_options(immediate=write).begin() as transaction:
                result = work(connection)
                if write:
                    _commit(transaction, say)
                else:
                    transaction.rollback()
        except Exception as error:
            kind = _kind(error)
            if kind is None:
                raise
            in_doubt = isinstance(error, InDoubt)
            with suppress(OSError):  # of a damaged file that cannot be moved: it will be found again
                self._recover(kind, spared=kind in SPARED and not in_doubt)
            raise (InDoubt if in_doubt else Away)(kind) from None
        return result

    def _opened(self) -> Connection:
        if self._connection is not None and _file(self._path) != self._open_file:
            self._leave()
        if self._connection is None:
            try:
                self._connection = self._open()
            except Exception as error:
                if _kind(error) is not Kind.CORRUPT:
                    raise
                self._recover(Kind.CORRUPT, spared=False)
                self._connection = self._open()
        return self._connection

    def _open(self) -> Connection:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._path.exists():
            self._path.touch(0o600)  # the files beside it will have the same mode
            self._begun = True
        connection = self._engine.connect()
        try:
            with connection.execution_options(immediate=True).begin():
                self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _connect(self) -> sqlite3.Connection:
        """Open the file, and check it once: 300 MB take half a second, a second after a boot."""
        if not self._sound and not _read_through(self._path) and not self._begun:
            raise Away(Kind.CORRUPT)  # to SQLite a file that was cut off is an empty database
        connection = sqlite3.connect(self._path, timeout=BUSY, isolation_level=None)
        try:
            for pragma in PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
            if not self._sound:
                _check(connection)
        except BaseException:
            connection.close()
            raise
        self._sound, self._open_file = True, _file(self._path)
        return connection

    def _recover(self, kind: Kind, *, spared: bool) -> None:
        """See to it that the next call begins well."""
        if not spared:
            self._let_go()
        if kind is Kind.CORRUPT:
            self._sound = self._begun = False
            move_aside(self._path, self._clock.now())

    def _leave(self) -> None:
        """Leave a file that is no longer in its place; its log would be read into the one that is there now."""
        self._let_go()
        self._sound = self._begun = False
        for end in BESIDE:
            self._path.with_name(self._path.name + end).unlink(missing_ok=True)
        log.error(
            "journal_gone",
            file=str(self._path),
            then="the journal is what is there now: maybe a new baseline",
        )

    def _finish(self) -> None:
        """Let go and leave nothing in the log, whoever else has it open: what was deleted is still in there."""
        if self._connection is not None:
            with suppress(sqlite3.Error):  # by the driver, because within a transaction it does nothing
                self._connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._let_go()

    def _let_go(self) -> None:
        """Close the connection; the last one writes the log back to the file and deletes it."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(SQLAlchemyError, sqlite3.Error):
                connection.close()

    def _bytes(self, connection: Connection) -> int | None:
        connection.exec_driver_sql("PRAGMA schema_version")  # says whether it can be read at all
        files = (self._path, *(self._path.with_name(self._path.name + end) for end in BESIDE))
        with suppress(OSError):
            return sum(file.stat().st_size for file in files if file.exists())
        return None


def _begin(connection: Connection) -> None:
    """Take the lock of a write at once: who reads first and then writes may find that somebody else did too."""
    immediate = connection.get_execution_options().get("immediate")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def _still_wanted(say: Lock) -> None:
    """Leave out what waited behind a slow call until its caller gave up."""
    if say.locked():
        raise Away(Kind.TIMEOUT)


def _commit(transaction: RootTransaction, say: Lock) -> None:
    if not say.acquire(blocking=False):
        raise Away(Kind.TIMEOUT)
    try:
        transaction.commit()
    except DBAPIError as error:
        raise InDoubt(_kind(error) or Kind.OTHER) from None


def _file(path: Path) -> _File | None:
    """Which file is there; None if there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _read_through(path: Path) -> int:
    """Have the system read the file in order: the check, which jumps, is then five times as fast after a boot.

    Never while SQLite has it open in this process: closing a file drops all locks that the process has on it.

    Returns:
        How many bytes there are.
    """
    with path.open("rb", buffering=0) as file:
        while file.read(CHUNK):
            pass
        return file.tell()


def _check(connection: sqlite3.Connection) -> None:
    if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        raise Away(Kind.CORRUPT)


def _kind(error: Exception) -> Kind | None:
    """Why the database could not; None for a fault of ours."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, Away | InDoubt):
        return cause.kind
    if isinstance(cause, OSError):
        return SYSTEM.get(cause.errno or 0, Kind.UNREACHABLE)
    if isinstance(cause, sqlite3.Error):
        return KINDS.get(getattr(cause, "sqlite_errorcode", 0) & PRIMARY, Kind.OTHER)
    return None
