"""How a tenant looks when its world begins: its organizations, its plans, and users in every state.

A tenant with enough users has at least one of each kind of user. Nobody has a future here: what a newborn
user will do first, and when, is returned beside it.
"""

from collections import deque
from random import Random
from typing import NamedTuple

from syncwatch.simulator.evolution import PATIENCE, Evolution, instant
from syncwatch.simulator.fiction import digest, guid, person
from syncwatch.simulator.options import Format, Options
from syncwatch.simulator.people import (
    DISABLED,
    ENABLED,
    LONGEST_SESSION,
    NOT_INITIALIZED,
    Organization,
    Plan,
    User,
)

ACCESS_TYPES = {
    "Exchange basic (EWS API) - End User": "ews_basic_user",
    "Exchange basic (EWS API) - Impersonated": "ews_basic_impersonated",
    "Microsoft 365 OAuth (EWS API) - End User": "m365_ews_user",
    "Microsoft 365 OAuth (EWS API) - Impersonated": "m365_ews_impersonated",
    "Microsoft 365 OAuth (Graph API) - End User": "m365_graph_user",
    "Microsoft 365 OAuth (Graph API) - App-only": "m365_graph_app_only",
    "Google Direct Logon": "google_direct",
    "Google Service Account": "google_service_account",
}
DAY = 86_400.0
WARM_UP = 6  # plan intervals that an ordinary user has behind it
_PLANS = (80, 15, 5)  # how common are: the usual plan, the slow one, none
_ONE_PLAN = (1, 0, 0)
_KINDS = {
    "ordinary": 72,
    "failing": 6,
    "down": 5,
    "uninitialized": 4,
    "paused": 4,
    "silent": 3,
    "stuck": 1,
    "newcomer": 2,
    "forgotten": 1,
    "odd_mailbox": 1,
    "odd_switch": 1,
}


class Newborn(NamedTuple):
    """A user, and when something happens to it for the first time; None if never."""

    user: User
    due: float | None


class Birth:
    """Makes the inhabitants of one tenant as of `epoch`; `rng` and `evolution` are the tenant's own."""

    def __init__(
        self, options: Options, tenant: str, epoch: float, rng: Random, evolution: Evolution
    ) -> None:
        self._options = options
        self._tenant = tenant
        self._epoch = epoch
        self._rng = rng
        self._evolution = evolution
        # Exports show no plans: whoever reads them can only take everybody to have the usual one.
        self._plan_weights = _ONE_PLAN if options.read_as(tenant) is Format.CSV else _PLANS

    def organizations(self, *, last_is_off: bool) -> tuple[Organization, ...]:
        """As many as the options say, or two to four; the last of several may be off."""
        count = self._options.organizations or self._rng.randint(2, 4)
        return tuple(
            Organization(
                id=f"org-{number}",
                name=f"Office {number}",
                access_type=self._rng.choice(tuple(ACCESS_TYPES)),
                status=DISABLED if last_is_off and number == count > 1 else ENABLED,
                crm=self._rng.choices(("Connected", "Disconnected"), (9, 1))[0],
                recurring=self._recurring(number),
            )
            for number in range(1, count + 1)
        )

    def _recurring(self, number: int) -> str | None:
        source = digest(self._options.seed, self._tenant, number, "recurring")
        return ("0", "1", None)[source[0] % 3]

    def plans(self) -> tuple[Plan, ...]:
        """The usual plan, one that is half as fast, and one that nobody has any more."""
        usual = self._options.plan_interval
        return (
            Plan("plan-1", "Standard", usual, active=True),
            Plan("plan-2", "Economy", 2 * usual, active=True),
            Plan("plan-3", "Retired", 4 * usual, active=False),
        )

    def users(self, organizations: tuple[Organization, ...], plans: tuple[Plan, ...]) -> list[Newborn]:
        """All users of the tenant, in the order of the users list."""
        return [
            self._bear(kind, self._user(index, kind, organizations, plans))
            for index, kind in enumerate(self._kinds())
        ]

    def _kinds(self) -> list[str]:
        count = self._options.users
        dealt = list(_KINDS) if count >= 2 * len(_KINDS) else []
        dealt += self._rng.choices(tuple(_KINDS), tuple(_KINDS.values()), k=count - len(dealt))
        self._rng.shuffle(dealt)
        return dealt

    def _user(
        self, index: int, kind: str, organizations: tuple[Organization, ...], plans: tuple[Plan, ...]
    ) -> User:
        source = digest(self._options.seed, self._tenant, index)
        name = person(source)
        mailbox = name.lower().replace(" ", ".").replace("'", "")
        running = tuple(one for one in organizations if one.status == ENABLED)
        plan = self._rng.choices((plans[0], plans[1], None), self._plan_weights)[0]
        own_access = self._rng.choice(tuple(ACCESS_TYPES)) if self._rng.randrange(3) == 0 else None
        return User(
            id=guid(source),
            name=name,
            email=f"{mailbox}{index}@{self._tenant}.example",
            organization=self._rng.choice(organizations if kind == "ordinary" else running),
            plan=plan,
            interval=plan.interval if plan else self._options.plan_interval,
            access_type=own_access,
            created=instant(self._epoch - DAY * self._rng.uniform(30, 600)),
            ended=deque(maxlen=self._options.history),
        )

    def _bear(self, kind: str, user: User) -> Newborn:
        user.touch(user.created)
        if user.organization.status != ENABLED:
            self._remember(user, self._epoch - DAY * self._rng.uniform(2, 60))
            return Newborn(user, None)
        make = {
            "ordinary": self._ordinary,
            "failing": self._failing,
            "down": self._down,
            "uninitialized": self._uninitialized,
            "paused": self._paused,
            "silent": self._silent,
            "stuck": self._stuck,
            "newcomer": self._newcomer,
            "forgotten": self._forgotten,
            "odd_mailbox": self._odd_mailbox,
            "odd_switch": self._odd_switch,
        }[kind]
        return Newborn(user, make(user))

    def _ordinary(self, user: User) -> float:
        user.issues = tuple(
            self._evolution.meet_issue(user) for _ in range(self._rng.choice((0, 0, 0, 1, 3)))
        )
        return self._epoch - user.interval * (WARM_UP + self._rng.random())

    def _failing(self, user: User) -> float:
        text = self._evolution.choose_trouble(user)
        user.trouble = None if self._rng.randrange(10) == 0 else text
        return self._fail_until_now(user, self._rng.randint(2, PATIENCE - 1))

    def _down(self, user: User) -> float:
        user.trouble = self._evolution.choose_trouble(user)
        due = self._fail_until_now(user, PATIENCE)
        if self._rng.randrange(6) == 0:  # switched off although the last session completed
            self._evolution.complete(user, self._evolution.session(user.updated), self._epoch)
        self._evolution.switch_off(user, self._epoch)
        return due

    def _uninitialized(self, user: User) -> float:
        user.mailbox, user.switch = NOT_INITIALIZED, DISABLED
        return self._soon(user)

    def _paused(self, user: User) -> float:
        at = instant(self._epoch - DAY * self._rng.uniform(0.1, 20))
        self._remember(user, at - 60)
        user.switch = DISABLED
        user.switched(at, "admin", "disabled")
        user.touch(at)
        return self._soon(user)

    def _silent(self, user: User) -> float:
        self._remember(user, self._epoch - user.stall_limit - DAY * self._rng.uniform(0.01, 2))
        return self._soon(user)

    def _stuck(self, user: User) -> float:
        started = instant(self._epoch - LONGEST_SESSION * self._rng.uniform(1.1, 3))
        self._remember(user, started - user.interval)
        user.running = self._evolution.session(started)
        user.touch(started)
        return self._soon(user)

    def _newcomer(self, user: User) -> float:
        user.created = instant(self._epoch - self._rng.uniform(0, 60))
        user.touch(user.created)
        return self._epoch + min(user.stall_limit / 2, 4 * user.interval)

    def _forgotten(self, user: User) -> float:
        return self._soon(user)

    def _odd_mailbox(self, user: User) -> None:
        user.mailbox = "Migrating"

    def _odd_switch(self, user: User) -> None:
        user.switch = "Suspended"

    def _soon(self, user: User) -> float:
        """Some time after the world's beginning, so that extraordinary states are there to be seen at first."""
        return self._epoch + user.interval * self._rng.uniform(8, 60)

    def _remember(self, user: User, last: float) -> None:
        """Three sessions of old, the newest of which ended at `last`."""
        for age in (2, 1, 0):
            ended = last - age * user.interval
            session = self._evolution.session(ended - self._evolution.session_length(user))
            self._evolution.complete(user, session, ended)

    def _fail_until_now(self, user: User, times: int) -> float:
        """Failed sessions up to the world's beginning; return when the next one is due."""
        due = self._epoch + user.interval * self._rng.random()
        for age in range(times, 0, -1):
            session = self._evolution.session(due - age * user.interval)
            # The newest one may have begun less than a second ago.
            self._evolution.fail(user, session, min(session.started + 1, self._epoch), user.trouble)
        return due
