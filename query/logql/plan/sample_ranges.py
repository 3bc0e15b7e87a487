"""Pass: computes at the gateway what can only be computed from the values of all clusters' lines together.

The mean, quantile, deviation, first and last value of lines of several clusters, and the rate of a counter they share,
can't be had from the clusters' own results. The lines that the range selects can be had, with the label that is
unwrapped among what the pipeline made of them; so each cluster is asked for them as for any log query, and
``query.execute`` applies the operation. How many lines that may be is bounded there.

Sound because a pipeline looks at one line at a time, and what is done with a line's value depends on the line alone:

* Filters behind ``unwrap`` are sent as the last stages. They see the same labels; only ``__error__`` can differ, which
  a failed conversion sets between them. So of conditions on ``__error__`` only ``__error__=""`` is taken, and lines
  whose value does not convert are left out with it.
* A metric query's parsers stop once they have all labels that are needed, and then do not see that the rest of the line
  is broken; a log query's parsers always do. ``needed`` are those labels: a line that failed to parse counts as good if
  it has all of them from parsers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from query.logql.plan.context import PlanContext
from query.logql.plan.idle_formats import without_idle_formats
from query.logql.plan.logs import plan_logs
from query.logql.plan.pipeline import reads
from query.logql.plan.placed import Sampled
from query.logql.syntax.nodes import (
    AndFilter,
    Binary,
    LabelFilter,
    LabelFilterStage,
    LabelReplace,
    LogQuery,
    MetricExpr,
    OrFilter,
    RangeAggregation,
    StringFilter,
    Unwrap,
    VectorAggregation,
)
from query.model.matchers import Matcher, MatchOp

OPERATIONS: Final = frozenset(
    {
        "avg_over_time",
        "first_over_time",
        "last_over_time",
        "quantile_over_time",
        "rate_counter",
        "stddev_over_time",
        "stdvar_over_time",
    }
)
ERROR: Final = "__error__"
NO_ERROR: Final = StringFilter(Matcher(ERROR, MatchOp.EQUAL, ""))


def sample_ranges(expr: MetricExpr, context: PlanContext) -> MetricExpr:
    """Return the tree with the range aggregations that need the clusters' lines placed."""
    match expr:
        case RangeAggregation() if expr.op in OPERATIONS and expr.range.unwrap is not None:
            return _sampled(expr, expr.range.unwrap, context) or expr
        case VectorAggregation() | LabelReplace():
            return replace(expr, expr=sample_ranges(expr.expr, context))
        case Binary():
            return replace(expr, left=sample_ranges(expr.left, context), right=sample_ranges(expr.right, context))
        case _:
            return expr


def _sampled(expr: RangeAggregation, unwrap: Unwrap, context: PlanContext) -> Sampled | None:
    conditions = [part for condition in unwrap.filters for part in _conjuncts(condition)]
    if any(_names_error(part) and part != NO_ERROR for part in conditions):
        return None
    query = without_idle_formats(expr).query
    stages = (*query.stages, *map(LabelFilterStage, unwrap.filters))
    needed = {unwrap.label, *(name for stage in stages for name in reads(stage))}
    grouping = expr.grouping
    if grouping is None or grouping.without or not grouping.labels:
        needed = set()  # then parsers take everything
    else:
        needed.update(grouping.labels)
    plan = plan_logs(LogQuery(query.matchers, stages), context)
    return Sampled(expr, plan.shards, frozenset(needed), skips_errors=NO_ERROR in conditions)


def _conjuncts(condition: LabelFilter) -> Iterator[LabelFilter]:
    if isinstance(condition, AndFilter):
        yield from _conjuncts(condition.left)
        yield from _conjuncts(condition.right)
    else:
        yield condition


def _names_error(condition: LabelFilter) -> bool:
    match condition:
        case StringFilter():
            return condition.matcher.name.startswith(ERROR)
        case AndFilter() | OrFilter():
            return _names_error(condition.left) or _names_error(condition.right)
        case _:
            return condition.name.startswith(ERROR)
