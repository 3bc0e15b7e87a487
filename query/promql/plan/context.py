"""What planning a query needs to know beside the query."""

from __future__ import annotations

from dataclasses import dataclass

from query.model.clusters import Cluster

DEFAULT_SUBQUERY_STEP_MS = 60_000


@dataclass(frozen=True, slots=True)
class PlanContext:
    """The members of the partition and the label whose value tells them apart.

    ``subquery_step_ms`` is written into subqueries that give no step, because each server has its own default.
    """

    clusters: tuple[Cluster, ...]
    partition_label: str = "cluster"
    subquery_step_ms: int = DEFAULT_SUBQUERY_STEP_MS

    @property
    def constant_names(self) -> frozenset[str]:
        """Every label name that is constant in at least one cluster."""
        return frozenset(name for cluster in self.clusters for name in cluster.constants)
