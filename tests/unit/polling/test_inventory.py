"""Settings of organizations: read with the inventory, kept where they fail, and known before anything is judged."""

from dataclasses import replace

import pytest
from msgspec import structs

from syncwatch.errors import Reason
from syncwatch.model import SETTINGS, Context, Finding, Outcome, Owner
from syncwatch.polling import inventory
from syncwatch.polling.inventory import kept
from syncwatch.rows import EVERYTHING
from unit.given import (
    HOUR,
    MINUTE,
    REQUIRED,
    IssueLine,
    OrganizationLine,
    SettingLine,
    UserLine,
    failed,
)
from unit.polling.watched import Watched, stages

RECURRING = "ServiceAutoTrackRecurrentEvents"
ON, OFF = (SettingLine(RECURRING, value) for value in "10")


def known(firm: Watched, organization: str = "o1") -> dict[str, int]:
    return dict(firm.memory.organizations[organization].settings)


async def asked(firm: Watched, later: float = MINUTE) -> list[str]:
    await firm.poll(later)
    return [what for what in firm.panel.asked if what.startswith("settings")]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("1", 1),
        ("0", 0),
        (" 20 ", 20),
        ("-1", -1),
        ("true", 1),
        ("False", 0),
        ("", None),
        ("yes", None),
        ("1.0", None),
        ("1" * 30, None),
        ("¹", None),
    ],
)
def test_only_whole_numbers_and_booleans_are_kept_and_nothing_is_taken_for_zero(value, found):
    assert kept([SettingLine(RECURRING, value)]) == ({} if found is None else {RECURRING: found})


def test_only_settings_of_ours_are_kept():
    rows = [*(SettingLine(name, "7") for name in SETTINGS), SettingLine("ServiceAutoTrackBlacklist", "7")]
    assert kept(rows) == dict.fromkeys(SETTINGS, 7)


async def test_they_are_read_once_an_inventory_interval_and_at_once_for_an_organization_not_read_before():
    firm = Watched(settings_={"o1": (ON,), "o2": (OFF,)})
    assert await asked(firm) == ["settings o1"]
    assert known(firm) == {RECURRING: 1}
    assert await asked(firm) == []
    assert known(firm) == {RECURRING: 1}
    firm.panel.organizations_ = (OrganizationLine(), OrganizationLine("o2"))
    assert await asked(firm) == ["settings o2"]
    assert known(firm, "o2") == {RECURRING: 0}
    assert set(await asked(firm, HOUR)) == {"settings o1", "settings o2"}
    firm.panel.organizations_ = (OrganizationLine("o2"),)
    await firm.poll()
    assert firm.memory.settings_read.keys() == {"o2"}


async def test_what_the_panel_does_not_show_is_not_asked_for_or_not_again():
    blind = Watched(sight=structs.replace(EVERYTHING, settings=False))
    assert (await asked(blind), known(blind)) == ([], {})
    bare = Watched()
    assert (await asked(bare), known(bare)) == (["settings o1"], {})
    assert await asked(bare) == []


async def test_a_failure_costs_only_freshness():
    firm = Watched(settings_={"o1": (ON,)})
    await firm.poll()
    firm.panel.fails = {"settings": failed(Reason.HTTP_5XX)}
    assert (await firm.poll(HOUR)).error is None
    assert known(firm) == {RECURRING: 1}
    firm.panel.fails, firm.panel.settings_ = {}, {"o1": (OFF,)}
    assert await asked(firm) == ["settings o1"]
    assert known(firm) == {RECURRING: 0}


async def test_settings_that_are_forbidden_are_not_visible_until_the_next_inventory():
    firm = Watched(settings_={"o1": (ON,)})
    await firm.poll()
    firm.panel.fails = {"settings": failed(Reason.FORBIDDEN)}
    assert (await firm.poll(HOUR)).error is None
    assert known(firm) == {}
    assert await asked(firm) == []
    firm.panel.fails = {}
    assert await asked(firm, HOUR) == ["settings o1"]
    assert known(firm) == {RECURRING: 1}


async def test_too_many_requests_for_settings_move_the_next_poll():
    firm = Watched(fails={"settings": failed(Reason.RATE_LIMITED, retry_after=90.0)})
    error = (await firm.poll()).error
    assert (error.reason, error.retry_after) == (Reason.PARTIAL, 90.0)


async def test_settings_that_do_not_come_leave_time_for_the_rest(monkeypatch):
    monkeypatch.setattr(inventory, "SHARE", 0.01)
    firm = Watched(lines=[(UserLine(issues=1),)], issues_={"u1": (IssueLine(),)})
    firm.stages = stages(timeout=2.0)
    firm.panel.slow = 0.1
    assert (await firm.poll()).error is None
    assert len(firm.memory.users["u1"].facts.issues) == 1


async def test_many_organizations_are_asked_for_a_few_at_once():
    firm = Watched(organizations_=tuple(OrganizationLine(f"o{n}") for n in range(30)))
    firm.panel.slow = 0.001
    assert len(await asked(firm)) == 30
    assert firm.panel.most_at_once == 4


def by_setting(text: str, context: Context) -> Finding:
    owner = Owner.SALESFORCE_ADMIN if context.settings.get(RECURRING) else Owner.CLIENT_ADMIN
    return structs.replace(REQUIRED, owner=owner)


class TestJudging:
    """Owners depend on what is known of the organization."""

    @pytest.fixture
    def firm(self) -> Watched:
        line = UserLine(session_outcome=Outcome.ERRORS, session_message="m", issues=1)
        firm = Watched(
            lines=[(line,), (replace(line, id="u2", organization="o2"),)],
            etags=["a", "b"],
            organizations_=(OrganizationLine(), OrganizationLine("o2")),
            issues_={"u1": (IssueLine(),), "u2": (IssueLine(),)},
            settings_={"o1": (ON,)},
        )
        firm.stages = stages(classify=by_setting)
        return firm

    def owners(self, firm: Watched) -> dict[str, tuple[Owner, Owner]]:
        return {
            id_: (user.facts.last.finding.owner, user.facts.issues[0].finding.owner)
            for id_, user in firm.memory.users.items()
        }

    async def test_settings_are_known_before_the_users_list_is_judged(self, firm):
        await firm.poll()
        assert self.owners(firm) == {
            "u1": (Owner.SALESFORCE_ADMIN,) * 2, "u2": (Owner.CLIENT_ADMIN,) * 2,
        }  # fmt: skip

    async def test_a_change_judges_every_text_again_though_no_page_has_changed_and_counts_nothing(self, firm):
        await firm.poll()
        firm.panel.settings_ = {"o1": (OFF,)}
        result = await firm.poll(HOUR)
        assert self.owners(firm) == dict.fromkeys(("u1", "u2"), (Owner.CLIENT_ADMIN,) * 2)
        assert (result.happened.issues.total(), result.happened.sessions) == (0, 0)
        await firm.poll(MINUTE)
        assert firm.panel.asked == ["organizations", "users"]

    async def test_only_the_users_of_an_organization_that_changed_are_judged_again(self, firm):
        firm.panel.lines.append((replace(firm.panel.lines[0][0], id="u3", organization="o2"),))
        firm.panel.etags, firm.panel.issues_["u3"] = ["a", "b", "c"], (IssueLine(),)
        await firm.poll()
        firm.panel.settings_ = {"o1": (OFF,)}
        await firm.poll(HOUR)
        assert [what for what in firm.panel.asked if what.startswith("issues")] == ["issues u1"]
        assert firm.panel.sent == [""], "the page on which somebody of it stands"

    async def test_so_does_another_access_type(self, firm):
        await firm.poll()
        firm.panel.organizations_ = (OrganizationLine(access_type="google_direct"), OrganizationLine("o2"))
        await firm.poll(MINUTE)
        assert [what for what in firm.panel.asked if what.startswith("issues")] == ["issues u1"]

    async def test_an_organization_of_nobody_changes_nothing(self, firm):
        await firm.poll()
        firm.panel.organizations_ = (*firm.panel.organizations_, OrganizationLine("o3"))
        await firm.poll(MINUTE)
        assert firm.panel.asked == ["organizations", "settings o3", "users"]
