"""A user's open issues, those together for which the same follows."""

from collections import Counter
from typing import NamedTuple, TypeVar

from syncwatch.model import Direction, IssueFacts, Operation, Owner

K = TypeVar("K", bound=tuple[str, ...])


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
    rows: Counter[Kind] = Counter()
    for issue in issues:
        rows[Kind(issue.finding.class_, issue.finding.owner, issue.direction, issue.operation)] += issue.count
    return _most_first(rows)


def tasks(issues: tuple[IssueFacts, ...]) -> list[tuple[tuple[str, Owner], int]]:
    """How many rows there are of each class and owner, whichever way the items were to go; the most frequent first."""
    rows: Counter[tuple[str, Owner]] = Counter()
    for kind, count in kinds(issues):
        rows[kind.class_, kind.owner] += count
    return _most_first(rows)


def _most_first(rows: Counter[K]) -> list[tuple[K, int]]:
    return sorted(rows.items(), key=lambda item: (-item[1], item[0]))
