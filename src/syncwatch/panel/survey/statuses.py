"""What panels' words of statuses say, word by word; `vocabulary` makes meanings of whole texts out of it."""

from collections.abc import Mapping
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

Meant = StrEnum | bool


def words_of(text: str) -> frozenset[str]:
    """The words of a line."""
    return frozenset(text.split())


_YES = words_of("yes true on enabled active connected linked up ok")
_NO = words_of("no false off disabled inactive disconnected unlinked down none")
_RUNNING = words_of("running progress processing syncing executing working started")
_FAILED = words_of("error errors failed failure fail fault broken blocked failing")
_WELL = words_of("ok success successful succeeded good healthy well")
_COMPLETED = words_of("finished finish completed complete done passed")
MEANINGS: Mapping[type[StrEnum] | type[bool], Mapping[Meant, frozenset[str]]] = MappingProxyType(
    {
        Switch: {
            Switch.ENABLED: _YES | words_of("activated running started syncing"),
            Switch.DISABLED: _NO | words_of("paused stopped suspended deactivated halted"),
            Switch.DISABLED_BY_ERROR: _FAILED,
        },
        Mailbox: {
            Mailbox.INITIALIZED: _YES
            | _COMPLETED
            | words_of("initialized initialised ready configured setup onboarded"),
            Mailbox.NOT_INITIALIZED: _NO
            | words_of("new pending uninitialized initializing connecting waiting invited"),
        },
        Outcome: {
            Outcome.COMPLETED: _WELL | _COMPLETED,
            Outcome.ERRORS: _FAILED | words_of("issues aborted canceled cancelled crashed"),
            Outcome.RUNNING: _RUNNING,
        },
        Condition: {
            Condition.UP: _WELL | words_of("up active connected"),
            Condition.FAILING: _FAILED | words_of("down attention disconnected"),
        },
        Direction: {
            Direction.TO_CRM: words_of("crm salesforce"),
            Direction.TO_MAILBOX: words_of("mailbox mail exchange outlook calendar google gmail"),
        },
        Operation: {
            Operation.CREATE: words_of("create created creation add added insert inserted new"),
            Operation.UPDATE: words_of("update updated change changed modify modified edit edited"),
            Operation.DELETE: words_of("delete deleted deletion remove removed drop dropped"),
        },
        bool: {True: _YES, False: _NO},
    }
)
OPPOSITES: Mapping[Meant, Meant] = MappingProxyType(
    {
        Switch.ENABLED: Switch.DISABLED,
        Mailbox.INITIALIZED: Mailbox.NOT_INITIALIZED,
        Condition.UP: Condition.FAILING,
        True: False,
    }
)
# A word that says two things means the one that is worse, where that is how people put it.
WORSE: Mapping[frozenset[Meant], Meant] = MappingProxyType(
    {
        frozenset({Switch.DISABLED, Switch.DISABLED_BY_ERROR}): Switch.DISABLED_BY_ERROR,
        frozenset({Outcome.COMPLETED, Outcome.ERRORS}): Outcome.ERRORS,
    }
)
# What is told by several words together: the first line all of whose words are there.
TOGETHER: Mapping[type[StrEnum] | type[bool], tuple[tuple[frozenset[str], Meant], ...]] = MappingProxyType(
    {
        AccessType: (
            (words_of("google service"), AccessType.GOOGLE_SERVICE_ACCOUNT),
            (words_of("google"), AccessType.GOOGLE_DIRECT),
            (words_of("graph app"), AccessType.M365_GRAPH_APP_ONLY),
            (words_of("graph user"), AccessType.M365_GRAPH_USER),
            (words_of("oauth ews impersonated"), AccessType.M365_EWS_IMPERSONATED),
            (words_of("oauth ews user"), AccessType.M365_EWS_USER),
            (words_of("basic impersonated"), AccessType.EWS_BASIC_IMPERSONATED),
            (words_of("basic user"), AccessType.EWS_BASIC_USER),
        ),
        Source: (
            (words_of("exchange"), Source.EXCHANGE),
            (words_of("engine"), Source.ENGINE),
            (words_of("connector"), Source.CONNECTOR),
            (words_of("salesforce"), Source.CONNECTOR),
            (words_of("unknown"), Source.UNKNOWN),
        ),
        Change: (
            (words_of("disabled authorization"), Change.DISABLED_BY_AUTHORIZATION),
            (words_of("disabled throttling"), Change.DISABLED_BY_THROTTLING),
            (words_of("disabled other error"), Change.DISABLED_BY_OTHER),
            (words_of("disabled error"), Change.DISABLED_BY_OTHER),
            (words_of("disabled"), Change.DISABLED),
            (words_of("enabled"), Change.ENABLED),
        ),
    }
)
