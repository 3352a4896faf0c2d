"""From files to one frozen `Setup`, or to everything that is wrong in them.

Start is the first reload: whoever starts, reloads or only checks goes through `load`, so that what passes the
check also runs.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from syncwatch.classification import catalogue, wrappers
from syncwatch.classification.book import Book
from syncwatch.classification.ruleset import RuleSet, load_rules
from syncwatch.classification.vocabulary import Vocabulary
from syncwatch.config.fleet import Config, Tenant
from syncwatch.config.loader import load as load_config
from syncwatch.config.shipped import shipped, shipped_words
from syncwatch.errors import ConfigError, Problem
from syncwatch.panel.auth import may_receive, misfit
from syncwatch.panel.profile.load import load_profiles
from syncwatch.panel.profile.schema import Format, Profile
from syncwatch.panel.urls import Urls


@dataclass(frozen=True, slots=True)
class Setup:
    """All that a person wrote, checked and ready for use.

    Attributes:
        config: the fleet.
        profiles: panel profiles by id.
        ruleset: rules and catalogue.
        book: the same made ready to be asked; made here, since that takes long enough to hold up a running daemon.
        vocabulary: the words that may be shown of a text that no rule knows.
    """

    config: Config
    profiles: Mapping[str, Profile]
    ruleset: RuleSet
    book: Book
    vocabulary: Vocabulary


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
            found["book"] = Book(found["ruleset"])
            found["vocabulary"] = Vocabulary.of(found["ruleset"], shipped_words())
        except ConfigError as error:
            yield from error.problems

    config = load_config(path, environ, check=check)
    return Setup(config, **found)


def load_ruleset(files: tuple[Path, ...] = ()) -> RuleSet:
    """These rules, or the shipped ones.

    Raises:
        ConfigError: with everything that is wrong in them.
    """
    own = {file.name: file for file in shipped("rules")}
    return load_rules(
        files or own.values(),
        catalogue_file=own[catalogue.FILE_NAME],
        wrappers_file=own[wrappers.FILE_NAME],
    )


def _misfits(config: Config, profiles: Mapping[str, Profile]) -> Iterator[Problem]:
    """Tenants whose profile does not exist, or does not take what they say."""
    known = ", ".join(sorted(profiles))
    for tenant in config.tenants:
        profile = profiles.get(tenant.profile)
        found = (
            [("profile", f'there is no panel profile "{tenant.profile}"; known: {known}')]
            if profile is None
            else _of_tenant(tenant, profile)
        )
        for key, message in found:
            yield config.document.problem(("tenants", tenant.index, key), message)


def _of_tenant(tenant: Tenant, profile: Profile) -> Iterator[tuple[str, str]]:
    """What a profile has against a tenant: the key, and what to do."""
    if reason := misfit(profile.authentication, tenant.credential) or _elsewhere(tenant, profile):
        yield "credentials", reason
    folder = tenant.url is not None and tenant.url.startswith("file:")
    if folder and profile.format is not Format.CSV:
        yield "url", f'the profile "{profile.profile}" reads no files: give an https URL'
    given = tenant.parameters.keys()
    if missing := sorted(profile.parameters - given):
        yield "parameters", f"the profile wants {', '.join(missing)}: add it"
    if odd := sorted(given - profile.parameters):
        yield "parameters", f"the profile takes no {', '.join(odd)}: remove it"
    wide = profile.tables.mapped()
    if tenant.exports_complete is not None and not any(table.wide for _, table in wide):
        yield "exports_complete", "the profile reads no list of many users' sessions: remove it"


def _elsewhere(tenant: Tenant, profile: Profile) -> str | None:
    """Whether the profile would have the credential sent to a host that it does not name."""
    grant, credential = profile.authentication.client_credentials, tenant.credential
    if grant is None or grant.token_url is None or credential is None or credential.client_id is None:
        return None
    if profile.parameters - tenant.parameters.keys():
        return None  # said already
    url = Urls(tenant.url or "https://secret.invalid", tenant.parameters).token(grant)
    if may_receive(credential, url):
        return None
    return (
        f"`{credential.name}` may not be sent to {url.host}, where the profile asks for tokens: "
        f"list all its hosts under credentials.{credential.name}.hosts"
    )
