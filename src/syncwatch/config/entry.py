"""What was written of one tenant, checked in itself, wherever it stands: in the configuration file or among targets."""

from dataclasses import dataclass
from pathlib import Path

from syncwatch.config.destinations import Destination, destination
from syncwatch.config.document import Written
from syncwatch.config.reader import examine
from syncwatch.config.schema import TenantSection
from syncwatch.errors import Problem


@dataclass(frozen=True, slots=True)
class Entry:
    """What was written of one tenant, right in itself.

    Attributes:
        written: the configuration file, or a target of discovery.
        index: its place among the tenants there.
        section: what it says.
        destination: where its panel is.
        found: whether discovery found it.
    """

    written: Written
    index: int
    section: TenantSection
    destination: Destination
    found: bool

    def problem(self, key: str, message: str) -> Problem:
        """Name what is wrong with one of its keys."""
        return self.written.problem(("tenants", self.index, key), message)


def entry(
    written: Written, index: int, folder: Path, problems: list[Problem], *, found: bool = False
) -> Entry | None:
    """Check what was written of one tenant in itself; None if nothing remains that fits.

    Args:
        written: where it is.
        index: its place among the tenants there.
        folder: from which its files are seen.
        problems: gathers what is wrong.
        found: whether discovery found it.
    """
    section, wrong = examine(written, TenantSection, at=("tenants", index))
    problems += wrong
    if section is None:
        return None
    made = Entry(written, index, section, destination(section, folder), found)
    if made.destination.wrong:
        problems.append(made.problem(made.destination.key, made.destination.wrong))
    return made
