"""What writes the dashboards in `grafana/dashboards`: `fleet`, `tenant` and `daemon` say what is shown, the rest how.

They are made of the schema of one version of Grafana (`grafana-foundation-sdk`). `scripts/dashboards.py` runs this; it
is not a part of the daemon and is not installed.
"""

from authoring.daemon import daemon
from authoring.fleet import fleet
from authoring.layout import as_json
from authoring.tenant import tenant

DASHBOARDS = {"fleet": fleet, "tenant": tenant, "daemon": daemon}

__all__ = ["DASHBOARDS", "as_json"]
