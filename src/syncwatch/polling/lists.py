"""The lists of one panel: organizations with their settings, users and plans, and what memory has to add to them.

A page that has not changed since the last poll is answered from memory; a row that could not be read becomes a
user of whom nothing is known. Only a failure of organizations or users fails a poll. What the panel does not list
is not asked for. Organizations and settings come first: they decide who must act on what the users list says.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from msgspec import structs

from syncwatch.classification.find import Finder
from syncwatch.errors import PollError
from syncwatch.model import OrganizationFacts, UserFacts
from syncwatch.polling.activity import carry_activity
from syncwatch.polling.inventory import PlanList, read_plans, read_settings
from syncwatch.polling.judging import Judging, judging
from syncwatch.polling.needs import carry
from syncwatch.polling.terms import Terms
from syncwatch.rows import OrganizationRow, Page, PageMark, PanelReading, Sight, UserRow
from syncwatch.state.memory import TenantMemory

Row = TypeVar("Row")
Fact = TypeVar("Fact")


@dataclass(frozen=True, slots=True, repr=False)
class Lists:
    """What the lists say of the instant `time`; the pages' marks are for the next poll.

    `reread` are the users whose every text is to be judged again, `errors` what could not be read beside the lists
    themselves.
    """

    organizations: Mapping[str, OrganizationFacts]
    settings_read: Mapping[str, float]
    users: Mapping[str, UserFacts]
    plans: PlanList
    organization_pages: Mapping[str, PageMark]
    user_pages: Mapping[str, PageMark]
    time: float
    reread: frozenset[str]
    errors: tuple[PollError, ...]


async def read_lists(
    panel: PanelReading, memory: TenantMemory, finder: Finder, terms: Terms, deadline: float
) -> Lists:
    """Read the lists, until `deadline` of the event loop's time at most.

    Raises:
        PollError: organizations or users could not be read.
    """
    organization_pages: tuple[Page[OrganizationRow], ...] = ()
    if panel.sight.organizations:
        marks = memory.organization_pages if memory.rules == terms.rules else {}
        organization_pages = await panel.organizations(marks)
    listed = _merge(
        organization_pages,
        memory.organization_pages,
        finder.organization,
        memory.organizations,
        OrganizationFacts,
    )
    settings = await read_settings(panel, memory, listed, terms, deadline)
    finder.know(settings.organizations)
    changed = judging(memory, settings.organizations, terms)
    user_pages = await panel.users(changed.marks(memory))
    size = len(memory.users) + sum(len(page.rows or ()) for page in user_pages)
    users, reread = await finder.turns.work(
        size, lambda: _users(panel.sight, user_pages, memory, finder, changed)
    )
    plans = await read_plans(panel, memory, users.values(), terms)
    return Lists(
        organizations=settings.organizations,
        settings_read=settings.read,
        users=users,
        plans=plans,
        organization_pages=_marks(organization_pages),
        user_pages=_marks(user_pages),
        time=terms.now if panel.time is None else min(panel.time, terms.now),
        reread=reread,
        errors=(*settings.errors, *((plans.error,) if plans.error else ())),
    )


def _users(
    sight: Sight, pages: tuple[Page[UserRow], ...], memory: TenantMemory, finder: Finder, changed: Judging
) -> tuple[dict[str, UserFacts], frozenset[str]]:
    """The users' facts, and whose texts are to be judged again; `sight` is what turned out while they were read."""
    known = {id_: user.facts for id_, user in memory.users.items()}
    listed = _merge(pages, memory.user_pages, finder.user, known, UserFacts)
    told = listed.keys() - {id_ for page in pages for id_ in page.refused}
    reread = frozenset(id_ for id_ in told if changed.again(listed[id_], memory.users.get(id_)))
    users = {}
    for id_, facts in listed.items():
        old = memory.users.get(id_)
        carried = carry(_planned(facts, sight), old, sight, reread=id_ in reread)
        users[id_] = carry_activity(carried, old)
    return users, reread


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
