"""`syncwatch diagnose`: one user's way through the troubleshooting tree, from fresh data."""

import asyncio
from typing import Annotated

import typer

from syncwatch.app import App, client
from syncwatch.cli.complain import BAD_INPUT, ConfigFile, fail, prepare
from syncwatch.clock import SystemClock
from syncwatch.diagnosis.explain import explain, instant
from syncwatch.polling.poll import Result
from syncwatch.setup import Setup


def command(
    config: ConfigFile,
    tenant: Annotated[str, typer.Option(help="The tenant.", metavar="ID", show_default=False)],
    user: Annotated[
        str,
        typer.Option(
            help="The user, by the panel's id; where it has none, by what the profile hashes: logon or address.",
            metavar="ID",
            show_default=False,
        ),
    ],
) -> None:
    """Poll a tenant once, and say of one user what was looked at, what was found, who must act and how."""
    _, setup = prepare(config, level="error")
    if all(each.id != tenant for each in setup.config.tenants):
        fail(f"{config}: there is no tenant {tenant!r}", BAD_INPUT)
    result, opaque = asyncio.run(_poll(setup, tenant, user))
    view = None
    if result.snapshot is not None:
        view = result.snapshot.user(user) or result.snapshot.user(opaque)
    # What was typed is not repeated: it may be an address.
    print(f"tenant {tenant}, user {view.facts.id}\n" if view else f"tenant {tenant}\n")
    if result.snapshot is None:
        fail(f"  {'panel:':<20} cannot be read ({result.error}); owner: operator")
    if view is None:
        fail(f"  {'panel:':<20} read; it lists no user with this id")
    data = "" if result.sight.live else f", data of {instant(result.snapshot.time)}"
    print(f"  {'panel:':<20} read in {result.duration:.1f} s{data}")
    catalogue = setup.ruleset.catalogue
    for line in explain(view, result.sight, lambda class_: catalogue[class_].owner, catalogue.remedy):
        print(line)
    if result.memory.users[view.facts.id].pending:
        fail(
            f"\nincomplete: {result.error or 'the panel lists this user and does not know the sessions or issues'}"
        )


async def _poll(setup: Setup, tenant: str, user: str) -> tuple[Result, str]:
    """What the poll came to, and the user's id if it is a hash."""
    async with client(setup) as http:
        app = App(setup, SystemClock(), http)
        return await app.poll_once(tenant, only=user), app.opaque(user)
