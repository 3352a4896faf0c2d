"""Single looks at panels, for the commands that look once: outside of any schedule, and with no memory of before."""

from collections.abc import Iterable, Sequence

from syncwatch.classification.find import Finder
from syncwatch.clock import Clock
from syncwatch.compose import stages
from syncwatch.config.target import Batch, Rejected
from syncwatch.diagnosis.case import Case
from syncwatch.discovery.discoverer import Discoverer
from syncwatch.display import Display
from syncwatch.exposition.discovery import DiscoveryMeters
from syncwatch.exposition.own import new_registry
from syncwatch.model import SessionFacts
from syncwatch.panel.budget import Limiter
from syncwatch.panel.meanings import hashed
from syncwatch.panel.survey.lists import Survey
from syncwatch.polling.history import history
from syncwatch.polling.poll import Result, poll
from syncwatch.reach import reach
from syncwatch.setup import Setup
from syncwatch.state.journal import MemoryJournal
from syncwatch.state.ledger import Ledger
from syncwatch.state.store.key import passing_key
from syncwatch.transport.client import Http
from syncwatch.turns import Turns


async def with_found(setup: Setup, http: Http, clock: Clock) -> Setup:
    """The same with the tenants that its sources of targets have now; what is wrong with some of them is logged."""
    whole = setup

    async def take(batches: Sequence[Batch]) -> Iterable[Rejected]:
        nonlocal whole
        whole, rejected = setup.with_found(batches)
        return rejected

    discoverer = Discoverer(http, clock, DiscoveryMeters(new_registry()), take)
    discoverer.apply(setup.config.discovery)
    await discoverer.once()
    return whole


class Inquiry:
    """See the module.

    Args:
        setup: what a person wrote.
        clock: the only source of time and chance.
        http: the client for all panels; the caller closes it.
        key: the key of hashed ids and fingerprints; None for a new one.

    Attributes:
        display: what a scrape would show.
    """

    def __init__(self, setup: Setup, clock: Clock, http: Http, key: bytes | None) -> None:
        self.display = Display(new_registry(), clock)
        self._setup = setup
        self._clock = clock
        self._key = key or passing_key()
        self._stages = stages(setup, key=self._key, journal=MemoryJournal(), turns=Turns())
        limiter = Limiter(clock, setup.config.budgets, setup.config.polling.concurrency)
        self._panels = reach(setup, {}, key=self._key, http=http, clock=clock, limiter=limiter)
        self.display.show(setup, lambda tenant: self._panels[tenant].panel.sight)
        self.display.loaded(setup)
        self.display.board.recall({})

    async def poll(self, tenant: str, *, only: str | None = None, items: bool = False) -> Result:
        """Poll one tenant.

        Args:
            tenant: its id.
            only: the one user whose sessions and issues are wanted; None for everybody's. Exports are read whole.
            items: whether, where single items of that user do not sync, the issues of the whole organization are wanted.
        """
        panel = self._panels[tenant].panel
        only = only if panel.sight.live else None
        async with panel.admitted():
            reading, stages = panel.reading(), self._stages
            result = await poll(tenant, reading, Ledger(), stages, self._clock, only=only, items=items)
        self.display.publish(tenant, result)
        return result

    def case(self, result: Result, user: str) -> Case:
        """What the troubleshooting tree is asked about a user after a poll: by id, or by what an id is made of."""
        snapshot, owner_of = result.snapshot, self._stages.owner_of
        remedy = self._setup.ruleset.catalogue.remedy
        if snapshot is None:
            return Case(result.started, result.sight, owner_of, remedy, unreadable=str(result.error))
        view = snapshot.user(user) or snapshot.user(hashed(self._key, (user,)))
        organization = view.facts.organization if view else ""
        return Case(
            now=snapshot.time,
            sight=snapshot.sight,
            owner_of=owner_of,
            remedy=remedy,
            user=view,
            organization=snapshot.organization(organization),
            causes=snapshot.causes(organization),
        )

    async def sessions(self, tenant: str, case: Case) -> tuple[SessionFacts, ...]:
        """All ended sessions that the panel shows of a case's user, newest first."""
        if case.user is None:
            return ()
        finder = Finder(tenant, self._stages.classify, self._stages.mask, self._key)
        return await history(self._panels[tenant].panel.reading(), finder, case.facts, case.organization)

    async def survey(self, tenant: str) -> Survey:
        """One look at all lists of a tenant's panel, with their rows as they are.

        Raises:
            PollError: nobody can say where the panel is.
        """
        return await self._panels[tenant].panel.survey()
