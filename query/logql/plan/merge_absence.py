"""Pass: asks every cluster whether something is absent; it is absent in the union where every cluster says so.

Its labels are those of the union's answer: the selector's equality matchers, the constants among them, as Loki builds
them (a label with a second matcher is left out).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from query.logql.plan.context import PlanContext
from query.logql.plan.placed import MergedAbsence
from query.logql.plan.placing import partials_of
from query.logql.syntax.nodes import Binary, LabelReplace, MetricExpr, RangeAggregation, VectorAggregation
from query.model.labels import METRIC_NAME, Labels, as_labels
from query.model.matchers import Matcher, MatchOp


def merge_absence(expr: MetricExpr, context: PlanContext) -> MetricExpr:
    """Return the tree with every ``absent_over_time`` placed."""
    match expr:
        case RangeAggregation(op="absent_over_time"):
            return MergedAbsence(partials_of(expr, context), absent_labels(expr.range.query.matchers))
        case VectorAggregation() | LabelReplace():
            return replace(expr, expr=merge_absence(expr.expr, context))
        case Binary():
            return replace(expr, left=merge_absence(expr.left, context), right=merge_absence(expr.right, context))
        case _:
            return expr


def absent_labels(matchers: Sequence[Matcher]) -> Labels:
    """Return the labels of what ``absent_over_time`` answers for a selector."""
    found: dict[str, str] = {}
    dropped: set[str] = set()
    for matcher in matchers:
        if matcher.name == METRIC_NAME:
            continue
        if matcher.op is MatchOp.EQUAL and matcher.name not in found:
            found[matcher.name] = matcher.value
        else:
            dropped.add(matcher.name)
    return as_labels({name: value for name, value in found.items() if name not in dropped})
