"""The clusters the planner tests plan for: two whose backends hide their labels, one that shows them."""

from __future__ import annotations

from query.logql.plan import LogsPlan, MetricPlan, PlanContext, plan_logs, plan_metric
from query.logql.syntax import parse_query
from query.logql.syntax.nodes import LogQuery
from query.model.clusters import Cluster, ClusterName

SEOUL = Cluster(ClusterName("seoul"), {"cluster": "seoul", "region": "kr"})
TOKYO = Cluster(ClusterName("tokyo"), {"cluster": "tokyo", "region": "jp"})
LIMA = Cluster(ClusterName("lima"), {"cluster": "lima"}, frozenset({"cluster"}))
CONTEXT = PlanContext((SEOUL, TOKYO, LIMA))


def logs(text: str, context: PlanContext = CONTEXT) -> LogsPlan:
    """Plan a query that selects lines."""
    query = parse_query(text)
    assert isinstance(query, LogQuery)
    return plan_logs(query, context)


def metric(text: str, context: PlanContext = CONTEXT) -> MetricPlan:
    """Plan a query that computes numbers."""
    query = parse_query(text)
    assert not isinstance(query, LogQuery)
    return plan_metric(query, context)
