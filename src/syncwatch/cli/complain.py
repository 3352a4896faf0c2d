"""How a command ends when something is wrong: on standard error, in a person's words, with an exit code."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from syncwatch.config.settings import Settings, load_settings
from syncwatch.errors import ConfigError
from syncwatch.setup import Setup, load
from syncwatch.telemetry import logging

FAILED = 1
BAD_INPUT = 2

ConfigFile = Annotated[
    Path, typer.Argument(help="The configuration file.", metavar="FILE", show_default=False)
]


def fail(message: str, code: int = FAILED) -> NoReturn:
    """End the command."""
    print(message, file=sys.stderr)
    raise SystemExit(code)


@contextmanager
def bad_input() -> Iterator[None]:
    """Turn what a person wrote wrong into one line each, and exit code 2."""
    try:
        yield
    except ConfigError as error:
        problems = error.problems
    else:
        return
    fail("\n".join(map(str, problems)), BAD_INPUT)


def prepare(file: Path, *, level: str | None = None) -> tuple[Settings, Setup]:
    """Settings and set-up of a command that works with a configuration; logging is set up on the way.

    Args:
        file: the configuration.
        level: the least severe entry that is logged, instead of what the settings say.
    """
    with bad_input():
        settings = load_settings()
        logging.configure(fmt=settings.log_format, level=level or settings.log_level, stream=sys.stderr)
        return settings, load(file, os.environ, listen=settings.listen)
