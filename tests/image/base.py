"""A stand-in for the base of the image, since no registry of images is asked here: Debian's files with Debian's Python.

It bears the real one's name, so that the Dockerfile is built as users build it, and is like it where the Dockerfile
looks: `python`, pip under /usr/local, and no compiled files of the standard library.
"""

import hashlib
import re
import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path

from image.podman import STORE, podman
from tools import FETCHED

DEBIAN = FETCHED / "debian"
_EMPTY = (
    "etc/pip.conf",
    "etc/ssl/index.pem",
)  # where a build's settings of pip are mounted, so that nothing is made


def name_of(dockerfile):
    """The one base that a Dockerfile is built on, by its full name."""
    names = re.findall(r"^FROM (\S+)", dockerfile.read_text(), re.MULTILINE)
    (name,) = set(names)
    return f"docker.io/library/{name}"


def stand_in(name):
    """Makes sure that Podman has the stand-in under this name."""
    assert DEBIAN.is_dir(), "the files of a Debian are missing: run scripts/fetch-tools debian"
    made_as = hashlib.sha256(Path(__file__).read_bytes() + _packages().encode()).hexdigest()[:12]
    label = podman("image", "inspect", "--format", '{{index .Labels "made-as"}}', name, check=False)
    if label.returncode == 0 and label.stdout.strip() == made_as:
        return
    with tempfile.TemporaryDirectory(dir=STORE) as folder:
        root = Path(folder) / "root"
        shutil.copytree(DEBIAN, root, symlinks=True)
        _finish(root)
        archive = Path(folder) / "base.tar"
        pack = ["tar", "--owner=0", "--group=0", "--numeric-owner", "-C", root, "-cf", archive, "."]
        subprocess.run(pack, check=True)
        podman("import", "--change", f"LABEL made-as={made_as}", archive, name)


def _packages():
    return "".join(sorted(path.name for path in (DEBIAN / "usr/share/doc").iterdir()))


def _finish(root):
    """What the scripts of Debian's packages would have done, as far as it is needed, and what makes it like the real one."""
    for kind in ("passwd", "group"):
        shutil.copy(root / "usr/share/base-passwd" / f"{kind}.master", root / "etc" / kind)
    authorities = sorted((root / "usr/share/ca-certificates").rglob("*.crt"))
    bundle = root / "etc/ssl/certs/ca-certificates.crt"
    bundle.write_text("".join(each.read_text() for each in authorities))
    for each in _EMPTY:
        (root / each).touch()
    (root / "tmp").chmod(0o1777)
    (root / "usr/bin/sh").unlink(missing_ok=True)
    (root / "usr/bin/sh").symlink_to("dash")
    subprocess.run(["/sbin/ldconfig", "-r", root], check=True)
    _python(root)


def _python(root):
    """`python` and pip as they are in the real one, which lets pip install for the whole system."""
    (root / "usr/local/bin").mkdir(parents=True, exist_ok=True)
    (root / "usr/local/bin/python").symlink_to("/usr/bin/python3")
    (library,) = (root / "usr/lib").glob("python3.*")
    (library / "EXTERNALLY-MANAGED").unlink(missing_ok=True)
    local = root / "usr/local/lib" / library.name
    (local / "site-packages").mkdir(parents=True)
    (local / "dist-packages").symlink_to("site-packages")
    (wheel,) = (root / "usr/share/python-wheels").glob("pip-*.whl")
    with zipfile.ZipFile(wheel) as pip:
        pip.extractall(local / "site-packages")
    shutil.rmtree(root / "usr/share/python-wheels")
