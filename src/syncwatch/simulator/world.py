"""Tenants that live on: each advances lazily, event by event, to the instant at which somebody looks.

A tenant nobody asks for costs nothing. The order of events does not depend on when they are asked for, so one
seed and one beginning make one world; only a tenant that was not looked at for `CATCH_UP` intervals skips what
nobody saw. Freezing stops the time of the world, not the wall clock: a frozen session grows old.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from heapq import heapify, heapreplace
from itertools import count
from random import Random

from syncwatch.simulator.birth import Birth
from syncwatch.simulator.evolution import Evolution, instant
from syncwatch.simulator.options import Options
from syncwatch.simulator.people import ENABLED, IMPERSONATED, IMPERSONATION, Organization, User
from syncwatch.simulator.texts import Text
from syncwatch.simulator.wordings import failure

CATCH_UP = 48  # plan intervals
CRM_INTERVALS = 12  # how often a Salesforce service account may connect or disconnect
CRM_LOSS = 0.05
CRM_RETURN = 0.5
ORGANIZATION_OFF = 3  # in every third tenant one organization is off


class Tenant:
    """One firm's installation.

    Attributes:
        number: its place among the tenants, from 0.
        revision: grows with each change.
    """

    def __init__(self, options: Options, tenant: str, number: int, epoch: float) -> None:
        self.id = tenant
        self.number = number
        self.terse = Random(f"{options.seed}/{tenant}/terse").randrange(10) == 0
        self.revision = 0
        self._options = options
        self._rng = Random(f"{options.seed}/{tenant}")
        jobs = count(1)
        self._evolution = Evolution(options, self._rng, lambda: f"{tenant}-{next(jobs):08d}")
        birth = Birth(options, tenant, epoch, self._rng, self._evolution)
        self.organizations = birth.organizations(last_is_off=number % ORGANIZATION_OFF == 0)
        self.plans = birth.plans()
        newborn = birth.users(self.organizations, self.plans)
        self.users = tuple(one.user for one in newborn)
        self.by_id = {user.id: user for user in self.users}
        self._due = [(instant(one.due), index) for index, one in enumerate(newborn) if one.due is not None]
        self._due.append((instant(epoch + self._crm_interval), -1))
        heapify(self._due)
        self.advance(epoch)

    @property
    def _crm_interval(self) -> float:
        return CRM_INTERVALS * self._options.plan_interval

    def advance(self, until: float) -> None:
        """Let everything happen that is due up to `until`."""
        horizon = until - CATCH_UP * self._options.plan_interval
        while self._due[0][0] <= until:
            due, index = self._due[0]
            if due < horizon and (index < 0 or self.users[index].running is None):
                period = self._crm_interval if index < 0 else self.users[index].interval
                upcoming = horizon + (due - horizon) % period
            elif index < 0:
                upcoming = due + self._crm_interval
                self._change_crm()
            else:
                upcoming = self._step(self.users[index], due)
            heapreplace(self._due, (instant(upcoming), index))

    def break_(self, text: Text | None, at: float, organization: str | None = None) -> Organization:
        """Let all sessions of an organization fail from now on, or heal it with None; its users notice at once.

        Whoever is not switched off ends a session at this instant. No error switches them off while it lasts.

        Args:
            text: what the sessions fail for.
            at: now.
            organization: its id; None for the largest that is not off.

        Raises:
            KeyError: if there is no such organization.
        """
        sizes = Counter(user.organization.id for user in self.users)
        wanted = (
            organization or max(self.organizations, key=lambda one: (one.status == ENABLED, sizes[one.id])).id
        )
        broken = {one.id: one for one in self.organizations}[wanted]
        broken.trouble = text
        members = [user for user in self.users if user.organization is broken]
        if text is not None and text.class_ == "impersonation_denied":
            _impersonate(broken, members, instant(at))
        for user in members:
            if user.runs:
                self._evolution.run(user, instant(at))
        self.revision += 1
        return broken

    def _step(self, user: User, due: float) -> float:
        version = user.version
        upcoming = self._evolution.step(user, due)
        self.revision += user.version != version
        return upcoming

    def _change_crm(self) -> None:
        for organization in self.organizations:
            lost = organization.crm == "Disconnected"
            if self._rng.random() < (CRM_RETURN if lost else CRM_LOSS) * self._options.change:
                organization.crm = "Connected" if lost else "Disconnected"
                self.revision += 1


def _impersonate(organization: Organization, members: Sequence[User], at: float) -> None:
    """Let the organization's account enter the mailboxes of those who run; others keep the way in which they failed."""
    before = organization.access_type
    if before not in IMPERSONATED:
        organization.access_type = IMPERSONATION
    for user in members:
        user.access_type = None if user.runs else user.access_type or before
        user.touch(at)


class World:
    """All tenants, born when they are first asked for, and the time they live in.

    Attributes:
        epoch: when this world began.
        ids: all tenants, in order.
        interventions: how often somebody has taken control.
    """

    def __init__(self, options: Options) -> None:
        self.epoch = instant(options.now())
        self.ids = options.tenant_ids
        self.interventions = 0
        self._options = options
        self._now: Callable[[], float] = options.now
        self._frozen_at: float | None = None
        self._numbers = {tenant: number for number, tenant in enumerate(self.ids)}
        self._tenants: dict[str, Tenant] = {}

    @property
    def frozen(self) -> bool:
        """Whether evolution stands still."""
        return self._frozen_at is not None

    @property
    def time(self) -> float:
        """The instant up to which things have happened."""
        return self._now() if self._frozen_at is None else self._frozen_at

    def freeze(self) -> None:
        """Stop evolution; what is running goes on running."""
        self._frozen_at = self.time

    def thaw(self) -> None:
        """Let evolution go on, as if it had never stopped."""
        self._frozen_at = None

    def __contains__(self, tenant: object) -> bool:
        return tenant in self._numbers

    def tenant(self, tenant: str) -> Tenant:
        """The tenant as it stands now.

        Raises:
            KeyError: if there is no such tenant.
        """
        found = self._tenants.get(tenant)
        if found is None:
            found = self._tenants[tenant] = Tenant(self._options, tenant, self._numbers[tenant], self.epoch)
            if tenant in self._options.breaks:
                found.break_(failure(self._options.breaks[tenant]), self.epoch)
        found.advance(self.time)
        return found
