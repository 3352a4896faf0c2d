"""Invented people, matters and identifiers, each a pure function of what it is made from.

Nothing drawn here is remembered: a text is made anew from its seed whenever it is asked for, which is why tens of
thousands of users with their subjects and error texts fit into memory. No person, firm or matter is real.
"""

from datetime import UTC, datetime
from hashlib import blake2b
from uuid import UUID

_FIRST = (
    "Ada", "Bruno", "Chiara", "Dmitri", "Eileen", "Farid", "Greta", "Hugo", "Imani", "Jonas", "Keiko", "Liam",
    "Mina", "Noah", "Olga", "Pablo", "Quinn", "Rosa", "Sven", "Tara", "Ugo", "Vera", "Wanda", "Yusuf", "Zoe",
)  # fmt: skip
_LAST = (
    "Abernathy", "Brightwater", "Castellan", "Dunmore", "Eastlake", "Fairweather", "Goldfinch", "Hartwell",
    "Ironside", "Jessamine", "Kirkbride", "Lockhart", "Merriweather", "Nightingale", "O'Malley", "Pemberton",
    "Quillfeather", "Ravenscroft", "Summerfield", "Thistlewood", "Underhill", "Vandermeer", "Winterbourne",
)  # fmt: skip
_PARTIES = (
    "Hartwell", "Oakridge Holdings", "O'Malley", "Fenwick Estate", "Bluebird Dairy", "Castellan", "St. Brannoc's",
    "Larkspur Freight", "Pemberton", "Harbor & Vale", "Thistlewood", "Kestrel Marine", "Underhill Farms",
)  # fmt: skip
_OCCASIONS = (
    "deposition prep", "settlement call", "client intake", "mediation day", "expert interview", "witness meeting",
    "hearing on motion in limine", "discovery planning", "closing dinner", "site inspection", "jury consultant",
)  # fmt: skip


def digest(*parts: object) -> bytes:
    """Thirty-two bytes that depend on nothing but `parts`."""
    return blake2b("/".join(map(str, parts)).encode(), digest_size=32).digest()


def guid(source: bytes) -> str:
    """A GUID out of the first sixteen bytes."""
    return str(UUID(bytes=source[:16]))


def record(source: bytes) -> str:
    """An event id as Salesforce prints it: eighteen characters that begin with `00U`."""
    return "00U" + source.hex().upper()[:15]


def person(source: bytes) -> str:
    """A full name."""
    return f"{_FIRST[source[0] % len(_FIRST)]} {_LAST[source[1] % len(_LAST)]}"


def subject(source: bytes) -> str:
    """The subject of a calendar event: privileged wherever it appears."""
    plaintiff = source[2] % len(_PARTIES)
    defendant = (plaintiff + 1 + source[3] % (len(_PARTIES) - 1)) % len(_PARTIES)
    occasion = _OCCASIONS[source[4] % len(_OCCASIONS)]
    return f"{_PARTIES[plaintiff]} v. {_PARTIES[defendant]}: {occasion}"


def timestamp(seconds: float) -> str:
    """ISO 8601 in UTC with milliseconds, as all times of the contract."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
