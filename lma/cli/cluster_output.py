"""Clusters, printed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lma.cli import console, tables
from lma.cli.options import Output

if TYPE_CHECKING:
    from lma.client import Cluster


def print_clusters(clusters: Sequence[Cluster], output: Output) -> None:
    """Print a list of clusters."""
    if output is Output.JSON:
        tables.print_json([document(cluster) for cluster in clusters])
    elif output is Output.YAML:
        tables.print_yaml([document(cluster) for cluster in clusters])
    elif not clusters:
        console.stderr().print("no clusters yet; add one with: lma cluster register NAME --metrics-url URL")
    else:
        rows = [
            (
                cluster.name,
                cluster.endpoints.metrics_url or "-",
                cluster.endpoints.logs_url or "-",
                cluster.endpoints.alerts_url or "-",
                _labels(cluster),
                _state(cluster),
            )
            for cluster in clusters
        ]
        tables.print_table(("name", "metrics", "logs", "alerts", "labels", "state"), rows)


def print_cluster(cluster: Cluster, output: Output) -> None:
    """Print one cluster, all there is to know of it."""
    if output is Output.JSON:
        tables.print_json(document(cluster))
    elif output is Output.YAML:
        tables.print_yaml(document(cluster))
    else:
        parts = cluster.endpoints
        rows = [
            ("name", cluster.name),
            ("id", cluster.id),
            ("labels", _labels(cluster)),
            ("metrics", parts.metrics_url or ""),
            *(("  replica", url) for url in parts.metrics_replicas),
            ("logs", parts.logs_url or ""),
            ("  tenant", parts.logs_tenant or ""),
            ("alerts", parts.alerts_url or ""),
            ("created", cluster.created_at),
            ("changed", cluster.updated_at),
            *((c.kind, f"{c.status}: {c.message or c.reason} (since {c.since})") for c in cluster.conditions),
            *(("warning", warning) for warning in cluster.warnings),
        ]
        tables.print_table(("field", "value"), [row for row in rows if row[1]])


def print_outcome(cluster: Cluster) -> None:
    """Say what a change did, and what to look at."""
    console.write(f"cluster {console.visible(cluster.name)} {cluster.outcome or 'changed'}\n")
    for warning in cluster.warnings:
        console.stderr().print(f"warning: {console.visible(warning)}", style="yellow", soft_wrap=True)


def document(cluster: Cluster) -> dict[str, Any]:
    """Return a cluster as the control plane showed it."""
    return dict(cluster.details)


def _state(cluster: Cluster) -> str:
    """Return ``ok``, or in few words what to look at; ``lma cluster show`` has the many."""
    failing = [f"not {condition.kind}" for condition in cluster.conditions if condition.status == "False"]
    warnings = f"{len(cluster.warnings)} warning{'s' if len(cluster.warnings) > 1 else ''}" if cluster.warnings else ""
    return ", ".join(failing) or warnings or "ok"


def _labels(cluster: Cluster) -> str:
    return ",".join(f"{name}={value}" for name, value in sorted(cluster.labels.items())) or "-"
