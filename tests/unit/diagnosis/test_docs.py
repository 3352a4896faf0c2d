"""The pages of docs/ that are made from the code are what the code says."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def test_the_generated_pages_did_not_drift():
    done = subprocess.run(
        [sys.executable, "scripts/docs.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}: run scripts/docs.py"


@pytest.mark.parametrize("page", ["states", "metrics"])
def test_a_page_that_drifted_is_noticed(page, tmp_path):
    for folder in ("docs", "scripts"):
        (tmp_path / folder).mkdir()
    (tmp_path / "scripts" / "docs.py").write_bytes((ROOT / "scripts" / "docs.py").read_bytes())
    (tmp_path / "docs" / f"{page}.md").write_text("old", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "scripts/docs.py", page, "--check"],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, f"docs/{page}.md differs from the code\n")
    assert (tmp_path / "docs" / f"{page}.md").read_text(encoding="utf-8") == "old"
