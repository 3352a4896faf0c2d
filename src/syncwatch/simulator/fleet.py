"""A configuration with which the monitor watches the simulated tenants, ready to run.

It is written by the words of the configuration reference; whether those are still right is for the monitor's
own check to say. The client secret is never in the configuration, only in a file beside it.
"""

import os
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from syncwatch.simulator.access import CLIENT_ID, client_secret
from syncwatch.simulator.fiction import digest
from syncwatch.simulator.options import Format, Options

LIMIT = 400  # requests at once: all panels are one host here, and otherwise each is one of its own

_CREDENTIAL = "simulator"
_DOWNLOAD_CREDENTIAL = "simulator-exports"
_PROFILE = "litify-inbox"
_CSV_PROFILE = "litify-inbox-csv"
_OWN_CSV_PROFILE = "simulated-csv"
_CSV_PROFILE_INTERVAL = 30 * 60  # seconds that the shipped profile takes for everybody's plan interval
_REGIONS = ("us", "eu", "apac")
_TEAMS = ("east", "west")
_TIERS = ("gold", "silver", "silver", "bronze")


class Beside(NamedTuple):
    """The names of the files beside the configuration: the client secret, and a profile where one is needed."""

    secret: str
    profile: str

    @classmethod
    def of(cls, configuration: Path) -> "Beside":
        """As `write_fleet` names them."""
        return cls(f"{configuration.stem}.secret", f"{configuration.stem}.panel.yaml")


def fleet(options: Options, base_url: str, *, beside: Beside, poll_interval: str = "15s") -> dict[str, Any]:
    """The configuration as plain data.

    Args:
        options: the simulated world.
        base_url: where it is served, as `serve` tells it.
        beside: the files that it names.
        poll_interval: how often each tenant is to be polled, as the configuration writes durations.
    """
    tenants = [
        _tenant(options, base_url, tenant) | {"labels": _labels(options.seed, tenant)}
        for tenant in options.tenant_ids
    ]
    credentials = {
        _CREDENTIAL: {"client_id": CLIENT_ID, "client_secret_file": beside.secret},
        _DOWNLOAD_CREDENTIAL: {"username": CLIENT_ID, "password_file": beside.secret},
    }
    used = {tenant["credentials"] for tenant in tenants if "credentials" in tenant}
    own = {"panels": {"files": [beside.profile]}} if own_profile(options) else {}
    return {
        "state": {"path": "state"},
        "polling": {"interval": poll_interval},
        "budgets": {"host": {"concurrency": LIMIT}},
        **own,
        "credentials": {name: each for name, each in credentials.items() if name in used},
        "tenants": tenants,
    }


def own_profile(options: Options) -> dict[str, Any] | None:
    """A profile for exports whose users have another plan interval than the shipped one says; None if none is needed.

    Exports show no plans, so the profile alone can say how often everybody's sync runs.
    """
    watched = options.format is Format.CSV or options.exported
    if not watched or options.plan_interval == _CSV_PROFILE_INTERVAL:
        return None
    return {
        "profile": _OWN_CSV_PROFILE,
        "extends": _CSV_PROFILE,
        "description": "The exports of the simulated panels.",
        "defaults": {"default_plan_interval": f"{options.plan_interval}s"},
    }


def write_fleet(path: Path, options: Options, base_url: str, *, poll_interval: str = "15s") -> Path:
    """Write the configuration to `path` and the files that it names beside it; return the secret's file.

    Only the owner may read the secret.
    """
    beside = Beside.of(path)
    secret = path.with_name(beside.secret)
    with open(secret, "w", encoding="utf-8", opener=_private) as file:
        file.write(client_secret(options.seed))
    secret.chmod(0o600)  # it may have been there before
    if profile := own_profile(options):
        _write(path.with_name(beside.profile), profile)
    _write(path, fleet(options, base_url, beside=beside, poll_interval=poll_interval))
    return secret


def _tenant(options: Options, base_url: str, tenant: str) -> dict[str, Any]:
    """How one tenant is reached and read."""
    if options.read_as(tenant) is Format.JSON:
        return {
            "id": tenant,
            "url": f"{base_url}/{tenant}",
            "profile": _PROFILE,
            "credentials": _CREDENTIAL,
        }
    profile = _OWN_CSV_PROFILE if own_profile(options) else _CSV_PROFILE
    read = {"profile": profile, "exports_complete": not options.errors_only}
    if options.exports is not None and tenant in options.exported_ids:
        return {"id": tenant, "url": (options.exports.resolve() / tenant).as_uri(), **read}
    return {
        "id": tenant,
        "url": f"{base_url}/{tenant}/exports",
        **read,
        "credentials": _DOWNLOAD_CREDENTIAL,
    }


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def _private(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)


def _labels(seed: int, tenant: str) -> dict[str, str]:
    source = digest(seed, tenant, "labels")
    return {
        "region": _REGIONS[source[0] % len(_REGIONS)],
        "team": _TEAMS[source[1] % len(_TEAMS)],
        "tier": _TIERS[source[2] % len(_TIERS)],
    }
