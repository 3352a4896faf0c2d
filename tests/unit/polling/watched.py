"""One tenant that a test polls again and again."""

from syncwatch.clock import Clock
from syncwatch.config.fleet import OrganizationWide
from syncwatch.polling.poll import Result, Stages, poll
from syncwatch.rows import Figures
from syncwatch.state.journal import MemoryJournal
from syncwatch.state.ledger import Ledger
from syncwatch.state.memory import TenantMemory
from syncwatch.turns import Turns
from unit.given import HOUR, T0, ScriptedPanel, classify, mask, owner_of


def stages(**changes) -> Stages:
    return Stages(**{
        "classify": classify, "mask": mask, "rules": "r1", "owner_of": owner_of, "fingerprint_key": b"k" * 32,
        "journal": MemoryJournal(), "turns": Turns(), "inventory_interval": HOUR, "max_session": HOUR,
        "default_plan_interval": 1800.0, "timeout": 5.0, "organization_wide": OrganizationWide(), "session_time_limit": HOUR,
        **changes,
    })  # fmt: skip


class Still:
    """A clock that a test sets."""

    def __init__(self, time: float = T0) -> None:
        self.time = time

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time


class Watched:
    """One tenant polled again and again, each time as many seconds later as a test says."""

    def __init__(self, **lines) -> None:
        self.panel = ScriptedPanel(**lines)
        self.clock: Clock = Still()  # type: ignore[assignment]
        self.stages = stages()
        self.ledger = Ledger()

    @property
    def memory(self) -> TenantMemory:
        return self.ledger.known

    async def poll(self, later: float = 0.0, **options) -> Result:
        self.clock.time += later
        self.panel.asked, self.panel.sent, self.panel.figures = [], [], Figures()
        result = await poll("firm-1", self.panel, self.ledger, self.stages, self.clock, **options)
        self.ledger = result.ledger
        return result
