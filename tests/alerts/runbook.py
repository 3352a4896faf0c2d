"""A runbook as a test reads it: its sections, the commands a person types, and the expressions."""

import re
import shlex
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "runbooks"
INDEX = FOLDER / "README.md"
PAGES = sorted(set(FOLDER.glob("*.md")) - {INDEX})

_BLOCK = re.compile(r"^ *```(\w+)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
_METRIC = re.compile(r"\b(?:(?:tenant|fleet)(?:_class)?:)?(?:inboxsync|syncwatch)_[a-z_]+[a-z](?::\w+)?\b")


def headings(page: Path) -> list[str]:
    """With their `#`, in order; a line of a command is none."""
    prose = _BLOCK.sub("", page.read_text())
    return [line for line in prose.splitlines() if line.startswith("#")]


def section(page: Path, heading: str) -> str:
    """What stands below a heading, up to the next one of its level."""
    level = heading.split(maxsplit=1)[0]
    _, _, rest = page.read_text().partition(f"\n{heading}\n")
    return re.split(rf"^{level} ", rest, flags=re.MULTILINE)[0]


def expressions(page: Path) -> list[str]:
    """PromQL, a block each."""
    return [
        dedent(text).strip() for language, text in _BLOCK.findall(page.read_text()) if language == "promql"
    ]


def commands(page: Path) -> list[list[str]]:
    """What is typed into a shell, a line each."""
    blocks = [text for language, text in _BLOCK.findall(page.read_text()) if language == "console"]
    return [shlex.split(line) for text in blocks for line in text.splitlines()]


def metrics(page: Path) -> set[str]:
    """Names of our metrics and recorded series, wherever they stand."""
    return set(_METRIC.findall(page.read_text()))


def rows(page: Path) -> list[list[str]]:
    """The cells of every row of every table."""
    lines = [line for line in page.read_text().splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
