"""Reading one panel: lists first, then of each user only what `needs` names, all within one deadline."""

import asyncio

from syncwatch.classification.find import Finder
from syncwatch.errors import PollError, Reason
from syncwatch.polling.details import Details
from syncwatch.polling.lists import read_lists
from syncwatch.polling.terms import Terms
from syncwatch.rows import Figures, PanelReading
from syncwatch.state.memory import TenantMemory
from syncwatch.state.reading import Reading


async def read(
    panel: PanelReading, memory: TenantMemory, finder: Finder, terms: Terms
) -> tuple[Reading, PollError | None]:
    """One reading of a panel, and what kept it from being complete.

    Raises:
        PollError: the lists could not be read.
    """
    deadline = asyncio.get_running_loop().time() + terms.timeout
    try:
        async with asyncio.timeout_at(deadline):
            lists = await read_lists(panel, memory, finder, terms, deadline)
    except TimeoutError:
        raise PollError(Reason.TIMEOUT, f"the lists took longer than {terms.timeout:g} s") from None
    details = Details(panel, memory, finder, lists.reread)
    await details.read(lists, terms, deadline)
    reading = Reading(
        time=lists.time,
        rules=terms.rules,
        complete=details.reached,
        whole_list=panel.users_whole,
        nameless=panel.figures.nameless["users"],
        organization_pages=lists.organization_pages,
        user_pages=lists.user_pages,
        organizations=lists.organizations,
        plans=lists.plans.intervals,
        plans_read=lists.plans.read,
        odd_plans=lists.plans.odd,
        users=details.users,
        sight=panel.sight,
        settings_read=lists.settings_read,
    )
    return reading, panel.held or details.failure(lists.errors) or _truncated(panel.figures)


def _truncated(figures: Figures) -> PollError | None:
    """Why the lists are only a part, if they are."""
    if not figures.cut:
        return None
    what = ", ".join(f"{table}: {why}" for table, why in figures.cut.items())
    return PollError(Reason.TRUNCATED, f"{what}; it counts as far as it was read")
