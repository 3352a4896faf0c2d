"""Which texts no rule knows, by their masked templates: how many there are, with whom, and since when.

A template is shown only where several tenants have it, because what a single firm's messages have in common may still
be that firm's; the operator says how many. Promises bounded memory whatever the panels send: of too many templates the
one that was not seen for the longest time goes. No template ever becomes a label.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

MAX_REMEMBERED = 1000


@dataclass(frozen=True, slots=True)
class Row:
    """One template as shown; times in Unix seconds.

    Attributes:
        template: the text, masked.
        count: how many users and items have it now.
        tenants: how many tenants have it now.
        first: when it was first seen.
        last: when it was last seen.
    """

    template: str
    count: int
    tenants: int
    first: float
    last: float


@dataclass(slots=True)
class _Seen:
    first: float
    last: float
    counts: dict[str, int] = field(default_factory=dict)


class Templates:
    """The templates of all tenants.

    Args:
        limit: how many are remembered.
    """

    def __init__(self, limit: int = MAX_REMEMBERED) -> None:
        self._limit = limit
        self._seen: OrderedDict[str, _Seen] = OrderedDict()
        self._of: dict[str, Iterable[str]] = {}

    def keep(self, tenants: Iterable[str]) -> None:
        """Forget what all other tenants have."""
        for gone in self._of.keys() - {*tenants}:
            self._take_back(gone)

    def tell(self, tenant: str, counts: Mapping[str, int], now: float) -> None:
        """A tenant has these templates now, and no others."""
        self._take_back(tenant)
        for template, count in counts.items():
            seen = self._seen.setdefault(template, _Seen(now, now))
            seen.counts[tenant] = count
            seen.last = now
            self._seen.move_to_end(template)
        self._of[tenant] = tuple(counts)
        while len(self._seen) > self._limit:
            self._seen.popitem(last=False)

    def present(self) -> int:
        """How many different templates there are now."""
        return sum(1 for seen in self._seen.values() if seen.counts)

    def shown(self, least: int) -> list[Row]:
        """The templates that at least so many tenants have, and one at any rate; those of most tenants first."""
        rows = (
            Row(template, sum(seen.counts.values()), len(seen.counts), seen.first, seen.last)
            for template, seen in self._seen.items()
            if len(seen.counts) >= max(1, least)
        )
        return sorted(rows, key=lambda row: (-row.tenants, -row.count, row.template))

    def _take_back(self, tenant: str) -> None:
        for template in self._of.pop(tenant, ()):
            if seen := self._seen.get(template):
                seen.counts.pop(tenant, None)
