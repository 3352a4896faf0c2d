"""`make image` takes the engine that is there, and asks it for what docs/container.md says. tests/image builds it really."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

BUILD = Path(__file__).resolve().parents[2] / "scripts" / "build-image"


@pytest.fixture
def built(tmp_path):
    """Runs the script where only these engines are; gives its exit code and what it and they said."""
    for name in ("bash", "dirname", "git"):
        (tmp_path / name).symlink_to(shutil.which(name))

    def run(*engines, arguments=("1.2.3.dev4+g0a1b2c3",)):
        for name in engines:
            engine = tmp_path / name
            engine.write_text(f'#!/bin/sh\necho "{name} $*"\n')
            engine.chmod(0o755)
        environ = {key: os.environ[key] for key in ("HOME",) if key in os.environ} | {"PATH": str(tmp_path)}
        environ |= {"SOURCE": "https://example.com/syncwatch", "SOURCE_DATE_EPOCH": "1700000000"}
        done = subprocess.run([BUILD, *arguments], env=environ, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    return run


@pytest.mark.parametrize(
    ("there", "taken"),
    [
        (("buildah", "docker", "podman"), "docker"),
        (("buildah", "podman"), "podman"),
        (("buildah",), "buildah"),
    ],
)
def test_the_first_engine_that_is_there_is_asked_for_this_version(built, there, taken):
    code, said = built(*there)
    assert code == 0, said
    (asked,) = [line for line in said.splitlines() if line.startswith(f"{taken} ")]
    assert "--build-arg VERSION=1.2.3.dev4+g0a1b2c3 --build-arg SOURCE=https://example.com/syncwatch" in asked
    assert "--tag syncwatch:1.2.3.dev4-g0a1b2c3" in asked
    assert ("--format docker --timestamp 1700000000" in asked) == (taken != "docker")


@pytest.mark.parametrize(
    ("engine", "says"),
    [
        ("podman", "podman save --output image.tar syncwatch:1.2.3"),
        ("buildah", "buildah push syncwatch:1.2.3 docker-archive:image.tar:syncwatch:1.2.3"),
    ],
)
def test_it_is_saved_where_that_is_asked_for(built, engine, says):
    assert says in built(engine, arguments=("1.2.3", "image.tar"))[1].splitlines()


def test_without_an_engine_it_says_what_is_needed(built):
    code, said = built()
    assert code == 1
    assert "needs one of docker, podman, buildah" in said
