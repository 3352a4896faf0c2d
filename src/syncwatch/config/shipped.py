"""Where the panel profiles and rules are that come with the program.

There is one copy of them, in the repository's config/; a wheel carries it inside the package.
"""

from pathlib import Path
from typing import Literal

from syncwatch.errors import ConfigError, Problem

Kind = Literal["panels", "rules"]

_PACKAGE = Path(__file__).parents[1]


def shipped(kind: Kind) -> tuple[Path, ...]:
    """Give the YAML files of one kind, sorted by name.

    Raises:
        ConfigError: the installation lacks them.
    """
    installed = _PACKAGE / "shipped" / kind
    folder = installed if installed.is_dir() else _PACKAGE.parents[1] / "config" / kind
    files = tuple(sorted(folder.glob("*.yaml")))
    if not files:
        raise ConfigError(
            [Problem(folder, None, "", f"the shipped {kind} are missing: install Syncwatch again")]
        )
    return files
