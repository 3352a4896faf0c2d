"""`syncwatch unclassified`: what no rule knows, by masked template, from one poll of everybody."""

from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from syncwatch.cli.complain import FAILED, ConfigFile
from syncwatch.cli.once import OneTenant, poll_once
from syncwatch.cli.prepare import prepare
from syncwatch.exposition.templates import Row
from syncwatch.inquiry import Inquiry
from syncwatch.setup import Setup

All = Annotated[
    bool,
    typer.Option(
        "--all",
        help="Show what fewer tenants have than privacy.template_tenants says, too.",
        show_default=False,
    ),
]
NOTHING = "Of what could be read, no text is unknown to the rules."


class Found(NamedTuple):
    """What one poll found that no rule knows.

    Attributes:
        setup: by which it was polled.
        rows: the templates that may be shown.
        hidden: how many may not, and what to do about it; empty if all may.
        complete: whether all polls were complete.
    """

    setup: Setup
    rows: list[Row]
    hidden: str
    complete: bool


def command(config: ConfigFile, tenant: OneTenant = None, *, everything: All = False) -> None:
    """Poll once and print the texts that no rule knows, masked; exit code 1 if a poll was not complete."""
    found = find(config, tenant, everything=everything)
    if found.rows:
        print(f"{'count':>7}  {'tenants':>7}  template")
    for row in found.rows:
        print(f"{row.count:>7}  {row.tenants:>7}  {row.template}")
    if found.hidden:
        print(found.hidden)
    elif not found.rows:
        print(NOTHING)
    if not found.complete:
        raise SystemExit(FAILED)


def find(config: Path, tenant: str | None, *, everything: bool) -> Found:
    """Poll once; `everything` shows templates of a single tenant, too."""
    _, setup = prepare(config, level="warning")
    least = 1 if everything else setup.config.template_tenants

    def tell(inquiry: Inquiry) -> tuple[list[Row], int]:
        rows = inquiry.display.templates.shown(least)
        return rows, inquiry.display.templates.present() - len(rows)

    (rows, hidden), complete = poll_once(config, setup, tenant, tell)
    return Found(setup, rows, _hidden(hidden, least, config), complete)


def _hidden(number: int, least: int, config: Path) -> str:
    if not number:
        return ""
    subject = "1 template is" if number == 1 else f"{number} templates are"
    return (
        f"{subject} not shown, because fewer than {least} tenants have the same: --all shows everything, and "
        f"privacy.template_tenants in {config} says how many it takes."
    )
