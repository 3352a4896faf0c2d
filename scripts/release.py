"""`make release`: everything that a release consists of, into dist/, from the tag on this commit.

    python scripts/release.py check              whether this commit may be released, and as what
    python scripts/release.py notes              the release's section of CHANGELOG.md
    python scripts/release.py build [--into DIR] wheel, sdist, chart, SBOM, image, and their checksums

The version is said once, by the tag `vX.Y.Z`; nothing here writes it into a file of the checkout, and nothing is sent
anywhere: that is for whoever holds the keys (.github/workflows/release.yml).
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
SUMS = "SHA256SUMS"

_TAG = re.compile(r"v(\d+\.\d+\.\d+)")  # what Python, Helm and registries all take for a version
_HEADING = re.compile(r"^## \[(?P<version>[^\]]+)\](?: - (?P<date>\d{4}-\d{2}-\d{2}))?$", re.MULTILINE)


class ReleaseError(Exception):
    """Why this cannot be released, and what to do."""


@dataclass(frozen=True)
class Release:
    """What is released: version, and its section of the changelog."""

    version: str
    notes: str


def release(root: Path = ROOT) -> Release:
    """What this commit is.

    Raises:
        ReleaseError: it is none, or something is missing.
    """
    tags = _git(root, "tag", "--points-at", "HEAD", "--list", "v*").split()
    if not tags:
        raise ReleaseError("no tag v* is on this commit: git tag -s vX.Y.Z")
    if len(tags) > 1:
        raise ReleaseError(f"more than one version is on this commit: {', '.join(tags)}")
    match = _TAG.fullmatch(tags[0])
    if match is None:
        raise ReleaseError(f"the tag {tags[0]} is no version: call it vX.Y.Z")
    if changed := _git(root, "status", "--porcelain").splitlines():
        raise ReleaseError(f"{len(changed)} files differ from the tag: commit or remove them")
    return Release(match[1], notes((root / "CHANGELOG.md").read_text(encoding="utf-8"), match[1]))


def notes(changelog: str, version: str) -> str:
    """What the changelog says of a version.

    Raises:
        ReleaseError: it says nothing, or not when, or not in order.
    """
    headings = list(_HEADING.finditer(changelog))
    found = [heading for heading in headings if heading["version"] == version]
    if not found:
        raise ReleaseError(f"CHANGELOG.md has no section ## [{version}] - YYYY-MM-DD")
    (heading,) = found
    if heading["date"] is None:
        raise ReleaseError(f"CHANGELOG.md does not say when {version} is: ## [{version}] - YYYY-MM-DD")
    following = next((other.start() for other in headings if other.start() > heading.start()), len(changelog))
    text = changelog[heading.end() : following].strip()
    if not text:
        raise ReleaseError(f"CHANGELOG.md says nothing under [{version}]")
    if before := [other for other in headings if other.start() < heading.start()]:
        newer = [other["version"] for other in before if other["version"] != "Unreleased"]
        if newer:
            raise ReleaseError(f"CHANGELOG.md has {newer[0]} above {version}: the newest comes first")
    return text


def sums(folder: Path) -> str:
    """The checksums of all files in a folder, as `sha256sum --check` reads them."""
    files = sorted(file for file in folder.iterdir() if file.is_file() and file.name != SUMS)
    return "".join(f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files)


def build(what: Release, into: Path) -> None:
    """Build every part into a folder, which then holds nothing else.

    Raises:
        ReleaseError: a part fails, or says another version, or the folder is somebody's.
    """
    _empty(into)
    moment = _git(ROOT, "log", "-1", "--format=%ct").strip()
    environ = os.environ | {"SOURCE_DATE_EPOCH": moment, "VERSION": what.version}
    for name, command in _parts(what.version, into.resolve()):
        print(f"building the {name}", flush=True)
        done = subprocess.run(command, cwd=ROOT, env=environ, check=False)
        if done.returncode:
            raise ReleaseError(f"the {name} cannot be built")
    if odd := [file.name for file in into.iterdir() if what.version not in file.name]:
        raise ReleaseError(f"{', '.join(sorted(odd))} says another version than {what.version}")
    (into / SUMS).write_text(sums(into), encoding="utf-8")


def _empty(folder: Path) -> None:
    """Make a folder, or take away a release of before; anything else may be what nobody wants to lose."""
    if folder.exists():
        if not folder.is_dir():
            raise ReleaseError(f"{folder} is no folder: name another one")
        if any(folder.iterdir()) and not (folder / SUMS).is_file():
            raise ReleaseError(
                f"{folder} holds something else than a release: remove it, or name another one"
            )
        shutil.rmtree(folder)
    folder.mkdir(parents=True)


def _parts(version: str, into: Path) -> Iterator[tuple[str, list[str]]]:
    python, scripts, stem = sys.executable, ROOT / "scripts", f"{into}/syncwatch-{version}"
    yield "wheel and sdist", [python, "-m", "build", "--no-isolation", "--outdir", str(into)]
    yield "chart", [python, str(scripts / "chart.py"), "--package", version, "--into", str(into)]
    yield "list of what the image holds", [python, str(scripts / "sbom.py"), version, f"{stem}.cdx.json"]
    yield "image", [str(scripts / "build-image"), version, f"{stem}-image.tar"]


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ReleaseError(f"git {arguments[0]} fails: {done.stderr.strip()}")
    return done.stdout


def main() -> int:
    """The exit status: 1 where it cannot be released."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["check", "notes", "build"])
    parser.add_argument("--into", type=Path, default=ROOT / "dist")
    options = parser.parse_args()
    try:
        found = release()
        if options.what == "build":
            build(found, options.into)
    except ReleaseError as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    print(found.notes if options.what == "notes" else found.version)
    return 0


if __name__ == "__main__":
    sys.exit(main())
