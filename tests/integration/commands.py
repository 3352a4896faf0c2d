"""Commands as a person calls them, but in this process: a start would take longer than what most of them do."""

import os

from typer.testing import CliRunner, Result

from logs import logging_kept
from syncwatch.cli import app


def command(*arguments: object, **environ: str) -> Result:
    """Run a command to its end, with none of the daemon's settings in its environment but with these variables."""
    settings = {name: None for name in os.environ if name.startswith("SYNCWATCH_")}
    with logging_kept():
        return CliRunner().invoke(
            app, [*map(str, arguments)], env={**settings, **environ}, catch_exceptions=False
        )
