"""Bringing a database to this program's schema, in the caller's transaction, and refusing one that is not ours.

Alembic is imported only where there is something to bring: the import takes longer than all else that a start asks of
the journal. Of several programs that start at once one migrates and the others wait for it.
"""

from pathlib import Path

from sqlalchemy import Connection, column, func, insert, inspect, select, table

from syncwatch.state.store.refused import JournalRefused
from syncwatch.state.store.tables import JOURNAL, METADATA

REVISION = "0001"  # the newest one that this program knows; they are numbers, so that a newer one can be told
REVISIONS = "journal_schema"

_LOCK = 0x73796E63_77617463  # any number that no other program locks
_MIGRATIONS = Path(__file__).with_name("migrations")


def prepare(connection: Connection, key_check: bytes, now: float) -> None:
    """Make sure that the journal has this program's schema and fingerprint key.

    Args:
        connection: in a transaction; of SQLite in one that locks out other writers already.
        key_check: what tells the fingerprint key from others.
        now: the time, for a journal that is made now.

    Raises:
        JournalRefused: it is a newer program's, another key's, or no journal at all.
    """
    if revision(connection) != REVISION:
        _migrate(connection)
    found = connection.execute(select(JOURNAL.c.key_check)).scalar()
    if found is None:
        connection.execute(insert(JOURNAL).values(key_check=key_check, made=now))
    elif bytes(found) != key_check:
        raise JournalRefused(
            "the fingerprint key is not the one this journal was written with: put the old key back (`state.key_file`,"
            " or the key in the state folder), or move the journal away: then each tenant's first poll is its baseline"
            " again and counters start at 0"
        )


def revision(connection: Connection) -> str | None:
    """The schema that the database has; None if it has none."""
    if not inspect(connection).has_table(REVISIONS):
        return None
    return connection.execute(select(column("version_num")).select_from(table(REVISIONS))).scalar()


def _migrate(connection: Connection) -> None:
    """Take the steps that are missing once it is one's turn: none, if somebody else took them meanwhile."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    current = revision(connection)
    if current is None:
        _refuse_foreign(connection)
    elif current > REVISION:
        raise JournalRefused(
            f"the journal was written by a newer Syncwatch (schema {current}; this one knows up to {REVISION}): start"
            " that version, or point `state` elsewhere"
        )
    _upgrade(connection, current)


def _upgrade(connection: Connection, current: str | None) -> None:
    from alembic.migration import MigrationContext  # noqa: PLC0415
    from alembic.operations import Operations  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    steps = ScriptDirectory(str(_MIGRATIONS))
    context = MigrationContext.configure(connection, opts={"version_table": REVISIONS})
    with Operations.context(context):
        for step in reversed(list(steps.iterate_revisions(REVISION, current or "base"))):
            step.module.upgrade()
    context.stamp(steps, REVISION)


def _refuse_foreign(connection: Connection) -> None:
    """A database with tables of these names and no revision belongs to something else."""
    foreign = METADATA.tables.keys() & set(inspect(connection).get_table_names())
    if foreign:
        raise JournalRefused(
            f"the database has tables of something else ({', '.join(sorted(foreign))}): give the journal a database, or"
            " a schema, of its own"
        )
