"""Podman as these tests use it: everything it keeps lies in the user's cache, and no setting of this machine counts.

It runs as root, because that is how a container's limits can be seen to hold on any kernel. What a build needs to
reach the package index is taken from pip's own settings here and mounted while it builds, so that neither the base nor
the image knows of it.
"""

import contextlib
import fcntl
import json
import os
import subprocess
import sys

from tools import FETCHED, tool

STORE = FETCHED.parent / "containers"

# What a container may open and start is left as it is here: raising it takes a right that root in a container lacks.
_CONF = """
[containers]
default_ulimits = []
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
[engine.runtimes]
runc = ["{runc}"]
"""
_POLICY = {"default": [{"type": "insecureAcceptAnything"}]}
# Of pip's settings those that say how the index is reached; what names a folder of this machine is nothing to a build.
_REACH = frozenset({"index-url", "extra-index-url", "trusted-host", "proxy", "timeout", "retries"})
_AUTHORITIES = "/etc/ssl/index.pem"


def podman(*arguments, check=True, timeout=300):
    """What a command of Podman printed; fails with what it said."""
    done = subprocess.run(
        [*_command(), *map(str, arguments)],
        env=_environ(),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def inspect(*what):
    """What Podman knows of an image or a container."""
    return json.loads(podman("inspect", *what).stdout)[0]


@contextlib.contextmanager
def alone():
    """Lets nobody else build or run meanwhile, in this checkout or another: what one builds, another would remove."""
    STORE.mkdir(parents=True, exist_ok=True)
    with (STORE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def reaching_the_index(folder):
    """Arguments of a build by which pip in it reaches the index as pip does here."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    settings = {
        key.rpartition(".")[2]: value.strip("'\"")
        for key, _, value in (line.partition("=") for line in listed.splitlines())
    }
    lines = [
        f"{key} = {' '.join(kept)}"
        for key, value in settings.items()
        if key in _REACH and (kept := [each for each in value.split() if not each.startswith("file:")])
    ]
    mounts = []
    if "cert" in settings:
        lines.append(f"cert = {_AUTHORITIES}")
        mounts = ["--volume", f"{settings['cert']}:{_AUTHORITIES}:ro"]
    conf = folder / "pip.conf"
    conf.write_text("\n".join(["[global]", *lines, ""]))
    return ["--volume", f"{conf}:/etc/pip.conf:ro", *mounts]


def _command():
    places = ["--root", STORE / "root", "--runroot", STORE / "run", "--tmpdir", STORE / "tmp"]
    return [tool("podman"), *map(str, places), "--storage-driver", "overlay", "--conmon", tool("conmon")]


def _environ():
    home = STORE / "home"
    policy = home / ".config" / "containers" / "policy.json"
    policy.parent.mkdir(parents=True, exist_ok=True)
    policy.write_text(json.dumps(_POLICY))
    conf = STORE / "containers.conf"
    conf.write_text(_CONF.format(runc=tool("runc")))
    return {"PATH": os.environ["PATH"], "HOME": str(home), "CONTAINERS_CONF": str(conf), "TMPDIR": str(STORE)}
