"""`make faults`: what the daemon shows of each way in which a panel can misbehave; exits with 1 if anything differs.

The daemon watches one simulated tenant for each fault, and some that are well, for about half a minute. The table is that
of the tests (`tests/faults/table.py`), so that what is printed is what is tested.
"""

import sys
from importlib import import_module
from pathlib import Path

if __name__ == "__main__":
    # And not this folder, where `faults` is this script.
    sys.path[0] = str(Path(__file__).parents[1] / "tests")
    sys.exit(import_module("faults.table").main())
