"""What `diagnose` and `ticket` have in common: one fresh look at one user, for a ticket with what support asks for."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from syncwatch.app import client
from syncwatch.cli.once import chosen
from syncwatch.cli.prepare import prepare
from syncwatch.clock import SystemClock
from syncwatch.diagnosis.case import Case
from syncwatch.inquiry import Inquiry, with_found
from syncwatch.model import SessionFacts
from syncwatch.polling.poll import Result
from syncwatch.setup import Setup
from syncwatch.state.snapshot import UserView
from syncwatch.state.store.opening import known_key

TenantId = Annotated[str, typer.Option("--tenant", help="The tenant.", metavar="ID", show_default=False)]
UserId = Annotated[
    str,
    typer.Option(
        "--user",
        help="The user, by the panel's id; where it has none, by what the profile hashes: logon or address.",
        metavar="ID",
        show_default=False,
    ),
]


@dataclass(frozen=True)
class Answer:
    """What was seen.

    Attributes:
        case: the question to the troubleshooting tree.
        result: what the poll came to.
        sessions: the user's ended sessions, newest first, if they were wanted and could be read.
    """

    case: Case
    result: Result
    sessions: tuple[SessionFacts, ...]

    @property
    def incomplete(self) -> str | None:
        """Why sessions or issues of the user are still to be read; None if they were."""
        user = self.case.user
        if user is None or not self.result.memory.users[user.facts.id].pending:
            return None
        return str(self.result.error or "the panel lists this user and does not know the sessions or issues")

    @property
    def users(self) -> Iterator[UserView]:
        """All users of the tenant."""
        return self.result.snapshot.users() if self.result.snapshot else iter(())

    @property
    def unread(self) -> frozenset[str]:
        """Users of whom something is still to be read."""
        return frozenset(id_ for id_, user in self.result.memory.users.items() if user.pending)


def ask(config: Path, tenant: str, user: str, *, ticket: bool = False) -> Answer:
    """Poll a tenant once for one user; for a `ticket` read the whole sessions table, and the colleagues' issues, too."""
    _, setup = prepare(config, level="error")
    return asyncio.run(_ask(config, setup, tenant, user, ticket=ticket))


async def _ask(config: Path, setup: Setup, tenant: str, user: str, *, ticket: bool) -> Answer:
    clock = SystemClock()
    async with client(setup) as http:
        setup = await with_found(setup, http, clock)
        chosen(config, setup, tenant)
        inquiry = Inquiry(setup, clock, http, known_key(setup.config.state))
        result = await inquiry.poll(tenant, only=user, items=ticket)
        case = inquiry.case(result, user)
        table = await inquiry.sessions(tenant, case) if ticket else ()
        return Answer(case, result, table)
