"""Pass: aggregate in the clusters first where the aggregates of parts merge to the aggregate of the whole.

``sum(concat(e))`` becomes ``sum(concat(sum(e)))``: addition does not care how its terms are grouped. The same holds for
count (partial counts are summed), min, max, group, topk, bottomk and limitk (an element of the answer is among the
answers of its own cluster), count_values (counts of a value are summed), and for avg by way of sums and counts. Float
addition in another order may differ in the last bit; the explain output calls such nodes rounded.
"""

from __future__ import annotations

from dataclasses import replace

from query.promql.plan.context import PlanContext
from query.promql.plan.functions import MERGES
from query.promql.plan.nodes import Concat, MergedMean
from query.promql.plan.piece import grouped
from query.promql.plan.push_subtrees import reads_data
from query.promql.syntax.nodes import Aggregate, Expr, Paren, Placed, StringLiteral
from query.promql.syntax.tree import replace_children

PICKS_SERIES = frozenset({"topk", "bottomk", "limitk"})


def merge_aggregations(expr: Expr, context: PlanContext) -> Expr:
    """Return the tree with aggregations over a ``Concat`` begun in the clusters."""
    if isinstance(expr, Placed):
        return expr
    expr = replace_children(expr, lambda child: merge_aggregations(child, context))
    if not isinstance(expr, Aggregate):
        return expr
    leaf = _without_parens(expr.expr)
    if not isinstance(leaf, Concat) or (expr.param is not None and reads_data(expr.param)):
        return expr
    if expr.op == "avg":
        return MergedMean(
            _begun(replace(expr, op="sum"), leaf), _begun(replace(expr, op="count"), leaf), expr.grouping, expr.without
        )
    if expr.op == "count_values":
        return _counted(expr, leaf, context)
    merge = MERGES.get(expr.op)
    if merge is None:
        return expr
    return replace(expr, op=merge, expr=_begun(expr, leaf))


def _begun(aggregate: Aggregate, leaf: Concat) -> Concat:
    shards = tuple(
        replace(
            shard,
            expr=replace(aggregate, expr=shard.expr),
            visible=shard.visible if aggregate.op in PICKS_SERIES else grouped(shard.visible, aggregate),
        )
        for shard in leaf.shards
    )
    return Concat(replace(aggregate, expr=leaf.expr), shards, are_partials=True)


def _counted(expr: Aggregate, leaf: Concat, context: PlanContext) -> Expr:
    label = expr.param
    if not isinstance(label, StringLiteral) or label.value in context.constant_names:
        return expr
    begun = _begun(expr, leaf)
    if expr.without:
        grouping = tuple(name for name in expr.grouping if name != label.value)
    else:
        grouping = (*expr.grouping, *(() if label.value in expr.grouping else (label.value,)))
    return Aggregate("sum", begun, None, grouping, expr.without)


def _without_parens(expr: Expr) -> Expr:
    while isinstance(expr, Paren):
        expr = expr.expr
    return expr
