"""Pass: aggregate in the clusters first where the aggregates of parts merge to the aggregate of the whole.

``sum(concat(e))`` becomes ``sum(concat(sum(e)))``: addition does not care how its terms are grouped. The same holds for
count (partial counts are summed), min, max, group, topk, bottomk and limitk (an element of the answer is among the
answers of its own cluster) and count_values (counts of a value are summed). A mean is made of sums and counts, a
deviation of counts, means and variances (Chan's formula); a quantile at one instant of how often each value occurs,
which is everything it depends on. Over a range, where values differ from step to step, that would be more than the
values themselves, so these come here. Float addition in another order may differ in the last bit; explain calls such
nodes rounded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from query.promql.plan.context import PlanContext
from query.promql.plan.functions import MERGES
from query.promql.plan.legs import legs_of
from query.promql.plan.nodes import MEAN, MOMENTS, SAFE_MEAN, Concat, MergedMean, MergedVariance, Multiset
from query.promql.plan.partials import Partials
from query.promql.plan.piece import grouped
from query.promql.plan.push_subtrees import reads_data
from query.promql.syntax.nodes import Aggregate, Expr, Placed, StringLiteral, Subquery
from query.promql.syntax.tree import replace_children, without_parentheses

PICKS_SERIES: Final = frozenset({"topk", "bottomk", "limitk"})
VALUE_LABEL: Final = "__lma_value__"
"""Where a value is carried that is no label of the answer; no scraped series has a label of this name."""


def merge_aggregations(expr: Expr, context: PlanContext) -> Expr:
    """Return the tree with aggregations over a ``Concat`` begun in the clusters."""
    if context.partials is Partials.NONE:
        return expr
    return _merge(expr, context, is_instant=context.step_ms == 0)


def _merge(expr: Expr, context: PlanContext, *, is_instant: bool) -> Expr:
    if isinstance(expr, Placed):
        return expr
    is_single = is_instant and not isinstance(expr, Subquery)
    expr = replace_children(expr, lambda child: _merge(child, context, is_instant=is_single))
    if not isinstance(expr, Aggregate):
        return expr
    leaf = without_parentheses(expr.expr)
    if not isinstance(leaf, Concat) or (expr.param is not None and reads_data(expr.param)):
        return expr
    match expr.op:
        case "avg":
            legs = MEAN if context.partials is Partials.SUMS else SAFE_MEAN
            return MergedMean(_in_legs(expr, leaf, legs), legs, expr.grouping, expr.without)
        case "stddev" | "stdvar":
            moments = _in_legs(expr, leaf, MOMENTS)
            return MergedVariance(moments, expr.op == "stddev", expr.grouping, expr.without)
        case "quantile" if is_instant:
            counting = replace(expr, op="count_values", param=StringLiteral(VALUE_LABEL))
            return replace(expr, expr=Multiset(_begun(counting, leaf), VALUE_LABEL))
        case "count_values":
            return _counted(expr, leaf, context)
        case op if op in MERGES:
            return replace(expr, op=MERGES[op], expr=_begun(expr, leaf))
        case _:
            return expr


def _begun(aggregate: Aggregate, leaf: Concat) -> Concat:
    return _pushed(aggregate, leaf, lambda piece: replace(aggregate, expr=piece))


def _in_legs(aggregate: Aggregate, leaf: Concat, operators: tuple[str, ...]) -> Concat:
    return _pushed(aggregate, leaf, lambda piece: legs_of(replace(aggregate, expr=piece), operators))


def _pushed(aggregate: Aggregate, leaf: Concat, push: Callable[[Expr], Expr]) -> Concat:
    shards = tuple(
        replace(
            shard,
            expr=push(shard.expr),
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
