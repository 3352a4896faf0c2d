"""A configuration with which the monitor watches the simulated tenants, ready to run.

It is written by the words of the configuration reference; whether those are still right is for the monitor's
own check to say. The client secret is never in the configuration, only in a file beside it.
"""

import os
from pathlib import Path
from typing import Any

import yaml

from syncwatch.simulator.access import CLIENT_ID, client_secret
from syncwatch.simulator.fiction import digest
from syncwatch.simulator.options import Options

_CREDENTIAL = "simulator"
_REGIONS = ("us", "eu", "apac")
_TEAMS = ("east", "west")
_TIERS = ("gold", "silver", "silver", "bronze")


def fleet(options: Options, base_url: str, *, secret_file: str, poll_interval: str = "15s") -> dict[str, Any]:
    """The configuration as plain data.

    Args:
        options: the simulated world.
        base_url: where it is served, as `serve` tells it.
        secret_file: the file with the client secret, relative to the configuration.
        poll_interval: how often each tenant is to be polled, as the configuration writes durations.
    """
    return {
        "state": {"path": "state"},
        "polling": {"interval": poll_interval},
        "credentials": {_CREDENTIAL: {"client_id": CLIENT_ID, "client_secret_file": secret_file}},
        "tenants": [
            {
                "id": tenant,
                "url": f"{base_url}/{tenant}",
                "profile": "litify-inbox",
                "credentials": _CREDENTIAL,
                "labels": _labels(options.seed, tenant),
            }
            for tenant in options.tenant_ids
        ],
    }


def write_fleet(path: Path, options: Options, base_url: str, *, poll_interval: str = "15s") -> Path:
    """Write the configuration to `path` and the client secret beside it; return the secret's file.

    Only the owner may read the secret.
    """
    secret = path.with_name(f"{path.stem}.secret")
    with open(secret, "w", encoding="utf-8", opener=_private) as file:
        file.write(client_secret(options.seed))
    secret.chmod(0o600)  # it may have been there before
    configuration = fleet(options, base_url, secret_file=secret.name, poll_interval=poll_interval)
    path.write_text(yaml.safe_dump(configuration, sort_keys=False), encoding="utf-8")
    return secret


def _private(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)


def _labels(seed: int, tenant: str) -> dict[str, str]:
    source = digest(seed, tenant, "labels")
    return {
        "region": _REGIONS[source[0] % len(_REGIONS)],
        "team": _TEAMS[source[1] % len(_TEAMS)],
        "tier": _TIERS[source[2] % len(_TIERS)],
    }
