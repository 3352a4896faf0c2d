"""What shows who we are: the header made of a secret, which is read from its place each time.

A secret that cannot be read, or could not stand in a header, is a `PollError` of reason `auth`.
"""

import re
from base64 import b64encode

from pydantic import SecretStr

from syncwatch.config.secrets import Secret, SecretUnavailable
from syncwatch.errors import PollError, Reason
from syncwatch.transport.client import Shown

AUTHORIZATION = "Authorization"

_SENDABLE = re.compile(r"[\x21-\x7e]{1,8000}")


def bearer(token: str) -> Shown:
    """The header of a token."""
    return Shown(AUTHORIZATION, f"Bearer {sendable(token)}")


def bearer_of(token: Secret) -> Shown:
    """The header of a token in its place."""
    return bearer(held(token).get_secret_value())


def basic_of(username: str, password: Secret) -> Shown:
    """The header of a name with its password."""
    pair = f"{username}:{held(password).get_secret_value()}"
    return Shown(AUTHORIZATION, f"Basic {sendable(b64encode(pair.encode()).decode())}")


def held(secret: Secret) -> SecretStr:
    """What a place holds now."""
    try:
        return secret.read()
    except SecretUnavailable as error:
        failure = PollError(Reason.AUTH, str(error))
    raise failure


def sendable(token: str) -> str:
    """The same, if it can stand in a header."""
    if not _SENDABLE.fullmatch(token):
        raise PollError(Reason.AUTH, "the token is empty, too long, or holds what cannot be sent")
    return token
