"""Where tenants come from besides the configuration file: the section `discovery` as values with nothing left to resolve."""

from collections.abc import Iterator
from dataclasses import dataclass

from syncwatch.config.credentials import Issuer, against, bound
from syncwatch.config.document import Document, Location
from syncwatch.config.fleet import Discovery, FileDiscovery, HttpDiscovery
from syncwatch.config.schema import DiscoverySection, HttpDiscoverySection
from syncwatch.config.secrets import Credential
from syncwatch.config.ways import Ways
from syncwatch.errors import Problem


@dataclass
class Sources:
    """Makes sources out of sections; `problems` gathers what stands against them.

    Attributes:
        document: the configuration file.
        issuer: knows its credentials.
        problems: where to gather.
    """

    document: Document
    issuer: Issuer
    problems: list[Problem]

    def made(self, section: DiscoverySection) -> Iterator[Discovery]:
        """Each source: first the files, then the lists over HTTP."""
        folder = self.issuer.folder.absolute()
        for files in section.file_sd:
            patterns = tuple(str(folder / pattern) for pattern in files.files)
            yield FileDiscovery(patterns, files.refresh_interval)
        for index, http in enumerate(section.http_sd):
            yield self._http(http, ("discovery", "http_sd", index))

    def _http(self, section: HttpDiscoverySection, at: Location) -> HttpDiscovery:
        ways = Ways(self.document, self.issuer.folder, self.issuer.environ)
        source = HttpDiscovery(
            url=section.url,
            interval=section.refresh_interval,
            timeout=section.timeout,
            credential=self._credential(section, at),
            tls=ways.tls(section.tls, (*at, "tls")),
            proxy=ways.proxy(section.proxy, (*at, "proxy")),
        )
        self.problems += ways.problems
        return source

    def _credential(self, section: HttpDiscoverySection, at: Location) -> Credential | None:
        """What to send to a source; it stands in the configuration file, so that it may imply its own host."""
        name = section.credentials
        if name is None:
            return None
        if name not in self.document.data.get("credentials", ()):
            self._complain(
                (*at, "credentials"), "is not the name of a credential: add it under `credentials`"
            )
        if name not in self.issuer.sections:
            return None
        credential, written = self.issuer.shared.get(name), self.issuer.sections[name]
        if credential is None:
            self._complain(
                (*at, "credentials"), f"`{name}` is another secret for each tenant: name another one"
            )
            return None
        if credential.client_id is not None:
            self._complain(
                (*at, "credentials"), "must be a token, or a username with a password: name another one"
            )
        for message in against(name, written, section.url):
            self._complain((*at, "url"), message)
        return bound(credential, section.url)

    def _complain(self, location: Location, message: str) -> None:
        self.problems.append(self.document.problem(location, message))
