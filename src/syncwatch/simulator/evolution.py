"""What happens to a user at the instants at which something happens: a seeded Markov process.

A session starts once in a plan interval, is seen running, and ends. Trouble comes, stays for some sessions,
switches the user off, is mended; people pause and resume; issues appear and are resolved. A user who is
switched on again ends a first session at that very instant, so that a monitor that has just started and one
that has watched all the time come to the same verdict. Nothing here reads a clock: instants are handed in.
"""

from collections.abc import Callable, Sequence
from functools import partial
from random import Random

from syncwatch.simulator.options import Options
from syncwatch.simulator.people import (
    DISABLED,
    ENABLED,
    IMPERSONATED,
    INITIALIZED,
    LONGEST_SESSION,
    NOT_INITIALIZED,
    Issue,
    Session,
    User,
)
from syncwatch.simulator.texts import Text
from syncwatch.simulator.wordings import INTERRUPTED, ISSUES, SESSION_FAILURES, WITH_ISSUES, WITHOUT_ISSUES

PATIENCE = 5  # failed sessions in a row after which the panel switches a user off
MOST_ISSUES = 12
USUAL_SESSION = 30.0

# How probable each change is at one session, before `Options.change`.
TROUBLE = 0.03
SPEECHLESS = 0.06  # of the troubles: fails without a message
RECOVERY = 0.25
TRANSIENT_RECOVERY = 0.6
PAUSE = 0.005
RESUMPTION = 0.05
REPAIR = 0.08
SET_UP = 0.01
SILENCE = 0.005
HANGING = 0.003
NEW_ISSUE = 0.08
RESOLUTION = 0.15

_ERROR_KINDS = {
    "oauth_token_expired": "authorization",
    "auth_policy_blocked": "authorization",
    "impersonation_denied": "authorization",
    "salesforce_auth": "authorization",
    "exchange_throttled": "throttling",
    "salesforce_limit": "throttling",
}


def instant(seconds: float) -> float:
    """`seconds` as the panel can print them: whole milliseconds."""
    return round(seconds, 3)


class Evolution:
    """The process of one tenant; all its chance comes from `rng`, all its job ids from `next_job`."""

    def __init__(self, options: Options, rng: Random, next_job: Callable[[], str]) -> None:
        self._options = options
        self._rng = rng
        self._next_job = next_job

    def step(self, user: User, at: float) -> float:
        """Let happen what is due for `user` at `at`; return when the next thing is due."""
        if user.running is not None:
            return self._end(user, user.running, at)
        return self._begin(user, at) if user.runs else self._come_back(user, at)

    def choose_trouble(self, user: User) -> Text:
        """Something that makes sessions of `user` fail."""
        return self._draw(SESSION_FAILURES, partial(_may_befall, user))

    def session(self, started: float) -> Session:
        """A session that begins."""
        return Session(self._next_job(), instant(started))

    def fail(self, user: User, session: Session, at: float, text: Text | None) -> None:
        """End a session that does not complete."""
        user.ended.appendleft(session._replace(ended=instant(at), text=text))
        user.failures += 1
        if self._options.empty_tab_on_failure:
            user.issues = ()
        user.touch(at)

    def complete(self, user: User, session: Session, at: float) -> None:
        """End a session that completes: some issues are resolved, some are met for the first time."""
        self._renew_issues(user)
        user.ended.appendleft(
            session._replace(
                ended=instant(at),
                completed=True,
                text=self._rng.choice(WITH_ISSUES if user.issues else WITHOUT_ISSUES),
                issues=len(user.issues),
                conflicts=self._rng.choice((0, 0, 0, 1)) if user.issues else 0,
            ),
        )
        user.failures, user.trouble = 0, None
        user.touch(at)

    def run(self, user: User, at: float) -> None:
        """End a session at this very instant, the one that runs or a short one: well, unless the organization is broken."""
        newest = user.ended[0].ended if user.ended else None
        begun = max(at - self.session_length(user), newest or user.created)
        session, user.running = user.running or self.session(begun), None
        if user.organization.trouble is None:
            self.complete(user, session, at)
        else:
            self.fail(user, session, at, user.organization.trouble)

    def switch_off(self, user: User, at: float) -> None:
        """Do what the panel does after too many failures."""
        kind = _ERROR_KINDS.get(user.trouble.class_, "other") if user.trouble else "other"
        user.error = True
        user.switched(at, None, f"disabled due to {kind} error")
        user.touch(at)

    def meet_issue(self, user: User) -> Issue:
        """An item of `user` that does not sync from now on."""
        return Issue(
            text=self._draw(ISSUES, partial(_may_happen, user)),
            seed=f"{self._rng.getrandbits(64):016x}",
            type=self._rng.choice(("Appointment", "Appointment", "Appointment", "E-Mail", "Contact", "Task")),
            direction=self._rng.choice(("ExchangeToSalesforce", "SalesforceToExchange")),
            operation=self._rng.choice(("Create", "Update", "Delete")),
            code=self._rng.randrange(4),
        )

    def session_length(self, user: User) -> float:
        """How long an ordinary session of `user` takes, in seconds."""
        return min(USUAL_SESSION, 0.3 * user.interval) * self._rng.uniform(0.3, 1.5)

    def _draw(self, texts: Sequence[Text], may_be: Callable[[Text], bool]) -> Text:
        while not may_be(text := self._rng.choice(texts)):
            pass
        return text

    def _chance(self, probability: float) -> bool:
        return self._rng.random() < probability * self._options.change

    def _begin(self, user: User, at: float) -> float:
        if self._chance(PAUSE):
            user.switch = DISABLED
            user.switched(at, "admin", "disabled")
            user.touch(at)
            return at + user.interval
        if self._chance(SILENCE):
            return at + user.stall_limit + user.interval * self._rng.uniform(1, 4)
        user.running = self.session(at)
        user.touch(at)
        if self._chance(HANGING):
            return at + LONGEST_SESSION * self._rng.uniform(1.1, 2)
        return at + self.session_length(user)

    def _end(self, user: User, session: Session, at: float) -> float:
        user.running = None
        if user.organization.trouble is not None:
            self.fail(user, session, at, user.organization.trouble)
        elif at - session.started > LONGEST_SESSION:
            self.fail(user, session, at, INTERRUPTED)
        elif self._in_trouble(user):
            self.fail(user, session, at, user.trouble)
            if user.failures >= PATIENCE:
                self.switch_off(user, at)
        else:
            self.complete(user, session, at)
        missed = (at - session.started) // user.interval
        return session.started + (missed + 1) * user.interval

    def _in_trouble(self, user: User) -> bool:
        if user.failures == 0:
            if not self._chance(TROUBLE):
                return False
            user.trouble = None if self._chance(SPEECHLESS) else self.choose_trouble(user)
            return True
        transient = user.trouble is not None and user.trouble.transient
        return not self._chance(TRANSIENT_RECOVERY if transient else RECOVERY)

    def _come_back(self, user: User, at: float) -> float:
        likely = REPAIR if user.error else RESUMPTION if user.mailbox == INITIALIZED else SET_UP
        if self._chance(likely):
            if user.mailbox == NOT_INITIALIZED:
                user.mailbox = INITIALIZED
            user.switch, user.error = ENABLED, False
            user.switched(at, "admin", "enabled")
            self.run(user, at)
        return at + user.interval

    def _renew_issues(self, user: User) -> None:
        kept = tuple(issue for issue in user.issues if not self._chance(RESOLUTION))
        fresh = (self.meet_issue(user),) if len(kept) < MOST_ISSUES and self._chance(NEW_ISSUE) else ()
        if kept != user.issues or fresh:
            user.issues = kept + fresh


def _may_befall(user: User, text: Text) -> bool:
    """Whether sessions can fail for this: only an account that impersonates is denied it, and no other has no token."""
    if user.enters in IMPERSONATED:
        return text.expired != "mailbox"
    return text.class_ != "impersonation_denied"


def _may_happen(user: User, text: Text) -> bool:
    """Whether an item can meet this: recurring events are not refused where the organization syncs them."""
    return text.class_ != "recurring_sync_disabled" or user.organization.recurring != "1"
