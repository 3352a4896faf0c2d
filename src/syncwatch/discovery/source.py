"""What all sources of targets have in common: somebody looks, and this is what came of it."""

from typing import NamedTuple, Protocol

from syncwatch.config.target import Target


class Look(NamedTuple):
    """What one look at a source came to.

    Attributes:
        targets: what it has; None if nothing could be read at all.
        wrong: what could not be read, in our words; empty if all was well.
    """

    targets: tuple[Target, ...] | None
    wrong: tuple[str, ...] = ()


class Source(Protocol):
    """Something that has targets."""

    async def look(self) -> Look:
        """Read it now; raises nothing."""
        ...
