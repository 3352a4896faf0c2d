"""What one poll learned, before it is held against what is remembered."""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from syncwatch.model import OrganizationFacts, Plans, SessionFacts, UserFacts
from syncwatch.rows import PageMark, Sight, Silent


class UserReading(msgspec.Struct, frozen=True, gc=False):
    """One user as this poll found it.

    Attributes:
        facts: all that is known now, with what memory had to add.
        sessions: ended sessions newer than the mark in memory, oldest first; none while pending.
        fresh_issues: whether `facts.issues` was settled by this poll, and not only carried over.
        pending: sessions or issues are still to be read.
        failed: whether that was tried.
        unheard: pending, and it is the sessions that are still to be read: the facts do not tell how the sync stands.
    """

    facts: UserFacts
    sessions: tuple[SessionFacts, ...] = ()
    fresh_issues: bool = False
    pending: bool = False
    failed: bool = False
    unheard: bool = False


class Reading(Silent, frozen=True, gc=False):
    """One tenant as this poll found it.

    Attributes:
        time: the data's time.
        rules: digest of the rule set that the findings come from.
        complete: whether every user was reached, be it that the panel failed to answer.
        whole_list: whether the users list was read to its end; only then is a missing user gone.
        users: by id.
        nameless: rows of the users list of which nobody can say whose they are.
        sight: what the panel shows.

    The other attributes are those of `TenantMemory`.
    """

    time: float
    rules: str
    complete: bool
    whole_list: bool
    organization_pages: Mapping[str, PageMark]
    user_pages: Mapping[str, PageMark]
    organizations: Mapping[str, OrganizationFacts]
    plans: Plans
    plans_read: float | None
    odd_plans: frozenset[str]
    users: Mapping[str, UserReading]
    sight: Sight
    settings_read: Mapping[str, float] = MappingProxyType({})
    nameless: int = 0
