"""`make bench`: every benchmark, or those named as arguments, one small table each.

`benchmarks/run.py fleet` runs only that one. BENCH_SECONDS is how long the fleet is watched (60).
"""

import sys
from collections.abc import Callable, Mapping
from types import MappingProxyType

import classify
import decode
import fleet
import journal
import scrape
from figures import Report

BENCHMARKS: Mapping[str, Callable[[], Report]] = MappingProxyType(
    {
        "classify": classify.run,
        "decode": decode.run,
        "scrape": scrape.run,
        "journal": journal.run,
        "fleet": fleet.run,
    }
)


def main(names: list[str]) -> int:
    """The exit status: 2 for a name that is none of ours."""
    if unknown := sorted(set(names) - BENCHMARKS.keys()):
        print(f"bench: {', '.join(unknown)}: the benchmarks are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    for name in names or BENCHMARKS:
        print(BENCHMARKS[name](), end="\n\n", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
