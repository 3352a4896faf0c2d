"""The command line: one module a command. What a person wrote wrong ends with one line each and exit code 2."""

import typer

from syncwatch.cli import (
    check_config,
    check_panel,
    check_rules,
    classify,
    diagnose,
    forget,
    poll_once,
    run,
    simulate,
    suggest_rule,
    ticket,
    unclassified,
    version,
)

app = typer.Typer(
    help="Watches the calendar sync of many Litify Inbox tenants.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # they print locals, and with them secrets
    context_settings={"help_option_names": ["-h", "--help"]},
)

for command in (
    run,
    check_config,
    check_panel,
    check_rules,
    poll_once,
    classify,
    unclassified,
    suggest_rule,
    diagnose,
    ticket,
    forget,
    simulate,
    version,
):
    app.command(command.__name__.rpartition(".")[2].replace("_", "-"))(command.command)
