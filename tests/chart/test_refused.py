"""What cannot work is refused before anything is installed, with the place in the values."""

import pytest

from chart.engine import Refused
from chart.release import CASES, nested


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("replicas", 2),
        ("replicas", "1"),
        ("replicaCount", 1),
        ("image.digest", "sha256:short"),
        ("image.tags", "1"),
        ("image.pullPolicy", "always"),
        ("secrets.0", "Not_A_Name"),
        ("config.poling", {"interval": "5m"}),
        ("config.web.listen", ":80"),
        ("config.web.allow_unauthenticated", True),
        ("config.state.path", "/elsewhere"),
        ("config.polling.interval", 5),
        ("config.polling.interval", "5 minutes"),
        ("config.polling.concurrency", 0),
        ("config.tenants.0", {"url": "https://panel.example.com"}),
        ("config.tenants.0.id", 1),
        ("config.tenants.0.lables", {"region": "us"}),
        ("config.credentials.firms.client_secret", "it"),
        ("config.discovery.file_sd.0.file", "a.yaml"),
        ("config.maintenance.0.to", 1),
        ("targets.files", {"a.txt": "x"}),
        ("panelProfiles.files", {"own.yml": "x"}),
        ("web.existingSecrets", "x"),
        ("service.port", 99_999),
        ("networkPolicy.egress.ports.0", "https"),
        ("serviceMonitor.interval", "30 seconds"),
        ("serviceMonitor.honorLabels", False),
        ("prometheusRule.group", []),
        ("dashboards.labelValue", 1),
        ("journal.persistence.size", "10 GB"),
        ("journal.persistance", {}),
        ("journal.postgresql", {"enabled": True, "url": "postgresql://s@db/s"}),
        ("log.level", "verbose"),
        ("shutdownGraceSeconds", "45s"),
        ("podLabels", {"app.kubernetes.io/name": "other"}),
        ("commonLabels", {"helm.sh/chart": "other"}),
    ],
)
def test_a_wrong_value_is_named_by_its_path(install, path, value):
    with pytest.raises(Refused) as refused:
        install(nested(path, value))
    parts = path.split(".")
    told = str(refused.value)
    # Of a key that does not exist the path of what it is in is told, and its name.
    assert "/".join(parts) in told or ("/".join(parts[:-1]) in told and f"'{parts[-1]}'" in told), told


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"networkPolicy": {"enabled": False}}, "web.existingSecret: without users"),
        ({"web": {"tls": True}}, "web.tls: TLS comes from"),
        ({"existingConfig": {"configMap": "a", "secret": "b"}}, "existingConfig: name a configMap or a secret"),
        ({"existingConfig": {"configMap": "a"}, **nested("config.polling.interval", "5m")}, "config: an existing"),
        ({"targets": {"files": {"a.yaml": "[]"}, "existingConfigMap": "b"}}, "targets: give files or an existing"),
        ({"serviceMonitor": {"enabled": True}, "podMonitor": {"enabled": True}}, "would get everything twice"),
        (nested("journal.postgresql", {"enabled": True, "existingSecret": "a"}), "journal.postgresql.url: say"),
        (nested("prometheusRule", {"enabled": True, "disabledGroups": ["users"]}), 'no group or alert "users"; known'),
        (nested("prometheusRule", {"enabled": True, "disabledAlerts": ["Nope"]}), 'no group or alert "Nope"; known'),
    ],
)  # fmt: skip
def test_what_does_not_fit_together_is_said_in_words(install, values, words):
    with pytest.raises(Refused) as refused:
        install(values)
    assert words in str(refused.value)


@pytest.mark.parametrize(
    "place",
    ["syncwatch:Tr0ub4dor@db.example.com/syncwatch", "syncwatch@db.example.com/syncwatch?password=Tr0ub4dor"],
)
def test_a_password_in_the_url_of_the_database_is_refused_and_not_repeated(install, place):
    url = f"postgresql+asyncpg://{place}"
    with pytest.raises(Refused) as refused:
        install(nested("journal.postgresql", {"enabled": True, "existingSecret": "a", "url": url}))
    assert "journal.postgresql.url: must not carry a password" in str(refused.value)
    assert "Tr0ub4dor" not in str(refused.value)


def test_others_charts_may_share_the_global_values(install):
    assert install({"global": {"storageClass": "fast"}} | CASES["volume"]).objects


def test_a_chart_that_has_this_one_as_a_part_may_say_whether_it_is_wanted(install):
    assert install({"enabled": True}).objects
