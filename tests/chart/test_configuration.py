"""What the daemon gets to read, it takes; and what it takes over by itself restarts nothing."""

from functools import cache
from pathlib import Path

import pytest
import yaml

from chart.cluster import SECRET, Cluster
from chart.release import CASES, nested
from syncwatch import setup
from syncwatch.classification.book import Book
from syncwatch.cli import check_config
from syncwatch.config.reader import read
from syncwatch.config.settings import load_settings

# The cases in which the daemon reads something else than with the defaults.
CONFIGURED = (
    "default", "tenants", "targets", "profiles-and-rules", "existing-configuration", "users", "postgresql",
)  # fmt: skip


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    return Cluster(tmp_path_factory.mktemp("cluster"))


@pytest.fixture(scope="module")
def shipped_rules_once():
    """Reading them and making them ready takes a second, and they are the same for nearly all."""
    ready = {}

    def book(rules):
        if id(rules) not in ready:
            ready[id(rules)] = Book(rules)
        return ready[id(rules)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(setup, "load_ruleset", cache(setup.load_ruleset))
        patch.setattr(setup, "Book", book)
        yield


@pytest.fixture
def check(shipped_rules_once, cluster, tmp_path, monkeypatch):
    """Runs check-config where the daemon of a release would run."""

    def run(release):
        environment, arguments = cluster.mount(release, tmp_path)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        assert arguments[:2] == ["run", "--config"]
        check_config.command(tmp_path / arguments[2].lstrip("/"))

    return run


@pytest.mark.parametrize("case", CONFIGURED)
def test_check_config_takes_what_is_mounted(check, install, case, capsys):
    check(install(CASES[case]))
    said = capsys.readouterr()
    assert ": fine: " in said.out
    warnings = [line for line in said.err.splitlines() if "nothing is watched" not in line]
    assert warnings == []


def test_in_all_other_cases_the_daemon_reads_what_it_reads_by_default(install):
    """So that nothing but these need be checked."""
    for case in CASES.keys() - {*CONFIGURED}:
        assert install(CASES[case]).configuration == install().configuration, case


def test_it_is_a_mistake_that_check_config_would_tell(check, install, capsys):
    """So that what is told above is worth something."""
    values = CASES["tenants"] | {"secrets": []}
    with pytest.raises(SystemExit):
        check(install(values))
    assert "`firms`: the file that it names cannot be read" in capsys.readouterr().err


def test_the_key_and_the_password_of_a_database_are_where_the_daemon_looks_for_them(
    cluster, install, tmp_path
):
    """`check-config` does not read the key."""
    release = install(CASES["postgresql"])
    cluster.mount(release, tmp_path)
    state = yaml.safe_load(release.configuration)["state"]
    assert state["url"] == CASES["postgresql"]["journal"]["postgresql"]["url"]
    for name, content in (("key_file", "k" * 32), ("password_file", SECRET)):
        assert (tmp_path / state[name].lstrip("/")).read_text() == content


def test_the_process_is_given_what_the_values_say_of_it(cluster, install, tmp_path, monkeypatch):
    release = install(CASES["pod"])
    for name, value in cluster.mount(release, tmp_path)[0].items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert (settings.log_format, settings.log_level, settings.shutdown_grace) == ("console", "debug", 90.0)
    assert settings.listen.port == release.daemon["ports"][0]["containerPort"]
    assert release.pod["terminationGracePeriodSeconds"] > settings.shutdown_grace + 5


@pytest.mark.parametrize(
    "value",
    [
        "001", "no", "1e3", "0x1f", "12:30:00", "null", "~", "2026-12-05T22:00:00Z", "{{ .Release.Name }}", "a: b", "# x",
        "'", '"', "%d/%m", "*", " x ", "é",
    ],
)  # fmt: skip
def test_text_stays_the_text_it_was_for_the_daemons_own_reader(install, value, tmp_path):
    release = install(nested("config.credentials.firms.client_id", value))
    file = tmp_path / "syncwatch.yaml"
    file.write_text(release.configuration)
    assert read(file).data["credentials"] == {"firms": {"client_id": value}}


def test_what_a_person_names_and_what_the_chart_mounts_both_count(install):
    own = {"discovery": {"file_sd": [{"files": ["/srv/a.json"]}]}, "panels": {"files": ["/srv/own.yaml"]}}
    profiles, targets = {"existingConfigMap": "profiles"}, {"existingConfigMap": "fleet"}
    values = {"config": own, "panelProfiles": profiles, "targets": targets}
    written = yaml.safe_load(install(values).configuration)
    assert [each["files"][0] for each in written["discovery"]["file_sd"]] == [
        "/srv/a.json",
        "/etc/syncwatch/targets/*.json",
    ]
    assert written["panels"]["files"] == ["/srv/own.yaml", "/etc/syncwatch/panels/*.yaml"]


@pytest.mark.parametrize(
    "change",
    [
        nested("config.polling.interval", "1m"),
        nested("config.web.external_url", "https://elsewhere.example.com"),
        nested("config.tenants.0", {"id": "firm-009", "url": "https://firm-009.example.com"}),
        nested("targets.files", {"us.json": "[]"}),
        nested("panelProfiles.files", {"litify-inbox-open.yaml": "profile: litify-inbox-open\nextends: litify-inbox\n"}),
        nested("classificationRules.files", {"own.yaml": "rules: []"}),
        {"serviceMonitor": {"enabled": True}},
        {"prometheusRule": {"enabled": True}},
        nested("commonLabels", {"team": "sync"}),
    ],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_what_the_daemon_takes_over_by_itself_changes_no_pod(install, change):
    base = {key: CASES[case][key] for case, key in (
        ("profiles-and-rules", "panelProfiles"), ("profiles-and-rules", "classificationRules"), ("targets", "targets"),
    )}  # fmt: skip
    before, after = install(base), install(base | change)
    assert after.workload["spec"] == before.workload["spec"]
    assert after.objects != before.objects


def test_another_database_is_a_restart_because_the_daemon_does_not_change_journals(install):
    before = CASES["postgresql"]
    database = before["journal"]["postgresql"]
    after = before | nested("journal.postgresql", database | {"url": database["url"] + "2"})
    assert install(after).workload["spec"]["template"] != install(before).workload["spec"]["template"]


def test_folders_are_mounted_whole_because_a_sub_path_is_never_updated(release):
    for container in (*release.pod["containers"], *release.tester["spec"]["containers"]):
        assert not [
            each for each in container.get("volumeMounts", ()) if "subPath" in each or "subPathExpr" in each
        ]
    for volume in release.pod["volumes"]:
        for kind in ("configMap", "secret"):
            assert "items" not in volume.get(kind, {})


def test_no_secret_is_made_and_none_is_in_a_config_map(cluster, release, tmp_path):
    """Secrets come from outside alone: a container sees them, and no object of the release has them."""
    cluster.mount(release, tmp_path)
    assert release.all("Secret") == []
    assert SECRET not in str(release.objects)
    mounted = [path for path in Path(tmp_path).rglob("*") if path.is_file() and SECRET in path.read_text()]
    assert all("/secrets/" in str(path) or "/journal/" in str(path) for path in mounted)


def test_the_door_is_open_only_where_something_else_keeps_others_out(install):
    def unasked(case):
        return yaml.safe_load(install(CASES[case]).configuration)["web"].get("allow_unauthenticated", False)

    assert unasked("default")
    assert install().one("NetworkPolicy")
    assert unasked("no-networkpolicy")
    assert not unasked("users")


def test_the_notes_say_what_is_open_and_what_is_not_kept(install):
    assert "is not asked who he is" in install().notes
    assert "is not asked who he is" not in install(CASES["users"]).notes
    assert "nothing is watched yet" in install().notes
    assert "nothing is watched yet" not in install(CASES["tenants"]).notes
    assert "the journal is not kept" in install(CASES["no-volume"]).notes
    assert "\n  https://127.0.0.1:9797/" in install(CASES["users"]).notes
