"""Cause above symptom: where many users of one organization are down with one class at one time, it is one trouble.

A service account, a right to impersonate or an API allowance takes a whole organization down, and mending it user by
user mends nothing. A pure function of the verdicts and of the causes that stood before: a cause begins when enough
users failed together, and stays until few are left, so that it does not flicker while they come back one by one, nor
when a poll could not read them.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from syncwatch.config.fleet import OrganizationWide
from syncwatch.model import Cause, Owner, Verdict

WINDOW = 2.0  # plan intervals within which one trouble reaches everybody


class Member(NamedTuple):
    """One active user of an organization.

    Attributes:
        organization: its id.
        verdict: on the user.
        interval: seconds between two sessions by the user's plan.
        settled: whether sessions could be read; who is still to be read speaks neither for a cause nor against it.
    """

    organization: str
    verdict: Verdict
    interval: float
    settled: bool = True


def organization_wide(
    members: Iterable[Member], standing: Iterable[Cause], limits: OrganizationWide
) -> tuple[Cause, ...]:
    """The causes now, the largest first; `standing` are those before."""
    organizations: defaultdict[str, list[Member]] = defaultdict(list)
    for member in members:
        if member.organization:  # who is in none shares nothing
            organizations[member.organization].append(member)
    before = {(cause.organization, cause.class_): cause for cause in standing}
    found = [
        cause
        for id_, its in organizations.items()
        for cause in _Organization(id_, its).causes(before, limits)
    ]
    return tuple(sorted(found, key=lambda cause: (-cause.down, cause.organization, cause.class_)))


class _Organization:
    """One organization's active users, those who are down by class."""

    def __init__(self, id_: str, members: list[Member]) -> None:
        self.id = id_
        self.active = len(members)
        self.unread = sum(not member.settled for member in members)
        self.down: defaultdict[str, list[Member]] = defaultdict(list)
        for member in members:
            if member.settled and member.verdict.class_ is not None:
                self.down[member.verdict.class_].append(member)

    def causes(self, before: dict[tuple[str, str], Cause], limits: OrganizationWide) -> Iterator[Cause]:
        """Those that begin or stay."""
        classes = self.down.keys() | {class_ for id_, class_ in before if id_ == self.id}
        for class_ in sorted(classes):
            hit, was = self.down[class_], before.get((self.id, class_))
            if was is None and self._begins(hit, limits):
                yield Cause(self.id, class_, _owner(hit), len(hit), self.active)
            if was is not None and self._stays(hit, limits):
                owner = _owner(hit) if hit else was.owner
                yield Cause(self.id, class_, owner, self._left(hit, was), self.active)

    def _begins(self, hit: list[Member], limits: OrganizationWide) -> bool:
        together = _together(hit)
        return together >= limits.users and together >= limits.share * self.active

    def _stays(self, hit: list[Member], limits: OrganizationWide) -> bool:
        """Whether it may not be over: it is only if it were with all who are still to be read down with it."""
        most = len(hit) + self.unread
        return most > 0 and most >= limits.until * self.active

    def _left(self, hit: list[Member], was: Cause) -> int:
        """How many are down with it; of those who are still to be read none has come back, and none is new to it."""
        return max(len(hit), min(was.down, len(hit) + self.unread))


def _together(members: list[Member]) -> int:
    """How many of them came down within one window; where plans differ, the slowest one's."""
    window = WINDOW * max((member.interval for member in members), default=0.0)
    times = sorted(member.verdict.since for member in members if member.verdict.since is not None)
    most = first = 0
    for last, time in enumerate(times):
        while time - times[first] > window:
            first += 1
        most = max(most, last - first + 1)
    return most


def _owner(members: list[Member]) -> Owner:
    """Who must act by most of the verdicts; of two, whom `Owner` names first."""
    votes = Counter(member.verdict.owner for member in members)
    return max(Owner, key=lambda owner: votes[owner])
