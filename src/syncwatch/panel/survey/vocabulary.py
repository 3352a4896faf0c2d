"""The words that panels use for what we read: names of things, and what statuses say.

Whatever is guessed about a panel is guessed by these tables, and a word of a panel's that is in none of them is no
technical word: it may be somebody's name, and is not shown. Nothing here is about one product.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from syncwatch.model import Direction
from syncwatch.panel.survey.statuses import MEANINGS, OPPOSITES, TOGETHER, WORSE, Meant, words_of

_HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SHORTEST, _LONGEST = 2, 40  # letters of a word inside a longer one, and of that


CONCEPTS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "access": words_of("access api protocol connector"),
        "address": words_of("mail email address smtp emails"),
        "change": words_of("change changed details detail action event what"),
        "code": words_of("code no number num nr errno"),
        "created": words_of("created creation since joined added registered"),
        "crm": words_of("crm salesforce"),
        "direction": words_of("direction way"),
        "effective": words_of("effective actual resulting computed overall"),
        "end": words_of(
            "ended end ends done finished finish finishes completed complete stopped stop closed"
        ),
        "error": words_of("error errors fault failed failure failing broken"),
        "id": words_of("id key ref guid uuid uid identifier reference"),
        "handle": words_of("id key ref guid uuid uid identifier reference code slug"),
        "interval": words_of("interval every frequency period cadence cycle"),
        "issue": words_of("issue issues problem problems conflict conflicts"),
        "job": words_of("job run session execution batch"),
        "run": words_of("id key ref guid uuid uid identifier reference job run session execution batch"),
        "logon": words_of("logon login username account upn principal"),
        "mailbox": words_of(
            "mailbox calendar inbox connection connected connectivity linked initialized initialised ready setup onboarded"
        ),
        "message": words_of(
            "message msg note notes text detail details description reason comment info says summary error errors"
        ),
        "name": words_of("name title subject called display displayname fullname item"),
        "next": words_of("next cursor continuation following after more"),
        "operation": words_of("operation verb action op"),
        "organization": words_of(
            "organization organisation org profile company firm group office department team division"
        ),
        "outcome": words_of("status state outcome result"),
        "person": words_of(
            "name title called display displayname fullname user users person people member employee owner who staff"
        ),
        "plan": words_of("plan license licence tariff subscription tier edition package"),
        "session": words_of("session sessions run job last latest newest recent"),
        "source": words_of("source origin component blamed culprit"),
        "start": words_of("started start starts began begin begins begun"),
        "status": words_of("status state mode enabled disabled active switch switched on"),
        "switch": words_of(
            "status state mode enabled disabled active switch switched on sync synchronization synchronisation syncing"
        ),
        "sync": words_of("sync synchronization synchronisation syncing synchronize"),
        "total": words_of("total count totals size totalcount"),
        "type": words_of("type kind category"),
        "user": words_of("user users person people member members employee employees owner who staff"),
        "value": words_of("value setting"),
        "when": words_of("when at on date time timestamp datetime"),
    }
)
FILLERS = words_of(
    "a an and the at by due for from has in is it of on to with time date timestamp datetime utc was be been last value"
    " number flag current own list data rows items records results result values"
)
NEGATIONS = words_of("not never non no")


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

_OF_ENTRANCES = words_of(
    "microsoft office 365 oauth oauth2 ews graph api basic exchange online end user impersonated impersonation app"
    " only google workspace direct logon service account gmail server"
)
KNOWN = frozenset().union(
    FILLERS,
    NEGATIONS,
    _OF_ENTRANCES,
    *CONCEPTS.values(),
    *(words for lines in TOGETHER.values() for words, _ in lines),
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
    if kind in TOGETHER:
        return next((meant for wanted, meant in TOGETHER[kind] if wanted <= words), None)
    if kind is Direction and "to" in words:  # what follows says where to
        words = frozenset(tokens(text)[tokens(text).index("to") :])
    # "no" alone is an answer, and before something else it denies it.
    denied = words & NEGATIONS if len(words) > 1 else frozenset()
    hits = frozenset(meant for meant, said in MEANINGS[kind].items() if (words - denied) & said)
    if hits in WORSE and not denied:
        return WORSE[hits]
    if len(hits) != 1:
        return None
    hit = next(iter(hits))
    return OPPOSITES.get(hit) if denied else hit


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
