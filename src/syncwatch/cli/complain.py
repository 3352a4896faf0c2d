"""How a command ends when something is wrong: on standard error, in a person's words, with an exit code."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from syncwatch.errors import ConfigError

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
