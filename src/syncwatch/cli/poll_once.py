"""`syncwatch poll-once`: the main job, once: poll, and print what a scrape would say."""

import sys

from syncwatch.cli.complain import FAILED, ConfigFile
from syncwatch.cli.once import OneTenant, poll_once
from syncwatch.cli.prepare import prepare


def command(config: ConfigFile, tenant: OneTenant = None) -> None:
    """Poll every tenant once and print the metrics; exit code 1 if a poll was not complete."""
    _, setup = prepare(config, level="warning")
    page, complete = poll_once(config, setup, tenant, lambda inquiry: inquiry.display.metrics())
    sys.stdout.buffer.write(page)
    if not complete:
        raise SystemExit(FAILED)
