"""The running daemon takes over what is written: when it is asked to and when files change, and never half of it."""

import json
import signal

import pytest
import yaml

from integration.serving import Daemon, eventually, few_rules, running, sample_lines, served
from syncwatch.simulator import Options
from syncwatch.simulator.access import CLIENT_ID, client_secret
from syncwatch.simulator.server import Simulator

OPTIONS = Options(tenants=3, users=5, seed=7, plan_interval=60)
AT_ONCE, NEVER = "50ms", "1h"
OWN_RULES = "rules: [{id: own, class: network_error, codes: [E-1], cases: [{text: E-1}]}]\n"


@pytest.fixture(scope="module")
def panels():
    with served(Simulator(OPTIONS).app()) as url:
        yield url


@pytest.fixture
def secret(tmp_path):
    file = tmp_path / "secret"
    file.write_text(client_secret(OPTIONS.seed))
    return file


@pytest.fixture
def configuration(panels, secret):
    few = few_rules(secret.parent)

    def configured(*tenants, looked_at=NEVER, **more):
        return {
            **few,
            "reload": {"interval": looked_at},
            "credentials": {"panel": {"client_id": CLIENT_ID, "client_secret_file": secret.name}},
            "tenants": [
                {"id": tenant, "url": f"{panels}/{tenant}", "credentials": "panel", "interval": "200ms"}
                for tenant in tenants
            ],
            **more,
        }

    return configured


def write(daemon: Daemon, config) -> None:
    """As an editor saves: a new file in the place of the old one."""
    whole = {"web": {"listen": f"127.0.0.1:{daemon.port}"}, "state": {"path": "state"}, **config}
    new = daemon.config.with_suffix(".new")
    new.write_text(yaml.safe_dump(whole), encoding="utf-8")
    new.replace(daemon.config)


def own(daemon: Daemon, name: str) -> float:
    (line,) = (line for line in sample_lines(daemon.ask().body) if line.startswith(f"{name} "))
    return float(line.split()[1])


def watched(daemon: Daemon) -> set[str]:
    lines = sample_lines(daemon.ask().body)
    return {line.split('"')[1] for line in lines if line.startswith("inboxsync_tenant_info{")}


def polls(daemon: Daemon, tenant: str) -> float:
    return daemon.figures(tenant).get("inboxsync_tenant_polls_total", {}).get((), 0)


def comes(daemon: Daemon, tenant: str) -> None:
    """Wait until a tenant that was not there has been polled."""

    def polled() -> None:
        assert polls(daemon, tenant) >= 1

    eventually(polled)


def entries(daemon: Daemon, event: str) -> list[dict]:
    lines = map(json.loads, daemon.log.read_text().splitlines())
    return [line for line in lines if line["event"] == event]


def test_sighup_takes_over_what_is_written_and_leaves_the_rest_alone(tmp_path, configuration):
    with running(tmp_path, configuration("firm-001", "firm-002")) as daemon:
        daemon.polled("firm-001", 3)
        write(daemon, configuration("firm-001", "firm-003"))
        before = polls(daemon, "firm-001")
        daemon.signal(signal.SIGHUP)
        comes(daemon, "firm-003")
        assert watched(daemon) == {"firm-001", "firm-003"}
        assert polls(daemon, "firm-001") >= before >= 3
        assert daemon.figures("firm-002") == {}
        assert entries(daemon, "configuration_loaded")[-1]["tenants"] == 2


def test_what_is_wrong_is_answered_with_its_reasons_and_changes_nothing(tmp_path, configuration):
    with running(tmp_path, configuration("firm-001")) as daemon:
        write(daemon, configuration("firm-001", "firm-002", surprise=1, privacy={"show_email": "maybe"}))
        answer = daemon.ask("/-/reload", "POST")
        assert answer.status == 400
        assert "surprise: unknown key" in answer.body.decode()
        assert "privacy.show_email: must be true or false" in answer.body.decode()
        assert own(daemon, "syncwatch_config_last_reload_successful") == 0
        assert watched(daemon) == {"firm-001"}
        daemon.polled("firm-001", int(polls(daemon, "firm-001")) + 1)
        (refused,) = entries(daemon, "configuration_refused")
        assert len(refused["problems"]) == 2

        write(daemon, configuration("firm-001", "firm-002"))
        assert daemon.ask("/-/reload", "POST").status == 200
        assert own(daemon, "syncwatch_config_last_reload_successful") == 1
        assert watched(daemon) == {"firm-001", "firm-002"}


def test_reading_the_way_to_reload_reloads_nothing(tmp_path, configuration):
    with running(tmp_path, configuration("firm-001")) as daemon:
        write(daemon, configuration("firm-002"))
        assert daemon.ask("/-/reload").status == 405
        assert watched(daemon) == {"firm-001"}


def test_a_changed_file_is_noticed_whatever_it_is(tmp_path, configuration):
    rules = tmp_path / "rules.yaml"
    rules.write_text(OWN_RULES)
    more = {"rules": {"files": ["rules.yaml"]}, "looked_at": AT_ONCE}
    with running(tmp_path, configuration("firm-001", **more)) as daemon:
        write(daemon, configuration("firm-001", "firm-002", **more))
        eventually(lambda: _equal(watched(daemon), {"firm-001", "firm-002"}))
        assert own(daemon, "syncwatch_rules") == 1
        rules.write_text(OWN_RULES.replace("class: network_error", "class: no_such_class"))
        eventually(lambda: _equal(own(daemon, "syncwatch_config_last_reload_successful"), 0))
        rules.write_text(OWN_RULES + OWN_RULES[len("rules: [") : -2].join(["  # ", "\n"]))
        eventually(lambda: _equal(own(daemon, "syncwatch_config_last_reload_successful"), 1))
        assert len(entries(daemon, "configuration_refused")) == 1, "said once, however often it was looked at"


def test_what_was_missing_is_noticed_when_it_comes(tmp_path, configuration):
    with running(tmp_path, configuration("firm-001", looked_at=AT_ONCE)) as daemon:
        write(daemon, configuration("firm-001", looked_at=AT_ONCE, rules={"files": ["more.yaml"]}))
        eventually(lambda: _equal(own(daemon, "syncwatch_config_last_reload_successful"), 0))
        (tmp_path / "more.yaml").write_text(OWN_RULES)
        eventually(lambda: _equal(own(daemon, "syncwatch_config_last_reload_successful"), 1))
        assert own(daemon, "syncwatch_rules") == 1


def test_a_configmap_is_swapped_as_a_whole(tmp_path, configuration):
    """As Kubernetes does it: every file is a link through `..data`, which is a link to a folder."""
    data, folder = tmp_path / "..data", tmp_path / "..1"
    folder.mkdir()
    rules = tmp_path / "rules.yaml"
    (folder / "rules.yaml").write_text(OWN_RULES)
    data.symlink_to("..1")
    rules.symlink_to("..data/rules.yaml")
    config = configuration("firm-001", looked_at=AT_ONCE, rules={"files": ["rules.yaml"]})
    with running(tmp_path, config) as daemon:
        before = entries(daemon, "configuration_loaded")
        (tmp_path / "..2").mkdir()
        (tmp_path / "..2" / "rules.yaml").write_text(OWN_RULES.replace("id: own", "id: other"))
        (tmp_path / "..tmp").symlink_to("..2")
        (tmp_path / "..tmp").replace(data)
        eventually(lambda: _equal(len(entries(daemon, "configuration_loaded")), len(before) + 1))


def test_a_secret_that_was_mended_is_used_at_once(tmp_path, configuration, secret):
    good = secret.read_text()
    secret.write_text("wrong")
    with running(tmp_path, configuration("firm-001", looked_at=AT_ONCE)) as daemon:
        found = daemon.polled("firm-001")
        assert found["inboxsync_tenant_poll_failures_total"] == {("auth",): 1}, "and left alone for minutes"
        shown = json.loads(daemon.ask("/api/v1/tenants/firm-001").body)
        assert (shown["reason"], shown["breaker"]) == ("auth", "open")
        assert shown["next_poll_timestamp"] > shown["last_poll_timestamp"] + 600
        secret.write_text(good)
        eventually(lambda: _equal(daemon.figures("firm-001")["inboxsync_tenant_up"], {(): 1}))
        assert entries(daemon, "configuration_loaded") == [], "a secret is no configuration"


def test_what_takes_a_restart_is_told(tmp_path, configuration):
    with running(tmp_path, configuration("firm-001")) as daemon:
        write(daemon, configuration("firm-001", state={"path": "elsewhere"}))
        assert daemon.ask("/-/reload", "POST").status == 200
        (told,) = entries(daemon, "needs_restart")
        assert told["keys"] == ["state"]


def test_targets_come_and_go_with_their_file(tmp_path, configuration, panels):
    def group(*tenants):
        return [
            {
                "targets": [f"{panels}/{tenant}"],
                "labels": {"tenant": tenant, "__credentials__": "panel", "__interval__": "200ms"},
            }
            for tenant in tenants
        ]

    targets = tmp_path / "targets.json"
    targets.write_text(json.dumps(group("firm-002", "firm-003")))
    config = configuration(
        "firm-001", looked_at=AT_ONCE, discovery={"file_sd": [{"files": ["targets.json"]}]}
    )
    config["credentials"]["panel"]["hosts"] = ["127.0.0.1"]
    with running(tmp_path, config) as daemon:
        comes(daemon, "firm-003")
        assert watched(daemon) == {"firm-001", "firm-002", "firm-003"}
        before = polls(daemon, "firm-002")
        targets.write_text(json.dumps(group("firm-002")))
        eventually(lambda: _equal(watched(daemon), {"firm-001", "firm-002"}))
        assert polls(daemon, "firm-002") >= before
        targets.write_text("[")
        eventually(lambda: _equal(len(entries(daemon, "discovery_failed")), 1))
        assert watched(daemon) == {"firm-001", "firm-002"}, "the last good set is kept"


def _equal(found, expected):
    assert found == expected
