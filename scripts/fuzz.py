"""`make fuzz`: atheris looks for inputs that break what reads them, one target of `tests/fuzz/targets.py` after the other.

FUZZ_SECONDS is the time for all of them (60). An input that breaks something is kept in `.fuzz/` and named, and the exit
code is 1. Each target is a process of its own, because the engine ends the process that it runs in.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
FOUND = ROOT / ".fuzz" / "found-"
LARGEST = 4096  # bytes of an input
SLOWEST = 10  # seconds for one input
MEMORY = 2048  # MB


def main() -> int:
    """Run all targets, or the one that is named."""
    try:
        import_module("atheris")
    except ImportError:
        print("atheris is not here: `make fuzz` installs it, where there is a wheel of it", file=sys.stderr)
        return 1
    sys.path[0] = str(ROOT / "tests")  # and not this folder, where `fuzz` is this script
    if len(sys.argv) > 1:
        _fuzz(sys.argv[1], sys.argv[2:])
        return 0
    targets = _targets()
    seconds = int(os.environ.get("FUZZ_SECONDS", "60")) // len(targets)
    return max([_run(name, max(1, seconds)) for name in targets])


def _targets() -> dict[str, Callable[[bytes], None]]:
    return dict(import_module("fuzz.targets").TARGETS)


def _run(name: str, seconds: int) -> int:
    """One target in a process of its own, from what the engine needs to get past the door; 1 if it broke."""
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(import_module("fuzz.targets").SEEDS.get(name, ())):
            (Path(corpus) / f"{number}").write_bytes(seed)
        limits = (f"-max_total_time={seconds}", f"-timeout={SLOWEST}", f"-rss_limit_mb={MEMORY}")
        command = [
            sys.executable,
            __file__,
            name,
            *limits,
            f"-max_len={LARGEST}",
            f"-artifact_prefix={FOUND}{name}-",
            corpus,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    told = done.stderr + done.stdout
    runs = next((line.split()[1] for line in reversed(told.splitlines()) if line.startswith("Done ")), "?")
    print(
        f"{name:<8}{runs:>10} inputs in {seconds} s: {'fine' if done.returncode == 0 else 'BROKEN'}",
        flush=True,
    )
    if done.returncode:
        print("\n".join(told.splitlines()[-40:]), file=sys.stderr)
    return int(done.returncode != 0)


def _fuzz(name: str, arguments: list[str]) -> None:
    atheris: Any = import_module("atheris")
    with atheris.instrument_imports(include=["syncwatch"]):
        target = _targets()[name]
    atheris.Setup([sys.argv[0], *arguments], target)
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
