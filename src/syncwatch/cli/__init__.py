"""The command line: one module a command. What a person wrote wrong ends with one line each and exit code 2.

A command's module is imported when it is called for, since what one needs takes a second that another need not spend.
"""

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

_SETTINGS = {"help_option_names": ["-h", "--help"]}
_COMMANDS = (
    "run",
    "healthy",
    "check-config",
    "check-panel",
    "check-rules",
    "poll-once",
    "classify",
    "unclassified",
    "suggest-rule",
    "diagnose",
    "ticket",
    "forget",
    "simulate",
    "version",
)


class _Commands(TyperGroup):
    """The commands, by the names of their modules."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - as the library calls it
        return [*_COMMANDS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - the same
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"{__name__}.{cmd_name.replace('-', '_')}")
        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        alone.command(cmd_name, context_settings=_SETTINGS)(module.command)
        return get_command(alone)


app = typer.Typer(
    cls=_Commands,
    help="Watches the calendar sync of many Litify Inbox tenants.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # they print locals, and with them secrets
    context_settings=_SETTINGS,
)


@app.callback()
def _nothing() -> None:
    """Watches the calendar sync of many Litify Inbox tenants."""
