"""One tenant as it really is, living by a seeded game: users, their sessions, and what their Issues tabs show.

It knows nothing of who watches it: what of it counts is `truth`'s to say, and how it is shown is up to `scripted` and
`served`. Every choice comes out of the `Random` that is handed in, so that a seed is a history.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import Enum
from random import Random
from uuid import UUID

INTERVAL = 1800.0  # seconds between two sessions of a user
MONTHS = ("January", "February", "March", "May", "September", "October", "November", "December")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ORGANIZATIONS = ("o1", "o2", "o3")
MOST_USERS = 7
FEWEST_USERS = 3
EVER_ENDS = 300  # sessions that a panel keeps of a user


class End(Enum):
    """How a session may end, with the words that the engine has for it."""

    COMPLETED = ""
    WITH_ISSUES = "SW0002: Detected: 0 conflict(s), 0 duplicate(s), 2 issue(s), 0 confirmation(s)"
    REFUSED = "REQUIRED_FIELD_MISSING: Required fields are missing"
    UNKNOWN = "The frobnicator of the mailbox did not answer"
    SILENT = " "
    TRANSIENT = "ErrorServerBusy: The server cannot service this request right now"
    MAILBOX_TOKEN = "AADSTS700082: The refresh token has expired due to inactivity"
    CRM_TOKEN = "INVALID_SESSION_ID: Session expired or invalid"
    GUARD = "SD0025: Synchronization was stopped in order to prevent creation of duplicates"

    @property
    def completed(self) -> bool:
        return self in {End.COMPLETED, End.WITH_ISSUES}


FAILURES = tuple(end for end in End if not end.completed)


@dataclass(frozen=True)
class Problem:
    """An item that does not sync: a row of the Issues tab, but for what its text has anew each time."""

    name: str
    text: str
    to_crm: bool = True
    operation: str = "create"
    duplicate: bool = False


# Next to each other in every part of what makes one problem.
PROBLEMS = (
    Problem("Hearing 12", End.REFUSED.value),
    Problem("Hearing 13", End.REFUSED.value),
    Problem("Hearing 12", End.REFUSED.value, operation="update"),
    Problem("Hearing 12", End.UNKNOWN.value),
    Problem("Hearing 12", "DUPLICATE_VALUE: duplicate value found", duplicate=True),
    Problem("Hearing 12", "DUPLICATE_VALUE: duplicate value found", to_crm=False, duplicate=True),
)


@dataclass(frozen=True)
class Session:
    """One session; it runs as long as `ended` is None."""

    job: str
    started: float
    ended: float | None = None
    end: End = End.COMPLETED
    message: str | None = None


@dataclass
class User:
    """One user as the panel has them.

    Attributes:
        offset: seconds after which in each interval the session begins.
        sessions: those that ended, the newest first.
        off: whether the engine has switched the sync off for an error.
    """

    id: str
    name: str
    organization: str
    offset: int
    created: float
    sessions: list[Session] = field(default_factory=list)
    running: Session | None = None
    tab: list[Problem] = field(default_factory=list)
    off: bool = False


class World:
    """One tenant's panel; it lives by `step` only.

    Args:
        random: what every choice comes from.
        began: when the history begins, Unix seconds.
        terse: whether the users list leaves the sessions' messages to the sessions table.
        unborn: whether there may be users who have not had a session yet.

    Attributes:
        now: the instant up to which everything has happened.
        users: by id, in the order of the list.
        deleted: ids of those who are not there any more.
    """

    def __init__(
        self, random: Random, *, began: float, users: int = 5, terse: bool = False, unborn: bool = False
    ) -> None:
        self.now = began
        self.terse = terse
        self.users: dict[str, User] = {}
        self.deleted: set[str] = set()
        self._unborn = unborn
        self._traces = Random(random.getrandbits(64))
        for _ in range(users):
            self._arrives(random)
        self.step(random, random.randint(1, 3))

    def step(self, random: Random, intervals: int = 1) -> None:
        """Let so many intervals pass: people come, go and move, and then everybody's sessions run.

        At least one session of somebody who was there before ends.
        """
        veterans = set(self.users)
        before = {id_: user.sessions[:1] for id_, user in self.users.items()}
        self._people(random)
        for number in range(intervals):
            for user in tuple(self.users.values()):
                self._interval(user, random, final=number == intervals - 1)
            self.now += INTERVAL
        for user in self.users.values():
            if not user.sessions and not self._unborn:
                self._ends(user, user.running or self._begun(user, self.now - INTERVAL, random), random)
        stayed = [user for user in self.users.values() if user.id in veterans]
        if all(user.sessions[:1] == before[user.id] for user in stayed):
            user = random.choice(stayed)
            self._ends(user, user.running or self._begun(user, self.now - INTERVAL, random), random)

    def text(self, stable: str) -> str:
        """A text with what texts have anew each time: ids, numbers and dates."""
        random = self._traces
        guid, record = self._id(), f"00Q{random.getrandbits(60):015x}"
        date = f"{random.choice(WEEKDAYS)}, {random.randint(1, 28)} {random.choice(MONTHS)} 2026"
        time = f"{random.randint(1, 12)}:{random.randint(10, 59)} {random.choice(('AM', 'PM'))}"
        return f"{stable} (request {guid}, record {record}, {random.randint(1, 10**6)} ms, {date} {time})"

    def _id(self) -> str:
        return str(UUID(int=self._traces.getrandbits(128)))

    def _people(self, random: Random) -> None:
        leaver = random.choice(tuple(self.users))
        if len(self.users) > FEWEST_USERS and random.random() < 0.2:
            user = self.users.pop(leaver)
            self.deleted.add(leaver)
            if random.random() < 0.4:  # the same person anew
                self._arrives(random, name=user.name, tab=user.tab)
        elif len(self.users) < MOST_USERS and random.random() < 0.2:
            self._arrives(random)
        one = self.users[random.choice(tuple(self.users))]
        if random.random() < 0.15:
            one.organization = random.choice(ORGANIZATIONS)
        if random.random() < 0.15:
            one.name = f"{one.name.partition(' ')[0]} Roe-{random.randint(1, 99)}"

    def _arrives(self, random: Random, name: str = "", tab: list[Problem] | None = None) -> None:
        id_ = self._id()
        name = name or random.choice(("Jane Roe", "John Doe", "Bill May", "Mark Grant"))
        organization, offset = random.choice(ORGANIZATIONS), random.randint(310, 700)
        user = User(id_, name, organization, offset, self.now, tab=list(tab or ()))
        if random.random() < 0.5:
            self.users[id_] = user
        else:
            self.users = {id_: user, **self.users}

    def _interval(self, user: User, random: Random, *, final: bool) -> None:
        if user.running is not None:
            if random.random() < 0.2:
                return  # it takes long
            self._ends(user, user.running, random, not_before=self.now)
            if random.random() < 0.5:
                return
        if random.random() < 0.2:
            return
        begun = self._begun(user, self.now, random)
        if final and random.random() < 0.25:
            user.running = begun
        else:
            self._ends(user, begun, random)

    def _begun(self, user: User, interval: float, random: Random) -> Session:
        return Session(self._id(), interval + user.offset + random.randint(0, 100))

    def _ends(self, user: User, session: Session, random: Random, *, not_before: float = 0.0) -> None:
        newest = user.sessions[0].end if user.sessions else End.COMPLETED
        if not newest.completed and random.random() < 0.4:
            end = newest  # and again
        else:
            end = End.COMPLETED if random.random() < 0.55 else random.choice(FAILURES)
        user.tab = self._tab(user, random) if end.completed else self._tab_after_failure(user, random)
        if end is End.COMPLETED and (user.tab or random.random() < 0.1):
            end = End.WITH_ISSUES
        user.off = not end.completed and end is not End.TRANSIENT and random.random() < 0.5
        at = max(session.started + random.randint(20, 900), not_before + random.randint(30, 300))
        message = self.text(end.value) if end.value.strip() else None
        ended = replace(session, ended=at, end=end, message=message)
        user.sessions = [ended, *user.sessions][:EVER_ENDS]
        user.running = None

    def _tab(self, user: User, random: Random) -> list[Problem]:
        if random.random() < 0.4:
            return user.tab
        left = [problem for problem in user.tab if random.random() < 0.6]
        return [*left, *random.choices(PROBLEMS, k=random.choice((0, 0, 1, 1, 2, 3)))]

    def _tab_after_failure(self, user: User, random: Random) -> list[Problem]:
        """It may be left as it was, be empty, or hold anything."""
        return random.choice(([], [], user.tab, random.choices(PROBLEMS, k=2)))


def lengths(random: Random) -> Iterator[int]:
    """How many intervals each step takes: one mostly, sometimes a gap of hours, seldom a day and more."""
    while True:
        yield random.choices(
            (1, random.randint(2, 4), random.randint(5, 24), random.randint(46, 52)), (12, 5, 2, 1)
        )[0]
