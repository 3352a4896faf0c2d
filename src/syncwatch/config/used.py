"""Which files a configuration is made of, for whoever looks at them for changes."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from syncwatch.config.configuration import Config
from syncwatch.config.fleet import FileDiscovery, HttpDiscovery, Proxy, Tls
from syncwatch.config.secrets import Credential, FileSecret


def files(config: Config) -> frozenset[Path]:
    """Every file in use that is named, absolute: to be read again as a whole if one of them changes."""
    named = (config.document.file, config.web_file, *config.panel_files, *config.rule_files)
    return frozenset(file.absolute() for file in named if file is not None)


def patterns(config: Config) -> frozenset[str]:
    """Every pattern of such files, absolute: one that comes to match, or no longer does, is a change too."""
    return frozenset(config.patterns)


def target_patterns(config: Config) -> frozenset[str]:
    """Every pattern of files of targets, absolute; they are no part of the configuration."""
    found = (each.patterns for each in config.discovery if isinstance(each, FileDiscovery))
    return frozenset().union(*found)


def secret_files(config: Config) -> Mapping[Path, frozenset[str]]:
    """Every file that is read when it is used, absolute, and the ids of the tenants that use it.

    These are secrets, secret URLs, passwords of proxies, certificates and keys. A change of one needs no other
    configuration, only another try. None where no tenant uses it: it is the database's, or of a source of tenants.
    """
    users: defaultdict[Path, set[str]] = defaultdict(set)
    for tenant in config.tenants:
        for file in _of(tenant.credential, tenant.proxy, tenant.tls, tenant.url_secret):
            users[file].add(tenant.id)
    for source in config.discovery:
        if isinstance(source, HttpDiscovery):
            for file in _of(source.credential, source.proxy, source.tls):
                users[file] |= set()
    for file in _of(config.state.password):
        users[file] |= set()
    return {file.absolute(): frozenset(ids) for file, ids in users.items()}


def _of(*parts: object) -> Iterator[Path]:
    for part in parts:
        match part:
            case FileSecret(path=path):
                yield path
            case Credential(client_secret=client_secret, token=token, password=password):
                yield from _of(client_secret, token, password)
            case Proxy(password=password):
                yield from _of(password)
            case Tls(ca_file=ca, cert_file=cert, key_file=key):
                yield from (file for file in (ca, cert, key) if file is not None)
            case _:
                pass
