"""Whatever can be said, what comes of it is what Kubernetes takes."""

import gzip
import json
import tarfile
from functools import cache

import kubernetes_validate
import pytest
import yaml

from chart.engine import CHART
from chart.release import CASES

VERSION = yaml.safe_load((CHART / "Chart.yaml").read_text())[
    "appVersion"
]  # of the checkout; a release has its own
VERSIONS = ("1.25", "1.31", "1.37")  # the oldest that the chart takes, and the newest there is a schema of
OPERATORS = {"ServiceMonitor", "PodMonitor", "PrometheusRule"}


@cache
def validate(text, version):
    """Most objects are the same whatever was said, and one look at them is enough."""
    kubernetes_validate.validate(json.loads(text), version, strict=True)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("case", CASES)
def test_a_strict_lint_has_nothing_to_say(engine, case, version):
    assert engine.lint(CASES[case], f"v{version}.0") == []


def test_kubernetes_knows_every_key_in_each_of_its_versions(release):
    known = [each for each in release.objects if each["kind"] not in OPERATORS]
    assert len(known) > 3
    for version in VERSIONS:
        for each in known:
            validate(json.dumps(each), version)


def test_objects_have_names_of_their_own_and_the_usual_labels(release):
    names = [(each["kind"], each["metadata"]["name"]) for each in release.objects]
    assert len(set(names)) == len(names)
    for each in release.objects:
        labels = each["metadata"].get("labels", {})
        if labels:  # those of extraManifests are somebody else's
            assert labels["app.kubernetes.io/instance"] == "sw"
            assert labels["app.kubernetes.io/version"] == VERSION
            assert labels["helm.sh/chart"] == f"syncwatch-{VERSION}"


def test_every_object_is_in_the_namespace_of_the_release_unless_it_says_another(install):
    spaces = {each["metadata"]["namespace"] for each in install().objects}
    assert spaces == {"monitored"}
    watched = install(CASES["monitoring"])
    elsewhere = {each["kind"] for each in watched.objects if each["metadata"]["namespace"] == "monitoring"}
    assert elsewhere == {"ServiceMonitor", "PrometheusRule", "ConfigMap"}


def test_one_with_a_volume_is_a_stateful_set_and_one_with_a_database_a_deployment_that_never_overlaps(
    install,
):
    assert install().workload["kind"] == "StatefulSet"
    database = install(CASES["postgresql"])
    assert database.workload["kind"] == "Deployment"
    assert database.workload["spec"]["strategy"] == {"type": "Recreate"}
    assert "PersistentVolumeClaim" not in str(database.objects)


def test_the_next_version_changes_no_claim_no_selector_and_no_pod(install):
    """Kubernetes refuses another claim or selector of a StatefulSet, and another pod is a restart."""
    before = install(CASES["volume"]).workload["spec"]
    labelled = install(CASES["volume"] | {"commonLabels": {"team": "sync"}}).workload["spec"]
    assert labelled == before
    for labels in (
        before["selector"]["matchLabels"],
        before["volumeClaimTemplates"][0]["metadata"]["labels"],
    ):
        assert not any(VERSION in value for value in labels.values())


def test_a_volume_is_where_the_journal_is(install):
    def claims(values):
        release = install(values)
        mounted = {each["name"]: each["mountPath"] for each in release.daemon["volumeMounts"]}
        return mounted["data"], yaml.safe_load(release.configuration)["state"]["path"]

    for case in ("default", "existing-claim", "no-volume"):
        assert claims(CASES[case]) == ("/var/lib/syncwatch", "/var/lib/syncwatch")
    asked = install(CASES["volume"]).workload["spec"]["volumeClaimTemplates"][0]["spec"]
    assert asked["resources"]["requests"]["storage"] == "10Gi"
    existing = install(CASES["existing-claim"])
    assert "volumeClaimTemplates" not in existing.workload["spec"]
    claim = {"name": "data", "persistentVolumeClaim": {"claimName": "syncwatch-journal"}}
    assert claim in existing.pod["volumes"]


def test_the_image_may_come_from_elsewhere_and_be_pinned(install):
    assert install().daemon["image"] == f"ghcr.io/syncwatch/syncwatch:{VERSION}"
    pinned = install(CASES["pod"])
    digest = CASES["pod"]["image"]["digest"]
    for container in (pinned.daemon, pinned.tester["spec"]["containers"][0]):
        assert container["image"] == f"registry.example.com/syncwatch/syncwatch:0.1.0@{digest}"
    assert pinned.pod["imagePullSecrets"] == [{"name": "mirror"}, {"name": "other"}]


def test_what_places_the_pod_reaches_it(install):
    given, pod = CASES["pod"], install(CASES["pod"]).pod
    for key in (
        "nodeSelector",
        "tolerations",
        "affinity",
        "topologySpreadConstraints",
        "hostAliases",
        "dnsConfig",
    ):
        assert pod[key] == given[key]
    assert (pod["priorityClassName"], pod["serviceAccountName"]) == ("monitoring", "monitoring")


def test_a_release_may_be_called_anything_that_helm_takes(install):
    for name in ("syncwatch", "a" * 53, "my-syncwatch-eu"):
        for each in install(name=name).objects:
            assert len(each["metadata"]["name"]) <= 63, name
    assert install(name="syncwatch").workload["metadata"]["name"] == "syncwatch"


def test_a_name_with_a_dot_becomes_one_that_a_service_takes(install):
    for release in (install(name="eu.west"), install({"fullnameOverride": "eu.west"})):
        name = release.workload["metadata"]["name"]
        assert name == release.one("Service")["metadata"]["name"]
        assert "." not in name


def test_a_name_of_digits_stays_text(install):
    """As in YAML it would be a number, which Kubernetes takes for no name."""
    values = {
        "secrets": ["1"],
        "existingConfig": {"secret": "2"},
        "targets": {"existingConfigMap": "3"},
        "web": {"existingSecret": "4"},
        "serviceAccount": {"create": False, "name": "5"},
        "imagePullSecrets": ["6"],
        "namespaceOverride": "7",
    }
    volume = install(values | {"journal": {"persistence": {"existingClaim": "8"}}}, name="9")
    database = {"enabled": True, "existingSecret": "8", "url": "postgresql://s@db/s"}
    for release in (volume, install(values | {"journal": {"postgresql": database}})):
        for each in release.objects:
            validate(json.dumps(each), VERSIONS[-1])
        assert {"1", "2", "3", "4", "8"} <= {*strings(release.pod["volumes"])}
        assert release.pod["serviceAccountName"] == release.tester["spec"]["serviceAccountName"] == "5"


def strings(part):
    if isinstance(part, dict | list):
        for each in part.values() if isinstance(part, dict) else part:
            yield from strings(each)
    else:
        yield part


def test_each_thing_about_the_database_that_only_a_restart_takes_replaces_the_pod(install):
    def annotated(**changed):
        database = {"enabled": True, "existingSecret": "a", "url": "postgresql://s@db/s"} | changed
        return install({"journal": {"postgresql": database}}).workload["spec"]["template"]["metadata"][
            "annotations"
        ]["syncwatch/journal"]

    said = [annotated(), annotated(url="postgresql://s@db2/s")]
    said += [annotated(journalKey="other"), annotated(passwordKey="other")]
    assert len({*said}) == 4


def test_a_package_has_the_version_it_is_given_and_none_of_the_tests(engine, tmp_path):
    with tarfile.open(engine.package(tmp_path, "9.8.7")) as archive:
        names = archive.getnames()
        about = yaml.safe_load(archive.extractfile("syncwatch/Chart.yaml"))
    assert (about["version"], about["appVersion"]) == ("9.8.7", "9.8.7")
    assert not any("/ci/" in name for name in names)
    assert {f"syncwatch/files/rules/{file.name}" for file in (CHART / "files" / "rules").iterdir()} <= {
        *names
    }


def test_a_release_with_everything_fits_into_the_secret_that_helm_keeps_it_in(engine, tmp_path):
    """Chart and objects, compressed and twice in base64, in the megabyte that a Secret may have."""
    rendered = engine.render(CASES["monitoring"])
    kept = gzip.compress(json.dumps(rendered).encode()) + engine.package(tmp_path, "1.0.0").read_bytes()
    assert len(kept) * (4 / 3) ** 2 < (1 << 20) / 2
