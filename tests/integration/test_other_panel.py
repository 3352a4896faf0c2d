"""Against a second implementation of the contract, every figure is right: as a daemon and as `poll-once`."""

import subprocess
import sys
import time
from collections.abc import Mapping

import pytest

from integration.firm_x import Builder, firm_x
from integration.other_panel import OtherPanel
from integration.serving import Figures, environment, figures, running, served

STATES = ("unknown", "not_initialized", "organization_off", "down", "paused", "stalled", "failing", "up")


@pytest.fixture(scope="module")
def firm() -> Builder:
    return firm_x(time.time())


@pytest.fixture(scope="module")
def panel(firm) -> OtherPanel:
    firm.firm.token_uses = 30  # the first poll needs more requests than that
    return OtherPanel(firm_x=firm.firm)


@pytest.fixture(scope="module")
def daemon(firm, panel, tmp_path_factory):
    folder = tmp_path_factory.mktemp("other-panel")
    (folder / "secret").write_text(firm.firm.client_secret + "\n")
    with served(panel.app()) as url:
        config = {
            "state": {"path": "state"},
            "polling": {"interval": "1s"},
            "credentials": {"x": {"client_id": "syncwatch", "client_secret_file": "secret"}},
            "tenants": [{"id": "firm-x", "url": f"{url}/panel/firm-x", "credentials": "x"}],
        }
        with running(folder, config) as started:
            started.polled("firm-x")
            yield started


@pytest.fixture(scope="module")
def once(daemon) -> Figures:
    """What `poll-once` prints; its exit code says that the poll was complete."""
    done = subprocess.run(
        [sys.executable, "-m", "syncwatch", "poll-once", str(daemon.config)],
        capture_output=True,
        check=False,
        env=environment(),
    )
    assert (done.returncode, done.stderr.decode().strip()) == (0, "")
    return figures(done.stdout, "firm-x")


@pytest.fixture(scope="module", params=["run", "poll-once"])
def seen(request, daemon, once) -> Figures:
    return daemon.polled("firm-x", polls=3) if request.param == "run" else once


def keyed(counts: Mapping) -> dict:
    return {key if isinstance(key, tuple) else (key,): float(count) for key, count in counts.items()}


def test_every_user_is_in_the_right_state(seen, firm):
    assert seen["inboxsync_users"] == keyed({state: firm.users[state] for state in STATES})


def test_every_sync_that_is_down_has_the_right_class_and_owner(seen, firm):
    assert seen["inboxsync_syncs_down"] == keyed(firm.down)


def test_the_syncs_that_are_down_add_up(seen):
    users = seen["inboxsync_users"]
    down = users["failing",] + users["down",] + users["stalled",]
    assert sum(seen["inboxsync_syncs_down"].values()) == down


def test_every_open_issue_has_the_right_class_and_owner(seen, firm):
    assert seen["inboxsync_issues_open"] == keyed(firm.issues)


def test_every_mailbox_has_the_right_access_type(seen, firm):
    assert seen["inboxsync_mailboxes"] == keyed(firm.mailboxes)


def test_tokens_duplicates_and_connections(seen):
    assert seen["inboxsync_tokens_expired"] == {("mailbox",): 4, ("crm",): 1}
    assert seen["inboxsync_dedup_conflicts"] == {("user",): 1, ("item",): 3}
    assert seen["inboxsync_organizations_crm_disconnected"] == {(): 3}
    assert seen["inboxsync_users_initialization_overdue"] == {(): 1}


def test_the_times_are_those_of_the_newest_and_the_worst_off_user(seen, firm):
    newest, worst = seen["inboxsync_tenant_last_session_timestamp_seconds"], firm.now - 9000
    assert newest == {(): pytest.approx(firm.now - 300, abs=0.01)}
    assert seen["inboxsync_oldest_session_timestamp_seconds"] == {(): pytest.approx(worst, abs=0.01)}


def test_the_tenant_is_up_and_whole(seen):
    assert seen["inboxsync_tenant_up"] == {(): 1}
    assert seen["inboxsync_tenant_truncated"] == {(): 0}


def test_what_was_there_at_first_sight_is_counted_by_no_counter(seen):
    totals = {name: set(of.values()) for name, of in seen.items() if name.endswith("_total")}
    del totals["inboxsync_tenant_polls_total"]
    assert all(values == {0} for values in totals.values()), totals


def test_what_the_profile_does_not_know_is_counted(daemon):
    page = daemon.ask().body.decode()
    for field in ("mailbox", "switch", "effective", "session_outcome", "access_type"):
        assert f'syncwatch_unknown_values_total{{field="users.{field}"}}' in page
    refused = next(line for line in page.splitlines() if line.startswith("syncwatch_refused_rows_total{"))
    assert float(refused.split()[1]) >= 5


def test_the_contract_was_kept(daemon, once, panel, firm):
    daemon.polled("firm-x", polls=3)
    assert panel.violations == []
    assert firm.firm.asked["token"] >= 2
    assert firm.firm.asked["401"] >= 1


def test_a_poll_of_what_has_not_changed_asks_for_the_lists_alone(daemon, panel, firm):
    before = firm.firm.asked.copy()
    polls = daemon.figures("firm-x")["inboxsync_tenant_polls_total"][()]
    daemon.polled("firm-x", polls=int(polls) + 2)
    more = firm.firm.asked - before
    assert {"issues", "sessions", "plans"}.isdisjoint(more)
    assert more["users"] >= 2


def test_reading_metrics_costs_no_poll(daemon, panel):
    def polls() -> float:
        return daemon.figures("firm-x")["inboxsync_tenant_polls_total"][()]

    asked, before = panel.asked, polls()
    for _ in range(200):
        assert daemon.ask().status == 200
    lists = 2 + 5  # organizations and users, 25 a page
    assert panel.asked - asked <= (polls() - before + 1) * (lists + 1)
