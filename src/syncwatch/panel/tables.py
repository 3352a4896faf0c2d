"""Which of our fields each table has, and what each may hold.

The one declaration that the profile check and the compiler share: a field that is not here cannot be mapped, and
what is not mapped is not decoded. Names, logons and addresses are read to join tables by them and to mask them out of
texts, and are dropped with their row. `rows` says what the fields mean; this says how strictly they are read.
Strict is whatever a verdict rests on: a row without its statuses is refused and counted, because a default would be
a guess.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from types import MappingProxyType

from syncwatch.model import (
    AccessType,
    Change,
    Condition,
    Direction,
    Mailbox,
    Operation,
    Outcome,
    Source,
    Switch,
)


class Kind(Enum):
    """What a field holds."""

    ID = auto()  # text of 1 to 200 characters, all of which show, or a number that is read as text
    REFERENCE = auto()  # the id of a row of another table, at most 200 such characters or a number
    KEY = auto()  # whose a row is, by what a person is known by; compared, and never kept
    NAME = auto()  # what somebody is known by; never kept, and no row is refused for a strange one
    TEXT = auto()  # any text; privileged
    VALUE = auto()  # a text, a number or a boolean, read as text; privileged
    CODE = auto()  # a short text or an integer, read as text
    COUNT = auto()  # an integer from 0
    SECONDS = auto()  # an integer from 1
    FLAG = auto()  # true or false, or two words of the panel's
    TIME = auto()  # in the profile's formats; without an offset in the profile's time zone
    STATUS = auto()  # a word of the panel's that means a member of an enum of ours


class Need(Enum):
    """Whether a row can do without the field."""

    REQUIRED = auto()
    WHERE_MAPPED = auto()  # a panel may have no such thing at all; one that has it says it in every row
    WITH_PARENT = auto()  # required inside its object, which itself may be null: there is no session yet
    OPTIONAL = auto()


@dataclass(frozen=True, slots=True)
class Field:
    """One field of ours.

    Attributes:
        kind: what it holds.
        need: whether a row can do without it; only required fields may not be left out of a profile.
        empty: what an absent field is read as; if it is not None, null is allowed even where the field is required.
        statuses: the enum of a `STATUS`; it has a member UNKNOWN.
    """

    kind: Kind
    need: Need = Need.OPTIONAL
    empty: str | bool | None = None
    statuses: type[StrEnum] | None = None


class Scope(StrEnum):
    """Whose rows one list of a table holds."""

    TENANT = "tenant"
    ORGANIZATION = "organization"
    USER = "user"


def _status(statuses: type[StrEnum], need: Need = Need.REQUIRED, empty: StrEnum | None = None) -> Field:
    return Field(Kind.STATUS, need, empty, statuses)


_ID = Field(Kind.ID, Need.REQUIRED)
_WORD = Field(Kind.TEXT, empty="")
_KEY = Field(Kind.KEY)
_NAME = Field(Kind.NAME)

TABLES: Mapping[str, Mapping[str, Field]] = MappingProxyType(
    {
        "organizations": {
            "id": _ID,
            "name": _NAME,
            "switch": _status(Switch),
            "access_type": _status(AccessType, Need.OPTIONAL),
            "crm_connected": Field(Kind.FLAG),
        },
        "settings": {
            "name": Field(Kind.CODE, Need.REQUIRED),
            "value": Field(Kind.VALUE, Need.REQUIRED, empty=""),
        },
        "plans": {"id": _ID, "interval": Field(Kind.SECONDS, Need.REQUIRED)},
        "users": {
            "id": _ID,
            "organization": Field(Kind.REFERENCE, Need.WHERE_MAPPED, empty=""),
            "plan": Field(Kind.REFERENCE),
            "mailbox": _status(Mailbox),
            "switch": _status(Switch),
            "effective": _status(Switch, Need.WHERE_MAPPED),
            "error": Field(Kind.FLAG, Need.WHERE_MAPPED, empty=False),
            "condition": _status(Condition, Need.WHERE_MAPPED),
            "access_type": _status(AccessType, Need.OPTIONAL),
            "created": Field(Kind.TIME),
            "issues": Field(Kind.COUNT, Need.WHERE_MAPPED),
            "session_job": Field(Kind.ID, Need.WITH_PARENT),
            "session_started": Field(Kind.TIME, Need.WITH_PARENT),
            "session_ended": Field(Kind.TIME),
            "session_outcome": _status(Outcome, Need.WITH_PARENT),
            "session_message": Field(Kind.TEXT),
            "session_source": _status(Source, Need.OPTIONAL),
            "logon": _NAME,
            "address": _NAME,
            "name": _NAME,
        },
        "sessions": {
            "user": _KEY,
            "job": _ID,
            "started": Field(Kind.TIME, Need.REQUIRED),
            "ended": Field(Kind.TIME),
            "outcome": _status(Outcome),
            "message": Field(Kind.TEXT),
            "source": _status(Source, Need.OPTIONAL),
        },
        "issues": {
            "user": _KEY,
            "type": _WORD,
            "name": _WORD,
            "direction": _status(Direction, Need.OPTIONAL, Direction.UNKNOWN),
            "operation": _status(Operation, Need.OPTIONAL, Operation.UNKNOWN),
            "code": Field(Kind.CODE, empty=""),
            "text": Field(Kind.TEXT, Need.REQUIRED, empty=""),
        },
        "activity": {"at": Field(Kind.TIME, Need.REQUIRED), "change": _status(Change)},
    }
)
SCOPES: Mapping[str, tuple[Scope, ...]] = MappingProxyType(
    {
        "organizations": (Scope.TENANT,),
        "settings": (Scope.ORGANIZATION,),
        "plans": (Scope.TENANT,),
        "users": (Scope.TENANT, Scope.ORGANIZATION),
        "sessions": (Scope.USER, Scope.ORGANIZATION, Scope.TENANT),
        "issues": (Scope.USER, Scope.ORGANIZATION, Scope.TENANT),
        "activity": (Scope.USER,),
    }
)
"""The scopes that each table may have, the usual one first."""

LACKING = frozenset({"settings", "activity"})
"""Tables that a panel may not have for everybody: not found is an answer."""

USER_KEYS = ("id", "logon", "address", "name")
"""What a row of a table of many users may say whose it is by."""
