"""From the configuration to a journal: which engine, which key, and what each new connection is held against."""

from typing import NamedTuple

from sqlalchemy import Connection

from syncwatch.clock import Clock
from syncwatch.config.fleet import State
from syncwatch.state.store.engine import Engine
from syncwatch.state.store.key import EMBEDDED, embedded_key, key_check, read_key
from syncwatch.state.store.refused import JournalRefused
from syncwatch.state.store.schema import prepare, revision
from syncwatch.state.store.sqlite import DATABASE, Sqlite
from syncwatch.state.store.transactions import Transactions

NOTHING = "there is no journal where `state` points: nothing was written yet, or it is somewhere else"


class Store(NamedTuple):
    """A journal that nobody has asked yet.

    Attributes:
        key: the secret key of fingerprints and hashed ids.
        engine: the database.
        transactions: what is done in it.
    """

    key: bytes
    engine: Engine
    transactions: Transactions


def key_of(state: State) -> bytes:
    """The journal's key; an embedded one is made if there is none yet.

    Raises:
        JournalRefused: it cannot be read or made, or is no key.
    """
    return read_key(state.key_file) if state.key_file else embedded_key(state.path)


def known_key(state: State) -> bytes | None:
    """The journal's key for a command that only looks: None where there is none, or none that it may read."""
    path = state.key_file or state.path / EMBEDDED
    try:
        return read_key(path) if path.exists() else None
    except (JournalRefused, OSError):
        return None


def store(state: State, clock: Clock, normalisation: int, *, begin: bool = True) -> Store:
    """The journal that the configuration names; nothing of it is asked yet.

    Args:
        state: where it is.
        clock: what time it is.
        normalisation: of the fingerprints; what another one left is no longer recognised.
        begin: whether one is begun, with its key, where there is none.

    Raises:
        JournalRefused: its key cannot be read or made, or is no key; or there is no journal, and none is begun.
    """
    if not begin:
        _refuse_nothing(state)
    key = key_of(state)
    check = key_check(key)

    def prepared(connection: Connection) -> None:
        if not begin and revision(connection) is None:
            raise JournalRefused(NOTHING)
        prepare(connection, check, clock.now())

    engine: Engine
    if state.url is None:
        engine = Sqlite(state.path, prepared, clock)
    else:
        # With it SQLAlchemy brings its whole ORM, which takes a tenth of a start and which a file does not need.
        from syncwatch.state.store.postgres import Postgres  # noqa: PLC0415

        password = state.password
        engine = Postgres(
            state.url, prepared, (lambda: password.read().get_secret_value()) if password else None
        )
    return Store(key, engine, Transactions(engine.dialect, normalisation))


def _refuse_nothing(state: State) -> None:
    """Refuse a folder without a journal; of a database one has to ask it."""
    try:
        there = state.url is not None or (state.path / DATABASE).exists()
    except OSError:
        return  # whoever opens it will say why
    if not there:
        raise JournalRefused(NOTHING)
