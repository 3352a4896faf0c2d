"""The words that panels use for what we read: names of things, and what statuses say.

Whatever is guessed about a panel is guessed by these tables, and a word of a panel's that is in none of them is no
technical word: it may be somebody's name, and is not shown. Nothing here is about one product.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
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

_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SHORTEST, _LONGEST = 2, 40  # letters of a word inside a longer one, and of that


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


CONCEPTS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "access": _words("access api protocol connector"),
        "address": _words("mail email address smtp emails"),
        "change": _words("change changed details detail action event what"),
        "code": _words("code no number num nr errno"),
        "created": _words("created creation since joined added registered"),
        "crm": _words("crm salesforce"),
        "direction": _words("direction way"),
        "effective": _words("effective actual resulting computed overall"),
        "end": _words("ended end ends done finished finish finishes completed complete stopped stop closed"),
        "error": _words("error errors fault failed failure failing broken"),
        "id": _words("id key ref guid uuid uid identifier reference"),
        "handle": _words("id key ref guid uuid uid identifier reference code slug"),
        "interval": _words("interval every frequency period cadence cycle"),
        "issue": _words("issue issues problem problems conflict conflicts"),
        "job": _words("job run session execution batch"),
        "run": _words("id key ref guid uuid uid identifier reference job run session execution batch"),
        "logon": _words("logon login username account upn principal"),
        "mailbox": _words(
            "mailbox calendar inbox connection connected connectivity linked initialized initialised ready setup onboarded"
        ),
        "message": _words(
            "message msg note notes text detail details description reason comment info says summary error errors"
        ),
        "name": _words("name title subject called display displayname fullname item"),
        "next": _words("next cursor continuation following after more"),
        "operation": _words("operation verb action op"),
        "organization": _words(
            "organization organisation org profile company firm group office department team division"
        ),
        "outcome": _words("status state outcome result"),
        "person": _words(
            "name title called display displayname fullname user users person people member employee owner who staff"
        ),
        "plan": _words("plan license licence tariff subscription tier edition package"),
        "session": _words("session sessions run job last latest newest recent"),
        "source": _words("source origin component blamed culprit"),
        "start": _words("started start starts began begin begins begun"),
        "status": _words("status state mode enabled disabled active switch switched on"),
        "switch": _words(
            "status state mode enabled disabled active switch switched on sync synchronization synchronisation syncing"
        ),
        "sync": _words("sync synchronization synchronisation syncing synchronize"),
        "total": _words("total count totals size totalcount"),
        "type": _words("type kind category"),
        "user": _words("user users person people member members employee employees owner who staff"),
        "value": _words("value setting"),
        "when": _words("when at on date time timestamp datetime"),
    }
)
FILLERS = _words(
    "a an and the at by due for from has in is it of on to with time date timestamp datetime utc was be been last value"
    " number flag current own list data rows items records results result values"
)
NEGATIONS = _words("not never non no")


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a field of ours is recognised by its name.

    Attributes:
        must: concepts, each of which the name must touch.
        may: concepts that make it likelier.
        never: concepts that rule it out.
    """

    must: tuple[str, ...]
    may: tuple[str, ...] = ()
    never: tuple[str, ...] = ()


NAMES: Mapping[str, Mapping[str, Wanted]] = MappingProxyType(
    {
        "organizations": {
            "id": Wanted(("handle",), ("organization", "id"), ("user", "plan", "crm")),
            "name": Wanted(("name",), ("organization",), ("id", "user", "plan", "crm")),
            "switch": Wanted(
                ("switch",),
                ("sync", "status"),
                ("crm", "effective", "created", "address", "access", "mailbox"),
            ),
            "access_type": Wanted(("access",), ("type", "mailbox"), ("created",)),
            "crm_connected": Wanted(("crm",), ("status", "mailbox"), ("id",)),
        },
        "settings": {"name": Wanted(("name",)), "value": Wanted(("value",), never=("name",))},
        "plans": {
            "id": Wanted(("handle",), ("plan", "id"), ("user", "organization")),
            "interval": Wanted(("interval",), ("sync",)),
        },
        "users": {
            "id": Wanted(("id",), ("user",), ("organization", "plan", "session", "crm")),
            "organization": Wanted(("organization",), ("id",)),
            "plan": Wanted(("plan",), ("id",)),
            "mailbox": Wanted(
                ("mailbox",), ("status",), ("crm", "access", "effective", "sync", "address", "error")
            ),
            "switch": Wanted(
                ("switch",), ("sync", "status"), ("crm", "effective", "session", "access", "error", "mailbox")
            ),
            "effective": Wanted(("effective",), ("status", "sync")),
            "error": Wanted(("error",), ("status", "sync"), ("message", "code", "session", "issue")),
            "condition": Wanted(("outcome",), ("sync", "mailbox"), ("session", "effective")),
            "access_type": Wanted(("access",), ("type", "mailbox"), ("created",)),
            "created": Wanted(("created",), ("user",), ("session",)),
            "issues": Wanted(("issue",), ("total",)),
            "session_job": Wanted(("session", "id"), ("job",), ("user", "organization", "plan")),
            "session_started": Wanted(("session", "start"), never=("end",)),
            "session_ended": Wanted(("session", "end"), never=("start",)),
            "session_outcome": Wanted(("session", "outcome"), ("sync",)),
            "session_message": Wanted(("session", "message"), ("sync",), ("code", "source")),
            "session_source": Wanted(("session", "source"), ("error",)),
            "logon": Wanted(("logon",), ("user",)),
            "address": Wanted(("address",), ("user",)),
            "name": Wanted(("person",), ("name",), ("organization", "plan", "id", "address", "logon")),
        },
        "sessions": {
            "user": Wanted(("user",), ("id", "address", "logon", "name")),
            "job": Wanted(("run",), ("job", "id"), ("user", "organization")),
            "started": Wanted(("start",), ("job", "sync"), ("end",)),
            "ended": Wanted(("end",), ("job", "sync"), ("start",)),
            "outcome": Wanted(("outcome",), ("job", "sync"), ("message", "code")),
            "message": Wanted(("message",), ("job", "sync"), ("code", "source")),
            "source": Wanted(("source",), ("error",)),
        },
        "issues": {
            "user": Wanted(("user",), ("id", "address", "logon", "name")),
            "type": Wanted(("type",)),
            "name": Wanted(("name",)),
            "direction": Wanted(("direction",)),
            "operation": Wanted(("operation",)),
            "code": Wanted(("code",), ("error",)),
            "text": Wanted(("message",), ("error",), ("code",)),
        },
        "activity": {
            "at": Wanted(("when",), ("change",)),
            "change": Wanted(("change",), never=("user", "when")),
        },
    }
)

Meant = StrEnum | bool

_YES = _words("yes true on enabled active connected linked up ok")
_NO = _words("no false off disabled inactive disconnected unlinked down none")
_RUNNING = _words("running progress processing syncing executing working started")
_FAILED = _words("error errors failed failure fail fault broken blocked failing")
_WELL = _words("ok success successful succeeded good healthy well")
_COMPLETED = _words("finished finish completed complete done passed")
MEANINGS: Mapping[type[StrEnum] | type[bool], Mapping[Meant, frozenset[str]]] = MappingProxyType(
    {
        Switch: {
            Switch.ENABLED: _YES | _words("activated running started syncing"),
            Switch.DISABLED: _NO | _words("paused stopped suspended deactivated halted"),
            Switch.DISABLED_BY_ERROR: _FAILED,
        },
        Mailbox: {
            Mailbox.INITIALIZED: _YES
            | _COMPLETED
            | _words("initialized initialised ready configured setup onboarded"),
            Mailbox.NOT_INITIALIZED: _NO
            | _words("new pending uninitialized initializing connecting waiting invited"),
        },
        Outcome: {
            Outcome.COMPLETED: _WELL | _COMPLETED,
            Outcome.ERRORS: _FAILED | _words("issues aborted canceled cancelled crashed"),
            Outcome.RUNNING: _RUNNING,
        },
        Condition: {
            Condition.UP: _WELL | _words("up active connected"),
            Condition.FAILING: _FAILED | _words("down attention disconnected"),
        },
        Direction: {
            Direction.TO_CRM: _words("crm salesforce"),
            Direction.TO_MAILBOX: _words("mailbox mail exchange outlook calendar google gmail"),
        },
        Operation: {
            Operation.CREATE: _words("create created creation add added insert inserted new"),
            Operation.UPDATE: _words("update updated change changed modify modified edit edited"),
            Operation.DELETE: _words("delete deleted deletion remove removed drop dropped"),
        },
        bool: {True: _YES, False: _NO},
    }
)
_OPPOSITES: Mapping[Meant, Meant] = MappingProxyType(
    {
        Switch.ENABLED: Switch.DISABLED,
        Mailbox.INITIALIZED: Mailbox.NOT_INITIALIZED,
        Condition.UP: Condition.FAILING,
        True: False,
    }
)
# A word that says two things means the one that is worse, where that is how people put it.
_WORSE: Mapping[frozenset[Meant], Meant] = MappingProxyType(
    {
        frozenset({Switch.DISABLED, Switch.DISABLED_BY_ERROR}): Switch.DISABLED_BY_ERROR,
        frozenset({Outcome.COMPLETED, Outcome.ERRORS}): Outcome.ERRORS,
    }
)
# What is told by several words together: the first line all of whose words are there.
_TOGETHER: Mapping[type[StrEnum] | type[bool], tuple[tuple[frozenset[str], Meant], ...]] = MappingProxyType(
    {
        AccessType: (
            (_words("google service"), AccessType.GOOGLE_SERVICE_ACCOUNT),
            (_words("google"), AccessType.GOOGLE_DIRECT),
            (_words("graph app"), AccessType.M365_GRAPH_APP_ONLY),
            (_words("graph user"), AccessType.M365_GRAPH_USER),
            (_words("oauth ews impersonated"), AccessType.M365_EWS_IMPERSONATED),
            (_words("oauth ews user"), AccessType.M365_EWS_USER),
            (_words("basic impersonated"), AccessType.EWS_BASIC_IMPERSONATED),
            (_words("basic user"), AccessType.EWS_BASIC_USER),
        ),
        Source: (
            (_words("exchange"), Source.EXCHANGE),
            (_words("engine"), Source.ENGINE),
            (_words("connector"), Source.CONNECTOR),
            (_words("salesforce"), Source.CONNECTOR),
            (_words("unknown"), Source.UNKNOWN),
        ),
        Change: (
            (_words("disabled authorization"), Change.DISABLED_BY_AUTHORIZATION),
            (_words("disabled throttling"), Change.DISABLED_BY_THROTTLING),
            (_words("disabled other error"), Change.DISABLED_BY_OTHER),
            (_words("disabled error"), Change.DISABLED_BY_OTHER),
            (_words("disabled"), Change.DISABLED),
            (_words("enabled"), Change.ENABLED),
        ),
    }
)
_OF_ENTRANCES = _words(
    "microsoft office 365 oauth oauth2 ews graph api basic exchange online end user impersonated impersonation app"
    " only google workspace direct logon service account gmail server"
)
KNOWN = frozenset().union(
    FILLERS,
    NEGATIONS,
    _OF_ENTRANCES,
    *CONCEPTS.values(),
    *(words for lines in _TOGETHER.values() for words, _ in lines),
    *(words for meanings in MEANINGS.values() for words in meanings.values()),
)


def tokens(text: str) -> tuple[str, ...]:
    """The words of a text in lower case, whatever holds them together: humps, blanks, `_`."""
    parts = re.findall(r"[^\W\d_]+|\d+", text.replace("OAuth", "Oauth"))
    return tuple(word.lower() for part in parts for word in _HUMPS.sub(" ", part).split())


def name_tokens(name: str) -> frozenset[str]:
    """The words of a name, cut where words we know follow one another without a sign: `createdon`."""
    return frozenset(word for token in tokens(name) for word in _cut(token))


def technical(text: str) -> bool:
    """Whether a text consists of nothing but words of ours and short numbers, so that it is nobody's name."""
    words = tokens(text)
    return bool(words) and all(word in KNOWN or (word.isdecimal() and len(word) <= 3) for word in words)  # noqa: PLR2004


def meaning(kind: type[StrEnum] | type[bool], text: str) -> Meant | None:
    """What a panel's word means; None where that is not sure.

    Args:
        kind: our enum of which it may be a member, or bool.
        text: the word.
    """
    words = frozenset(tokens(text))
    if not technical(text):
        return None
    if kind in _TOGETHER:
        return next((meant for wanted, meant in _TOGETHER[kind] if wanted <= words), None)
    if kind is Direction and "to" in words:  # what follows says where to
        words = frozenset(tokens(text)[tokens(text).index("to") :])
    # "no" alone is an answer, and before something else it denies it.
    denied = words & NEGATIONS if len(words) > 1 else frozenset()
    hits = frozenset(meant for meant, said in MEANINGS[kind].items() if (words - denied) & said)
    if hits in _WORSE and not denied:
        return _WORSE[hits]
    if len(hits) != 1:
        return None
    hit = next(iter(hits))
    return _OPPOSITES.get(hit) if denied else hit


def _cut(token: str) -> tuple[str, ...]:
    if token in KNOWN or len(token) > _LONGEST:
        return (token,)
    return _pieces(token, 0) or (token,)


def _pieces(token: str, start: int) -> tuple[str, ...] | None:
    """Known words that make up the token from `start`, the longest first."""
    if start == len(token):
        return ()
    for end in range(len(token), start + _SHORTEST - 1, -1):
        if token[start:end] in KNOWN and (rest := _pieces(token, end)) is not None:
            return (token[start:end], *rest)
    return None
