"""One profile on top of another."""

from pathlib import Path

import pytest

from syncwatch.errors import ConfigError
from syncwatch.panel.profile.load import load_profiles
from unit.panel.made import written

PARENT = """\
profile: parent
timezone: Europe/Berlin
datetime_format: [iso, unix]
authentication: {bearer: {}, basic: {}}
paging: {cursor: {parameter: c, size_parameter: n, size: 7}}
tables:
  plans: {path: plans, page: {rows: data, next: more}, fields: {id: id, interval: seconds}}
  users:
    path: users
    query: {a: "1", b: "2"}
    page: {rows: data, next: more}
    fields:
      id: [User ID, UserId]
      created: made
      mailbox: {path: mailbox, values: {Ready: initialized, New: not_initialized}}
      switch: {path: switch, values: {"On": enabled, "Off": disabled}}
      condition: {path: state, values: {UP: up, BAD: failing}}
"""


def load(folder: Path, child: str, parent: str = PARENT):
    (folder / "parent.yaml").write_text(parent)
    (folder / "child.yaml").write_text(child)
    return load_profiles([folder / "child.yaml", folder / "parent.yaml"])


def child(folder: Path, text: str):
    """The profile that changes the parent by `text`."""
    return load(folder, f"profile: child\nextends: parent\n{text}")["child"]


def problems(folder: Path, text: str, parent: str = PARENT) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(folder, text, parent)
    return [str(problem).removeprefix(f"{folder}/") for problem in caught.value.problems]


def test_what_is_not_written_is_as_in_the_parent(tmp_path):
    parent, same = (load(tmp_path, "profile: child\nextends: parent\n")[each] for each in ("parent", "child"))
    assert same.model_dump(exclude={"profile", "extends"}) == parent.model_dump(
        exclude={"profile", "extends"}
    )


def test_mappings_merge_and_lists_and_values_replace(tmp_path):
    own = child(
        tmp_path,
        "datetime_format: [unix_ms]\n"
        "tables: {users: {path: people, query: {b: '3', c: '4'}, fields: {id: ID, created: {path: at}}}}\n",
    )
    users = own.tables.users
    assert own.datetime_format == ("unix_ms",)
    assert own.timezone == "Europe/Berlin"
    assert (users.path, users.query) == ("people", {"a": "1", "b": "3", "c": "4"})
    assert list(users.fields.id.paths()) == ["ID"]
    assert list(users.fields.created.paths()) == ["at"]
    assert users.fields.switch.words["On"] == "enabled"
    assert own.tables.plans.path == "plans"


def test_words_are_added_and_changed(tmp_path):
    values = "{values: {Paused: disabled, 'On': unknown}}"
    users = child(tmp_path, f"tables: {{users: {{fields: {{switch: {values}}}}}}}").tables.users
    assert users.fields.switch.words == {"On": "unknown", "Off": "disabled", "Paused": "disabled"}
    assert list(users.fields.switch.paths()) == ["switch"]


def test_null_takes_away_but_among_words_means_nothing(tmp_path):
    own = child(
        tmp_path,
        "timezone: null\n"
        "tables: {plans: null, users: {query: {a: null}, fields: {created: null, condition: {values: {UP: null}}}}}\n",
    )
    assert own.timezone == "UTC"
    assert own.tables.plans is None
    assert own.tables.users.query == {"b": "2"}
    assert own.tables.users.fields.created is None
    assert own.tables.users.fields.condition.words == {"UP": None, "BAD": "failing"}


def test_how_a_panel_is_asked_is_said_anew(tmp_path):
    own = child(tmp_path, "authentication: {header: {name: X-Api-Key}}\npaging: {link_header: {}}\n")
    assert own.authentication.kinds == ("header",)
    assert own.paging.cursor is None
    assert own.paging.link_header.size == 200
    kept = child(tmp_path, "tables: {users: {paging: {page_number: {parameter: p}}}}")
    assert kept.paging_of(kept.tables.users).page_number.size == 200
    assert kept.paging_of(kept.tables.plans).cursor.size == 7


def test_a_child_may_have_children_and_any_order_of_files_will_do(tmp_path):
    (tmp_path / "a.yaml").write_text("profile: a\nextends: b\ntimezone: UTC\n")
    (tmp_path / "b.yaml").write_text("profile: b\nextends: parent\ntimezone: Asia/Tokyo\ndescription: two\n")
    (tmp_path / "p.yaml").write_text(PARENT)
    for names in (("a", "b", "p"), ("p", "a", "b")):
        own = load_profiles([tmp_path / f"{name}.yaml" for name in names])["a"]
        assert (own.timezone, own.description, own.paging.cursor.size) == ("UTC", "two", 7)


def test_a_shipped_profile_can_be_extended(tmp_path):
    shipped = Path(__file__).parents[3] / "config" / "panels" / "litify-inbox-csv.yaml"
    file = tmp_path / "own.yaml"
    file.write_text("profile: my-csv\nextends: litify-inbox-csv\ndefaults: {default_plan_interval: 15m}\n")
    profiles = load_profiles([shipped, file])
    assert profiles["my-csv"].defaults.default_plan_interval == 900
    assert profiles["litify-inbox-csv"].defaults.default_plan_interval == 1800


def test_an_unknown_parent_is_told_with_its_line(tmp_path):
    [found] = problems(tmp_path, "profile: child\ndescription: x\nextends: parnt\n")
    assert found.startswith("child.yaml:3: extends: there is no profile of this id; known: child, parent")


def test_a_profile_that_extends_itself_is_told(tmp_path):
    [found] = problems(tmp_path, "profile: child\nextends: child\n")
    assert found.startswith("child.yaml:2: extends: leads back")


def test_a_circle_is_told_where_it_is(tmp_path):
    found = problems(tmp_path, "profile: child\nextends: parent\n", "profile: parent\nextends: child\n")
    assert {each.split(": ")[0] for each in found} <= {"child.yaml:2", "parent.yaml:2"}
    assert all("leads back" in each for each in found)


def test_a_circle_is_not_the_fault_of_whoever_extends_it(tmp_path):
    (tmp_path / "third.yaml").write_text("profile: third\nextends: child\n")
    (tmp_path / "parent.yaml").write_text("profile: parent\nextends: child\n")
    (tmp_path / "child.yaml").write_text("profile: child\nextends: parent\n")
    with pytest.raises(ConfigError) as caught:
        load_profiles(sorted(tmp_path.glob("*.yaml")))
    assert not any(problem.file.name == "third.yaml" for problem in caught.value.problems)


def test_what_is_wrong_in_the_child_has_its_own_line_and_what_is_inherited_that_of_extends(tmp_path):
    text = "profile: child\nextends: parent\ntables:\n  users:\n    fields:\n      created: a..b\n"
    [found] = problems(tmp_path, text)
    assert found.startswith("child.yaml:6: tables.users.fields.created: must be a name")
    cut = "profile: child\nextends: parent\npaging: {next_url: {}}\ntables: {users: {page: {next: null}}}\n"
    assert all(each.startswith("child.yaml:") for each in problems(tmp_path, cut))
    wrong = problems(
        tmp_path, "profile: child\nextends: parent\n", PARENT.replace("created: made", "created: a..b")
    )
    assert [each.split(": ")[0] for each in wrong] == ["child.yaml:2", "parent.yaml:14"]


def test_one_bad_file_does_not_hide_the_others_problems(tmp_path):
    (tmp_path / "broken.yaml").write_text("profile: [")
    (tmp_path / "child.yaml").write_text("profile: child\nextends: nobody\n")
    (tmp_path / "nameless.yaml").write_text("description: x\n")
    with pytest.raises(ConfigError) as caught:
        load_profiles([*sorted(tmp_path.glob("*.yaml")), written(tmp_path, {"timezone": "Mars/One"})])
    assert {problem.file.name for problem in caught.value.problems} == {
        "broken.yaml",
        "child.yaml",
        "nameless.yaml",
        "small.yaml",
    }
