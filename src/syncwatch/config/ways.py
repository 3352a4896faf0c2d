"""The way to a host: which authorities and which certificate of ours a connection goes by, and through which proxy.

Files and passwords are looked at once here, so that one that is missing is known at the start; what they hold is read
when it is used.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from syncwatch.config.document import Location, Written
from syncwatch.config.fleet import Proxy, Tls
from syncwatch.config.schema import ProxySection, TlsSection
from syncwatch.config.secrets import SecretUnavailable, secret_at
from syncwatch.errors import Problem


@dataclass
class Ways:
    """Makes ways out of sections; `problems` gathers what stands against them.

    Attributes:
        document: what the sections are in.
        folder: from which their files are seen.
        environ: the environment.
    """

    document: Written
    folder: Path
    environ: Mapping[str, str] = field(repr=False)
    problems: list[Problem] = field(default_factory=list)

    def tls(self, section: TlsSection | None, at: Location) -> Tls | None:
        """The files of a section that stands at `at`."""
        if section is None:
            return None
        files: dict[str, Path] = {}
        for key in ("ca_file", "cert_file", "key_file"):
            place = getattr(section, key)
            if place is None:
                continue
            files[key] = self.folder / place
            if not (self.folder / place).is_file():
                self.problems.append(self.document.problem((*at, key), "the file that it names is not there"))
        return Tls(**files)

    def proxy(self, section: ProxySection | None, at: Location) -> Proxy | None:
        """The proxy of a section that stands at `at`."""
        if section is None:
            return None
        for key in ("password_file", "password_env"):
            if (place := getattr(section, key)) is None:
                continue
            password = secret_at(key, place, self.folder, self.environ)
            try:
                password.read()
            except SecretUnavailable as error:
                self.problems.append(self.document.problem((*at, key), error.reason))
            return Proxy(section.url, section.username, password)
        return Proxy(section.url)
