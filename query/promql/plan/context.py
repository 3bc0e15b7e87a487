"""What planning a query needs to know beside the query."""

from __future__ import annotations

from dataclasses import dataclass

from query.model.clusters import Cluster

DEFAULT_SUBQUERY_STEP_MS = 60_000
DEFAULT_SUBQUERY_POINTS = 1_000_000


@dataclass(frozen=True, slots=True)
class PlanContext:
    """The members of the partition and the label whose value tells them apart.

    ``subquery_step_ms`` is written into subqueries that give no step, because each server has its own default.
    ``subquery_points`` bounds how often one evaluation may evaluate the expression of a subquery. ``step_ms`` and
    ``range_ms`` are the query's, which durations may name; both 0 for an instant query.
    """

    clusters: tuple[Cluster, ...]
    partition_label: str = "cluster"
    subquery_step_ms: int = DEFAULT_SUBQUERY_STEP_MS
    subquery_points: int = DEFAULT_SUBQUERY_POINTS
    step_ms: int = 0
    range_ms: int = 0

    @property
    def constant_names(self) -> frozenset[str]:
        """Every label name that is constant in at least one cluster."""
        return frozenset(name for cluster in self.clusters for name in cluster.constants)
