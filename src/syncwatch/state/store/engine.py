"""The seam between what is done to the journal and the database in which it is done.

A work is synchronous code over one connection; an engine runs it in one transaction. The promise is in how it fails:
`Away` means that nothing was written, for sure, and `InDoubt` that nobody knows, because the failure came out of the
COMMIT itself. Whatever a database or its driver says becomes one of these two with a kind from a closed set, because
a driver's message may quote rows, addresses and passwords. A fault of ours is none of them: it goes through as it is,
and its transaction is rolled back.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Protocol, TypeVar

from sqlalchemy import Connection, Dialect

T = TypeVar("T")

Work = Callable[[Connection], T]
"""What is done in one transaction; it neither commits nor rolls back."""


class Kind(StrEnum):
    """Why the journal could not be used."""

    UNREACHABLE = "unreachable"  # no connection, or it was cut, or the disk does not answer
    TIMEOUT = "timeout"
    FULL = "full"  # no room on the disk
    READ_ONLY = "read_only"
    LOCKED = "locked"  # somebody else holds it
    REFUSED = "refused"  # it does not let us in, or is not for us
    CORRUPT = "corrupt"
    DATA = "data"  # it does not take this row: a constraint, a number out of range
    FAULT = "fault"  # ours
    OTHER = "other"


class Away(Exception):  # noqa: N818 - a state of the world, named as it reads
    """Nothing was written."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(f"the journal is away: {kind}")
        self.kind = kind


class InDoubt(Exception):  # noqa: N818 - as above
    """It went away while it was committing: all of it was written, or nothing."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(f"the journal went away while it was committing: {kind}")
        self.kind = kind


class Engine(Protocol):
    """A database that does one work after the other, each in a transaction of its own.

    What prepares it is given to it when it is made, and runs before the first work of each connection; what that
    raises, as `JournalRefused`, goes through.
    """

    @property
    def dialect(self) -> Dialect:
        """For which statements are compiled."""
        ...

    async def write(self, work: Work[T], *, extra: float = 0.0) -> T:
        """Do `work` and commit it; it may take `extra` seconds longer than a call usually may.

        Raises:
            Away: nothing was written.
            InDoubt: the failure came out of the COMMIT.
        """
        ...

    async def read(self, work: Work[T], *, extra: float = 0.0) -> T:
        """Do `work` on one state of the data, and leave nothing behind; `extra` as of `write`.

        Raises:
            Away: it cannot be read now.
        """
        ...

    async def size(self) -> int | None:
        """Bytes that the journal takes on disk, with its log; None if nobody can say.

        Raises:
            Away: it cannot be read now.
        """
        ...

    async def close(self) -> None:
        """Let go of it; never raises, and never waits for long."""
        ...
