"""When a tenant's exports are made, and where they are put: to be downloaded, or into a folder.

What is downloaded is one complete set, made anew when it is older than the interval; so it has a time of its own, as
what a job leaves on a web server has. Files in a folder have that time as well. A file is written beside its place
and renamed into it: whoever reads it has the old one or the new one, never half of one.
"""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from syncwatch.simulator.exports import exports_of
from syncwatch.simulator.faults.catalogue import NONE
from syncwatch.simulator.misbehaviour import Misbehaviour
from syncwatch.simulator.options import Options
from syncwatch.simulator.world import World


class ExportSet(NamedTuple):
    """The exports of one tenant, by table, and the instant at which all of them were made."""

    made: float
    files: Mapping[str, bytes]


class ExportJob:
    """Makes the exports of all tenants."""

    def __init__(self, options: Options, world: World, misbehaviour: Misbehaviour) -> None:
        self._options = options
        self._world = world
        self._misbehaviour = misbehaviour
        self._newest: dict[str, ExportSet] = {}

    def newest(self, tenant: str) -> ExportSet:
        """The tenant's exports, no older than the interval.

        Raises:
            KeyError: if there is no such tenant.
        """
        found = self._newest.get(tenant)
        if found is None or self._options.now() - found.made >= self._options.export_interval:
            found = self._newest[tenant] = self._make(tenant)
        return found

    async def write(self) -> None:
        """Write the tenants that are exported to a folder; one with a fault is not: its export job has died.

        Raises:
            OSError: if a file cannot be written.
        """
        for tenant in self._options.exported_ids:
            if self._options.exports is not None and self._misbehaviour.of(tenant) == NONE:
                made = self._make(tenant)
                await asyncio.to_thread(write_exports, self._options.exports / tenant, made)

    def _make(self, tenant: str) -> ExportSet:
        options = self._options
        files = exports_of(
            self._world.tenant(tenant), sessions=options.export_sessions, errors_only=options.errors_only
        )
        return ExportSet(options.now(), files)


def write_exports(folder: Path, exports: ExportSet) -> None:
    """Put exports into a folder, each under the name of its table, with the time at which they were made.

    Raises:
        OSError: if a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for table, text in exports.files.items():
        unfinished = folder / f".{table}.csv.part"
        unfinished.write_bytes(text)
        os.utime(unfinished, (exports.made, exports.made))
        unfinished.replace(folder / f"{table}.csv")
