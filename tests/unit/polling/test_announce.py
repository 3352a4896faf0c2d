"""The log says what changed, once."""

import pytest
from structlog.testing import capture_logs

from syncwatch.errors import Reason
from syncwatch.model import Owner, State, Verdict
from syncwatch.polling.announce import Announcer
from syncwatch.polling.poll import Result
from syncwatch.rows import Figures
from syncwatch.state.memory import TenantMemory
from syncwatch.state.transitions import Events, StateChange
from unit.given import T0, failed


def result(reason: Reason | None = None, *changes: StateChange) -> Result:
    error = failed(reason) if reason else None
    return Result(TenantMemory(), T0, 1.0, error, None, Events(changes=list(changes)), Figures())


@pytest.fixture
def said():
    with capture_logs() as entries:
        yield entries


def test_a_failure_is_said_once_and_again_when_the_reason_changes_or_it_is_over(said):
    announcer = Announcer()
    for reason in (None, Reason.DNS, Reason.DNS, Reason.TLS, Reason.TLS, None, None):
        announcer.announce("firm-1", result(reason))
    assert [(entry["event"], entry["reason"]) for entry in said] == [
        ("poll_failed", "dns"), ("poll_failed", "tls"), ("poll_recovered", "tls"),
    ]  # fmt: skip


def test_a_user_is_said_when_the_state_changes(said):
    down = Verdict(State.DOWN, "oauth_token_expired", Owner.END_USER)
    Announcer().announce("firm-1", result(None, StateChange("u1", State.UP, down)))
    (entry,) = said
    assert (entry["user"], entry["before"], entry["state"], entry["class"]) == (
        "u1", "up", "down", "oauth_token_expired",
    )  # fmt: skip


def test_a_tenant_that_is_watched_no_longer_is_forgotten(said):
    announcer = Announcer()
    announcer.announce("firm-1", result(Reason.DNS))
    announcer.keep(["firm-2"])
    announcer.announce("firm-1", result())
    assert [entry["event"] for entry in said] == ["poll_failed"]
