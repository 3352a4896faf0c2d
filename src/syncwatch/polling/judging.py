"""Whose texts are to be judged again, because something has changed of that by which they were judged.

The text itself is gone, so that it has to be read again. Who must act on it depends on the rules, on the organization's
access type and settings, and on the user's own place among them; nothing else makes a text be read twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from syncwatch.model import OrganizationFacts, UserFacts
from syncwatch.polling.terms import Terms
from syncwatch.state.memory import TenantMemory, UserMemory


@dataclass(frozen=True, slots=True)
class Judging:
    """What has changed since the texts were judged.

    Attributes:
        everything: whether it concerns everybody.
    """

    everything: bool

    def again(self, listed: UserFacts, old: UserMemory | None) -> bool:
        """Whether the texts of this user, as the list has it now, are to be judged again."""
        return old is not None and (self.everything or _place(listed) != _place(old.facts))


def judging(memory: TenantMemory, organizations: Mapping[str, OrganizationFacts], terms: Terms) -> Judging:
    """What has changed, given the organizations as they are now."""
    before = memory.organizations
    changed = {
        id_
        for id_ in organizations.keys() | before.keys()
        if _decisive(organizations.get(id_)) != _decisive(before.get(id_))
    }
    concerned = any(user.facts.organization in changed for user in memory.users.values())
    return Judging(memory.rules != terms.rules or concerned)


def _decisive(organization: OrganizationFacts | None) -> tuple[str | None, Mapping[str, int]]:
    """What of an organization goes into `Finder.know`."""
    return (organization.access_type, organization.settings) if organization else (None, {})


def _place(facts: UserFacts) -> tuple[str, str | None]:
    """What of a user's row goes into `Finder.context`."""
    return facts.organization, facts.access_type
