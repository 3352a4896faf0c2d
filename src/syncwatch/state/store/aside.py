"""What becomes of a journal that is damaged: it is kept for whoever wants to look at it, and out of the way."""

from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import structlog

STEP = timedelta(microseconds=1)
KEPT = 3  # of the newest
BESIDE = ("-wal", "-shm")  # what SQLite keeps beside its file, and looks for by its name

log = structlog.get_logger(__name__)


def move_aside(path: Path, now: float) -> None:
    """Rename the file, with those beside it, to `<name>.corrupt-<time>`, and delete all such but the newest.

    The file goes first: were this to end half way, SQLite would not read an old log into a new file, because it
    deletes one that it finds beside an empty file.

    Raises:
        OSError: it cannot be renamed.
    """
    target = _free(path, now)
    for end in ("", *BESIDE):
        if (file := path.with_name(path.name + end)).exists():
            file.rename(target.with_name(target.name + end))
    log.error(
        "journal_corrupt",
        file=str(path),
        moved_to=target.name,
        then="an empty journal is begun: a new baseline",
    )
    for old in _moved(path)[:-KEPT]:
        for end in ("", *BESIDE):
            old.with_name(old.name + end).unlink(missing_ok=True)


def _free(path: Path, now: float) -> Path:
    """A name that nobody has, and that sorts after those of before."""
    moment = datetime.fromtimestamp(now, UTC)
    names = (f"{path.name}.corrupt-{moment + n * STEP:%Y%m%dT%H%M%S.%fZ}" for n in count())
    return next(file for file in map(path.with_name, names) if not file.exists())


def _moved(path: Path) -> list[Path]:
    """Those moved aside, the oldest first."""
    found = path.parent.glob(f"{path.name}.corrupt-*")
    return sorted(file for file in found if not file.name.endswith(BESIDE))
