"""Programs that are not ours: those on PATH, else those that scripts/fetch-tools keeps in the user's cache."""

import os
import shutil
from pathlib import Path

FETCHED = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "syncwatch" / "tools"


def tool(name: str) -> str:
    """Where this program is; the tests fail without it, they do not skip."""
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), str(FETCHED / "bin")]))
    assert found, f"{name} is missing: run scripts/fetch-tools {name}"
    return found
