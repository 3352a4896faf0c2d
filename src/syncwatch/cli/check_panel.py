"""`syncwatch check-panel`: what a real panel shows, how far its profile reads it, and a patch of the profile.

The report goes to standard error and the patch to standard output, so that the latter can be put into a file as it is.
Neither holds a value of a row, but for words of statuses that are nobody's name.
"""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from syncwatch.app import client
from syncwatch.cli.complain import FAILED, ConfigFile, fail
from syncwatch.cli.once import chosen
from syncwatch.cli.prepare import prepare
from syncwatch.clock import SystemClock
from syncwatch.errors import PollError
from syncwatch.inquiry import Inquiry, with_found
from syncwatch.panel.survey.findings import Findings, findings
from syncwatch.panel.survey.lists import Survey, Surveyed
from syncwatch.panel.survey.patch import suggest
from syncwatch.setup import Setup

_MAX_UNKNOWN = 30  # keys listed of a table


def command(
    config: ConfigFile,
    tenant: Annotated[str, typer.Option(help="The tenant.", metavar="ID", show_default=False)],
) -> None:
    """Look at a tenant's panel once, and print a profile patch for what its profile does not read.

    Exit code 1 if something that is required was not found, or a word has no meaning.
    """
    _, setup = prepare(config, level="error")
    try:
        profile, seen = asyncio.run(_survey(config, setup, tenant))
    except PollError as error:
        failure = str(error)
    else:
        _print(tenant, profile, seen)
        return
    fail(f"{tenant}: {failure}")


async def _survey(config: Path, setup: Setup, tenant: str) -> tuple[str, Survey]:
    """The tenant's profile, and what its panel shows."""
    clock = SystemClock()
    async with client(setup) as http:
        setup = await with_found(setup, http, clock)
        chosen(config, setup, tenant)
        profile = next(each.profile for each in setup.config.tenants if each.id == tenant)
        return profile, await Inquiry(setup, clock, http, None).survey(tenant)


def _print(tenant: str, profile: str, seen: Survey) -> None:
    told = {name: findings(table) for name, table in seen.items()}
    print(f"tenant {tenant}, profile {profile}", file=sys.stderr)
    for name, table in seen.items():
        for line in _lines(table, told[name]):
            print(line, file=sys.stderr)
    patch = suggest(seen, profile, tenant)
    well = all(each.well for each in told.values())
    if patch.changes or patch.unsure:
        print("\na patch to start from, to be named under panels.files:\n", file=sys.stderr)
        print(patch.text, end="")
    elif well:
        print("\nall is well: nothing to change", file=sys.stderr)
    if not well:
        raise SystemExit(FAILED)


def _lines(table: Surveyed, told: Findings) -> Iterator[str]:
    """One table of the report."""
    reached = [(table.lists, "list"), (table.pages, "page"), (table.rows.count, "row")]
    counts = ", ".join(f"{count} {what}{'' if count == 1 else 's'}" for count, what in reached)
    yield f"\n{table.plan.name}: {counts}"
    if table.failure is not None:
        yield f"  {'not read':<10} {table.failure}"
    if not table.rows.count:
        return
    for kind in ("found", "missing", "untold", "unfit"):
        if names := getattr(told, kind):
            yield f"  {kind:<10} {', '.join(names)}"
    for name, words in told.strange.items():
        parts = [f'"{word}"' for word in words.shown]
        parts += [f"{words.hidden} that are not shown"] if words.hidden else []
        yield f"  {'no meaning':<10} {name}: {', '.join(parts)}"
    if told.unknown or told.hidden:
        keys = list(told.unknown[:_MAX_UNKNOWN])
        more = len(told.unknown) - len(keys) + told.hidden
        keys += [f"{more} more"] if more else []
        yield f"  {'unknown':<10} {', '.join(keys)}"
