"""A user's open issues, those together for which the same follows."""

from collections import Counter
from typing import NamedTuple

from syncwatch.model import Direction, IssueFacts, Operation, Owner


class Kind(NamedTuple):
    """What has to be the same."""

    class_: str
    owner: Owner
    direction: Direction
    operation: Operation

    @property
    def way(self) -> str:
        """Which way the items were to go, and what was to be done to them."""
        told = [each.value for each in (self.direction, self.operation) if each.value != "unknown"]
        return " ".join(told) or "direction and operation not visible"


def kinds(issues: tuple[IssueFacts, ...]) -> list[tuple[Kind, int]]:
    """How many rows there are of each kind, the most frequent first."""
    counts: Counter[Kind] = Counter()
    for issue in issues:
        kind = Kind(issue.finding.class_, issue.finding.owner, issue.direction, issue.operation)
        counts[kind] += issue.count
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
