"""The log says what changed, once."""

import pytest
from msgspec import structs
from structlog.testing import capture_logs

from syncwatch.errors import Reason
from syncwatch.model import Cause, Owner, State, Verdict
from syncwatch.polling.announce import Announcer
from syncwatch.polling.offline import Reachability
from syncwatch.polling.poll import Result
from syncwatch.rows import EVERYTHING, Figures
from syncwatch.state.ledger import Ledger
from syncwatch.state.memory import TenantMemory
from syncwatch.state.snapshot import Snapshot
from syncwatch.state.transitions import Events, StateChange, Tally
from unit.given import MINUTE, T0, failed


def result(
    reason: Reason | None = None, *changes: StateChange, at: float = T0, data: float | None = None
) -> Result:
    error = failed(reason) if reason else None
    snapshot = None
    if data is not None:
        snapshot = Snapshot("firm-1", data, TenantMemory(), {}, Owner.VENDOR_SUPPORT)
    events = Events(changes=list(changes))
    return Result(Ledger(), at, 1.0, error, snapshot, events, Tally(), Figures(), EVERYTHING)


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


def test_a_trouble_of_a_whole_organization_is_said_when_it_begins_and_when_it_is_over(said):
    cause = Cause("o1", "impersonation_denied", Owner.MAIL_ADMIN, 80, 80)
    for events in (Events(began=[cause]), Events(), Events(over=[cause])):
        Announcer().announce("firm-1", structs.replace(result(), happened=events))
    begun, over = said
    assert (begun["event"], begun["log_level"]) == ("organization_wide_cause", "warning")
    assert (begun["organization"], begun["class"], begun["owner"]) == (
        "o1",
        "impersonation_denied",
        "mail_admin",
    )
    assert (begun["down"], begun["active"]) == (80, 80)
    assert (over["event"], over["organization"]) == ("organization_wide_cause_over", "o1")


def test_a_tenant_that_is_watched_no_longer_is_forgotten(said):
    announcer = Announcer()
    announcer.announce("firm-1", result(Reason.DNS))
    announcer.keep({"firm-2": 900.0})
    announcer.announce("firm-1", result())
    assert [entry["event"] for entry in said] == ["poll_failed"]


def test_an_export_that_is_no_longer_made_is_said_once_and_once_more_when_it_is_over(said):
    announcer = Announcer()
    announcer.keep({"firm-1": 15 * MINUTE})
    for minutes, data in ((0, 0), (14, 0), (15, 0), (20, 0), (25, 24), (30, 24)):
        announcer.announce("firm-1", result(at=T0 + minutes * MINUTE, data=T0 + data * MINUTE))
    assert [(entry["event"], entry["log_level"]) for entry in said] == [
        ("data_stale", "warning"), ("data_fresh", "info"),
    ]  # fmt: skip
    assert (said[0]["tenant"], said[0]["age_minutes"], said[0]["limit_minutes"]) == ("firm-1", 15, 15)


def test_data_gets_old_while_polls_fail_too_and_a_tenant_without_any_has_none_that_could(said):
    announcer = Announcer()
    announcer.keep({"firm-1": 15 * MINUTE, "firm-2": 15 * MINUTE})
    announcer.announce("firm-1", result(data=T0))
    for tenant in ("firm-1", "firm-2"):
        announcer.announce(tenant, result(Reason.DNS, at=T0 + 20 * MINUTE))
    assert [(entry["tenant"], entry["event"]) for entry in said] == [
        ("firm-1", "poll_failed"), ("firm-1", "data_stale"), ("firm-2", "poll_failed"),
    ]  # fmt: skip
    assert said[1]["age_minutes"] == 20


def test_an_old_export_is_said_at_the_first_poll(said):
    announcer = Announcer()
    announcer.keep({"firm-1": 15 * MINUTE})
    announcer.announce("firm-1", result(data=T0 - 3 * 24 * 60 * MINUTE))
    assert [(entry["event"], entry["age_minutes"]) for entry in said] == [("data_stale", 4320)]


def test_a_longer_limit_makes_data_fresh_again(said):
    announcer = Announcer()
    for limit in (15, 60):
        announcer.keep({"firm-1": limit * MINUTE})
        announcer.announce("firm-1", result(data=T0 - 20 * MINUTE))
    assert [entry["event"] for entry in said] == ["data_stale", "data_fresh"]


def test_users_of_whom_none_is_known_any_more_are_said_once(said):
    announcer = Announcer()
    changed = structs.replace(result(), happened=Events(strangers=True))
    for each in (result(), changed, result()):
        announcer.announce("firm-1", each)
    assert [entry["event"] for entry in said] == ["user_ids_changed"]


def test_when_nobody_can_be_reached_that_is_said_once_and_of_no_tenant(said):
    announcer = Announcer()
    offline = Reachability(50, 45, offline=True)
    for number in range(50):
        announcer.announce(f"firm-{number}", result(Reason.DNS), offline)
    announcer.announce("firm-1", result(Reason.HTTP_5XX), offline)
    announcer.announce("firm-0", result(), Reachability(50, 20, offline=False))
    announcer.announce("firm-2", result(Reason.DNS), Reachability(50, 20, offline=False))
    assert [(entry["event"], entry.get("tenant"), entry.get("hosts")) for entry in said] == [
        ("offline", None, 50),
        ("poll_failed", "firm-1", None),
        ("online", None, 50),
        ("poll_failed", "firm-2", None),
    ]
    assert [entry["log_level"] for entry in said[::2]] == ["warning", "info"]


def test_before_that_is_known_only_so_many_are_said_in_a_minute_and_the_others_later(said):
    announcer = Announcer()
    for minute in range(3):
        for number in range(50):
            at = T0 // MINUTE * MINUTE + minute * MINUTE
            announcer.announce(f"firm-{number}", result(Reason.CONNECT, at=at))
    assert len(said) == len({entry["tenant"] for entry in said}) == 50
    announcer.announce("firm-0", result())
    assert said[-1]["event"] == "poll_recovered"
