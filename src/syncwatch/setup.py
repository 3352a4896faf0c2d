"""From files to one frozen `Setup`, or to everything that is wrong in them.

Start is the first reload: whoever starts, reloads or only checks goes through `load`, so that what passes the
check also runs.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Self

from syncwatch.classification import catalogue, wrappers
from syncwatch.classification.book import Book
from syncwatch.classification.ruleset import RuleSet, load_rules
from syncwatch.classification.vocabulary import Vocabulary
from syncwatch.config import used
from syncwatch.config.address import Address
from syncwatch.config.configuration import Config
from syncwatch.config.fleet import Tenant
from syncwatch.config.loader import load as load_config
from syncwatch.config.merging import merged
from syncwatch.config.shipped import shipped, shipped_words
from syncwatch.config.target import Batch, Rejected
from syncwatch.errors import ConfigError, Problem
from syncwatch.panel.auth import may_receive, misfit
from syncwatch.panel.profile.load import load_profiles
from syncwatch.panel.profile.schema import Format, Profile
from syncwatch.panel.urls import Urls
from syncwatch.web.access import WebConfig, refusal
from syncwatch.web.load import load as load_web


@dataclass(frozen=True, slots=True)
class Setup:
    """All that a person wrote, checked and ready for use.

    Attributes:
        config: the fleet.
        profiles: panel profiles by id.
        ruleset: rules and catalogue.
        book: the same made ready to be asked; made here, since that takes long enough to hold up a running daemon.
        vocabulary: the words that may be shown of a text that no rule knows.
        web: whom the door lets in; None for everybody.
    """

    config: Config
    profiles: Mapping[str, Profile]
    ruleset: RuleSet
    book: Book
    vocabulary: Vocabulary
    web: WebConfig | None = None

    def with_found(
        self, batches: Sequence[Batch], before: Self | None = None
    ) -> tuple[Self, tuple[Rejected, ...]]:
        """Give the same with the tenants that discovery found, and no other found ones; and which were left out.

        Pure, and cheap where little changed. With thousands of new tenants it is better run in a thread.

        Args:
            batches: all targets, by source.
            before: the set-up whose found tenants stay where their targets are wrong now; this one unless it is new.
        """
        last = (before or self).config.found
        config, rejected = merged(self.config, batches, last, partial(_misfit, self.profiles))
        return replace(self, config=config), rejected

    @property
    def files(self) -> frozenset[Path]:
        """See `used.files`; and what the door goes by."""
        return used.files(self.config) | {file.absolute() for file in (self.web.files if self.web else ())}

    @property
    def patterns(self) -> frozenset[str]:
        """See `used.patterns`."""
        return used.patterns(self.config)

    @property
    def target_patterns(self) -> frozenset[str]:
        """See `used.target_patterns`."""
        return used.target_patterns(self.config)

    @property
    def secret_files(self) -> Mapping[Path, frozenset[str]]:
        """See `used.secret_files`."""
        return used.secret_files(self.config)


def load(
    path: Path, environ: Mapping[str, str], *, listen: Address | None = None, bound: Address | None = None
) -> Setup:
    """Read the configuration and the profiles, rules and users that it names.

    Args:
        path: the configuration file.
        environ: the environment in which secrets may be.
        listen: where to listen instead of where the file says.
        bound: where something that runs listens already, and will whatever the file says.

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
            found["ruleset"], found["book"], found["vocabulary"] = ready_rules(config.rule_files)
        except ConfigError as error:
            yield from error.problems

        try:
            found["web"] = load_web(config.web_file) if config.web_file else None
        except ConfigError as error:
            yield from error.problems
        else:
            yield from _open_door(
                config, found["web"], {listen or config.web_listen, bound or config.web_listen}
            )

    config = load_config(path, environ, check=check)
    return Setup(config, **found)


def ready_rules(files: tuple[Path, ...] = ()) -> tuple[RuleSet, Book, Vocabulary]:
    """These rules, or the shipped ones, made ready to be asked, and the words that they know.

    Raises:
        ConfigError: with everything that is wrong in them.
    """
    ruleset = load_ruleset(files)
    return ruleset, Book(ruleset), Vocabulary.of(ruleset, shipped_words())


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


def _open_door(config: Config, web: WebConfig | None, at: Iterable[Address]) -> Iterator[Problem]:
    """What is against listening there with these users."""
    for address in at:
        if why_not := refusal(address, web, allowed=config.allow_unauthenticated):
            yield config.document.problem(("web", "listen"), why_not)


def _misfits(config: Config, profiles: Mapping[str, Profile]) -> Iterator[Problem]:
    """Tenants whose profile does not exist, or does not take what they say."""
    for tenant in config.tenants:
        for key, message in _misfit(profiles, tenant):
            yield config.document.problem(("tenants", tenant.index, key), message)


def _misfit(profiles: Mapping[str, Profile], tenant: Tenant) -> Iterable[tuple[str, str]]:
    """What is wrong with a tenant in the light of the profiles: the key, and what to do."""
    profile = profiles.get(tenant.profile)
    if profile is None:
        known = ", ".join(sorted(profiles))
        return [("profile", f'there is no panel profile "{tenant.profile}"; known: {known}')]
    return _of_tenant(tenant, profile)


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
        f"`{credential.name}` may not be sent to {url.raw_host}, where the profile asks for tokens: "
        f"list all its hosts under credentials.{credential.name}.hosts"
    )
