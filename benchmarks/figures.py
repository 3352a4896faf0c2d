"""How a benchmark measures and what it shows: contestants take turns in one process, and the median counts.

CPU time is the figure to read: wall-clock rates move with whatever else the machine does, and only ratios between
contestants of the same run may be carried elsewhere.
"""

import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import NamedTuple


class Figure(NamedTuple):
    """One line: what was measured, the figure with its unit, and what it is compared with."""

    name: str
    value: str
    note: str = ""


class Report(NamedTuple):
    """What one benchmark found."""

    title: str
    figures: tuple[Figure, ...]

    def __str__(self) -> str:
        name, value = (max(len(figure[column]) for figure in self.figures) for column in (0, 1))
        lines = (
            f"  {figure.name:<{name}}  {figure.value:>{value}}  {figure.note}".rstrip()
            for figure in self.figures
        )
        return "\n".join((self.title, *lines))


def medians(rounds: int, contestants: Mapping[str, Callable[[int], object]]) -> dict[str, float]:
    """CPU seconds of each contestant, the median of so many rounds; each is told the number of the round."""
    taken: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(rounds):
        for name, contestant in contestants.items():
            begun = time.process_time()
            contestant(number)
            taken[name].append(time.process_time() - begun)
    return {name: median(seconds) for name, seconds in taken.items()}
