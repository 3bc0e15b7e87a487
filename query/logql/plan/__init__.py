"""Plans LogQL over clusters: what each cluster is asked, and what is done with the answers.

``plan_logs`` for queries that select lines, ``plan_metric`` for those that compute numbers. Both raise
``UnsupportedError`` (naming the node) rather than plan something that would not be exact.
"""

from query.logql.plan.context import PlanContext
from query.logql.plan.logs import LogsPlan, plan_logs
from query.logql.plan.metric import MetricPlan, plan_metric
from query.logql.plan.placed import Concat, MergedAbsence, MergedMean, Sampled, Shard

__all__ = [
    "Concat",
    "LogsPlan",
    "MergedAbsence",
    "MergedMean",
    "MetricPlan",
    "PlanContext",
    "Sampled",
    "Shard",
    "plan_logs",
    "plan_metric",
]
