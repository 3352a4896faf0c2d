"""What the pages name is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "helm").rglob("*.md")])
BY_PATH = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@BY_PATH
def test_every_page_that_is_linked_to_is_there(page):
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text())
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not (page.parent / link).exists()] == []


@BY_PATH
def test_every_place_on_a_page_that_is_linked_to_is_there(page):
    links = re.findall(r"\]\(([^)#\s]*\.md)?#([^)]+)\)", page.read_text())
    assert [
        (to, anchor) for to, anchor in links if anchor not in anchors(page.parent / to if to else page)
    ] == []


def anchors(page: Path) -> set[str]:
    """Of its headings, as GitHub makes them."""
    prose = re.sub(r"^ *```.*?^ *```$", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_test_that_the_threat_model_names_is_there():
    """`tests/a/test_b.py`, `test_c.py` is one next to the other."""
    page = (ROOT / "docs" / "security.md").read_text()
    rows = [row for row in page.splitlines() if row.count("|") > 3]
    missing = []
    for row in rows:
        folder = ROOT
        for name in re.findall(r"`(tests/[a-z_/.]+|test_[a-z_]+\.py)`", row.split("|")[3]):
            path = ROOT / name if name.startswith("tests/") else folder / name
            folder = path.parent if path.suffix else path
            if not path.exists():
                missing.append(name)
    assert missing == []
