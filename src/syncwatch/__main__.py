"""`python -m syncwatch` and the `syncwatch` command."""

import signal
import sys

# Before the imports, which take a second: a daemon that is asked to reload while it starts must not end of that.
if "run" in sys.argv[1:2]:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)

from syncwatch.cli import app
from syncwatch.telemetry.redaction import describe

FAULT = 70  # EX_SOFTWARE of sysexits.h


def main() -> None:
    """Run the command line; a fault of ours is told without a traceback, which would print what it was given."""
    try:
        app(prog_name="syncwatch")
    except Exception as fault:  # noqa: BLE001 - the last place before Python's own traceback
        print(f"syncwatch: a fault of its own, please report it: {describe(fault)}", file=sys.stderr)  # noqa: T201
        raise SystemExit(FAULT) from None


if __name__ == "__main__":
    main()
