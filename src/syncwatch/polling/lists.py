"""The lists of one panel: organizations, users and plans, and what memory has to add to them.

A page that has not changed since the last poll is answered from memory; a row that could not be read becomes a
user of whom nothing is known. Only a failure of organizations or users fails a poll. What the panel does not list
is not asked for.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from msgspec import structs

from syncwatch.classification.find import Finder
from syncwatch.errors import PollError
from syncwatch.model import OrganizationFacts, Plans, UserFacts
from syncwatch.polling.needs import carry
from syncwatch.rows import OrganizationRow, Page, PageMark, PanelReading, Sight
from syncwatch.state.memory import TenantMemory

Row = TypeVar("Row")
Fact = TypeVar("Fact")


@dataclass(frozen=True, slots=True)
class Terms:
    """What a reading goes by.

    Attributes:
        now: the instant of the reading.
        rules: digest of the rule set in use.
        timeout: seconds for the whole reading.
        inventory_interval: seconds between two readings of the plans.
        default_plan_interval: seconds, for users whose plan is not known.
        only: the one user whose details are wanted; None for everybody's.
    """

    now: float
    rules: str
    timeout: float
    inventory_interval: float
    default_plan_interval: float
    only: str | None = None


@dataclass(frozen=True, slots=True)
class PlanList:
    """Seconds between two sessions by plan id, when that was read, plan ids not listed, and why it is old."""

    intervals: Plans
    read: float | None
    odd: frozenset[str]
    error: PollError | None = None


@dataclass(frozen=True, slots=True)
class Lists:
    """What the lists say of the instant `time`; the pages' marks are for the next poll."""

    organizations: Mapping[str, OrganizationFacts]
    users: Mapping[str, UserFacts]
    plans: PlanList
    organization_pages: Mapping[str, PageMark]
    user_pages: Mapping[str, PageMark]
    time: float


async def read_lists(
    panel: PanelReading, memory: TenantMemory, finder: Finder, terms: Terms, *, reread: bool
) -> Lists:
    """Read the lists; `reread` asks for every page whole.

    Raises:
        PollError: organizations or users could not be read.
    """
    organization_pages: tuple[Page[OrganizationRow], ...] = ()
    if panel.sight.organizations:
        organization_pages = await panel.organizations({} if reread else memory.organization_pages)
    user_pages = await panel.users({} if reread else memory.user_pages)
    organizations = _merge(
        organization_pages,
        memory.organization_pages,
        lambda row: OrganizationFacts(row.id, row.switch, row.access_type, row.crm_connected),
        memory.organizations,
        OrganizationFacts,
    )
    finder.know(organizations)
    sight = panel.sight  # what turned out while the users were read
    known = {id_: user.facts for id_, user in memory.users.items()}
    listed = _merge(user_pages, memory.user_pages, finder.user, known, UserFacts)
    users = {
        id_: carry(_planned(facts, sight), memory.users.get(id_), sight, reread=reread)
        for id_, facts in listed.items()
    }
    plans = await _plans(panel, memory, users.values(), terms)
    time = terms.now if panel.time is None else min(panel.time, terms.now)
    return Lists(organizations, users, plans, _marks(organization_pages), _marks(user_pages), time)


def _merge(
    pages: Iterable[Page[Row]],
    marks: Mapping[str, PageMark],
    fact: Callable[[Row], Fact],
    known: Mapping[str, Fact],
    odd: Callable[[str], Fact],
) -> dict[str, Fact]:
    """Facts of every row by id; of an unchanged page from memory, of a row that could not be read `odd`."""
    merged: dict[str, Fact] = {}
    for page in pages:
        if page.rows is None:
            merged.update({id_: known[id_] for id_ in marks[page.cursor].ids if id_ in known})
            continue
        for row in page.rows:
            facts = fact(row)
            merged[facts.id] = facts  # type: ignore[attr-defined]
        merged.update({id_: odd(id_) for id_ in page.refused})
    return merged


def _planned(facts: UserFacts, sight: Sight) -> UserFacts:
    """A plan that nobody can look up is none."""
    return facts if sight.plans or facts.plan is None else structs.replace(facts, plan=None)


def _marks(pages: Iterable[Page[Row]]) -> dict[str, PageMark]:
    return {page.cursor: page.mark for page in pages if page.mark is not None}


async def _plans(
    panel: PanelReading, memory: TenantMemory, users: Iterable[UserFacts], terms: Terms
) -> PlanList:
    """The plans: read once an inventory interval, and at once when a user names one not heard of yet.

    A failure costs no more than the plans' freshness: the last known ones and the default serve until the next poll.
    """
    if not panel.sight.plans:
        return PlanList({}, None, frozenset())
    named = {user.plan for user in users if user.plan is not None}
    due = memory.plans_read is None or terms.now - memory.plans_read >= terms.inventory_interval
    known = PlanList(memory.plans, memory.plans_read, memory.odd_plans)
    if not due and named <= memory.plans.keys() | memory.odd_plans:
        return known
    try:
        rows = await panel.plans()
    except PollError as error:
        return replace(known, error=error.with_traceback(None))
    plans = {row.id: float(row.interval) for row in rows if row.interval > 0}
    return PlanList(plans, terms.now, frozenset(named - plans.keys()))
