"""One configuration file, read and checked against itself.

Everything wrong comes out at once: each section, credential and tenant is checked alone, and what is right of
it is checked further against the rest, so that one typo does not hide a missing secret. Never gives half a
configuration away: it is a `Config` or a `ConfigError`.
"""

import glob
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from syncwatch.config.configuration import Config
from syncwatch.config.credentials import Claims, Issuer
from syncwatch.config.document import Document, Location
from syncwatch.config.enrol import ALWAYS_LABELS, Enroller, maintenance
from syncwatch.config.entry import Entry, entry
from syncwatch.config.fleet import Budget, Budgets, OrganizationWide, Polling, State, Tenant
from syncwatch.config.reader import examine, read
from syncwatch.config.schema import (
    BudgetSection,
    BudgetsSection,
    CredentialSection,
    FilesSection,
    Outline,
    StateSection,
)
from syncwatch.config.secrets import SecretUnavailable, secret_at
from syncwatch.config.sources import Sources
from syncwatch.errors import ConfigError, Problem

__all__ = ["Check", "Config", "Polling", "State", "Tenant", "load"]

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
    if outline is None:
        return None
    problems += _absent(document)
    sections = dict(_credentials(document, problems))
    entries = tuple(_entries(document, problems))
    problems += _references(document)
    issuer = Issuer.of(document, environ, sections, problems)
    enroller = Enroller(issuer, outline.polling, maintenance(outline.maintenance))
    tenants = tuple(_enrolled(enroller, entries, problems))
    return Config(
        document=document,
        web_listen=outline.web.listen,
        web_file=_beside(document, outline.web.config_file),
        allow_unauthenticated=outline.web.allow_unauthenticated,
        external_url=outline.web.external_url or "",
        grafana_url=outline.web.grafana_url or "",
        reload_interval=outline.reload.interval,
        state=_state(document, environ, problems),
        polling=Polling(**outline.polling.model_dump()),
        budgets=_budgets(outline.budgets),
        discovery=tuple(Sources(document, issuer, problems).made(outline.discovery)),
        organization_wide=OrganizationWide(**outline.diagnosis.organization_wide.model_dump()),
        session_time_limit=outline.diagnosis.session_time_limit,
        show_email=outline.privacy.show_email,
        template_tenants=outline.privacy.template_tenants,
        panel_files=tuple(_files(document, "panels", outline.panels, problems)),
        rule_files=tuple(_files(document, "rules", outline.rules, problems)),
        patterns=tuple(_patterns(document, outline)),
        tenants=tenants,
        found={},
        enroller=enroller,
        label_names=tuple(sorted({name for tenant in tenants for name in tenant.labels} | {*ALWAYS_LABELS})),
        warnings=tuple(_warnings(document, outline)),
    )


def _absent(document: Document) -> Iterator[Problem]:
    """A file that names no tenants, and no place where to find any, was hardly meant."""
    if "tenants" not in document.data and not any(_part(document, "discovery", dict).values()):
        yield document.problem(("tenants",), "is required, or a source of tenants under `discovery`")


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


def _entries(document: Document, problems: list[Problem]) -> Iterator[Entry]:
    for index in range(len(_part(document, "tenants", list))):
        made = entry(document, index, document.file.parent, problems)
        if made is not None:
            yield made


def _enrolled(enroller: Enroller, entries: Iterable[Entry], problems: list[Problem]) -> Iterator[Tenant]:
    claims: Claims = {}
    for each in entries:
        tenant = enroller.enrol(each, claims, problems)
        enroller.issuer.claim(tenant.credential, tenant.id, claims)
        yield tenant


def _references(document: Document) -> Iterator[Problem]:
    """Check ids against each other, and names of credentials, of tenants that are wrong otherwise too."""
    first: dict[str, int] = {}
    credentials = _part(document, "credentials", dict)
    for index, written in enumerate(_part(document, "tenants", list)):
        id_, name = _text(written, "id"), _text(written, "credentials")
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


def _budgets(section: BudgetsSection) -> Budgets:
    groups = section.groups.items()
    return Budgets(
        total=_budget(section.total),
        host=_budget(section.host),
        groups={name: _budget(group) for name, group in groups},
        shared_pauses=frozenset(name for name, group in groups if group.shared_pause),
    )


def _budget(section: BudgetSection) -> Budget:
    return Budget(section.concurrency, section.rate, section.burst)


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


def _patterns(document: Document, outline: Outline) -> Iterator[str]:
    folder = document.file.parent.absolute()
    return (str(folder / pattern) for section in (outline.panels, outline.rules) for pattern in section.files)


def _warnings(document: Document, outline: Outline) -> Iterator[str]:
    tenants, sources = _part(document, "tenants", list), outline.discovery
    discovers = bool(sources.file_sd or sources.http_sd)
    named = {_text(each, "credentials") for each in tenants} | {each.credentials for each in sources.http_sd}
    for name, section in _part(document, "credentials", dict).items():
        if name not in named and not (discovers and "hosts" in section):
            yield str(document.problem(("credentials", name), "no tenant names this credential"))
    if not tenants and not discovers:
        yield str(document.problem(("tenants",), "is empty: nothing is watched"))
    ids = {_text(each, "id") for each in tenants}
    for index, planned in enumerate(outline.maintenance):
        for place, tenant in enumerate(() if discovers else planned.tenants or ()):
            if tenant not in ids:
                where = ("maintenance", index, "tenants", place)
                yield str(document.problem(where, "is the id of no tenant"))


def _beside(document: Document, place: str | None) -> Path | None:
    """A file that is named as it is seen from the configuration."""
    return None if place is None else document.file.parent / place


def _part(document: Document, key: str, kind: type[Any]) -> Any:
    """Give a part of the file as it was written, or an empty one if it is not of that kind."""
    part = document.data.get(key) if isinstance(document.data, dict) else None
    return part if isinstance(part, kind) else kind()


def _text(entry: Any, key: str) -> str | None:
    value = entry.get(key) if isinstance(entry, dict) else None
    return value if isinstance(value, str) else None
