"""`syncwatch forget`: delete at once all that the journal has of a tenant."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from syncwatch.classification.find import NORMALISATION
from syncwatch.cli.complain import ConfigFile, fail
from syncwatch.cli.prepare import prepare
from syncwatch.clock import SystemClock
from syncwatch.config.fleet import State
from syncwatch.state.store.engine import Away, InDoubt
from syncwatch.state.store.opening import store
from syncwatch.state.store.refused import JournalRefused
from syncwatch.state.store.transactions import Forgotten

TenantId = Annotated[
    str, typer.Option("--tenant", help="The tenant, watched or not.", metavar="ID", show_default=False)
]


def command(config: ConfigFile, tenant: TenantId) -> None:
    """Delete all that the journal has of a tenant.

    The daemon may run: if it still watches the tenant, the next poll is the baseline and the counters start at 0.
    """
    _, setup = prepare(config, level="error")
    forgotten = asyncio.run(_forget(config, setup.config.state, tenant))
    if forgotten is None:
        fail(f"the journal has nothing of a tenant {tenant!r}")
    print(f"{tenant}: forgotten, with {forgotten.users} users and {forgotten.issues} issues")


async def _forget(config: Path, state: State, tenant: str) -> Forgotten | None:
    try:
        journal = store(state, SystemClock(), NORMALISATION, begin=False)
    except JournalRefused as refused:
        fail(f"{config}: {refused}")
    try:
        return await journal.engine.write(lambda connection: journal.transactions.forget(connection, tenant))
    except JournalRefused as refused:
        fail(f"{config}: {refused}")
    except Away as away:
        fail(f"{config}: nothing was deleted: {away}")
    except InDoubt as doubt:
        fail(f"{config}: nobody knows whether it was deleted: {doubt}; run it again")
    finally:
        await journal.engine.close()
