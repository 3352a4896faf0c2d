"""What one reading of a panel goes by, from the configuration and the instant."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Terms:
    """What a reading goes by.

    Attributes:
        now: the instant of the reading.
        rules: digest of the rule set in use.
        timeout: seconds for the whole reading.
        inventory_interval: seconds between two readings of settings and plans.
        default_plan_interval: seconds, for users whose plan is not known.
        only: the one user whose details are wanted, and of whose organization what tells who is down; None for all.
        items: whether of that organization the Issues tabs are wanted too, if single items of that user do not sync.
    """

    now: float
    rules: str
    timeout: float
    inventory_interval: float
    default_plan_interval: float
    only: str | None = None
    items: bool = False

    def inventory_due(self, read: float | None) -> bool:
        """Whether something of the inventory that was read then, or never, is to be read now."""
        return read is None or not 0 <= self.now - read < self.inventory_interval  # clocks are set back too
