"""Whose texts are to be judged again, because something has changed of that by which they were judged.

The text itself is gone, so that it has to be read again, and with it the names to be masked in it. Who must act on it
depends on the rules, on the organization's access type and settings, and on the user's own place among them; nothing
else makes a text be read twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from syncwatch.model import OrganizationFacts, UserFacts
from syncwatch.polling.terms import Terms
from syncwatch.rows import PageMark
from syncwatch.state.memory import TenantMemory, UserMemory


@dataclass(frozen=True, slots=True)
class Judging:
    """What has changed since the texts were judged.

    Attributes:
        rules: whether the rules have, for everybody.
        organizations: those of which something has that decides.
    """

    rules: bool
    organizations: frozenset[str]

    def again(self, listed: UserFacts, old: UserMemory | None) -> bool:
        """Whether the texts of this user, as the list has it now, are to be judged again."""
        if old is None:
            return False
        moved = _place(listed) != _place(old.facts)
        return self.rules or moved or listed.organization in self.organizations

    def marks(self, memory: TenantMemory) -> Mapping[str, PageMark]:
        """The marks of those pages of the users list that need not be sent again if they have not changed.

        A page with somebody of whom a text may be read in this poll is: its rows have the names to be masked in it.
        """
        if self.rules:
            return {}
        return {
            cursor: mark
            for cursor, mark in memory.user_pages.items()
            if not any(self._concerns(memory.users.get(id_)) for id_ in mark.ids)
        }

    def _concerns(self, old: UserMemory | None) -> bool:
        return old is not None and (old.pending or old.facts.organization in self.organizations)


def judging(memory: TenantMemory, organizations: Mapping[str, OrganizationFacts], terms: Terms) -> Judging:
    """What has changed, given the organizations as they are now."""
    before = memory.organizations
    changed = (
        id_
        for id_ in organizations.keys() | before.keys()
        if _decisive(organizations.get(id_)) != _decisive(before.get(id_))
    )
    return Judging(memory.rules != terms.rules, frozenset(changed))


def _decisive(organization: OrganizationFacts | None) -> tuple[str | None, Mapping[str, int]]:
    """What of an organization goes into `Finder.know`."""
    return (organization.access_type, organization.settings) if organization else (None, {})


def _place(facts: UserFacts) -> tuple[str, str | None]:
    """What of a user's row goes into `Finder.context`."""
    return facts.organization, facts.access_type
