"""What `make demo` and `make stack` have in common: a simulated fleet, and the daemon that watches it.

Two of the tenants offer no interface: what is known of them comes from folders into which CSV exports are put. One is
broken from the start.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

import yaml

from children import HOST, Children, fetch

FLEET = ("--tenants", "25", "--users", "40", "--seed", "7", "--broken", "1")
PACE = ("--plan-interval", "60s", "--poll-interval", "5s")
EXPORTED = ("--exported", "2", "--export-interval", "5s")


def start(
    children: Children, folder: Path, port: int, panel_port: int, web: Mapping[str, object] | None = None
) -> None:
    """Both of them, ready; `web` is what the daemon's configuration says under that name."""
    syncwatch = (sys.executable, "-m", "syncwatch")
    fleet, config = folder / "fleet.yaml", folder / "syncwatch.yaml"
    panels = ("--listen", f"{HOST}:{panel_port}", "--fleet", str(fleet))
    exports = (*EXPORTED, "--exports", str(folder / "exports"))
    children.start("simulator", *syncwatch, "simulate", *FLEET, *PACE, *panels, *exports)
    children.wait_for(lambda: fetch(panel_port, "/truth") if fleet.exists() else None, "the simulator")
    config.write_text(yaml.safe_dump({**yaml.safe_load(fleet.read_text()), "web": dict(web or {})}))
    # It would wait for one more scrape, which is not going to come.
    settings = {"SYNCWATCH_LISTEN": f"{HOST}:{port}", "SYNCWATCH_SHUTDOWN_GRACE": "1s"}
    children.start("daemon", *syncwatch, "run", "--config", str(config), **settings)
    children.wait_for(lambda: fetch(port, "/-/ready"), "the daemon")
