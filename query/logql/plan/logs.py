"""Plans a query that selects lines: every cluster answers its part whole, and the streams are merged by time.

Sound because a pipeline looks at one line at a time, and a line is in one cluster.
"""

from __future__ import annotations

from dataclasses import dataclass

from query.logql.plan.context import PlanContext, hidden_constants
from query.logql.plan.pipeline import cut_query
from query.logql.plan.placed import Shard
from query.logql.plan.placing import holders_of
from query.logql.syntax.nodes import LogQuery
from query.logql.syntax.printer import print_query
from query.model.clusters import Cluster
from query.model.labels import as_labels


@dataclass(frozen=True, slots=True)
class LogsPlan:
    """The query and each cluster's part; a cluster that can't have a matching line has none."""

    query: LogQuery
    shards: tuple[Shard, ...]

    def describe(self) -> str:
        """Return the plan as stable text."""
        names = ", ".join(shard.cluster for shard in self.shards)
        head = f"merge[{names}]({print_query(self.query)})"
        return "\n".join((head, *(f"  {shard.describe()}" for shard in self.shards)))


def plan_logs(query: LogQuery, context: PlanContext) -> LogsPlan:
    """Return the plan; ``UnsupportedError`` where no exact one is known."""
    shards = (_shard(query, cluster, context) for cluster in holders_of(query, context.clusters))
    return LogsPlan(query, tuple(shard for shard in shards if shard is not None))


def _shard(query: LogQuery, cluster: Cluster, context: PlanContext) -> Shard | None:
    cut = cut_query(query, cluster, context)
    if cut.query is None:
        return None
    hidden = hidden_constants(cluster)
    added = as_labels({name: value for name, value in hidden.items() if name in cut.visible})
    return Shard(cluster.name, print_query(cut.query), added, as_labels(hidden))
