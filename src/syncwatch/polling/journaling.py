"""A poll's two meetings with the journal: reading up before, and writing down after.

Neither ever fails a poll: while the journal is away polling goes on from what is known, and only counting waits.
"""

import structlog

from syncwatch.state.journal import Commit, Journal, JournalAway
from syncwatch.state.ledger import Ledger
from syncwatch.state.memory import TenantMemory
from syncwatch.state.transitions import Tally

log = structlog.get_logger(__name__)


async def read_up(tenant: str, ledger: Ledger, journal: Journal) -> tuple[Ledger, Tally]:
    """Read the journal if that must be, and is possible; with what is counted by that."""
    if not ledger.must_read:
        return ledger, Tally()
    try:
        loaded = await journal.load(tenant)
    except JournalAway:
        return ledger, Tally()
    return ledger.read(loaded)


async def write_down(
    tenant: str, ledger: Ledger, after: TenantMemory, tally: Tally, *, now: float, journal: Journal
) -> tuple[Ledger, Tally]:
    """Commit what was learned, if it is worth that; with what is counted by that."""
    change = ledger.change(tenant, after, now)
    if change is None:
        return ledger.learned(after, tally), Tally()
    commit = (await journal.commit([change]))[tenant]
    if commit is Commit.REFUSED:
        log.warning("commit_refused", tenant=tenant, version=change.before.version)
    return ledger.settled(change, tally, commit)
