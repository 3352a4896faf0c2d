"""Polling tenants once: what the commands have in common that look once and say what came of it."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.progress import Progress

from syncwatch.app import client
from syncwatch.cli.complain import BAD_INPUT, fail
from syncwatch.clock import SystemClock
from syncwatch.inquiry import Inquiry, with_found
from syncwatch.setup import Setup
from syncwatch.state.store.opening import known_key

OneTenant = Annotated[
    str | None, typer.Option("--tenant", help="Poll only this tenant.", metavar="ID", show_default=False)
]
Told = TypeVar("Told")


def poll_once(
    config: Path, setup: Setup, tenant: str | None, tell: Callable[[Inquiry], Told]
) -> tuple[Told, bool]:
    """Poll every tenant, or the one that is named; what `tell` makes of it, and whether all polls were complete."""
    return asyncio.run(_poll(config, setup, tenant, tell))


async def _poll(
    config: Path, setup: Setup, tenant: str | None, tell: Callable[[Inquiry], Told]
) -> tuple[Told, bool]:
    failures, clock = 0, SystemClock()
    async with client(setup) as http:
        setup = await with_found(setup, http, clock)
        wanted = chosen(config, setup, tenant)
        inquiry = Inquiry(setup, clock, http, known_key(setup.config.state))
        with Progress(console=Console(stderr=True), transient=True) as progress:
            bar = progress.add_task("polling", total=len(wanted))

            async def one(tenant: str) -> None:
                nonlocal failures
                result = await inquiry.poll(tenant)
                failures += result.error is not None
                progress.advance(bar)

            async with asyncio.TaskGroup() as group:
                for each in wanted:
                    group.create_task(one(each))
        return tell(inquiry), not failures


def chosen(config: Path, setup: Setup, tenant: str | None) -> list[str]:
    """All tenants, or the one that is named; ends the command if there is no such one."""
    wanted = [each.id for each in setup.config.tenants if tenant in {None, each.id}]
    if tenant is not None and not wanted:
        fail(f"{config}: there is no tenant {tenant!r}", BAD_INPUT)
    return wanted
