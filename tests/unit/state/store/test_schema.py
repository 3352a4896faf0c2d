"""What becomes of a database when a journal is opened in it."""

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, select, text

from syncwatch.state.store import schema
from syncwatch.state.store.refused import JournalRefused
from syncwatch.state.store.schema import REVISION, REVISIONS, prepare
from syncwatch.state.store.tables import JOURNAL, METADATA

T0 = 1_700_000_000.0
KEY = b"check"
NEXT = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "0002", "0001"

def upgrade():
    op.add_column("journal", sa.Column("color", sa.Text, nullable=False, server_default="green"))
"""
CURRENT = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from conftest import sqlite
from syncwatch.state.store.schema import prepare
engine = sqlite(Path({file!r}))
with engine.begin() as connection:
    prepare(connection, b"check", 0.0)
print([name for name in sys.modules if name.partition(".")[0] in ("alembic", "mako")])
"""


async def test_a_fresh_database_gets_the_tables_that_the_program_uses(transact):
    await transact(lambda connection: prepare(connection, KEY, T0))

    def differences(connection):
        options = {"version_table": REVISIONS, "compare_type": True, "compare_server_default": True}
        return compare_metadata(MigrationContext.configure(connection, opts=options), METADATA)

    assert await transact(differences) == []


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_sqlite_keeps_no_second_key_beside_that_of_the_table(transact):
    await transact(lambda connection: prepare(connection, KEY, T0))
    made = await transact(
        lambda connection: (
            connection.execute(
                text("select name from sqlite_master where type = 'table' and sql like '%WITHOUT ROWID%'")
            )
            .scalars()
            .all()
        )
    )
    assert sorted(made) == sorted(METADATA.tables)


def test_the_newest_step_leads_to_the_schema_that_the_program_knows():
    assert ScriptDirectory(str(Path(schema.__file__).with_name("migrations"))).get_heads() == [REVISION]


async def test_the_same_key_opens_it_again_and_another_key_is_refused(transact):
    await transact(lambda connection: prepare(connection, KEY, T0))
    await transact(lambda connection: prepare(connection, KEY, T0 + 1))
    with pytest.raises(JournalRefused, match="put the old key back"):
        await transact(lambda connection: prepare(connection, b"other", T0))
    rows = await transact(lambda connection: connection.execute(select(JOURNAL)).all())
    assert [tuple(row) for row in rows] == [(KEY, T0)]


async def test_a_newer_schema_is_refused_and_stays_as_it_is(transact):
    await transact(lambda connection: prepare(connection, KEY, T0))
    await transact(
        lambda connection: connection.execute(text(f"update {REVISIONS} set version_num = '0007'"))
    )
    with pytest.raises(
        JournalRefused, match=rf"newer Syncwatch \(schema 0007; this one knows up to {REVISION}\)"
    ):
        await transact(lambda connection: prepare(connection, KEY, T0))
    assert (
        await transact(
            lambda connection: connection.execute(text(f"select version_num from {REVISIONS}")).scalar()
        )
        == "0007"
    )


async def test_the_next_version_upgrades_what_is_there_and_this_one_then_refuses_it(
    transact, monkeypatch, tmp_path
):
    """With a step that is made up, since there has been only one schema yet; the journal's own data is a golden file."""
    await transact(lambda connection: prepare(connection, KEY, T0))
    steps = tmp_path / "migrations"
    shutil.copytree(Path(schema.__file__).with_name("migrations"), steps)
    (steps / "versions" / "0002_color.py").write_text(NEXT)
    with monkeypatch.context() as later:
        later.setattr(schema, "_MIGRATIONS", steps)
        later.setattr(schema, "REVISION", "0002")
        await transact(lambda connection: prepare(connection, KEY, T0 + 1))
    rows = await transact(
        lambda connection: connection.execute(text("select made, color from journal")).all()
    )
    assert [tuple(row) for row in rows] == [(T0, "green")]
    with pytest.raises(JournalRefused, match=r"newer Syncwatch \(schema 0002; this one knows up to 0001\)"):
        await transact(lambda connection: prepare(connection, KEY, T0))


async def test_a_database_of_something_else_is_refused_and_stays_as_it_is(transact):
    await transact(lambda connection: connection.execute(text("create table users (name text)")))
    with pytest.raises(JournalRefused, match=r"tables of something else \(users\)"):
        await transact(lambda connection: prepare(connection, KEY, T0))
    assert await transact(lambda connection: inspect(connection).get_table_names()) == ["users"]


async def test_a_migration_that_does_not_get_to_its_end_leaves_nothing(transact):
    def interrupted(connection):
        prepare(connection, KEY, T0)
        raise InterruptedError

    with pytest.raises(InterruptedError):
        await transact(interrupted)
    assert await transact(lambda connection: inspect(connection).get_table_names()) == []


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
async def test_of_two_who_start_at_once_one_migrates_and_the_other_finds_it_done(transact):
    await transact.overlapping(
        lambda connection: prepare(connection, KEY, T0), lambda connection: prepare(connection, KEY, T0 + 1)
    )
    rows = await transact(lambda connection: connection.execute(select(JOURNAL)).all())
    assert [tuple(row) for row in rows] == [(KEY, T0)]


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
async def test_of_two_who_start_at_once_with_different_keys_the_second_is_refused(transact):
    with pytest.raises(JournalRefused, match="put the old key back"):
        await transact.overlapping(
            lambda connection: prepare(connection, KEY, T0),
            lambda connection: prepare(connection, b"other", T0),
        )


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
async def test_nothing_of_alembic_is_imported_where_the_schema_is_current(transact, url):
    await transact(lambda connection: prepare(connection, KEY, T0))
    program = CURRENT.format(tests=str(Path(__file__).parent), file=url.removeprefix("sqlite:///"))
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr
