"""What is written comes to run whole or not at all, and only the files decide whether they were right."""

import time

import pytest

from syncwatch.config.address import Address
from syncwatch.config.target import Batch, Target
from syncwatch.errors import ConfigError
from syncwatch.reloading import Reloader
from syncwatch.setup import load
from unit.given import VirtualClock

CONFIG = """
credentials: {{{credential}: {{client_id: a, client_secret_env: SECRET, hosts: [a.example.com]}}}}
discovery: {{file_sd: [{{files: [targets.json]}}]}}
tenants: [{{id: own, url: "https://own.example.com"}}]
rules: {{files: [own.yaml]}}
"""
RULES = "rules: [{id: own, class: network_error, codes: [E-1], cases: [{text: E-1}]}]\n"
ENVIRON = {"SECRET": "x"}


class Runs:
    """What runs, and what it was told."""

    def __init__(self):
        self.told = []
        self.setup = None

    def apply(self, setup):
        self.setup = setup
        self.told.append("apply")

    def __getattr__(self, name):
        return lambda *_: self.told.append(name)


class Clock(VirtualClock):
    """One by which whatever a test has written was written a second ago."""

    def now(self):
        return time.time() + 1


class World:
    def __init__(self, folder):
        self.file = folder / "syncwatch.yaml"
        self.write(CONFIG.format(credential="x"))
        (folder / "own.yaml").write_text(RULES)  # few, because the shipped ones take long
        self.runs = Runs()
        self.clock = Clock()
        setup = load(self.file, ENVIRON)
        self.reloader = Reloader(setup, lambda: load(self.file, ENVIRON), self.runs, self.clock)

    def write(self, text):
        self.file.write_text(text)

    async def looks(self):
        self.runs.told.clear()
        await self.reloader._look()
        return self.runs.told


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def batch(*tenants):
    labels = {"__credentials__": "x"}
    targets = (Target.of("https://a.example.com", {"tenant": each, **labels}) for each in tenants)
    return Batch("file_sd[0]", tuple(targets))


async def test_discovery_does_not_make_a_refused_file_right(world):
    world.write("surprise: 1\n")
    assert await world.reloader.reload()
    assert world.runs.told == ["refused"]
    await world.reloader.found([batch("a")])
    assert world.runs.told == ["refused", "apply"]
    world.write(CONFIG.format(credential="x"))
    assert await world.reloader.reload() == ()
    assert world.runs.told[-1] == "loaded"
    assert [tenant.id for tenant in world.runs.setup.config.tenants] == ["own", "a"]


async def test_what_is_found_again_disturbs_nobody(world):
    await world.reloader.found([batch("a")])
    await world.reloader.found([batch("a")])
    assert world.runs.told == ["apply"]


async def test_what_is_written_must_fit_the_tenants_that_were_found(world):
    await world.reloader.found([batch("a", "b")])
    world.write(CONFIG.format(credential="renamed"))
    problems = await world.reloader.reload()
    assert [problem.location for problem in problems] == ["a.__credentials__", "b.__credentials__"]
    assert world.runs.told == ["apply", "refused"]
    world.write(CONFIG.format(credential="renamed").replace("discovery:", "#"))
    assert await world.reloader.reload() == (), "they go with their source"
    assert [tenant.id for tenant in world.runs.setup.config.tenants] == ["own"]


async def test_a_person_believes_targets_only_with_a_file_that_is_right(world):
    world.write("surprise: 1\n")
    assert await world.reloader.asked()
    assert "believe_targets" not in world.runs.told
    world.write(CONFIG.format(credential="x"))
    assert await world.reloader.asked() == ()
    assert world.runs.told[-2:] == ["believe_targets", "look_for_targets"]


async def test_a_fault_in_what_discovery_found_ends_nothing(world, monkeypatch):
    monkeypatch.setattr("syncwatch.setup.merged", lambda *_: 1 / 0)
    assert await world.reloader.found([batch("a")]) == ()
    monkeypatch.undo()
    await world.reloader.found([batch("a")])
    assert world.runs.told == ["apply"]


async def test_a_file_that_was_just_named_is_looked_after_at_once(world, tmp_path):
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES)
    assert await world.looks() == ["retry"]
    world.write(CONFIG.format(credential="x").replace("own.yaml", "rules.yaml"))
    assert "apply" in await world.looks()
    rules.write_text(RULES.replace("network_error", "exchange_quota"))
    assert "apply" in await world.looks()
    assert world.runs.setup.ruleset.rules[0].class_ == "exchange_quota"
    assert await world.looks() == ["retry"], "and once"


async def test_what_is_written_while_it_is_read_is_read_again(world, monkeypatch):
    await world.looks()
    read = world.reloader._load

    def meanwhile():
        setup = read()
        world.write(CONFIG.format(credential="x") + "polling: {interval: 2m}\n")
        return setup

    world.write(CONFIG.format(credential="x") + "polling: {interval: 1m}\n")
    monkeypatch.setattr(world.reloader, "_load", meanwhile)
    assert await world.reloader.reload() == ()
    monkeypatch.undo()
    assert "apply" in await world.looks()
    assert world.runs.setup.config.polling.interval == 120
    assert await world.looks() == ["retry"]


async def test_what_a_person_reloaded_is_not_read_once_more_because_it_changed(world):
    await world.looks()
    world.write(CONFIG.format(credential="x") + "polling: {interval: 1m}\n")
    assert await world.reloader.reload() == ()
    assert await world.looks() == ["retry"]


async def test_what_was_refused_is_tried_again_after_a_while_and_told_once(world):
    await world.looks()
    world.write(CONFIG.format(credential="x").replace("own.yaml", "rules.yaml"))
    assert "refused" in await world.looks()
    assert "refused" not in await world.looks(), "nothing has changed"
    await world.clock.pass_(120)
    assert "refused" in await world.looks()


def test_a_door_that_is_open_to_others_stays_guarded_whatever_is_written(tmp_path):
    """The address cannot change without a restart, so that users must not go while it is there."""
    file = tmp_path / "syncwatch.yaml"
    everywhere = Address("0.0.0.0", 9797)
    (tmp_path / "own.yaml").write_text(RULES)
    rest = "tenants: []\nrules: {files: [own.yaml]}\n"
    file.write_text(f'web: {{listen: "127.0.0.1:9797"}}\n{rest}')
    load(file, {})
    with pytest.raises(ConfigError, match="others than this machine"):
        load(file, {}, bound=everywhere)
    file.write_text(f'web: {{listen: "0.0.0.0:9797"}}\n{rest}')
    with pytest.raises(ConfigError, match="others than this machine"):
        load(file, {}, bound=Address("127.0.0.1", 9797))
