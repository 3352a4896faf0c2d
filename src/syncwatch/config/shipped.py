"""Where the panel profiles, the rules and the vocabulary are that come with the program.

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
    folder = _place(kind)
    files = tuple(sorted(folder.glob("*.yaml")))
    if not files:
        raise ConfigError(
            [Problem(folder, None, "", f"the shipped {kind} are missing: install Syncwatch again")]
        )
    return files


def shipped_words() -> Path:
    """Give the list of words that may be shown of a text that no rule knows."""
    return _place("vocabulary.txt")


def _place(name: str) -> Path:
    installed = _PACKAGE / "shipped" / name
    return installed if installed.exists() else _PACKAGE.parents[1] / "config" / name
