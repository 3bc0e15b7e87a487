"""Checks of the machines: whether what would be installed finds a place, and who runs the control plane."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from lma.clusters.preflight.check import Verdict, failed, passed, warned
from lma.clusters.preflight.facts import Facts

ARCHITECTURES: Final = frozenset({"amd64", "arm64"})
CPU_NEEDED: Final = 1.0
MEMORY_NEEDED: Final = 2 << 30
_FARGATE: Final = ("eks.amazonaws.com/compute-type", "fargate")
_CONTROL: Final = frozenset({"node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"})
_DEFAULT_CLASS: Final = "storageclass.kubernetes.io/is-default-class"
_UNITS: Final = {"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40, "k": 1e3, "M": 1e6, "G": 1e9, "m": 1e-3}

Nodes = Sequence[Mapping[str, Any]]


def over_nodes(judge: Callable[[Nodes], Verdict]) -> Callable[[Facts], Verdict]:
    """Return the check that judges the nodes, where they can be seen."""

    def check(facts: Facts) -> Verdict:
        if facts.nodes is None:
            why = facts.refusals.get("/api/v1/nodes", "no answer")
            return warned(f"nodes can't be seen: {why}", "allow the user to list nodes")
        return judge(facts.nodes)

    return check


def _ready(nodes: Nodes) -> Verdict:
    ready = [node for node in nodes if _condition(node, "Ready") == "True"]
    if not ready:
        return failed(f"none of {len(nodes)} nodes is ready", "bring a node up")
    if len(ready) < len(nodes):
        return warned(f"{len(ready)} of {len(nodes)} nodes are ready", "look at the others with kubectl get nodes")
    return passed(f"all {len(nodes)} nodes are ready")


def _architecture(nodes: Nodes) -> Verdict:
    seen = Counter(str(node["status"].get("nodeInfo", {}).get("architecture", "unknown")) for node in nodes)
    listed = ", ".join(f"{count} {name}" for name, count in sorted(seen.items()))
    if not ARCHITECTURES & set(seen):
        return failed(f"nodes are {listed}", f"images are there for {' and '.join(sorted(ARCHITECTURES))}")
    return passed(f"nodes are {listed}")


def _capacity(nodes: Nodes) -> Verdict:
    allocatable = [node["status"].get("allocatable") or {} for node in nodes]
    cpu = sum(quantity(part.get("cpu", "0")) for part in allocatable)
    memory = sum(quantity(part.get("memory", "0")) for part in allocatable)
    told = f"{cpu:g} CPUs and {memory / (1 << 30):.1f} GiB for pods"
    if cpu < CPU_NEEDED or memory < MEMORY_NEEDED:
        return warned(told, f"{CPU_NEEDED:g} CPU and {MEMORY_NEEDED >> 30} GiB should be free for Prometheus and Loki")
    return passed(told)


def _fargate(nodes: Nodes) -> Verdict:
    label, value = _FARGATE
    there = [node for node in nodes if (node["metadata"].get("labels") or {}).get(label) == value]
    if there and len(there) == len(nodes):
        return warned("all nodes are Fargate: no DaemonSet runs there", "node metrics and pod logs need a node group")
    return passed("no Fargate nodes" if not there else f"{len(there)} of {len(nodes)} nodes are Fargate")


def _control_plane(nodes: Nodes) -> Verdict:
    own = [node for node in nodes if _CONTROL & (node["metadata"].get("labels") or {}).keys()]
    if own:
        return passed(f"the control plane is on {len(own)} of the cluster's nodes")
    return passed("the control plane is managed: etcd and the scheduler have no metrics to scrape here")


nodes_ready: Final = over_nodes(_ready)
architecture: Final = over_nodes(_architecture)
capacity: Final = over_nodes(_capacity)
fargate: Final = over_nodes(_fargate)
control_plane: Final = over_nodes(_control_plane)


def storage_class(facts: Facts) -> Verdict:
    """Check that there is a default StorageClass, or what is installed loses its data with its pod."""
    if facts.classes is None:
        return warned("storage classes can't be seen", "allow the user to list storageclasses")
    defaults = [
        item["metadata"]["name"]
        for item in facts.classes
        if (item["metadata"].get("annotations") or {}).get(_DEFAULT_CLASS) == "true"
    ]
    if len(defaults) > 1:
        return warned(f"several default StorageClasses: {', '.join(defaults)}", "leave one default")
    if not defaults:
        return warned("no default StorageClass", "name one when installing, or data is lost with its pod")
    return passed(f"default StorageClass {defaults[0]}")


def quantity(text: str) -> float:
    """Return a Kubernetes quantity as a number, 0 for what is none."""
    for suffix, factor in _UNITS.items():
        if text.endswith(suffix):
            text, unit = text.removesuffix(suffix), float(factor)
            break
    else:
        unit = 1.0
    try:
        return float(text) * unit
    except ValueError:
        return 0.0


def _condition(node: Mapping[str, Any], kind: str) -> str:
    for item in node["status"].get("conditions") or []:
        if item.get("type") == kind:
            return str(item.get("status"))
    return "Unknown"
