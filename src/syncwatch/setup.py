"""From files to one frozen `Setup`, or to everything that is wrong in them.

Start is the first reload: whoever starts, reloads or only checks goes through `load`, so that what passes the
check also runs.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from syncwatch.classification.catalogue import FILE_NAME
from syncwatch.classification.ruleset import RuleSet, load_rules
from syncwatch.config.fleet import Config
from syncwatch.config.loader import load as load_config
from syncwatch.config.shipped import shipped
from syncwatch.errors import ConfigError, Problem
from syncwatch.panel.auth import misfit
from syncwatch.panel.profile import Profile, load_profiles


@dataclass(frozen=True, slots=True)
class Setup:
    """All that a person wrote, checked and ready for use.

    Attributes:
        config: the fleet.
        profiles: panel profiles by id.
        ruleset: rules and catalogue.
    """

    config: Config
    profiles: Mapping[str, Profile]
    ruleset: RuleSet


def load(path: Path, environ: Mapping[str, str]) -> Setup:
    """Read the configuration and the profiles and rules that it names.

    Raises:
        ConfigError: with the problems of all files at once.
    """
    found: dict[str, Any] = {}

    def check(config: Config) -> Iterator[Problem]:
        """What the other files say, so that their problems come together with this one's."""
        try:
            found["profiles"] = load_profiles((*shipped("panels"), *config.panel_files))
            yield from _misfits(config, found["profiles"])
        except ConfigError as error:
            yield from error.problems
        try:
            found["ruleset"] = load_ruleset(config.rule_files)
        except ConfigError as error:
            yield from error.problems

    config = load_config(path, environ, check=check)
    return Setup(config, **found)


def load_ruleset(files: tuple[Path, ...] = ()) -> RuleSet:
    """These rules, or the shipped ones.

    Raises:
        ConfigError: with everything that is wrong in them.
    """
    own = shipped("rules")
    catalogue = next(file for file in own if file.name == FILE_NAME)
    return load_rules(files or own, catalogue_file=catalogue)


def _misfits(config: Config, profiles: Mapping[str, Profile]) -> Iterator[Problem]:
    """Tenants whose profile does not exist, or does not take their credential."""
    known = ", ".join(sorted(profiles))
    for tenant in config.tenants:
        here = ("tenants", tenant.index)
        if tenant.profile not in profiles:
            message = f'there is no panel profile "{tenant.profile}"; known: {known}'
            yield config.document.problem((*here, "profile"), message)
        elif reason := misfit(profiles[tenant.profile].authentication, tenant.credential):
            yield config.document.problem((*here, "credentials"), reason)
