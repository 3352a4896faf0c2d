"""What the troubleshooting tree is asked about, and what it answers: frozen values of ids, codes and times."""

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from syncwatch.model import NO_CONTEXT, Cause, Context, OrganizationFacts, Owner, OwnerOf, UserFacts, Verdict
from syncwatch.rows import Sight
from syncwatch.state.snapshot import UserView

NOT_VISIBLE = "not visible to monitoring"

Remedy = Callable[[str, Owner], str]
"""What an owner is to do about a class."""


class Step(NamedTuple):
    """One step on the way.

    Attributes:
        node: its name in the article's tree, such as `D3c`.
        looked_at: what was looked at.
        found: what was found; begins with `not visible to monitoring` where nothing could be.
        follows: what follows from it; where it is not visible, what a person should look at.
    """

    node: str
    looked_at: str
    found: str
    follows: str


class Leaf(NamedTuple):
    """Where the way ends.

    Attributes:
        node: at which node.
        owner: who must act; None where that is not visible to monitoring, and a person must look.
        do: what is to be done, one or two sentences.
        class_: what kind of trouble, if it has a class.
    """

    node: str
    owner: Owner | None
    do: str
    class_: str | None = None


class Walk(NamedTuple):
    """The way through the tree."""

    steps: tuple[Step, ...]
    leaf: Leaf


class Case(msgspec.Struct, frozen=True):
    """One question to the tree.

    Attributes:
        now: the data's time.
        sight: what the panel shows.
        owner_of: who must act about a class of which no text speaks.
        remedy: what an owner is to do about a class.
        unreadable: why the panel could not be read; None if it could.
        user: the user as shown; None if the panel lists none with that id.
        organization: the user's; None if the panel does not list it.
        causes: the troubles of that whole organization.
    """

    now: float
    sight: Sight
    owner_of: OwnerOf
    remedy: Remedy
    unreadable: str | None = None
    user: UserView | None = None
    organization: OrganizationFacts | None = None
    causes: tuple[Cause, ...] = ()

    @property
    def facts(self) -> UserFacts:
        """The user's, from D2 on, where there is one."""
        assert self.user is not None
        return self.user.facts

    @property
    def verdict(self) -> Verdict:
        """On the user, from D2 on, where there is one."""
        assert self.user is not None
        return self.user.verdict

    @property
    def owner(self) -> Owner:
        """Who must act about a sync that is down, as the metrics have it; a cause above says its own."""
        return self.verdict.owner or Owner.VENDOR_SUPPORT

    @property
    def context(self) -> Context:
        """What stands around the user: the access to the mailbox, and the organization's settings."""
        own = self.user.facts.access_type if self.user else None
        if self.organization is None:
            return NO_CONTEXT._replace(access=own)
        return Context(own or self.organization.access_type, settings=self.organization.settings)

    def setting(self, name: str) -> int | None:
        """An organization's setting; None where it is not visible."""
        return self.context.settings.get(name)
