"""What the planner knows beside the query: the clusters, and the label that tells them apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from query.model.clusters import Cluster, ClusterName


@dataclass(frozen=True, slots=True)
class PlanContext:
    """The clusters a query may reach.

    ``covered_by`` maps a cluster to a label that every one of its streams was found to carry, for clusters where that
    was looked up: Loki takes no selector that could select everything, so a query whose only matcher is on a label the
    backend does not show needs another one that is exact. ``memo`` keeps what ``piece`` found of each subtree, which is
    looked at once for every level above it.
    """

    clusters: tuple[Cluster, ...]
    partition_label: str = "cluster"
    covered_by: Mapping[ClusterName, str] = field(default_factory=lambda: MappingProxyType({}))
    memo: dict[tuple[int, ClusterName, bool], Any] = field(default_factory=dict, init=False, compare=False, repr=False)


def hidden_constants(cluster: Cluster) -> dict[str, str]:
    """Return the constants the backend does not show, with their values."""
    return {name: value for name, value in cluster.constants.items() if name not in cluster.shown}
