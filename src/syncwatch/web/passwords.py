"""Checking passwords against bcrypt hashes, off the event loop, and each right one once.

What is remembered of a right password is an HMAC under a key of this process, so that neither it nor anything that
could be tried against a list of passwords lies in memory. A name that is no user's costs the same as a wrong password,
where all hashes have one cost. A password is right by a hash: it stays so through a change of the file that keeps the
hash, or whoever fails at that moment could have those locked out who come from the same address.
"""

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from concurrent.futures import Executor

import bcrypt

AT_ONCE = 2  # threads; bcrypt is meant to be expensive
MAX_WAITING = 16
MAX_BYTES = 72  # of a password; bcrypt sees no more
_KEY_BYTES = 32


class Busy(Exception):  # noqa: N818 - a state of the world, named as it reads
    """As many passwords as may be wait to be checked."""


class Passwords:
    """The passwords of all users.

    Args:
        hashes: bcrypt hash by user.
        threads: where the work is done; it runs `AT_ONCE` at the same time.
    """

    def __init__(self, hashes: Mapping[str, str], threads: Executor) -> None:
        self._hashes = dict(hashes)
        self._threads = threads
        self._key = secrets.token_bytes(_KEY_BYTES)
        self._right: dict[str, bytes] = {}
        self._waiting = 0
        cost = max((hash_.split("$")[2] for hash_ in hashes.values()), default="10")
        self._nobody = f"$2b${cost}${'.' * 53}"  # no password has it, and it costs the same to find out

    def renewed(self, hashes: Mapping[str, str]) -> "Passwords":
        """Those of the users as they are now; what was found to be right by a hash that stays needs no more work."""
        now = Passwords(hashes, self._threads)
        now._key = self._key
        now._right = {
            user: mark for user, mark in self._right.items() if hashes.get(user) == self._hashes[user]
        }
        return now

    def knows(self, user: str, password: bytes) -> bool:
        """Whether the password was found to be right before."""
        return hmac.compare_digest(self._right.get(user, b""), self._mark(user, password))

    async def check(self, user: str, password: bytes) -> bool:
        """Whether the password is the user's.

        Raises:
            Busy: there are too many to check.
        """
        if len(password) > MAX_BYTES:
            return False
        if self._waiting >= MAX_WAITING:
            raise Busy
        hash_ = self._hashes.get(user, self._nobody).encode()
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            fits = await loop.run_in_executor(self._threads, bcrypt.checkpw, password, hash_)
        finally:
            self._waiting -= 1
        if right := fits and user in self._hashes:
            self._right[user] = self._mark(user, password)
        return right

    def _mark(self, user: str, password: bytes) -> bytes:
        """What is remembered; length first, so that no two triples read the same."""
        parts = (user.encode(), password, self._hashes.get(user, "").encode())
        message = b"".join(len(part).to_bytes(4) + part for part in parts)
        return hmac.digest(self._key, message, hashlib.sha256)
