"""`make sbom`: what the image holds of Python's packages, as CycloneDX, from the lock and the packages' own metadata.

    python scripts/sbom.py VERSION [FILE]

The same lock gives the same bytes: the serial number is made of the lock and the version, and the time is
SOURCE_DATE_EPOCH's, or 1970. A locked package may be one of several files, by platform; their hashes are all there, and say so. What the
base image holds besides is for whoever scans the image.
"""

import argparse
import os
import re
import sys
import tomllib
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageMetadata, metadata
from pathlib import Path
from typing import NamedTuple

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements" / "run.lock"

# What the markers of the lock are asked about: the image.
IMAGE = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_system": "Linux",
    "python_full_version": "3.12.0",
    "python_version": "3.12",
    "sys_platform": "linux",
}


class Locked(NamedTuple):
    """A package of the lock, with the hashes of its files."""

    name: str
    version: str
    hashes: tuple[str, ...]


def locked() -> Iterator[Locked]:
    """What of the lock is in the image."""
    for entry in filter(None, LOCK.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()):
        text, *hashes = re.split(r"\s+--hash=sha256:", entry.strip())
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate(IMAGE):
            (exact,) = requirement.specifier
            yield Locked(canonicalize_name(requirement.name), exact.version, tuple(sorted(hashes)))


def bill(version: str, moment: float = 0.0) -> str:
    """The bill of materials of this version, as JSON."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    bom = Bom()
    bom.metadata.component = own = Component(
        name=project["name"],
        version=version,
        type=ComponentType.APPLICATION,
        description=project["description"],
        licenses=[LicenseFactory().make_from_string(project["license"])],
        purl=PackageURL("pypi", name=project["name"], version=version),
        bom_ref=project["name"],
    )
    components = {each.name: _component(each) for each in locked()}
    bom.components.update(components.values())
    bom.register_dependency(own, [components[name] for name in _names(project["dependencies"])])
    for name, component in components.items():
        needed = [*_names(metadata(name).get_all("Requires-Dist") or [])]
        bom.register_dependency(component, [components[each] for each in needed if each in components])
    bom.serial_number = uuid.uuid5(uuid.NAMESPACE_OID, f"{version}\n{LOCK.read_text(encoding='utf-8')}")
    bom.metadata.timestamp = datetime.fromtimestamp(moment, UTC)
    return JsonV1Dot6(bom).output_as_string(indent=2) + "\n"


def _names(requirements: list[str]) -> Iterator[str]:
    """Those that are required there, extras apart."""
    for requirement in map(Requirement, requirements):
        if requirement.marker is None or requirement.marker.evaluate({**IMAGE, "extra": ""}):
            yield canonicalize_name(requirement.name)


def _component(package: Locked) -> Component:
    told = metadata(package.name)
    if told["Version"] != package.version:
        raise SystemExit(f"sbom: {package.name} is not installed as it is locked: run scripts/bootstrap dev")
    purl = PackageURL("pypi", name=package.name, version=package.version)
    files = ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(purl.to_string()),
        comment="the files of this version, of which a platform gets one",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=each) for each in package.hashes],
    )
    license_ = _license(told)
    return Component(
        name=package.name,
        version=package.version,
        type=ComponentType.LIBRARY,
        description=told["Summary"],
        licenses=[LicenseFactory().make_from_string(license_)] if license_ else [],
        purl=purl,
        bom_ref=purl.to_string(),
        external_references=[files],
    )


def _license(told: PackageMetadata) -> str | None:
    """As a package says it: an expression, else a name that is short, else by its classifiers."""
    for key in ("License-Expression", "License"):
        for said in told.get_all(key) or ():
            if "\n" not in said and len(said) < 60:  # noqa: PLR2004 - else it is the license itself
                return str(said)
    found = [each for each in told.get_all("Classifier") or () if each.startswith("License ::")]
    return " / ".join(each.rpartition(" :: ")[2] for each in found) or None


def main() -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("version")
    parser.add_argument("file", nargs="?", default="-", type=argparse.FileType("w", encoding="utf-8"))
    options = parser.parse_args()
    moment = float(os.environ.get("SOURCE_DATE_EPOCH") or 0)
    with options.file as file:
        file.write(bill(options.version, moment))
    return 0


if __name__ == "__main__":
    sys.exit(main())
