"""Where secrets come from, and to which hosts they may go.

A `Secret` knows a place, a file or an environment variable, not a value: the value is read when it is
needed, comes out as `SecretStr` only, and a file is read again once it has changed, so that a rotated
secret needs no restart. Reprs and errors name the place, never the content.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pydantic import SecretStr

from syncwatch.config.files import opened

MAX_BYTES = 64 << 10
VARIABLE = "environment variable"


class SecretUnavailable(Exception):  # noqa: N818 - a state of the world, named as it reads
    """A secret could not be read; names the file or the variable, never the content.

    Attributes:
        reason: the same without the name, for whoever shows where the name is written: somebody may have put the
            secret itself in its place.
    """

    def __init__(self, kind: str, name: object, reason: str) -> None:
        super().__init__(f"the {kind} {name} {reason}")
        self.reason = f"the {kind} that it names {reason}"


class Secret(Protocol):
    """A place that holds a secret."""

    def read(self) -> SecretStr:
        """Give the value as it is now.

        Raises:
            SecretUnavailable: it is absent, unreadable, empty, too large or no text.
        """
        ...


@dataclass(unsafe_hash=True)
class FileSecret:
    """A secret in a file, read again when the file's time, size or inode changes; equal by its path."""

    path: Path
    _seen: tuple[int, int, int] | None = field(default=None, init=False, repr=False, compare=False)
    _value: SecretStr = field(default=SecretStr(""), init=False, repr=False, compare=False)

    def read(self) -> SecretStr:
        """See `Secret.read`."""
        try:
            seen = _stamp(self.path.stat())
            if seen != self._seen:
                with opened(self.path) as file:
                    seen = _stamp(os.fstat(file.fileno()))
                    content = file.read(MAX_BYTES + 1)
                self._value = _checked(content, "file", self.path)
                self._seen = seen
        except OSError as error:
            reason = (error.strerror or "input/output error").lower()
            raise SecretUnavailable("file", self.path, f"cannot be read: {reason}") from None
        return self._value


@dataclass(frozen=True)
class VariableSecret:
    """A secret in an environment variable; equal by its name."""

    name: str
    environ: Mapping[str, str] = field(repr=False, compare=False)

    def read(self) -> SecretStr:
        """See `Secret.read`."""
        value = self.environ.get(self.name)
        if value is None:
            raise SecretUnavailable(VARIABLE, self.name, "is not set")
        content = value.encode("utf-8", "surrogateescape")
        return _checked(content, VARIABLE, self.name)


def secret_at(key: str, place: str, folder: Path, environ: Mapping[str, str]) -> Secret:
    """The secret that a key of the configuration names: `..._env` a variable, `..._file` a file, seen from `folder`."""
    return VariableSecret(place, environ) if key.endswith("_env") else FileSecret(folder / place)


@dataclass(frozen=True, slots=True)
class Credential:
    """What one panel asks for, and where it may be sent.

    Attributes:
        name: its name in the configuration.
        client_id: OAuth2 client id, if it is a client credential.
        client_secret: the secret that goes with it.
        token: a static token, if it is one.
        hosts: to which it may be sent, see `config.hosts`; one of them may be that of a secret URL.
        username: who asks, if it is a name with a password.
        password: the secret that goes with it.
    """

    name: str
    client_id: str | None
    client_secret: Secret | None
    token: Secret | None
    hosts: frozenset[str] = field(repr=False)
    username: str | None = field(default=None, repr=False)
    password: Secret | None = None


def _stamp(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_mtime_ns, status.st_size, status.st_ino


def _checked(content: bytes, kind: str, name: object) -> SecretStr:
    """Take the line end off and refuse what cannot be a secret."""
    if len(content) > MAX_BYTES:
        raise SecretUnavailable(kind, name, f"is larger than {MAX_BYTES >> 10} KiB")
    value = _text(content)
    if value is None:
        raise SecretUnavailable(kind, name, "is not UTF-8 text")
    if not value.strip():
        raise SecretUnavailable(kind, name, "is empty")
    return SecretStr(value)


def _text(content: bytes) -> str | None:
    """Decode, or give None: a decode error carries the content, also as the context of another error."""
    try:
        return content.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        return None
