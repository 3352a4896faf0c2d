"""`syncwatch check-config`: everything that `run` would refuse or leave out, without running or asking anything."""

import sys
from collections.abc import Iterator

from syncwatch.cli.complain import BAD_INPUT, ConfigFile, fail
from syncwatch.cli.prepare import prepare
from syncwatch.config.fleet import FileDiscovery, HttpDiscovery
from syncwatch.config.target import Batch
from syncwatch.discovery.discoverer import named
from syncwatch.discovery.file_sd import FileSource
from syncwatch.setup import Setup


def command(config: ConfigFile) -> None:
    """Check a configuration with its profiles, rules, secrets and files of targets; exit code 2 if anything is wrong."""
    _, setup = prepare(config)
    for warning in setup.config.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    wrong: list[str] = []
    setup, rejected = setup.with_found([*_in_files(setup, wrong)])
    wrong += (str(problem) for each in rejected for problem in each.problems)
    if wrong:
        fail("\n".join(wrong), BAD_INPUT)
    lists = sum(isinstance(each, HttpDiscovery) for each in setup.config.discovery)
    print(
        f"{config}: fine: {len(setup.config.tenants)} tenants"
        f"{f' ({len(setup.config.found)} of them in files of targets)' if setup.config.found else ''}"
        f"{f' and those of {lists} lists over HTTP, which are not asked' if lists else ''},"
        f" {len(setup.profiles)} panel profiles,"
        f" {len(setup.ruleset.rules)} rules for {len(setup.ruleset.catalogue.classes)} classes"
    )


def _in_files(setup: Setup, wrong: list[str]) -> Iterator[Batch]:
    """The targets of all files; adds to `wrong` what cannot be read."""
    for name, discovery in named(setup.config.discovery):
        if isinstance(discovery, FileDiscovery):
            look = FileSource(discovery).read()
            wrong += look.wrong
            yield Batch(name, look.targets or ())
