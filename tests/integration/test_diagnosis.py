"""A diagnosis over real HTTP: one cause before its eighty symptoms, what three cuts mean, and the ticket."""

import asyncio
from pathlib import Path

import pytest

from integration.bench import Bench, Person, bench, firm
from integration.commands import command
from integration.firm_x import iso, issue
from integration.other_panel import Firm

DENIED = "ErrorImpersonateUserDenied: The account does not have permission to impersonate the requested user."
LIMIT = "REQUEST_LIMIT_EXCEEDED: TotalRequests Limit exceeded."
CLASS = ("impersonation_denied", "mail_admin")
RECURRENT = "ServiceAutoTrackRecurrentEvents"
SHARED = "Exchange basic (EWS API) - Impersonated"


def people(where: Firm, number: int, now) -> list[Person]:
    where.organizations[0]["mailboxAccessType"] = SHARED
    return [Person(where, now, f"u-{each}") for each in range(number)]


async def asked(b: Bench, folder: Path, name: str, *options: str) -> tuple[int, str]:
    """Exit code and output of a command, on a thread of its own because the panel is served on this one."""
    of_firm = (name, folder / "syncwatch.yaml", "--tenant", "firm", *options)
    done = await asyncio.to_thread(command, *of_firm, SECRET=b.panel.firms["firm"].client_secret)
    return done.exit_code, done.output


async def test_one_cause_for_eighty_users_until_less_than_a_quarter_is_left(tmp_path):
    where = firm()
    async with bench(tmp_path, firm=where) as b:
        everybody = people(where, 80, b.clock.now)
        for person in everybody:
            person.runs(DENIED, tab=[issue("Mailbox does not exist.")])
        async with b.running(b.setup("firm")):
            await b.shows(80, "syncs_down", *CLASS)
            await b.shows(1, "organization_wide_causes", *CLASS)
            await _diagnosed_and_ticketed(b, tmp_path)
            for left in (39, 20):
                _come_back(everybody, left)
                await b.shows(left, "syncs_down", *CLASS)
                assert b.value("organization_wide_causes", *CLASS) == 1, f"{left} of 80 are left"
            _come_back(everybody, 19)
            await b.shows(19, "syncs_down", *CLASS)
            assert b.value("organization_wide_causes", *CLASS) is None
            for person in everybody[19:39]:
                person.runs(DENIED)
            await b.shows(39, "syncs_down", *CLASS)
            assert b.value("organization_wide_causes", *CLASS) is None, "less than half of them begin none"


def _come_back(everybody: list[Person], left: int) -> None:
    for person in everybody[left:]:
        person.runs()


async def _diagnosed_and_ticketed(b: Bench, folder: Path) -> None:
    code, said = await asked(b, folder, "diagnose", "--user", "u-7")
    headline, first, *_ = said.partition("\n\n")[2].splitlines()
    assert code == 0
    assert headline == (
        "organization-wide cause: impersonation_denied, 80 of 80 active users of organization org are down with it"
    )
    assert first.strip() == "owner: mail_admin"
    assert "class:  impersonation_denied\nowner:  mail_admin\ndo:     Grant the service account" in said
    code, ticket = await asked(b, folder, "ticket", "--user", "u-7")
    fields = dict(line.split(":", 1) for line in ticket.splitlines())
    told = {name: value.strip() for name, value in fields.items()}
    assert (code, told["class"], told["job"]) == (0, "impersonation_denied", "u-7/1")
    assert told["others"] == "at least 79 of the organization, at least 79 of the tenant", (
        "their issues were not read"
    )
    assert told["access type"] == "ews_basic_impersonated"
    assert told["first seen"].endswith(" or earlier")


async def test_what_passes_by_itself_is_an_organizations_cause_too_once_it_comes_again(tmp_path):
    where = firm()
    async with bench(tmp_path, firm=where) as b:
        for person in people(where, 6, b.clock.now):
            person.runs(LIMIT, ago=600)
            person.runs(LIMIT)
        async with b.running(b.setup("firm")):
            await b.shows(1, "organization_wide_causes", "salesforce_limit", "salesforce_admin")
        _, said = await asked(b, tmp_path, "diagnose", "--user", "u-3")
        assert "organization-wide cause: salesforce_limit, 6 of 6" in said
        assert "setting SalesForceAPICallMinCount: not visible to monitoring" in said


async def test_the_thresholds_are_those_of_the_configuration(tmp_path):
    where = firm()
    async with bench(tmp_path, firm=where) as b:
        ill, *well = people(where, 4, b.clock.now)
        ill.runs(DENIED)
        for person in well:
            person.runs()
        b.setup("firm")
        config = tmp_path / "syncwatch.yaml"
        config.write_text(config.read_text() + "diagnosis: {organization_wide: {users: 1, share: 0.25}}\n")
        async with b.running(b.loaded()):
            await b.shows(1, "organization_wide_causes", *CLASS)


async def test_three_sessions_cut_at_an_hour_are_the_time_limit_and_no_cancel(tmp_path):
    where = firm()
    async with bench(tmp_path, firm=where) as b:
        (person,) = people(where, 1, b.clock.now)
        for ago in (7800, 4000, 60):
            person.starts(ago=ago + 3600)
            person.ends("Canceled (SW0001) SW0001: Synchronization was canceled by user.", ago=ago)
        async with b.running(b.setup("firm")):
            await b.shows(1, "syncs_down", "session_time_limit", "vendor_support")
        config = tmp_path / "syncwatch.yaml"
        b.setup("firm", polling={"max_session": "3h"})
        code, said = await asked(b, tmp_path, "ticket", "--user", "u-0")
        assert code == 0
        assert "class:         session_time_limit\ncodes:         SW0001\n" in said
        config.write_text(config.read_text() + "diagnosis: {session_time_limit: 3h}\n")
        _, said = await asked(b, tmp_path, "ticket", "--user", "u-0")
        assert "class:         sync_interrupted\n" in said


async def test_where_no_text_speaks_the_activity_tab_tells_and_nobody_without_a_login_is_sent_to_one(
    tmp_path,
):
    where = firm()
    async with bench(tmp_path, firm=where) as b:
        everybody = people(where, 6, b.clock.now)
        for person in everybody:
            person.runs("no rule knows this: \N{BLACK STAR}")
            person.row |= {
                "disabledDueToError": True,
                "effectiveSynchronizationStatus": "Disabled due to an error",
            }
            details = "User synchronization is disabled due to authorization error"
            where.activity[person.row["userId"]] = [
                {"date": iso(b.clock.now()), "changedBy": None, "type": "User", "details": details}
            ]
        async with b.running(b.setup("firm")):
            await b.shows(6, "syncs_down", "oauth_token_expired", "mail_admin")
            await b.shows(1, "organization_wide_causes", "oauth_token_expired", "mail_admin")
        _, said = await asked(b, tmp_path, "diagnose", "--user", "u-3")
        assert "Activity tab: switched off for an authorization error at " in said
        assert "class:  oauth_token_expired\nowner:  mail_admin\n" in said
        assert "sign in" not in said.lower()
        assert "organization-wide cause: oauth_token_expired, 6 of 6" in said


@pytest.mark.parametrize(
    ("value", "owner", "said"),
    [
        ("0", "client_admin", "0\n       -> recurring events are switched off"),
        ("1", "salesforce_admin", "1\n       -> recurring events are switched on: on to Salesforce\n  D4b"),
        (None, "client_admin", "not visible to monitoring\n       -> a person looks at it"),
    ],
)
async def test_a_setting_decides_who_must_act_and_one_that_is_not_listed_is_not_visible(
    tmp_path, value, owner, said
):
    where = firm()
    async with bench(tmp_path, firm=where) as b:
        (person,) = people(where, 1, b.clock.now)
        where.settings["org"] = [{"name": RECURRENT, "value": value}] if value else []
        person.runs(tab=[issue("Synchronization of recurring events is disabled in Litify Inbox settings.")])
        async with b.running(b.setup("firm")):
            await b.shows(1, "issues_open", "recurring_sync_disabled", owner)
        _, output = await asked(b, tmp_path, "diagnose", "--user", "u-0")
        assert f"D4a  setting {RECURRENT}: {said}" in output
        _, ticket = await asked(b, tmp_path, "ticket", "--user", "u-0")
        assert "direction:     to_crm\noperation:     create\n" in ticket


async def test_a_ticket_about_items_says_how_many_others_of_the_organization_have_the_same(tmp_path):
    where = firm()
    async with bench(tmp_path, firm=where) as b:
        for person in people(where, 7, b.clock.now):
            person.runs(tab=[issue("Mailbox does not exist.")])
        b.setup("firm")
        code, said = await asked(b, tmp_path, "ticket", "--user", "u-0")
        assert code == 0
        assert "concerns:      items: 1\n" in said
        assert "others:        6 of the organization, 6 of the tenant\n" in said


async def test_a_user_without_any_trouble_has_no_ticket(tmp_path):
    where = firm()
    async with bench(tmp_path, firm=where) as b:
        for person in people(where, 1, b.clock.now):
            person.runs()
        b.setup("firm")
        code, said = await asked(b, tmp_path, "ticket", "--user", "u-0")
        assert code == 1
        assert said.startswith(
            "tenant firm, user u-0: state up; monitoring sees nothing to open a ticket about"
        )
        code, said = await asked(b, tmp_path, "ticket", "--user", "nobody@firm.example")
        assert (code, "nobody@" in said) == (1, False)
