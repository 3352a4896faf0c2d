"""The secret key under which fingerprints are made: of a text that nobody may know, nobody without it can test a guess.

It must outlive the process, or every issue would be new after each start. So it is made once, whole or not at all,
and never made again while there is a journal that another one made: that would count everything twice.
"""

import errno
import hmac
import os
import secrets
import tempfile
from pathlib import Path

from syncwatch.config.files import opened
from syncwatch.state.store.refused import JournalRefused

EMBEDDED = "journal.key"  # in the state folder
LEAST_BYTES, MOST_BYTES = 32, 64 << 10
CHECK_BYTES = 16


def passing_key() -> bytes:
    """A new key for what ends with the process and is remembered nowhere."""
    return secrets.token_bytes(LEAST_BYTES)


def embedded_key(folder: Path) -> bytes:
    """The key in `folder`, next to the journal; made at the first start.

    Raises:
        JournalRefused: it is lost while the journal is there, or it cannot be read or made.
    """
    path, database = folder / EMBEDDED, folder / "journal.db"
    used = _there(
        database
    )  # asked first: of two first starts, the other one makes the key before the journal
    if not _there(path):
        if used:
            raise JournalRefused(
                f"{path} is lost, and {database} was written with it: put it back, or move {database} away and begin anew"
            )
        _make(path)
    return read_key(path)


def read_key(path: Path) -> bytes:
    """The bytes of a key file, as they are.

    Raises:
        JournalRefused: it cannot be read, or it is too short or too large.
    """
    try:
        with opened(path) as file:
            key = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise JournalRefused(f"cannot read the key {path}: {_reason(error)}") from None
    if len(key) < LEAST_BYTES:
        raise JournalRefused(f"the key {path} is too short: it must be {LEAST_BYTES} random bytes or more")
    if len(key) > MOST_BYTES:
        raise JournalRefused(f"the key {path} is larger than {MOST_BYTES >> 10} KiB: it is no key")
    return key


def key_check(key: bytes) -> bytes:
    """What the journal remembers a key by; it tells keys apart and nothing of them."""
    return hmac.digest(key, b"syncwatch: the key of this journal", "sha256")[:CHECK_BYTES]


def _make(path: Path) -> None:
    """Make a key that is there whole or not at all; of two starts at once one wins, and the other uses its key."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".journal.key-", dir=path.parent)  # for nobody else to read
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(passing_key())
                file.flush()
                os.fsync(file.fileno())
            _link(Path(name), path)
        finally:
            Path(name).unlink()
        _sync(path.parent)
    except OSError as error:
        raise JournalRefused(
            f"cannot make the key {path}: {_reason(error)}: make the folder writable once, or put {LEAST_BYTES} random "
            "bytes there"
        ) from None


def _there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError as error:
        raise JournalRefused(f"cannot look for {path}: {_reason(error)}") from None


def _link(made: Path, path: Path) -> None:
    try:
        path.hardlink_to(made)
    except OSError as error:
        if error.errno != errno.EEXIST:
            raise


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _reason(error: OSError) -> str:
    return (error.strerror or "input/output error").lower()
