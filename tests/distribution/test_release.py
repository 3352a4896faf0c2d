"""A release is what its tag says, and only with a word about it in the changelog."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHANGELOG = "# Changelog\n\n## [Unreleased]\n\n## [1.2.0] - 2026-11-25\n\n### Added\n\n- A thing.\n\n## [1.1.0] - 2026-01-02\n\n- Old.\n"


@pytest.fixture(scope="module")
def release():
    spec = importlib.util.spec_from_file_location("release", ROOT / "scripts" / "release.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["release"] = module
    spec.loader.exec_module(module)
    return module


def git(folder, *arguments):
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path):
    """One commit with a changelog."""
    git(tmp_path, "init", "--quiet")
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "x")
    return tmp_path


def test_the_version_is_the_tag_and_the_notes_its_section(checkout, release):
    git(checkout, "tag", "v1.2.0")
    assert release.release(checkout) == release.Release("1.2.0", "### Added\n\n- A thing.")


@pytest.mark.parametrize(
    ("tags", "says"),
    [
        ([], "no tag v* is on this commit"),
        (["v1.2.0", "v1.2.1"], "more than one version is on this commit: v1.2.0, v1.2.1"),
        (["v1.2"], "the tag v1.2 is no version"),
        (["v1.3.0"], "has no section ## [1.3.0]"),
        (["v1.1.0"], "has 1.2.0 above 1.1.0"),
    ],
)
def test_what_is_no_release_is_refused(checkout, release, tags, says):
    for tag in tags:
        git(checkout, "tag", tag)
    with pytest.raises(release.ReleaseError) as refused:
        release.release(checkout)
    assert says in str(refused.value)


def test_a_changed_checkout_is_not_what_the_tag_says(checkout, release):
    git(checkout, "tag", "v1.2.0")
    (checkout / "new").touch()
    with pytest.raises(release.ReleaseError, match="1 files differ from the tag"):
        release.release(checkout)


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ("## [1.0.0]\n\n- A thing.\n", "does not say when"),
        ("## [1.0.0] - 2026-11-25\n\n", "says nothing under"),
    ],
)
def test_a_section_without_a_date_or_a_word_is_refused(release, section, says):
    with pytest.raises(release.ReleaseError, match=says):
        release.notes(f"# Changelog\n\n## [Unreleased]\n\n{section}", "1.0.0")


def test_checksums_are_those_that_sha256sum_checks(tmp_path, release):
    (tmp_path / "a.whl").write_bytes(b"a")
    (tmp_path / "b.tar.gz").write_bytes(b"b")
    (tmp_path / "SHA256SUMS").write_text(release.sums(tmp_path))
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=tmp_path, check=True)


def test_a_folder_that_holds_something_else_is_not_taken_away(tmp_path, release):
    (tmp_path / "letter").write_text("dear")
    with pytest.raises(release.ReleaseError, match="holds something else than a release"):
        release.build(release.Release("1.2.0", ""), tmp_path)
    assert (tmp_path / "letter").read_text() == "dear"


@pytest.mark.parametrize("before", [None, [], ["SHA256SUMS", "syncwatch-1.1.0.tgz"]])
def test_a_release_of_before_is_replaced(tmp_path, release, monkeypatch, before):
    into = tmp_path / "dist"
    if before is not None:
        into.mkdir()
        for name in before:
            (into / name).touch()
    monkeypatch.setattr(release, "_parts", lambda version, into: [])
    release.build(release.Release("1.2.0", ""), into)
    assert [file.name for file in into.iterdir()] == ["SHA256SUMS"]


def test_a_wheel_is_built_with_the_version_of_the_tag(tmp_path):
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(tmp_path / "clone")], check=True)
    git(tmp_path / "clone", "tag", "v98.7.6")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path)]
    subprocess.run([*build, str(tmp_path / "clone")], check=True, capture_output=True)
    assert [wheel.name for wheel in tmp_path.glob("*.whl")] == ["syncwatch-98.7.6-py3-none-any.whl"]
