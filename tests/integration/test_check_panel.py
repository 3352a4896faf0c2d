"""From a panel that nobody has described to figures: `check-panel`, and its patch as it is."""

import time

import pytest
import yaml

from integration.commands import command
from integration.made_up_panel import KEY, harbor
from integration.profiled import TENANT, polled, states
from integration.serving import served
from integration.test_profiles import block

# All that a person knows of the panel: how to ask, where the lists are, and whose rows they hold.
BARE = block("profile: harbor-bare\n")
CREDENTIALS = {"harbor": {"token_file": "key"}}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "bare.yaml").write_text(BARE, encoding="utf-8")
    (tmp_path / "key").write_text(KEY, encoding="utf-8")
    return tmp_path


@pytest.fixture
def panel():
    return harbor(time.time())


def check(folder, url, *files, tenant=TENANT):
    """Look at the panel by the profile in the last of these files."""
    profile = yaml.safe_load((folder / files[-1]).read_text())["profile"]
    config = {
        "panels": {"files": list(files)},
        "credentials": CREDENTIALS,
        "tenants": [{"id": TENANT, "url": url, "profile": profile, "credentials": "harbor"}],
    }
    (folder / "check.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return command("check-panel", folder / "check.yaml", "--tenant", tenant)


def test_the_patch_makes_the_panel_readable(folder, panel):
    with served(panel.app()) as url:
        first = check(folder, url, "bare.yaml")
        (folder / "patch.yaml").write_text(first.stdout, encoding="utf-8")
        profile = yaml.safe_load(first.stdout)["profile"]
        tenant = {"url": url, "profile": profile, "credentials": "harbor"}
        files = {"files": ["bare.yaml", "patch.yaml"]}
        seen = polled(folder, tenant, panels=files, credentials=CREDENTIALS)
    assert (first.exit_code, profile) == (1, f"{TENANT}-panel")
    assert seen["inboxsync_users"] == states(
        up=2, failing=1, down=1, paused=1, organization_off=1, not_initialized=1, stalled=2, unknown=1
    )
    assert seen["inboxsync_syncs_down"] == {
        ("oauth_token_expired", "end_user"): 2,
        ("no_recent_session", "vendor_support"): 2,
    }
    assert seen["inboxsync_issues_open"]["salesforce_lock_contention", "nobody"] == 1
    assert not {"inboxsync_mailboxes", "inboxsync_organizations_crm_disconnected"} & seen.keys()
    assert panel.violations == []
    assert first.stdout == block("# unsure: users.switch"), "the page shows what the command prints"


def test_it_is_run_again_until_all_is_well(folder, panel):
    with served(panel.app()) as url:
        (folder / "patch.yaml").write_text(check(folder, url, "bare.yaml").stdout, encoding="utf-8")
        second = check(folder, url, "bare.yaml", "patch.yaml")
        for person in panel.people:
            if person["calendar"]["mode"] == "adrift":
                person["calendar"]["mode"] = "off"
        third = check(folder, url, "bare.yaml", "patch.yaml")
    assert second.exit_code == 1
    assert "users.switch: words without a meaning that are not shown: 1" in second.stdout
    assert (third.exit_code, third.stdout) == (0, "")
    assert "all is well" in third.stderr


def test_the_report_tells_table_by_table_and_shows_no_value(folder, panel):
    with served(panel.app()) as url:
        told = check(folder, url, "bare.yaml")
    assert "users: 1 list, 4 pages, 10 rows" in told.stderr
    assert "person.contact.mail" in told.stderr
    output = told.stdout + told.stderr
    values = ("harbor.example", "Jane", "Status call", "AADSTS", "UNABLE", "well-300", "quay", "adrift", KEY)
    assert not [value for value in values if value in output]


def test_a_list_that_is_elsewhere_is_told_with_the_others(folder, panel):
    (folder / "bare.yaml").write_text(BARE.replace("rest/v2/tariffs", "rest/v2/prices"), encoding="utf-8")
    with served(panel.app()) as url:
        told = check(folder, url, "bare.yaml")
    assert "http_4xx: plans: HTTP 400" in told.stderr
    assert "tables: {plans: null}" in told.stdout
    assert "sessions" in yaml.safe_load(told.stdout)["tables"]


def test_a_tenant_that_is_none_is_bad_input(folder):
    told = check(folder, "https://harbor.example.com", "bare.yaml", tenant="nobody")
    assert (told.exit_code, told.stdout) == (2, "")
    assert "there is no tenant 'nobody'" in told.stderr
