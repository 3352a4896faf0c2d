"""The browser side of the pictures: what grafana/render needs is installed, built, and draws dashboards into files.

Packages and what is built of them are in the user's cache, for all checkouts: nothing of them is ever in the checkout,
where linters would read a hundred thousand files of other people. Node and Chromium are the system's own.
"""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from children import CannotGoOn

SOURCES = Path(__file__).resolve().parents[1] / "grafana" / "render"
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OLDEST_NODE = (20, 19)  # of the builder, vite 7


@dataclass(frozen=True)
class Job:
    """One picture: of which dashboard, how many of its sections, from which Prometheus, of which Unix time."""

    dashboard: Path
    picture: Path
    sections: int
    prometheus: str
    scrape: int
    start: float
    end: float
    variables: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.picture.name

    def as_json(self) -> dict[str, Any]:
        """As shoot.js takes it."""
        return {
            "dashboard": str(self.dashboard),
            "picture": str(self.picture),
            "sections": self.sections,
            "prometheus": self.prometheus,
            "scrape": self.scrape,
            "from": int(self.start * 1000),
            "to": int(self.end * 1000),
            "variables": dict(self.variables),
        }


class Renderer:
    """Ready once it exists; raises CannotGoOn where Node or Chromium is missing, or a package cannot be had."""

    def __init__(self) -> None:
        self._environ = {**os.environ, "CHROMIUM": _browser()}
        self._npm = _node()
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        self._folder = cache / "syncwatch" / "render"
        self._install()
        self._build()

    def draw(self, job: Job) -> Iterator[dict[str, Any]]:
        """Writes the picture; gives what became of each panel."""
        jobs = self._folder / "jobs.json"
        jobs.write_text(json.dumps([job.as_json()]))
        for line in self._run("node", "shoot.js", str(jobs)).splitlines():
            yield json.loads(line)

    def _install(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(SOURCES / name, self._folder)
        if self._fresh("installed", [SOURCES / "package-lock.json"]):
            return
        print(f"installing the locked packages of grafana/render into {self._folder} (650 MB)", flush=True)
        self._run(self._npm, "ci")
        self._note("installed", [SOURCES / "package-lock.json"])

    def _build(self) -> None:
        files = sorted(path for path in SOURCES.rglob("*") if path.is_file())
        if self._fresh("built", files):
            return
        print("building the page that draws", flush=True)
        shutil.copytree(SOURCES, self._folder, dirs_exist_ok=True)
        self._run(self._npm, "run", "build")
        self._note("built", files)

    def _fresh(self, step: str, files: Sequence[Path]) -> bool:
        mark = self._folder / step
        return mark.exists() and mark.read_text() == _digest(files)

    def _note(self, step: str, files: Sequence[Path]) -> None:
        (self._folder / step).write_text(_digest(files))

    def _run(self, *command: str) -> str:
        done = subprocess.run(
            command, cwd=self._folder, env=self._environ, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise CannotGoOn(f"this failed: {' '.join(command)}\n{done.stdout}{done.stderr}")
        return done.stdout


def _digest(files: Sequence[Path]) -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def _browser() -> str:
    wanted = os.environ.get("CHROMIUM")
    found = next(filter(None, map(shutil.which, [wanted] if wanted else BROWSERS)), None)
    if found is None:
        raise CannotGoOn("there is no chromium on PATH: install it (Debian: chromium), or set CHROMIUM to it")
    return found


def _node() -> str:
    """The command npm."""
    node, npm = shutil.which("node"), shutil.which("npm")
    oldest = ".".join(map(str, OLDEST_NODE))
    if node is None or npm is None:
        raise CannotGoOn(f"node and npm are not on PATH: install Node {oldest} or later")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if tuple(map(int, version.lstrip("v").split(".")[:2])) < OLDEST_NODE:
        raise CannotGoOn(f"node is {version}: install Node {oldest} or later")
    return npm
