"""Pods are what the restricted Pod Security Standard takes, and the network is open for what is needed alone."""

import pytest

from chart.release import CASES

VOLUMES = {
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret",
}  # fmt: skip


def against_restricted(pod):
    """What the restricted Pod Security Standard has against a pod's spec."""
    of_pod = pod.get("securityContext", {})
    yield from (f"{key} is set" for key in ("hostNetwork", "hostPID", "hostIPC") if pod.get(key))
    for volume in pod.get("volumes", ()):
        yield from (f"a volume is a {kind}" for kind in volume.keys() - {"name"} - VOLUMES)
    for container in (*pod["containers"], *pod.get("initContainers", ())):
        own = container.get("securityContext", {})
        name = container["name"]
        if own.get("privileged") or own.get("procMount", "Default") != "Default":
            yield f"{name} is privileged"
        if own.get("allowPrivilegeEscalation") is not False:
            yield f"{name} may gain privileges"
        if own.get("capabilities", {}).get("drop") != ["ALL"] or "add" in own["capabilities"]:
            yield f"{name} has capabilities"
        if own.get("runAsNonRoot", of_pod.get("runAsNonRoot")) is not True or not own.get(
            "runAsUser", of_pod.get("runAsUser", 1)
        ):
            yield f"{name} may be root"
        if own.get("seccompProfile", of_pod.get("seccompProfile", {})).get("type") != "RuntimeDefault":
            yield f"{name} may call what it wants"
        if any("hostPort" in port for port in container.get("ports", ())):
            yield f"{name} has a port of the node"


def test_pods_fit_the_restricted_standard(release):
    assert [*against_restricted(release.pod)] == []
    assert [*against_restricted(release.tester["spec"])] == []


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"securityContext": {"capabilities": {"drop": None, "add": ["NET_RAW"]}}}, "syncwatch has capabilities"),
        ({"podSecurityContext": {"runAsUser": 0}}, "syncwatch may be root"),
        ({"podSecurityContext": {"seccompProfile": {"type": "Unconfined"}}}, "syncwatch may call what it wants"),
        ({"extraVolumes": [{"name": "x", "hostPath": {"path": "/"}}]}, "a volume is a hostPath"),
    ],
)  # fmt: skip
def test_what_does_not_fit_it_would_be_seen(install, values, said):
    assert said in [*against_restricted(install(values).pod)]


def test_containers_of_ours_cannot_write_to_their_root(release):
    for container in (release.daemon, release.tester["spec"]["containers"][0]):
        assert container["securityContext"]["readOnlyRootFilesystem"] is True


def test_no_pod_has_a_token_of_kubernetes_and_no_service_in_its_environment(release):
    for pod in (release.pod, release.tester["spec"]):
        assert pod["automountServiceAccountToken"] is False
        assert pod["enableServiceLinks"] is False
    for account in release.all("ServiceAccount"):
        assert account["automountServiceAccountToken"] is False
    assert release.all("Role") + release.all("RoleBinding") + release.all("ClusterRole") == []


def test_the_pod_of_helm_test_may_come_in_and_is_not_taken_for_the_daemon(install):
    release = install()
    policy, service = release.one("NetworkPolicy")["spec"], release.one("Service")["spec"]
    tester, daemon = (
        each["metadata"]["labels"].items() for each in (release.tester, release.workload["spec"]["template"])
    )
    for selected in (policy["podSelector"]["matchLabels"], service["selector"]):
        assert selected.items() <= daemon
        assert not selected.items() <= tester
    let_in = [each.get("podSelector", {}).get("matchLabels", {}) for each in policy["ingress"][0]["from"]]
    assert any(each.items() <= tester for each in let_in)


def ports(rules):
    return [[each["port"] for each in rule["ports"]] for rule in rules]


def test_a_prometheus_may_come_in_and_panels_and_names_be_asked_and_nothing_else(install):
    policy = install().one("NetworkPolicy")["spec"]
    assert policy["policyTypes"] == ["Ingress", "Egress"]
    assert ports(policy["ingress"]) == [["http"]]
    assert {"app.kubernetes.io/name": "prometheus"} in [
        each["podSelector"]["matchLabels"] for each in policy["ingress"][0]["from"]
    ]
    assert ports(policy["egress"]) == [[53, 53], [443]]


def test_the_policy_knows_the_port_of_the_database(install):
    policy = install(CASES["postgresql"]).one("NetworkPolicy")["spec"]
    assert policy["egress"][-1] == {
        "ports": [{"port": 6432, "protocol": "TCP"}],
        "to": [{"ipBlock": {"cidr": "10.20.0.0/16"}}],
    }


@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("db.example.com", 5432),
        ("db.example.com:6432", 6432),
        ("db2", 5432),
        ("10.1.2.3", 5432),
        ("10.1.2.3:6432", 6432),
        ("[fd00::5]", 5432),
        ("[fd00::5]:6432", 6432),
    ],
)
def test_a_number_at_the_end_of_a_host_is_no_port(install, host, port):
    url = f"postgresql://syncwatch@{host}/syncwatch?ssl=require"
    database = {"enabled": True, "existingSecret": "a", "url": url}
    policy = install({"journal": {"postgresql": database}}).one("NetworkPolicy")
    assert ports(policy["spec"]["egress"])[-1] == [port]


def test_what_is_said_of_the_network_stands_in_the_policy(install):
    policy = install(CASES["networkpolicy"]).one("NetworkPolicy")["spec"]
    given = CASES["networkpolicy"]["networkPolicy"]
    assert policy["ingress"][0]["from"][1:] == given["ingress"]["from"]
    assert ports(policy["egress"]) == [[53, 53, 5353, 5353], [443, 8443], [3128]]
    assert policy["egress"][1]["to"] == given["egress"]["to"]
    assert install(CASES["no-networkpolicy"]).all("NetworkPolicy") == []
    inward = install({"networkPolicy": {"egress": {"enabled": False}}}).one("NetworkPolicy")["spec"]
    assert inward["policyTypes"] == ["Ingress"]
    assert "egress" not in inward
