"""What the daemon says of itself as a whole, and that it never runs half of what a person wrote."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from syncwatch.app import App, client
from syncwatch.classification.vocabulary import Vocabulary
from syncwatch.clock import SystemClock
from syncwatch.polling.schedule import LONGEST_WAIT
from syncwatch.setup import load
from unit.given import T0

RULES = """
rules: [{id: own, class: network_error, codes: [E-1], cases: [{text: E-1}]}]
"""

CONFIG = """
polling: {interval: 30s}
tenants: [{id: firm-001, url: "http://127.0.0.1:1"}]
"""


class Still:
    """A clock that a test sets."""

    time = T0

    def now(self):
        return self.time

    monotonic = now


async def test_a_panel_that_asks_to_be_left_alone_does_not_make_the_daemon_unhealthy(tmp_path):
    file = tmp_path / "syncwatch.yaml"
    file.write_text(CONFIG)
    setup, clock = load(file, {}), Still()
    async with client(setup) as http:
        app = App(setup, clock, http)
        clock.time += LONGEST_WAIT + setup.config.polling.timeout
        assert app._standstill() is None, "its only tenant answered Retry-After: 3600"
        clock.time += LONGEST_WAIT
        assert "no poll ended for" in app._standstill()


@asynccontextmanager
async def running(setup, load=None):
    stop, hurry = asyncio.Event(), asyncio.Event()
    hurry.set()
    async with client(setup) as http, asyncio.TaskGroup() as group:
        app = App(setup, SystemClock(), http, load=load)
        group.create_task(app.run("127.0.0.1", 0, grace=1, stop=stop, hurry=hurry))
        while app._not_ready() is not None:  # noqa: ASYNC110 - nothing tells it
            await asyncio.sleep(0)
        try:
            yield app
        finally:
            stop.set()


def figure(app: App, name: str) -> str:
    (line,) = (line for line in app.metrics().decode().splitlines() if line.startswith(name))
    return line


@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        (
            "rules.yaml",
            RULES.replace("E-1]", "E-1], any: ['(?=x)']"),
            "cannot be used: invalid perl operator",
        ),
        ("rules.yaml", RULES.replace("network_error", "no_such_class"), "is not in the catalogue"),
        ("rules.yaml", "rules: [", "rules.yaml"),
        ("syncwatch.yaml", CONFIG + "surprise: 1", "surprise"),
    ],
)
async def test_a_bad_file_changes_nothing_and_is_told(tmp_path, file, content, reason):
    config, rules = tmp_path / "syncwatch.yaml", tmp_path / "rules.yaml"
    config.write_text(CONFIG + "rules: {files: [rules.yaml]}")
    rules.write_text(RULES)
    async with running(load(config, {}), lambda: load(config, {})) as app:
        stages, ruleset = app._stages, figure(app, "syncwatch_ruleset_info")
        before = (tmp_path / file).read_text()
        (tmp_path / file).write_text(content)
        problems = await app.reload()
        assert any(reason in str(problem) for problem in problems)
        assert figure(app, "syncwatch_config_last_reload_successful").endswith(" 0.0")
        assert figure(app, "syncwatch_ruleset_info") == ruleset
        assert app._stages is stages
        (tmp_path / file).write_text(before)
        assert await app.reload() == ()
        assert figure(app, "syncwatch_config_last_reload_successful").endswith(" 1.0")


async def test_a_good_rule_set_is_taken_whole(tmp_path):
    config, rules = tmp_path / "syncwatch.yaml", tmp_path / "rules.yaml"
    config.write_text(CONFIG + "rules: {files: [rules.yaml]}")
    rules.write_text(RULES)
    async with running(load(config, {}), lambda: load(config, {})) as app:
        assert app._stages.classify("E-1").class_ == "network_error"
        rules.write_text(RULES.replace("network_error", "exchange_quota"))
        assert await app.reload() == ()
        assert app._stages.classify("E-1").class_ == "exchange_quota"
        assert load(config, {}).ruleset.digest in figure(app, "syncwatch_ruleset_info")


async def test_other_words_are_a_reason_to_read_all_texts_again(tmp_path):
    file = tmp_path / "syncwatch.yaml"
    file.write_text(CONFIG)
    setup = load(file, {})
    async with running(setup) as app:
        before = app._stages.rules
        app.apply(replace(setup, vocabulary=Vocabulary(frozenset({"error"}))))
        assert app._stages.rules != before
        app.apply(setup)
        assert app._stages.rules == before


async def test_a_fault_while_a_set_is_made_leaves_the_old_one_running(tmp_path, monkeypatch):
    file = tmp_path / "syncwatch.yaml"
    file.write_text(CONFIG)
    setup = load(file, {})
    async with client(setup) as http:
        app = App(setup, Still(), http, load=lambda: load(file, {}))
        before = (app._setup, app._stages, app._panels)
        monkeypatch.setattr("syncwatch.reach.compile_profile", lambda *_, **__: 1 / 0)
        file.write_text(CONFIG.replace("127.0.0.1:1", "127.0.0.1:2"))
        (problem,) = await app.reload()
        assert str(problem) == f"{file}: cannot be run, by a fault of Syncwatch: ZeroDivisionError"
        assert (app._setup, app._stages, app._panels) == before
        assert figure(app, "syncwatch_config_last_reload_successful").endswith(" 0.0")
