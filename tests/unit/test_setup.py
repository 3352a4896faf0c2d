"""Discovered tenants against the shipped profiles, through the set-up."""

import pytest

from syncwatch.config.target import Batch, Target
from syncwatch.setup import load

CONFIG = """
credentials: {c: {username: u, password_env: TOKEN, hosts: ["*.example.com"]}}
discovery: {file_sd: [{files: ["targets/*.json"]}]}
rules: {files: [rules.yaml]}
"""
RULES = "rules:\n  - {id: x, class: network_error, any: [said], cases: [{text: said}]}\n"  # few, because the shipped ones take long


@pytest.fixture
def setup(tmp_path):
    (tmp_path / "syncwatch.yaml").write_text(CONFIG)
    (tmp_path / "rules.yaml").write_text(RULES)
    return load(tmp_path / "syncwatch.yaml", {"TOKEN": "t"})


def batch(*targets):
    return Batch("file_sd[0]", tuple(Target.of(url, labels) for url, labels in targets))


def test_what_the_profiles_say_of_a_tenant_of_the_file_holds_for_a_found_one(setup):
    targets = batch(
        ("https://a.example.com", {"tenant": "a"}),
        ("https://b.example.com", {"tenant": "b", "__profile__": "none"}),
        ("https://c.example.com", {"tenant": "c", "__credentials__": "c"}),
        ("https://d.example.com", {"tenant": "d", "__parameter_x__": "1"}),
    )
    found, rejected = setup.with_found([targets])
    assert [tenant.id for tenant in found.config.tenants] == ["a"]
    b, c, d = (str(problem) for each in rejected for problem in each.problems)
    assert b.startswith('file_sd[0]: b.__profile__: there is no panel profile "none"; known: ')
    assert c.startswith("file_sd[0]: c.__credentials__: the profile wants ")
    assert d == "file_sd[0]: d.__parameter_...__: the profile takes no x: remove it"
    assert found.book is setup.book
    assert setup.config.tenants == ()


def test_after_a_reload_the_tenants_before_stay_where_their_targets_are_wrong_now(setup, tmp_path):
    good, bad = ("https://a.example.com", {"tenant": "a"}), ("https://a.example.com?x", {"tenant": "a"})
    found, _ = setup.with_found([batch(good)])
    reloaded = load(tmp_path / "syncwatch.yaml", {"TOKEN": "t"})
    assert reloaded.with_found([batch(bad)])[0].config.tenants == ()
    kept, rejected = reloaded.with_found([batch(bad)], before=found)
    assert [tenant.id for tenant in kept.config.tenants] == ["a"]
    assert len(rejected) == 1


def test_the_files_of_a_set_up(setup, tmp_path):
    assert setup.files == {tmp_path / "syncwatch.yaml", tmp_path / "rules.yaml"}
    assert setup.patterns == {f"{tmp_path}/rules.yaml"}
    assert setup.target_patterns == {f"{tmp_path}/targets/*.json"}
    assert setup.secret_files == {}
