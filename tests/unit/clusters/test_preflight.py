"""Every check against facts: what passes, what warns, what fails, and that each says what to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lma.clusters.access import ClusterAccess
from lma.clusters.kubernetes_api import unreachable
from lma.clusters.preflight import CHECKS, Facts, Outcome, Verdict, judge
from lma.clusters.preflight.facts import RIGHTS
from lma.clusters.preflight.nodes import quantity
from tests.cluster.bed.pki import Authority

NOW = datetime.now(UTC)
AUTHORITY = Authority("test ca")


def node(
    *, arch: str = "amd64", ready: str = "True", cpu: str = "4", memory: str = "8Gi", **labels: str
) -> dict[str, Any]:
    return {
        "metadata": {"name": "n", "labels": {key.replace("__", "/"): value for key, value in labels.items()}},
        "status": {
            "nodeInfo": {"architecture": arch},
            "conditions": [{"type": "Ready", "status": ready}],
            "allocatable": {"cpu": cpu, "memory": memory},
        },
    }


def service(name: str, port: int) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "m"}, "spec": {"ports": [{"port": port}]}}


def named(name: str, **rest: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, **rest}}


SERVICES = [service("prometheus", 9090), service("loki", 3100), service("alertmanager", 9093)]
DEFAULT = named("standard", annotations={"storageclass.kubernetes.io/is-default-class": "true"})
GOOD = Facts(
    NOW,
    ClusterAccess("https://10.0.0.1:6443", token="t"),
    "seoul",
    version="v1.35.1",
    uid="u1",
    skew_s=0.0,
    server_ends=NOW + timedelta(days=300),
    rights=dict.fromkeys(RIGHTS, True),
    namespaces=[named("kube-system")],
    services=SERVICES,
    nodes=[node()],
    classes=[DEFAULT],
    definitions=[],
    deployments=[],
)


def verdict(name: str, **changed: Any) -> Verdict:
    check = next(check for check in CHECKS if check.name == name)
    return check.judge(replace(GOOD, **changed))


def test_there_are_many_checks_each_with_a_name_of_its_own() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS) >= 20


def test_a_good_cluster_passes_every_check() -> None:
    assert {check.name: found.message for check, found in judge(GOOD) if found.outcome is not Outcome.PASS} == {}


def test_a_cluster_that_does_not_answer_is_one_failure() -> None:
    (found,) = judge(replace(GOOD, failure=unreachable("https://10.0.0.1:6443", "refused")))
    assert (found[0].name, found[1].outcome) == ("api-reachable", Outcome.FAIL)
    assert "agent" in found[1].remedy


def operator(image: str) -> dict[str, Any]:
    spec = {"template": {"spec": {"containers": [{"image": image}]}}}
    return {"metadata": {"name": "op", "namespace": "m", "labels": {}}, "spec": spec}


def definition(version: str) -> dict[str, Any]:
    annotations = {"operator.prometheus.io/version": version}
    return {**named("x", annotations=annotations), "spec": {"group": "monitoring.coreos.com"}}


OLD_CERTIFICATE = AUTHORITY.issue("x", valid=timedelta(days=3))
TERMINATING = {**named("lma-federation"), "status": {"phase": "Terminating"}}
OURS = named("lma-federation", labels={"app.kubernetes.io/managed-by": "lma-federation"})
CASES: list[tuple[str, dict[str, Any], str, str]] = [
    ("api-reachable", {"elapsed_ms": 3000.0}, "warn", "3000 ms"),
    ("version", {"version": "v1.20.0"}, "warn", "older than"),
    ("version", {"version": "v1.99.0"}, "warn", "newer than"),
    ("version", {"version": "nonsense"}, "warn", "not understood"),
    ("server-certificate", {"server_ends": NOW + timedelta(days=3)}, "warn", "ends at"),
    ("server-certificate", {"server_ends": NOW - timedelta(days=3)}, "fail", "ends at"),
    (
        "certificate-authority",
        {"access": ClusterAccess("https://x", AUTHORITY.pair.certificate.decode())},
        "warn",
        "ends",
    ),
    (
        "credential-end",
        {"access": ClusterAccess("https://x", client_certificate=OLD_CERTIFICATE.certificate.decode())},
        "warn",
        "client certificate ends",
    ),
    ("credential-end", {"is_account": True}, "pass", "renewed in time"),
    ("clocks", {"skew_s": 30.0}, "warn", "differs by 30 s"),
    ("clocks", {"skew_s": -600.0}, "fail", "differs by 600 s"),
    ("clocks", {"skew_s": None}, "warn", "no time"),
    ("identity", {"uid": ""}, "fail", "can't be read"),
    ("identity", {"known_as": "tokyo"}, "fail", "already, as 'tokyo'"),
    ("identity", {"known_as": "seoul"}, "pass", "registered"),
    ("name", {"is_name_taken": True}, "fail", "another cluster is named 'seoul'"),
    ("list-services", {"rights": {}}, "fail", "may not list services"),
    ("query-services", {"rights": {}}, "warn", "services/proxy"),
    ("query-services", {"rights": {}, "is_account": True}, "pass", "no others"),
    ("create-namespace", {"rights": {}}, "warn", "create namespaces"),
    ("create-service-account", {"rights": {}}, "warn", "create serviceaccounts"),
    ("request-token", {"rights": {}}, "warn", "create serviceaccounts/token"),
    ("create-roles", {"rights": {}}, "warn", "create clusterroles, create roles"),
    ("bind-roles", {"rights": {}}, "warn", "create clusterrolebindings"),
    ("bind-roles", {"rights": {}, "is_account": True}, "pass", "not needed any more"),
    ("own-namespace", {"own_namespace": OURS}, "pass", "is ours"),
    ("own-namespace", {"own_namespace": named("lma-federation")}, "fail", "somebody else's"),
    ("own-namespace", {"own_namespace": TERMINATING}, "fail", "being deleted"),
    ("pod-security", {"namespaces": None}, "warn", "can't be seen"),
    (
        "pod-security",
        {"namespaces": [named("a", labels={"pod-security.kubernetes.io/enforce": "restricted"})]},
        "pass",
        "restricted in 1 of 1",
    ),
    ("metrics", {"services": []}, "warn", "no Prometheus"),
    ("metrics", {"services": None}, "warn", "services can't be seen"),
    (
        "one-metrics-view",
        {"services": [service("prometheus", 9090), service("team-prometheus", 9090)]},
        "warn",
        "2 Prometheus servers",
    ),
    ("logs", {"services": []}, "warn", "no Loki"),
    ("alerts", {"services": []}, "warn", "no Alertmanager"),
    (
        "prometheus-operator",
        {"deployments": [operator("quay.io/prometheus-operator/prometheus-operator:v0.85.0")]},
        "pass",
        "v0.85.0",
    ),
    ("prometheus-operator", {"deployments": None}, "warn", "can't be seen"),
    (
        "operator-resources",
        {"definitions": [definition("0.80.0"), definition("0.85.0")]},
        "warn",
        "several versions: 0.80.0, 0.85.0",
    ),
    ("operator-resources", {"definitions": [definition("0.85.0")]}, "pass", "version 0.85.0"),
    ("nodes", {"nodes": [node(), node(ready="False")]}, "warn", "1 of 2"),
    ("nodes", {"nodes": []}, "fail", "none of 0"),
    ("nodes", {"nodes": None}, "warn", "can't be seen"),
    ("architecture", {"nodes": [node(arch="s390x")]}, "fail", "1 s390x"),
    ("capacity", {"nodes": [node(cpu="500m", memory="900000Ki")]}, "warn", "0.5 CPUs and 0.9 GiB"),
    ("storage-class", {"classes": []}, "warn", "no default"),
    ("storage-class", {"classes": [DEFAULT, DEFAULT]}, "warn", "several"),
    ("storage-class", {"classes": None}, "warn", "can't be seen"),
    ("fargate", {"nodes": [node(**{"eks.amazonaws.com__compute-type": "fargate"})]}, "warn", "no DaemonSet"),
    ("control-plane", {"nodes": [node(**{"node-role.kubernetes.io__control-plane": ""})]}, "pass", "on 1 of"),
    ("control-plane", {}, "pass", "is managed"),
]


@pytest.mark.parametrize(("name", "changed", "outcome", "told"), CASES)
def test_a_check(name: str, changed: dict[str, Any], outcome: str, told: str) -> None:
    found = verdict(name, **changed)
    assert (found.outcome.value, told in found.message) == (outcome, True), found
    assert bool(found.remedy) is (outcome != "pass")


@pytest.mark.parametrize(
    ("text", "value"),
    [("4", 4.0), ("1930m", 1.93), ("8Gi", 8 << 30), ("900000Ki", 900000 * 1024), ("1G", 1e9), ("x", 0.0)],
)
def test_quantities(text: str, value: float) -> None:
    assert quantity(text) == pytest.approx(value)
