"""From a web configuration file to one frozen `WebConfig`, or to everything that is wrong in it.

Reads all that the file names, so that a key which does not fit its certificate is known before it is used. Paths are
seen from the file.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from syncwatch.config.document import Document, Location
from syncwatch.config.files import opened
from syncwatch.config.reader import examine, read
from syncwatch.config.secrets import FileSecret, SecretUnavailable
from syncwatch.errors import ConfigError, Problem
from syncwatch.web.access import Access, Grant, Rate, Trust, WebConfig
from syncwatch.web.identity import LONGEST_TOKEN
from syncwatch.web.tls import Unusable, server_context, trust
from syncwatch.web.written import AccessSection, TlsServerSection, TokenSection, WebFile

SHORTEST_TOKEN = 16  # characters
MAX_FILE = 1 << 20  # bytes of a certificate or a key


def load(path: Path) -> WebConfig:
    """Read a web configuration file.

    Raises:
        ConfigError: with everything that is wrong.
    """
    document = read(path)
    written, problems = examine(document, WebFile)
    if written is None:
        raise ConfigError(problems)
    loading = _Loading(document, [*problems])
    made = loading.web_config(written)
    if loading.problems:
        raise ConfigError(sorted(dict.fromkeys(loading.problems), key=lambda problem: problem.line or 0))
    return made


@dataclass
class _Loading:
    """One file on its way; `problems` gathers what is wrong, `contents` what it names."""

    document: Document
    problems: list[Problem]
    contents: dict[Path, bytes] = field(default_factory=dict, repr=False)

    def web_config(self, written: WebFile) -> WebConfig:
        whole = not self.problems  # else a user may be missing because of a typo that is told already
        context, believed = None, Trust()
        if (section := written.tls_server_config) is not None and self._files(section):
            try:
                context = server_context(section, self._folder)
                believed = trust(
                    section, self.contents.get(self._folder / (section.client_ca_file or ""), b"")
                )
            except Unusable as unusable:
                self._complain(("tls_server_config", unusable.key), unusable.reason)
        tokens = dict(self._tokens(written.bearer_tokens))
        if whole:
            self._check_access(written)
        return WebConfig(
            digest=self._digest(),
            files=(self.document.file, *self.contents),
            trust=believed,
            tls=context,
            passwords=written.basic_auth_users,
            tokens=tokens,
            grants={user: _grant(section) for user, section in written.access.items()},
            headers={
                name: value
                for name, value in written.http_server_config.headers.model_dump(by_alias=True).items()
                if value
            },
            rate=Rate(written.rate_limit.burst, written.rate_limit.interval)
            if written.rate_limit.interval
            else None,
        )

    @property
    def _folder(self) -> Path:
        return self.document.file.parent

    def _complain(self, at: Location, message: str) -> None:
        self.problems.append(self.document.problem(at, message))

    def _files(self, section: TlsServerSection) -> bool:
        """Read what the section names; whether all of it is there."""
        before = len(self.problems)
        for key in ("cert_file", "key_file", "client_ca_file"):
            if (place := getattr(section, key)) is not None:
                self._read(self._folder / place, ("tls_server_config", key))
        return len(self.problems) == before

    def _read(self, path: Path, at: Location) -> None:
        try:
            with opened(path) as file:
                self.contents[path] = file.read(MAX_FILE)
        except OSError as error:
            reason = (error.strerror or "input/output error").lower()
            self._complain(at, f"the file that it names cannot be read: {reason}")

    def _tokens(self, sections: dict[str, TokenSection]) -> Iterator[tuple[str, bytes]]:
        users: dict[bytes, str] = {}
        for user, section in sections.items():
            digest = bytes.fromhex(section.sha256) if section.sha256 else self._token_in(user, section)
            if digest is None:
                continue
            if digest in users:
                self._complain(
                    ("bearer_tokens", user), f"has the same token as `{users[digest]}`: make another"
                )
            users[digest] = user
            yield user, digest

    def _token_in(self, user: str, section: TokenSection) -> bytes | None:
        """The digest of a token in a file; None if there is none that could be used."""
        at = ("bearer_tokens", user, "token_file")
        path = self._folder / (section.token_file or "")
        try:
            token = FileSecret(path).read().get_secret_value().strip()
        except SecretUnavailable as error:
            self._complain(at, error.reason)
            return None
        if len(token) < SHORTEST_TOKEN:
            self._complain(at, "holds a token that can be guessed: make one by `openssl rand -hex 32`")
            return None
        if len(token) > LONGEST_TOKEN or not token.isprintable():
            self._complain(
                at,
                f"holds what no header carries: a token is one line, of at most {LONGEST_TOKEN} characters",
            )
            return None
        self.contents[path] = token.encode()
        return hashlib.sha256(self.contents[path]).digest()

    def _check_access(self, written: WebFile) -> None:
        """Access is of users, or of the names in certificates where there are no users."""
        users = written.basic_auth_users.keys() | written.bearer_tokens.keys()
        section = written.tls_server_config
        if not users and section is not None and section.client_auth_type == "RequireAndVerifyClientCert":
            return
        for user in written.access.keys() - users:
            self._complain(
                ("access", user), "is no user: add it to `basic_auth_users` or `bearer_tokens`, or remove it"
            )

    def _digest(self) -> str:
        whole = hashlib.sha256(self.document.digest.encode())
        for path, content in self.contents.items():
            whole.update(str(path).encode() + b"\0" + hashlib.sha256(content).digest())
        return whole.hexdigest()


def _grant(section: AccessSection) -> Grant:
    tenants = None if section.tenants is None else frozenset(section.tenants)
    return Grant(frozenset(Access(scope) for scope in section.scopes), tenants)
