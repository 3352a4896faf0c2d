"""Polling tenants once: what the commands have in common that look once and say what came of it."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.progress import Progress

from syncwatch.app import App, client
from syncwatch.cli.complain import BAD_INPUT, fail
from syncwatch.clock import SystemClock
from syncwatch.setup import Setup
from syncwatch.state.store.opening import known_key

OneTenant = Annotated[
    str | None, typer.Option("--tenant", help="Poll only this tenant.", metavar="ID", show_default=False)
]
Told = TypeVar("Told")


def poll_once(
    config: Path, setup: Setup, tenant: str | None, tell: Callable[[App], Told]
) -> tuple[Told, bool]:
    """Poll every tenant, or the one that is named; what `tell` makes of it, and whether all polls were complete."""
    wanted = [each.id for each in setup.config.tenants if tenant in {None, each.id}]
    if tenant is not None and not wanted:
        fail(f"{config}: there is no tenant {tenant!r}", BAD_INPUT)
    return asyncio.run(_poll(setup, wanted, tell))


async def _poll(setup: Setup, tenants: list[str], tell: Callable[[App], Told]) -> tuple[Told, bool]:
    failures = 0
    slots = asyncio.Semaphore(setup.config.polling.concurrency)
    async with client(setup) as http:
        app = App(setup, SystemClock(), http, key=known_key(setup.config.state))
        with Progress(console=Console(stderr=True), transient=True) as progress:
            bar = progress.add_task("polling", total=len(tenants))

            async def one(tenant: str) -> None:
                nonlocal failures
                async with slots:
                    result = await app.poll_once(tenant)
                failures += result.error is not None
                progress.advance(bar)

            async with asyncio.TaskGroup() as group:
                for tenant in tenants:
                    group.create_task(one(tenant))
        return tell(app), not failures
