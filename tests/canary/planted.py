"""What must never come out, and how it is looked for: whole, in pieces of eight characters, and encoded."""

import base64
import html
import json
from urllib.parse import quote, quote_plus

SUBJECT = "Quillfeather v. O'Zzyzxman: bruxing vorpalgrove hearing"
QUOTED = f"'{SUBJECT}'"
TECHNICAL = (
    "Calendar sync request failed"  # a subject of words that everybody uses: only as a whole it is somebody's
)
ADDRESS = "philippa.zwoelfbein@kanzlei-murgtal.example"
ORDINARY_ADDRESS = "bill.may@smith-jones.com"  # of words that a text may use: an address all the same
ORDINARY_HOST = "grant.mark.sites-price.com"
PERSON = "Philippa Zwölfbein-Überlingen"
FIRM_NAME = "Murgtal Xanthippe & Partner LLP"
CLIENT_SECRET = "cs-9Qv7!xLmZ4tR8wKp2&yB"
OTHER_SECRET = "wrong-7HjTq5NfXsD3gVe1"
BEARER = "bt-Zk6PwYc4RdUo0MhLx8Ga"
IN_401 = "t401-Jx5EbQn9WsTv2CfKr7Ly"
SIGNATURE = "sig-Ww8LrKd3HyTz6JaBn0Ms"
AT_THE_DOOR = "door-Lk2VtYp8RsHc4WzNe6Uf"
IN_ENVIRONMENT = "env-Ob3MzHu6DgPq1XyIw4Nk"

PLANTED = {
    "subject": SUBJECT,
    "e-mail address": ADDRESS,
    "e-mail address of ordinary words": ORDINARY_ADDRESS,
    "host of ordinary words": ORDINARY_HOST,
    "person": PERSON,
    "firm": FIRM_NAME,
    "client secret": CLIENT_SECRET,
    "refused client secret": OTHER_SECRET,
    "bearer token": BEARER,
    "token in a 401": IN_401,
    "signature of a secret URL": SIGNATURE,
    "secret in the environment": IN_ENVIRONMENT,
    "password of the door": AT_THE_DOOR,
}
PIECE = 8  # characters
ENCODED_PIECE = 12  # of base64 and hex, whose alphabet is small
_FORMS = (
    str,
    quote,
    quote_plus,
    html.escape,
    lambda text: json.dumps(text)[1:-1],
    lambda text: repr(text.encode())[2:-1],
)


def _pieces(text: str, size: int) -> set[str]:
    text = text.casefold()
    return {text[start : start + size] for start in range(len(text) - size + 1)}


def _base64(secret: bytes) -> set[str]:
    """Pieces of it whatever stands before it, in both alphabets."""
    found: set[str] = set()
    for shift in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            found |= _pieces(encode(b"\0" * shift + secret).decode()[4:-4], ENCODED_PIECE)
    return found


def _needles(text: str) -> set[str]:
    needles = {piece for form in _FORMS for piece in _pieces(form(text), PIECE)}
    return needles | _base64(text.encode()) | _pieces(text.encode().hex(), ENCODED_PIECE)


_NEEDLES = {name: _needles(text) for name, text in PLANTED.items()}


def leaks(output: bytes | str) -> set[str]:
    """Names of what is planted and found in `output`."""
    text = output if isinstance(output, str) else output.decode("utf-8", "replace")
    text = text.casefold()
    return {name for name, needles in _NEEDLES.items() if any(needle in text for needle in needles)}
