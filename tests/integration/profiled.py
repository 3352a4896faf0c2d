"""One poll of one tenant by a profile, with the whole app as a child."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from integration.serving import Figures, environment, figures

TENANT = "firm"
STATES = ("unknown", "not_initialized", "organization_off", "down", "paused", "stalled", "failing", "up")


def polled(folder: Path, tenant: Mapping[str, Any], **config: Any) -> Figures:
    """What `poll-once` says of a tenant; fails unless the poll was complete and nothing was complained of."""
    file = folder / "syncwatch.yaml"
    whole = {"state": {"path": "state"}, "tenants": [{"id": TENANT, **tenant}], **config}
    file.write_text(yaml.safe_dump(whole), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "syncwatch", "poll-once", str(file)],
        capture_output=True,
        check=False,
        env=environment(),
    )
    assert (done.returncode, done.stderr.decode().strip()) == (0, "")
    return figures(done.stdout, TENANT)


def states(**counts: int) -> dict[tuple[str, ...], float]:
    """`inboxsync_users` with these counts, and 0 for every other state."""
    assert counts.keys() <= set(STATES)
    return {(state,): float(counts.get(state, 0)) for state in STATES}
