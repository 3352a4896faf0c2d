"""The worked example of docs/panel-profiles.md, taken out of the page and run against a panel of that shape."""

import re
import time

import pytest
import yaml

from integration.made_up_panel import KEY, harbor
from integration.profiled import polled, states
from integration.serving import ROOT, served
from syncwatch.config.shipped import shipped
from syncwatch.panel.compile import compile_profile
from syncwatch.panel.profile.asking import Authentication, Paging
from syncwatch.panel.profile.load import load_profiles
from syncwatch.panel.profile.schema import Profile
from syncwatch.panel.tables import TABLES

PAGE = (ROOT / "docs" / "panel-profiles.md").read_text(encoding="utf-8")


def block(first_line: str) -> str:
    """The YAML block of the page that begins with `first_line`."""
    blocks = [
        each for each in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if each.startswith(first_line)
    ]
    assert len(blocks) == 1, f"{first_line}: {len(blocks)} blocks"
    return blocks[0]


@pytest.fixture(scope="module")
def panel():
    return harbor(time.time())


@pytest.fixture(scope="module")
def seen(panel, tmp_path_factory):
    folder = tmp_path_factory.mktemp("made-up")
    (folder / "harbor-calendar.yaml").write_text(block("profile: harbor-calendar\n"), encoding="utf-8")
    (folder / "key").write_text(KEY, encoding="utf-8")
    config = yaml.safe_load(block("panels:\n"))
    (tenant,) = config.pop("tenants")
    with served(panel.app()) as url:
        return polled(folder, {**tenant, "url": url}, **config)


def test_every_user_of_the_made_up_panel_is_in_the_right_state(seen):
    assert seen["inboxsync_users"] == states(
        up=2, failing=1, down=1, paused=1, organization_off=1, not_initialized=1, stalled=2, unknown=1
    )


def test_its_runs_find_their_people_by_the_address(seen):
    assert seen["inboxsync_syncs_down"] == {
        ("oauth_token_expired", "end_user"): 2,
        ("no_recent_session", "vendor_support"): 2,
    }


def test_its_problems_are_issues(seen):
    assert seen["inboxsync_issues_open"] == {
        ("salesforce_lock_contention", "nobody"): 1,
        ("unclassified", "vendor_support"): 0,
    }


def test_it_is_asked_in_its_own_way_and_for_no_more_than_it_has(seen, panel):
    assert panel.violations == []
    assert panel.asked.count("/rest/v2/runs") == -(-len(panel.runs) // 3)


def test_what_it_does_not_tell_is_absent(seen):
    assert not {"inboxsync_mailboxes", "inboxsync_organizations_crm_disconnected"} & seen.keys()


def test_the_example_of_an_extended_profile_changes_what_it_writes_and_nothing_else(tmp_path):
    text = block("profile: our-salesforce\n")
    (tmp_path / "ours.yaml").write_text(text, encoding="utf-8")
    profiles = load_profiles([*shipped("panels"), tmp_path / "ours.yaml"])
    ours, parent = profiles["our-salesforce"], profiles["einstein-activity-capture"]
    before, after = (each.tables.users.fields.switch.values for each in (parent, ours))
    assert {word for word in before if before[word] != after[word]} == {"DISABLED"}
    assert ours.tables.users.fields.condition == parent.tables.users.fields.condition
    assert ours.authentication == parent.authentication


def seen_by_profile() -> dict[str, dict[str, bool]]:
    """The page's table of what each shipped profile sees: by profile, by what."""
    lines = re.findall(r"^\| \| `litify-inbox`.*?\n\n", PAGE, re.DOTALL | re.MULTILINE)[0].splitlines()
    head, _, *rows = ([cell.strip(" `") for cell in line.split("|")[1:-1]] for line in lines if line)
    told = {row[0]: [not cell.startswith("no") for cell in row[1:]] for row in rows}
    return {name: {what: cells[place] for what, cells in told.items()} for place, name in enumerate(head[1:])}


def test_the_page_tells_what_each_shipped_profile_sees():
    profiles = load_profiles(shipped("panels"))
    assert seen_by_profile().keys() == profiles.keys()
    for name, told in seen_by_profile().items():
        sight = compile_profile(profiles[name], b"a key of 32 bytes for the hashes").sight
        for what in ("organizations", "plans", "sessions", "issues"):
            assert told[what] is getattr(sight, what), f"{name}: {what}"
        assert told["what a failed session says"] is sight.messages
        assert told["their settings"] is sight.settings
        assert told["why a user was switched off"] is sight.activity


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(Profile.model_fields, id="keys"),
        pytest.param(Authentication.model_fields, id="authentication"),
        pytest.param(Paging.model_fields, id="paging"),
        pytest.param({field for table in TABLES.values() for field in table}, id="fields"),
    ],
)
def test_the_page_names_everything_that_a_profile_may_say(names):
    absent = [name for name in names if not re.search(rf"`{name}\b", PAGE)]
    assert not absent
