"""How a command begins that works with a configuration."""

import os
import sys
from pathlib import Path

from syncwatch.cli.complain import bad_input
from syncwatch.config.settings import Settings, load_settings
from syncwatch.setup import Setup, load
from syncwatch.telemetry import logging


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
