"""Why users are off, by their Activity tabs: asked once after each change of their statuses.

A session that started meanwhile is one too: nobody's runs while they are off. Never costs more than itself
(`side_tables`): it is asked when everything else of a reading is there, and where it fails the user is settled all the
same, and asked for again by the next poll.
"""

from collections.abc import Container, Iterable, Mapping
from math import inf
from types import MappingProxyType

from msgspec.structs import replace

from syncwatch.errors import PollError
from syncwatch.model import Change, Mailbox, Switch, SwitchedOff, UserFacts, Why
from syncwatch.polling.fan_out import ask_each
from syncwatch.polling.side_tables import if_allowed, of_all
from syncwatch.rows import ActivityRow, PanelReading, Sight
from syncwatch.state.memory import UserMemory
from syncwatch.state.reading import UserReading

_WHY: Mapping[Change, Why | None] = MappingProxyType(
    {
        Change.ENABLED: None,
        Change.DISABLED: Why.PERSON,
        Change.DISABLED_BY_AUTHORIZATION: Why.AUTHORIZATION,
        Change.DISABLED_BY_THROTTLING: Why.THROTTLING,
        Change.DISABLED_BY_OTHER: Why.OTHER,
    }
)
"""What each change of the switch says; other rows say nothing about it."""

_OFF = frozenset({Switch.DISABLED, Switch.DISABLED_BY_ERROR})


class Activity:
    """The Activity tabs of one reading."""

    def __init__(self, panel: PanelReading, users: dict[str, UserReading]) -> None:
        self._panel = panel
        self._users = users  # filled in where the tab was read

    async def read(self, turn: int, deadline: float, among: Container[str] | None) -> list[PollError]:
        """Ask for those who need it, `among` these or among all; gives what failed beside the tabs themselves."""
        sight = self._panel.sight
        wanted = (id_ for id_ in self._users if among is None or id_ in among)
        ids = [id_ for id_ in wanted if needs_activity(self._users[id_].facts, sight)]
        return of_all(await ask_each(ids, self._user, deadline, turn=turn))

    async def _user(self, id_: str) -> None:
        rows = await if_allowed(self._panel.activity(id_))
        user = self._users[id_]
        facts = replace(user.facts, switched_off=switched_off(rows or ()), activity_known=True)
        self._users[id_] = replace(user, facts=facts)


def carry_activity(listed: UserFacts, old: UserMemory | None) -> UserFacts:
    """The listed facts with what is remembered of the Activity tab, as long as the statuses are the same.

    A session that started since says that the user was on in between, be the statuses as they were.
    """
    if old is None or listed is old.facts or not old.facts.activity_known:
        return listed
    if _statuses(listed) != _statuses(old.facts) or _newest_start(listed) > _newest_start(old.facts):
        return listed
    return replace(listed, switched_off=old.facts.switched_off, activity_known=True)


def needs_activity(facts: UserFacts, sight: Sight) -> bool:
    """Whether the tab must be read: of a user whom an error or a person has switched off, once."""
    if not sight.activity or facts.activity_known or facts.mailbox is not Mailbox.INITIALIZED:
        return False
    return facts.error or facts.switch in _OFF or facts.effective is Switch.DISABLED_BY_ERROR


def switched_off(rows: Iterable[ActivityRow]) -> SwitchedOff | None:
    """When and why the user was switched off; None if the rows do not tell, or if the user is on again."""
    last = max((row for row in rows if row.change in _WHY), key=lambda row: row.at, default=None)
    why = _WHY[last.change] if last else None
    return SwitchedOff(last.at, why) if last and why else None


def _statuses(facts: UserFacts) -> tuple[object, ...]:
    return facts.mailbox, facts.switch, facts.effective, facts.error


def _newest_start(facts: UserFacts) -> float:
    return max((session.started for session in (facts.last, facts.running) if session), default=-inf)
