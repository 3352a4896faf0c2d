"""What a simulated world is made of; the same options at the same instant make the same world.

Checked once, here, so that the rest may rely on it. Time and sleep are handed in: a test lets a day pass in a
millisecond.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Self

from syncwatch.simulator.faults.catalogue import CATALOGUE, unknown
from syncwatch.simulator.wordings import failure

LARGEST_PAGE = 500  # the contract's maximum of `limit`


class Format(StrEnum):
    """How a panel is to be read: by its interface, or by the exports that it offers to people."""

    JSON = "json"
    CSV = "csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The whole of a simulated world.

    Attributes:
        tenants: number of tenants.
        users: users of each tenant.
        organizations: organizations of each tenant; None for two to four.
        seed: what makes this world different from another one.
        host: where to listen.
        port: where to listen; 0 takes a free one.
        https: further ports, each with a file that has the certificate and its key, to serve the same by TLS.
        plan_interval: seconds between two sessions of most users; shorter means faster evolution.
        page_size: rows on a page at most, even if the client asks for more.
        history: ended sessions kept for each user, newest first.
        broken: how many tenants, the last ones, are broken from the start, each in one of a few ways.
        faults: the fault with which a tenant misbehaves from the start, by tenant.
        breaks: tenants whose largest organization fails from the start, each with the class of its failures.
        latency: seconds before every answer of a panel.
        slow: seconds that the fault `slow` adds.
        flaky: how probable each fault is, for any request to a panel; empty for none.
        retry_after: seconds that a panel asks for when it asks for patience.
        token_lifetime: seconds for which a token is good.
        change: how lively the users are; 0 lets nothing new happen, 2 twice as much as usual.
        empty_tab_on_failure: whether a failed session empties the Issues tab.
        format: how the fleet's tenants are to be read, but for those in `exports`.
        exports: folder with one folder of CSV exports for each exported tenant; None for none.
        exported: how many tenants, the last ones that are not broken, are exported to `exports`.
        export_interval: seconds from one export of a tenant to the next.
        export_sessions: ended sessions of each user in an export, newest first, besides the one that runs.
        errors_only: whether exports of sessions are filtered by errors, as the panel does unless told otherwise.
        now: wall clock, in Unix seconds.
        sleep: lets seconds pass.

    Raises:
        ValueError: if an option is out of its range.
    """

    tenants: int = 25
    users: int = 40
    organizations: int | None = None
    seed: int = 1
    host: str = "127.0.0.1"
    port: int = 0
    https: Mapping[int, Path] = field(default_factory=dict)
    plan_interval: int = 1800
    page_size: int = 200
    history: int = 20
    broken: int = 0
    faults: Mapping[str, str] = field(default_factory=dict)
    breaks: Mapping[str, str] = field(default_factory=dict)
    latency: float = 0.0
    slow: float = 120.0
    flaky: Mapping[str, float] = field(default_factory=dict)
    retry_after: int = 30
    token_lifetime: int = 3600
    change: float = 1.0
    empty_tab_on_failure: bool = False
    format: Format = Format.JSON
    exports: Path | None = None
    exported: int = 0
    export_interval: float = 15.0
    export_sessions: int = 3
    errors_only: bool = False
    now: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    def __post_init__(self) -> None:
        ranges: tuple[tuple[str, float, float, float], ...] = (
            ("tenants", self.tenants, 1, 100_000),
            ("users", self.users, 0, 100_000),
            ("organizations", 1 if self.organizations is None else self.organizations, 1, 1_000),
            ("port", self.port, 0, 65_535),
            ("plan_interval", self.plan_interval, 1, 86_400),
            ("page_size", self.page_size, 1, LARGEST_PAGE),
            ("history", self.history, 2, 1_000),
            ("broken", self.broken, 0, self.tenants),
            ("latency", self.latency, 0, 3_600),
            ("slow", self.slow, 0, 3_600),
            ("token_lifetime", self.token_lifetime, 1, 86_400),
            ("change", self.change, 0, 10),
            ("flaky", sum(self.flaky.values()), 0, 1),
            ("retry_after", self.retry_after, 0, 86_400),
            ("exported", self.exported, 0, self.tenants - self.broken),
            ("export_interval", self.export_interval, 1, 86_400),  # HTTP tells exports apart by whole seconds
            ("export_sessions", self.export_sessions, 0, self.history),
        )
        for name, value, least, most in ranges:
            if not least <= value <= most:
                raise ValueError(f"{name} is {value:g}; it must be from {least:g} to {most:g}")
        for fault in (*self.faults.values(), *self.flaky):
            if fault not in CATALOGUE:
                raise ValueError(unknown(fault))
        for class_ in self.breaks.values():
            failure(class_)
        if strangers := sorted({*self.breaks, *self.faults} - set(self.tenant_ids)):
            raise ValueError(f"there is no tenant {', '.join(strangers)}")
        if (self.exports is None) != (self.exported == 0):
            raise ValueError(
                "exports and exported go together: a folder, and how many tenants are exported to it"
            )

    @property
    def tenant_ids(self) -> tuple[str, ...]:
        """All tenants, in order: `firm-001` and so on."""
        return self._ids(0, self.tenants)

    @property
    def broken_ids(self) -> tuple[str, ...]:
        """The tenants that are broken from the start, in order."""
        return self._ids(self.tenants - self.broken, self.tenants)

    @property
    def exported_ids(self) -> tuple[str, ...]:
        """The tenants that are exported to a folder, in order."""
        healthy = self.tenants - self.broken
        return self._ids(healthy - self.exported, healthy)

    def with_faults(self, wanted: Sequence[str]) -> Self:
        """The same world with faults from the start: of a tenant (`TENANT=FAULT`), or of anybody (`FAULT`).

        Those without a tenant go to the last ones that are neither broken nor exported, one each.

        Raises:
            ValueError: if there is no such fault or tenant, or there are more faults than tenants.
        """
        named = dict(each.split("=", 1) for each in wanted if "=" in each)
        taken = {*named, *self.broken_ids, *self.exported_ids}
        free = [tenant for tenant in self.tenant_ids if tenant not in taken]
        faults = dict(named)
        for fault in wanted:
            if "=" in fault:
                continue
            if not free:
                raise ValueError(f"there is no tenant left for the fault {fault}: add tenants")
            faults[free.pop()] = fault
        return replace(self, faults=faults)

    def read_as(self, tenant: str) -> Format:
        """How this tenant is to be read."""
        return Format.CSV if tenant in self.exported_ids else self.format

    def _ids(self, after: int, last: int) -> tuple[str, ...]:
        width = max(3, len(str(self.tenants)))
        return tuple(f"firm-{number:0{width}}" for number in range(after + 1, last + 1))
