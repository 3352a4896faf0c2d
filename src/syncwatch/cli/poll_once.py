"""`syncwatch poll-once`: the main job, once: poll, and print what a scrape would say."""

import asyncio
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from syncwatch.app import App, client
from syncwatch.cli.complain import BAD_INPUT, FAILED, ConfigFile, fail, prepare
from syncwatch.clock import SystemClock
from syncwatch.setup import Setup


def command(
    config: ConfigFile,
    tenant: Annotated[
        str | None, typer.Option(help="Poll only this tenant.", metavar="ID", show_default=False)
    ] = None,
) -> None:
    """Poll every tenant once and print the metrics; exit code 1 if a poll was not complete."""
    _, setup = prepare(config, level="warning")
    wanted = [each.id for each in setup.config.tenants if tenant in {None, each.id}]
    if tenant is not None and not wanted:
        fail(f"{config}: there is no tenant {tenant!r}", BAD_INPUT)
    page, complete = asyncio.run(_poll(setup, wanted))
    sys.stdout.buffer.write(page)
    if not complete:
        raise SystemExit(FAILED)


async def _poll(setup: Setup, tenants: list[str]) -> tuple[bytes, bool]:
    failures = 0
    slots = asyncio.Semaphore(setup.config.polling.concurrency)
    async with client(setup) as http:
        app = App(setup, SystemClock(), http)
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
        return app.metrics(), not failures
