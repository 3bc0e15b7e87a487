"""What planning a query needs to know beside the query."""

from __future__ import annotations

from dataclasses import dataclass

from query.model.clusters import Cluster
from query.model.time import Grid
from query.promql.plan.partials import Partials
from query.promql.plan.windows import DEFAULT_LOOKBACK_MS

DEFAULT_SUBQUERY_STEP_MS = 60_000
DEFAULT_SUBQUERY_POINTS = 1_000_000


@dataclass(frozen=True, slots=True)
class PlanContext:
    """The members of the partition and the label whose value tells them apart.

    ``subquery_step_ms`` is written into subqueries that give no step, because each server has its own default.
    ``subquery_points`` bounds how often one evaluation may evaluate the expression of a subquery. ``start_ms``,
    ``step_ms`` and ``range_ms`` are the query's, which it may name; the latter two are 0 for an instant query.
    ``lookback_ms`` is how long a sample stands for a series. ``pushes_down`` false: clusters give samples only, and
    everything is computed here. ``partials`` is what clusters may be asked for below a merge.
    """

    clusters: tuple[Cluster, ...]
    partition_label: str = "cluster"
    subquery_step_ms: int = DEFAULT_SUBQUERY_STEP_MS
    subquery_points: int = DEFAULT_SUBQUERY_POINTS
    step_ms: int = 0
    range_ms: int = 0
    start_ms: int = 0
    lookback_ms: int = DEFAULT_LOOKBACK_MS
    pushes_down: bool = True
    partials: Partials = Partials.SUMS

    @property
    def grid(self) -> Grid:
        """When the query is evaluated."""
        if not self.step_ms:
            return Grid.instant(self.start_ms)
        return Grid(self.start_ms, self.start_ms + self.range_ms, self.step_ms)

    @property
    def constant_names(self) -> frozenset[str]:
        """Every label name that is constant in at least one cluster."""
        return frozenset(name for cluster in self.clusters for name in cluster.constants)
