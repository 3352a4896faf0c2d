"""What is believed of a source that says what tenants there are: an answer that drops most of them has to say it again.

An inventory that restores a backup, or is asked while it is being filled, answers well and wrongly. So an answer
without more than half of the tenants, and at least three of them, is held: what was believed goes on until three
answers in a row that came at their time agree, or until a person says so.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from syncwatch.config.target import Target

LEAST_LOST = 3  # tenants; of a handful, one or two are soon more than half
IN_A_ROW = 3


@dataclass(frozen=True, slots=True)
class Belief:
    """What is believed, and what is not yet.

    Attributes:
        targets: what is believed.
        held: an answer that is not believed yet, the newest one.
        times: how often in a row it came.
        asked: whether the source as it is configured now has answered; its first answer is believed.
    """

    targets: tuple[Target, ...] = ()
    held: tuple[Target, ...] | None = None
    times: int = 0
    asked: bool = False

    def after(self, answer: tuple[Target, ...], *, counts: bool) -> "Belief":
        """What is believed after an answer; one `counts` if it came at its time, and not because somebody looked again."""
        before, now = _tenants(self.targets), _tenants(answer)
        lost = len(before - now)
        if not self.asked or lost < LEAST_LOST or 2 * lost <= len(before):
            return Belief(answer, asked=True)
        agrees = self.held is not None and _tenants(self.held) == now
        times = (self.times if agrees else 0) + counts
        return Belief(answer, asked=True) if times >= IN_A_ROW else replace(self, held=answer, times=times)

    def confirmed(self) -> "Belief":
        """What is believed once a person says that what is held is right."""
        return self if self.held is None else Belief(self.held, asked=True)

    @property
    def dropped(self) -> int:
        """How many tenants the held answer would drop."""
        return 0 if self.held is None else len(_tenants(self.targets) - _tenants(self.held))


def _tenants(targets: Iterable[Target]) -> frozenset[str]:
    return frozenset(target.tenant for target in targets if target.tenant is not None)
