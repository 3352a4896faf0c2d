"""Who is still there, by a list of users that may be wrong.

A user is forgotten after missing from two believed lists in a row; before that they are remembered and not shown, so that
whoever is back in the next list is nobody new. A list that lost more than half of the users is not believed at
once, because panels do answer with half a list and say that it is whole: for two polls it takes nobody away and
brings nobody in, and only what it says of users who are known counts. And where there are rows of which nobody can say
whose they are, more than there were, those who are missing may be they: nobody is gone.
"""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec
from msgspec.structs import replace

from syncwatch.state.memory import TenantMemory, UserMemory
from syncwatch.state.reading import Reading, UserReading

HELD = 2  # suspicious lists in a row that are not believed
FORGOTTEN = 2  # believed lists in a row without a user after which the user is forgotten
MOST_KEPT = 10_000  # users whom a part of a list lacks, and that still brings somebody in: or strangers could fill memory
MOST_LOST = 0.5  # share of the users that a list may lose without being suspicious


class Roster(msgspec.Struct, frozen=True):
    """The users of a tenant after a reading, each in one place.

    Attributes:
        listed: those whom the reading has, and who count.
        kept: those whom it has not, and who are shown as they were.
        missing: those whom it has not, and who are remembered but not shown.
        suspicions: suspicious lists in a row, this one included; 0 after one that is believed.
        lost: how many users the list lost, where it is held; else 0.
        nameless: rows that may be those who are lost, where there are any; else 0.
    """

    listed: Mapping[str, UserReading]
    kept: Mapping[str, UserMemory] = MappingProxyType({})
    missing: Mapping[str, UserMemory] = MappingProxyType({})
    suspicions: int = 0
    lost: int = 0
    nameless: int = 0


def muster(memory: TenantMemory, reading: Reading) -> Roster:
    """Who is there after this reading, given who was."""
    lost = {id_: user for id_, user in memory.users.items() if id_ not in reading.users}
    if not reading.whole_list:
        listed = reading.users if len(lost) <= MOST_KEPT else _known(memory, reading)
        return _gone_nowhere(listed, lost, memory.suspicions)
    before = sum(1 for user in memory.users.values() if not user.missing)
    anew = sum(1 for user in lost.values() if not user.missing)
    if anew and reading.nameless > memory.nameless:
        roster = _gone_nowhere(reading.users, lost, memory.suspicions, anew)
        return replace(roster, nameless=reading.nameless)
    suspicious = anew > MOST_LOST * before
    if suspicious and memory.suspicions < HELD:
        return _gone_nowhere(_known(memory, reading), lost, memory.suspicions + 1, anew)
    missing = {
        id_: replace(user, missing=user.missing + 1)
        for id_, user in lost.items()
        if user.missing + 1 < FORGOTTEN
    }
    return Roster(reading.users, missing=missing)


def _known(memory: TenantMemory, reading: Reading) -> Mapping[str, UserReading]:
    return {id_: user for id_, user in reading.users.items() if id_ in memory.users}


def _gone_nowhere(
    listed: Mapping[str, UserReading], lost: Mapping[str, UserMemory], suspicions: int, held: int = 0
) -> Roster:
    """Those who are not listed stay what they were, be it shown or not."""
    return Roster(
        listed,
        kept={id_: user for id_, user in lost.items() if not user.missing},
        missing={id_: user for id_, user in lost.items() if user.missing},
        suspicions=suspicions,
        lost=held,
    )
