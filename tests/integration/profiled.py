"""One poll of one tenant by a profile, through the whole app."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from integration.commands import command
from integration.serving import Figures, figures

TENANT = "firm"
STATES = ("unknown", "not_initialized", "organization_off", "down", "paused", "stalled", "failing", "up")


def polled(folder: Path, tenant: Mapping[str, Any], **config: Any) -> Figures:
    """What `poll-once` says of a tenant; fails unless the poll was complete and nothing was complained of."""
    file = folder / "syncwatch.yaml"
    whole = {"state": {"path": "state"}, "tenants": [{"id": TENANT, **tenant}], **config}
    file.write_text(yaml.safe_dump(whole), encoding="utf-8")
    done = command("poll-once", file)
    assert (done.exit_code, done.stderr.strip()) == (0, "")
    return figures(done.stdout_bytes, TENANT)


def states(**counts: int) -> dict[tuple[str, ...], float]:
    """`inboxsync_users` with these counts, and 0 for every other state."""
    assert counts.keys() <= set(STATES)
    return {(state,): float(counts.get(state, 0)) for state in STATES}
