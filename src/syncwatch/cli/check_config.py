"""`syncwatch check-config`: everything that `run` would refuse, without running anything."""

import sys

from syncwatch.cli.complain import ConfigFile, prepare


def command(config: ConfigFile) -> None:
    """Check a configuration with its profiles, rules and secrets; exit code 2 if anything is wrong."""
    _, setup = prepare(config)
    for warning in setup.config.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    print(
        f"{config}: fine: {len(setup.config.tenants)} tenants, {len(setup.profiles)} panel profiles,"
        f" {len(setup.ruleset.rules)} rules for {len(setup.ruleset.catalogue.classes)} classes"
    )
