"""How often something may happen: token buckets, one for all requests and one for each address that fails to log in.

Bounded: of too many addresses the one that was not heard of for the longest time is forgotten.
"""

import ipaddress
from collections import OrderedDict

MAX_ADDRESSES = 1024
FAILURES = 10  # in a row, from one address
FAILURE_INTERVAL = 6.0  # seconds until one more
IPV6_NETWORK = 64  # bits; whoever has one address of it has all


class Bucket:
    """So many at once, and one more after each interval.

    Args:
        burst: how many at once.
        interval: seconds.
    """

    def __init__(self, burst: int, interval: float) -> None:
        self._burst = burst
        self._interval = interval
        self._left = float(burst)
        self._at = float("-inf")

    def take(self, now: float) -> float:
        """Take one; gives 0, or the seconds until there is one to take."""
        self._left = min(float(self._burst), self._left + (now - self._at) / self._interval)
        self._at = now
        if self._left < 1:
            return (1 - self._left) * self._interval
        self._left -= 1
        return 0.0

    def give_back(self) -> None:
        """Do as if the last one had not been taken."""
        self._left += 1


class Failures:
    """What is left to each address of its failures."""

    def __init__(self, limit: int = MAX_ADDRESSES) -> None:
        self._limit = limit
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, address: str, now: float) -> float:
        """Count an attempt before it is known how it ends; gives 0, or the seconds until there may be one."""
        client = network(address)
        bucket = self._buckets.setdefault(client, Bucket(FAILURES, FAILURE_INTERVAL))
        self._buckets.move_to_end(client)
        if len(self._buckets) > self._limit:
            self._buckets.popitem(last=False)
        return bucket.take(now)

    def succeeded(self, address: str) -> None:
        """The last attempt was none to count."""
        if bucket := self._buckets.get(network(address)):
            bucket.give_back()


def network(address: str) -> str:
    """What belongs to one client: an IPv4 address, or a network of IPv6."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((parsed, IPV6_NETWORK), strict=False))
    return str(parsed)
