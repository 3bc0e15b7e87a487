"""Checks of what is in the cluster: what can be asked, who installed it, and what would collide with us."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from lma.clusters.detect import Signal, candidates
from lma.clusters.preflight.check import Verdict, failed, passed, warned
from lma.clusters.preflight.facts import Facts
from lma.clusters.service_account import LABELS, NAMESPACE

_OPERATOR_GROUP: Final = "monitoring.coreos.com"
_VERSION_NOTE: Final = "operator.prometheus.io/version"
_ENFORCE: Final = "pod-security.kubernetes.io/enforce"


def metrics_found(facts: Facts) -> Verdict:
    """Check that something answers PromQL."""
    return _found(facts, "metrics", "no Prometheus, Thanos Query or Mimir was found", "install one, or give its URL")


def logs_found(facts: Facts) -> Verdict:
    """Check that something answers LogQL."""
    return _found(facts, "logs", "no Loki was found", "install one, or give its URL")


def alerts_found(facts: Facts) -> Verdict:
    """Check that an Alertmanager is there; only its alerts would be missing."""
    return _found(facts, "alerts", "no Alertmanager was found", "install one if alerts of this cluster are wanted")


def one_metrics_view(facts: Facts) -> Verdict:
    """Check that one view has all metrics: of several Prometheus servers without a Thanos Query one would be asked."""
    found = [one for one in candidates(facts.services or []) if one.signal == "metrics"]
    plain = [one for one in found if one.product == "Prometheus"]
    if len(plain) > 1 and len(plain) == len(found):
        listed = ", ".join(map(str, plain))
        return warned(
            f"{len(plain)} Prometheus servers and no Thanos Query over them: {listed}",
            "the first is asked; put a Thanos Query over them",
        )
    return passed("one complete view of the metrics" if found else "no metrics to view")


def operator(facts: Facts) -> Verdict:
    """Tell whether the Prometheus Operator is there, which a second one would fight with."""
    if facts.deployments is None:
        return _unseen(facts, "deployments")
    for item in facts.deployments:
        metadata = item.get("metadata", {})
        containers = item.get("spec", {}).get("template", {}).get("spec", {}).get("containers") or []
        for container in containers:
            image = str(container.get("image", ""))
            if re.search(r"prometheus-operator(?::|@|$)", image):
                manager = (metadata.get("labels") or {}).get("app.kubernetes.io/managed-by", "nobody that says so")
                place = f"{metadata.get('namespace')}/{metadata.get('name')}"
                return passed(
                    f"the Prometheus Operator runs ({place}, {image}), managed by {manager}: use it, add none"
                )
    return passed("no Prometheus Operator")


def operator_definitions(facts: Facts) -> Verdict:
    """Check that the operator's custom resources are of one version."""
    if facts.definitions is None:
        return _unseen(facts, "custom resource definitions")
    own = [item for item in facts.definitions if item.get("spec", {}).get("group") == _OPERATOR_GROUP]
    versions = {str((item["metadata"].get("annotations") or {}).get(_VERSION_NOTE, "unknown")) for item in own}
    if len(versions) > 1:
        return warned(
            f"custom resources of {_OPERATOR_GROUP} are of several versions: {', '.join(sorted(versions))}",
            "bring them to the operator's version: Helm never upgrades them",
        )
    return passed(f"{len(own)} of {_OPERATOR_GROUP}, version {versions.pop()}" if own else f"none of {_OPERATOR_GROUP}")


def own_namespace(facts: Facts) -> Verdict:
    """Check that our namespace is free, or ours."""
    found = facts.own_namespace
    if found is None:
        return passed(f"the namespace {NAMESPACE} is free")
    if (found.get("status") or {}).get("phase") == "Terminating":
        return failed(f"the namespace {NAMESPACE} is being deleted", "wait until it is gone; look for finalizers")
    if not LABELS.items() <= (found["metadata"].get("labels") or {}).items():
        return failed(f"the namespace {NAMESPACE} is somebody else's", "rename it, or register with --keep-credential")
    return passed(f"the namespace {NAMESPACE} is ours")


def pod_security(facts: Facts) -> Verdict:
    """Tell which Pod Security level holds where things would be installed."""
    if facts.namespaces is None:
        return _unseen(facts, "namespaces")
    strict = sorted(item["metadata"]["name"] for item in facts.namespaces if _level(item) == "restricted")
    if strict:
        return passed(f"restricted in {len(strict)} of {len(facts.namespaces)} namespaces: {', '.join(strict[:5])}")
    return passed("no namespace enforces `restricted`")


def _level(namespace: Mapping[str, Any]) -> str:
    return str((namespace["metadata"].get("labels") or {}).get(_ENFORCE, ""))


def _found(facts: Facts, signal: Signal, told: str, remedy: str) -> Verdict:
    if facts.services is None:
        return _unseen(facts, "services")
    found = [one for one in candidates(facts.services) if one.signal == signal]
    return passed(", ".join(map(str, found))) if found else warned(told, remedy)


def _unseen(facts: Facts, what: str) -> Verdict:
    why = next((told for path, told in facts.refusals.items() if path.endswith(what.replace(" ", ""))), "no answer")
    return warned(f"{what} can't be seen: {why}", f"allow the user to list {what}")
