"""One configuration file, read and checked against itself.

Everything wrong comes out at once: each section, credential and tenant is checked alone, and what is right of
it is checked further against the rest, so that one typo does not hide a missing secret. Never gives half a
configuration away: it is a `Config` or a `ConfigError`.
"""

import glob
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from syncwatch.config.credentials import Issuer
from syncwatch.config.destinations import Destination, find
from syncwatch.config.document import Document, Location
from syncwatch.config.fleet import Config, OrganizationWide, Polling, State, Tenant
from syncwatch.config.reader import examine, read
from syncwatch.config.schema import (
    CredentialSection,
    FilesSection,
    Outline,
    PollingSection,
    StateSection,
    TenantSection,
)
from syncwatch.config.secrets import Credential, SecretUnavailable, secret_at
from syncwatch.errors import ConfigError, Problem

__all__ = ["Check", "Config", "Polling", "State", "Tenant", "load"]

ALWAYS_LABELS = ("region", "team", "tier")
STALE_INTERVALS = 3  # data is not stale before as many intervals have passed

Check = Callable[[Config], Iterable[Problem]]


def load(path: Path, environ: Mapping[str, str], *, check: Check | None = None) -> Config:
    """Read the configuration.

    Args:
        path: the file.
        environ: the environment in which secrets may be.
        check: says what other files have against it. It is also asked when something is wrong, and then sees
            what is right in itself, so that its problems come with the others.

    Raises:
        ConfigError: with everything that is wrong, in the order of the lines.
    """
    document = read(path)
    problems: list[Problem] = []
    config = _config(document, environ, problems)
    if config is not None and check is not None:
        problems += check(config)
    if config is None or problems:
        raise ConfigError(
            sorted(dict.fromkeys(problems), key=lambda each: (each.file != path, each.file, each.line or 0))
        )
    return config


def _config(document: Document, environ: Mapping[str, str], problems: list[Problem]) -> Config | None:
    """Build what can be built, and add to `problems` what is wrong."""
    outline, found = examine(document, Outline)
    problems += found
    sections = dict(_credentials(document, problems))
    entries = dict(_tenants(document, problems))
    problems += _references(document)
    destinations = dict(find(document, entries, problems))
    issuer = Issuer(document, environ, sections, entries, destinations)
    issued = issuer.issue()
    problems += issuer.problems
    state = _state(document, environ, problems)
    if outline is None:
        return None
    tenants = tuple(
        _tenant(index, entry, outline.polling, destinations[index], issued.get(index))
        for index, entry in entries.items()
    )
    return Config(
        document=document,
        web_listen=outline.web.listen,
        state=state,
        polling=Polling(**outline.polling.model_dump()),
        organization_wide=OrganizationWide(**outline.diagnosis.organization_wide.model_dump()),
        session_time_limit=outline.diagnosis.session_time_limit,
        show_email=outline.privacy.show_email,
        template_tenants=outline.privacy.template_tenants,
        panel_files=tuple(_files(document, "panels", outline.panels, problems)),
        rule_files=tuple(_files(document, "rules", outline.rules, problems)),
        tenants=tenants,
        label_names=tuple(sorted({name for tenant in tenants for name in tenant.labels} | {*ALWAYS_LABELS})),
        warnings=tuple(_warnings(document)),
    )


def _state(document: Document, environ: Mapping[str, str], problems: list[Problem]) -> State:
    """Examined by itself, so that what is wrong elsewhere does not hide a missing password."""
    section: StateSection | None = None
    if _part(document, "state", dict):
        section, found = examine(document, StateSection, at=("state",))
        problems += found
    section = section or StateSection()
    folder = document.file.parent
    password = None
    for key in ("password_file", "password_env"):
        if (place := getattr(section, key)) is not None:
            password = secret_at(key, place, folder, environ)
            try:
                password.read()
            except SecretUnavailable as error:
                problems.append(document.problem(("state", key), error.reason))
    return State(
        path=folder / section.path,
        url=section.url,
        password=password,
        key_file=None if section.key_file is None else folder / section.key_file,
        retention=section.retention,
    )


def _credentials(document: Document, problems: list[Problem]) -> Iterator[tuple[str, CredentialSection]]:
    for name in _part(document, "credentials", dict):
        section, found = examine(document, CredentialSection, at=("credentials", name))
        problems += found
        if section is not None:
            yield name, section


def _tenants(document: Document, problems: list[Problem]) -> Iterator[tuple[int, TenantSection]]:
    for index in range(len(_part(document, "tenants", list))):
        entry, found = examine(document, TenantSection, at=("tenants", index))
        problems += found
        if entry is not None:
            yield index, entry


def _references(document: Document) -> Iterator[Problem]:
    """Check ids against each other, and names of credentials, of tenants that are wrong otherwise too."""
    first: dict[str, int] = {}
    credentials = _part(document, "credentials", dict)
    for index, entry in enumerate(_part(document, "tenants", list)):
        id_, name = _text(entry, "id"), _text(entry, "credentials")
        if id_ is not None and first.setdefault(id_, index) != index:
            line = document.problem(("tenants", first[id_], "id"), "").line
            yield document.problem(
                ("tenants", index, "id"), f"is taken by the tenant on line {line}: choose another"
            )
        if name is not None and name not in credentials:
            yield document.problem(
                ("tenants", index, "credentials"),
                "is not the name of a credential: add it under `credentials`",
            )


def _tenant(
    index: int,
    entry: TenantSection,
    polling: PollingSection,
    destination: Destination,
    credential: Credential | None,
) -> Tenant:
    interval = entry.interval or polling.interval
    return Tenant(
        id=entry.id,
        url=entry.url,
        url_secret=destination.secret,
        profile=entry.profile,
        credential=credential,
        labels={**dict.fromkeys(ALWAYS_LABELS, ""), **entry.labels},
        interval=interval,
        stale_after=max(entry.stale_after or polling.stale_after, STALE_INTERVALS * interval),
        parameters=entry.parameters,
        exports_complete=entry.exports_complete,
        timezone=entry.timezone,
        datetime_format=entry.datetime_format,
        index=index,
    )


def _files(document: Document, key: str, section: FilesSection, problems: list[Problem]) -> list[Path]:
    """Find the files that the patterns match, each once, sorted by pattern and name."""
    folder = document.file.parent
    files: dict[Path, None] = {}
    for index, pattern in enumerate(section.files):
        location: Location = (key, "files", index)
        names = sorted(glob.glob(pattern, root_dir=folder))  # noqa: PTH207 - a pattern may be absolute
        matched = [folder / name for name in names if (folder / name).is_file()]
        if not matched:
            problems.append(document.problem(location, "matches no file: correct the pattern or remove it"))
        files |= dict.fromkeys(matched)
    return list(files)


def _warnings(document: Document) -> Iterator[str]:
    tenants = _part(document, "tenants", list)
    named = Counter(_text(entry, "credentials") for entry in tenants)
    for name in _part(document, "credentials", dict):
        if not named[name]:
            yield str(document.problem(("credentials", name), "no tenant names this credential"))
    if not tenants:
        yield str(document.problem(("tenants",), "is empty: nothing is watched"))


def _part(document: Document, key: str, kind: type[Any]) -> Any:
    """Give a part of the file as it was written, or an empty one if it is not of that kind."""
    part = document.data.get(key) if isinstance(document.data, dict) else None
    return part if isinstance(part, kind) else kind()


def _text(entry: Any, key: str) -> str | None:
    value = entry.get(key) if isinstance(entry, dict) else None
    return value if isinstance(value, str) else None
