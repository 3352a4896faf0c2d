"""What rarely changes and is read once an inventory interval: the organizations' settings, and the plans.

A failure costs no more than freshness: what was known before serves until the next poll.
"""

import asyncio
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from msgspec import structs

from syncwatch.errors import PollError
from syncwatch.model import SETTINGS, OrganizationFacts, Plans, UserFacts
from syncwatch.polling.fan_out import ask_each
from syncwatch.polling.side_tables import if_allowed, of_all
from syncwatch.polling.terms import Terms
from syncwatch.rows import PanelReading, SettingRow
from syncwatch.state.memory import TenantMemory

SHARE = 0.5  # of the time that is left, for settings that do not come
_BOOLEANS = MappingProxyType({"true": "1", "false": "0"})
_NUMBER = re.compile(r"-?[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class PlanList:
    """Seconds between two sessions by plan id, when that was read, plan ids not listed, and why it is old."""

    intervals: Plans
    read: float | None
    odd: frozenset[str]
    error: PollError | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """The organizations with their settings, when those of each were read, and what failed beside them."""

    organizations: Mapping[str, OrganizationFacts]
    read: Mapping[str, float]
    errors: tuple[PollError, ...] = ()


async def read_settings(
    panel: PanelReading,
    memory: TenantMemory,
    organizations: Mapping[str, OrganizationFacts],
    terms: Terms,
    deadline: float,
) -> Settings:
    """The settings of each of the organizations: those not read for an inventory interval, or never, are read now.

    Settings that do not come leave half of the time to the rest of the reading, which ends at `deadline`.
    """
    if not panel.sight.settings:
        return Settings(organizations, {})
    known = {id_: memory.organizations[id_].settings for id_ in organizations if id_ in memory.organizations}
    read = {id_: at for id_, at in memory.settings_read.items() if id_ in organizations}

    async def ask(id_: str) -> None:
        known[id_] = kept(await if_allowed(panel.settings(id_)) or ())
        read[id_] = terms.now

    due = [id_ for id_ in organizations if terms.inventory_due(read.get(id_))]
    time = asyncio.get_running_loop().time()
    errors = await ask_each(due, ask, time + SHARE * (deadline - time), turn=memory.polls)
    told = {
        id_: structs.replace(each, settings=known.get(id_, each.settings))
        for id_, each in organizations.items()
    }
    return Settings(told, read, tuple(of_all(errors)))


def kept(rows: Iterable[SettingRow]) -> dict[str, int]:
    """Those of our settings that are whole numbers or booleans; of any other nothing is known, which is not 0."""
    found = {row.name: row.value.strip().lower() for row in rows if row.name in SETTINGS}
    numbers = {name: _BOOLEANS.get(value, value) for name, value in found.items()}
    return {name: int(value) for name, value in numbers.items() if _NUMBER.fullmatch(value)}


async def read_plans(
    panel: PanelReading, memory: TenantMemory, users: Iterable[UserFacts], terms: Terms
) -> PlanList:
    """The plans: read once an inventory interval, and at once when a user names one not heard of yet."""
    if not panel.sight.plans:
        return PlanList({}, None, frozenset())
    named = {user.plan for user in users if user.plan is not None}
    known = PlanList(memory.plans, memory.plans_read, memory.odd_plans)
    if not terms.inventory_due(memory.plans_read) and named <= memory.plans.keys() | memory.odd_plans:
        return known
    try:
        rows = await panel.plans()
    except PollError as error:
        return replace(known, error=error.with_traceback(None))
    plans = {row.id: float(row.interval) for row in rows if row.interval > 0}
    return PlanList(plans, terms.now, frozenset(named - plans.keys()))
