"""Pass: decide ``absent`` over several clusters by asking each only whether anything is there.

``absent(e)`` over the union is present exactly at the steps where ``e`` is empty in every cluster, so ``group(e)``
from each suffices, and an aggregation around ``e`` changes nothing. For ``absent_over_time(m)`` the same holds with
``present_over_time(m)``.
"""

from __future__ import annotations

from dataclasses import replace

from query.model.labels import NO_LABELS, as_labels
from query.promql.plan.context import PlanContext
from query.promql.plan.functions import ABSENCE
from query.promql.plan.names import NOTHING
from query.promql.plan.nodes import Concat, MergedAbsence
from query.promql.plan.piece import absent_labels
from query.promql.syntax.nodes import Aggregate, Call, Expr, Paren, Placed, ValueType
from query.promql.syntax.tree import replace_children

ONE_FOR_ANY = frozenset({"sum", "avg", "count", "min", "max", "group", "stddev", "stdvar"})
"""Aggregations that give something exactly if there is anything to aggregate."""


def merge_absence(expr: Expr, context: PlanContext) -> Expr:
    """Return the tree with ``absent`` and ``absent_over_time`` over a ``Concat`` turned into ``MergedAbsence``."""
    if isinstance(expr, Placed):
        return expr
    expr = replace_children(expr, lambda child: merge_absence(child, context))
    if not (isinstance(expr, Call) and expr.function in ABSENCE):
        return expr
    leaf = expr.args[0]
    is_aggregated = False
    while isinstance(leaf, Paren) or (isinstance(leaf, Aggregate) and leaf.op in ONE_FOR_ANY):
        is_aggregated = is_aggregated or isinstance(leaf, Aggregate)
        leaf = leaf.expr
    if not isinstance(leaf, Concat):
        return expr
    shards = tuple(
        replace(shard, expr=_anything(shard.expr, leaf.value_type), visible=NOTHING) for shard in leaf.shards
    )
    present = Concat(_anything(leaf.expr, leaf.value_type), shards, are_partials=True)
    return MergedAbsence(present, NO_LABELS if is_aggregated else as_labels(absent_labels(leaf.expr)))


def _anything(expr: Expr, value_type: ValueType) -> Expr:
    inner = Call("present_over_time", (expr,)) if value_type is ValueType.MATRIX else expr
    return Aggregate("group", inner)
