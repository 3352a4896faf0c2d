"""What a simulated world is made of; the same options at the same instant make the same world.

Checked once, here, so that the rest may rely on it. Time and sleep are handed in: a test lets a day pass in a
millisecond.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Literal, get_args

from syncwatch.simulator.wordings import failure

FaultKind = Literal["down", "slow", "garbage", "html", "unauthorized", "rate_limited", "http_500", "none"]
FAULT_KINDS: tuple[FaultKind, ...] = get_args(FaultKind)

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
        plan_interval: seconds between two sessions of most users; shorter means faster evolution.
        page_size: rows on a page at most, even if the client asks for more.
        history: ended sessions kept for each user, newest first.
        broken: how many tenants, the last ones, are broken from the start.
        breaks: tenants whose largest organization fails from the start, each with the class of its failures.
        latency: seconds before every answer of a panel.
        slow: seconds that the fault `slow` adds.
        faults: how probable each fault is, for any request to a panel; empty for none.
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
    plan_interval: int = 1800
    page_size: int = 200
    history: int = 20
    broken: int = 0
    breaks: Mapping[str, str] = field(default_factory=dict)
    latency: float = 0.0
    slow: float = 120.0
    faults: Mapping[FaultKind, float] = field(default_factory=dict)
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
            ("faults", sum(self.faults.values()), 0, 1),
            ("exported", self.exported, 0, self.tenants - self.broken),
            ("export_interval", self.export_interval, 1, 86_400),  # HTTP tells exports apart by whole seconds
            ("export_sessions", self.export_sessions, 0, self.history),
        )
        for name, value, least, most in ranges:
            if not least <= value <= most:
                raise ValueError(f"{name} is {value:g}; it must be from {least:g} to {most:g}")
        if unknown := sorted(set(self.faults) - set(FAULT_KINDS)):
            raise ValueError(f"faults: {', '.join(unknown)}: the kinds are {', '.join(FAULT_KINDS)}")
        for class_ in self.breaks.values():
            failure(class_)
        if strangers := sorted(set(self.breaks) - set(self.tenant_ids)):
            raise ValueError(f"breaks: there is no tenant {', '.join(strangers)}")
        if (self.exports is None) != (self.exported == 0):
            raise ValueError(
                "exports and exported go together: a folder, and how many tenants are exported to it"
            )

    @property
    def tenant_ids(self) -> tuple[str, ...]:
        """All tenants, in order: `firm-001` and so on."""
        return self._ids(0, self.tenants)

    @property
    def exported_ids(self) -> tuple[str, ...]:
        """The tenants that are exported to a folder, in order."""
        healthy = self.tenants - self.broken
        return self._ids(healthy - self.exported, healthy)

    def read_as(self, tenant: str) -> Format:
        """How this tenant is to be read."""
        return Format.CSV if tenant in self.exported_ids else self.format

    def _ids(self, after: int, last: int) -> tuple[str, ...]:
        width = max(3, len(str(self.tenants)))
        return tuple(f"firm-{number:0{width}}" for number in range(after + 1, last + 1))
