"""How each node of a LogQL plan is computed and how exact that is, with the rule that says so.

Nothing is computed here: a certificate is read off the plan, in the terms all query languages share.
"""

from __future__ import annotations

from typing import Final

from query.logql.plan.logs import LogsPlan
from query.logql.plan.metric import leaves_of
from query.logql.plan.placed import Concat, MergedAbsence, MergedMean, Sampled, Shard
from query.logql.syntax.nodes import (
    Binary,
    LabelReplace,
    MetricExpr,
    RangeAggregation,
    VectorAggregation,
)
from query.logql.syntax.printer import print_grouping, print_query
from query.model.certificate import (
    LITERAL,
    ONE_HOLDER,
    ORDER,
    RULES_OF_MERGES,
    SUMMING,
    WHOLE,
    Exactness,
    How,
    PlanNode,
    SentQuery,
    pushed,
)

WHOLE_RANGES: Final = frozenset({"bytes_over_time", "count_over_time"})
CHOOSING: Final = frozenset({"first_over_time", "last_over_time"})
KERNEL: Final = "computed here with Loki's own semantics"
MERGES: Final = {
    **RULES_OF_MERGES,
    "min_over_time": RULES_OF_MERGES["min"],
    "max_over_time": RULES_OF_MERGES["max"],
}


def certify_lines(plan: LogsPlan) -> PlanNode:
    """Return the certificate of a query that selects lines."""
    text = print_query(plan.query)
    rule = (
        ONE_HOLDER if len(plan.shards) == 1 else "a pipeline looks at one line at a time, and a line is in one cluster"
    )
    whole = PlanNode(text, How.PUSHED, Exactness.EXACT, rule, sent=_sent(plan.shards))
    if len(plan.shards) <= 1:
        return whole
    merged = "merged by time in the direction asked for, and cut at the limit after that"
    return PlanNode("lines", How.MERGED, Exactness.EXACT, merged, (whole,))


def certify_numbers(expr: MetricExpr) -> PlanNode:
    """Return the certificate of a plan's tree that computes numbers."""
    match expr:
        case Concat():
            return _pushed(expr)
        case Sampled():
            return _sampled(expr)
        case MergedMean():
            legs = (_pushed(expr.sums), _pushed(expr.counts))
            text = f"avg{print_grouping(expr.grouping)}"
            return PlanNode(text, How.MERGED, Exactness.ROUNDED, f"sum by count, where {ORDER}", legs)
        case MergedAbsence():
            rule = "absent where every cluster says so; a cluster that does not answer is an error"
            return PlanNode("absent_over_time", How.MERGED, Exactness.EXACT, rule, (_pushed(expr.parts),))
        case VectorAggregation():
            return _aggregation(expr)
        case LabelReplace():
            return PlanNode("label_replace", How.EVALUATED, Exactness.EXACT, KERNEL, (certify_numbers(expr.expr),))
        case Binary():
            children = tuple(certify_numbers(side) for side in (expr.left, expr.right) if any(leaves_of(side)))
            return PlanNode(f"… {expr.op} …", How.EVALUATED, Exactness.EXACT, KERNEL if children else LITERAL, children)
        case _:
            return PlanNode(print_query(expr), How.EVALUATED, Exactness.EXACT, LITERAL)


def _sent(shards: tuple[Shard, ...]) -> tuple[SentQuery, ...]:
    return tuple(SentQuery(shard.cluster, shard.query, shard.added) for shard in shards)


def _pushed(leaf: Concat) -> PlanNode:
    return pushed(print_query(leaf.expr), _sent(leaf.shards), are_partials=leaf.is_partial)


def _sampled(leaf: Sampled) -> PlanNode:
    op = leaf.expr.op
    lines = "computed here from the values of all clusters' lines"
    if op == "quantile_over_time" or op in CHOOSING:
        rule = f"{lines}; which of several values of one instant is free" if op in CHOOSING else lines
        own = Exactness.EXACT
    else:
        own, rule = Exactness.ROUNDED, f"{lines}, where {ORDER}"
    return PlanNode(print_query(leaf.expr), How.EVALUATED, own, rule, sent=_sent(leaf.shards))


def _aggregation(expr: VectorAggregation) -> PlanNode:
    below = expr.expr
    head = f"{expr.op}{print_grouping(expr.grouping)}"
    children = (certify_numbers(below),)
    clusters = {shard.cluster for leaf in leaves_of(below) for shard in leaf.shards}
    if isinstance(below, Concat) and below.is_partial:
        begun = below.expr.op if isinstance(below.expr, RangeAggregation | VectorAggregation) else ""
        if begun in MERGES:
            return PlanNode(head, How.MERGED, Exactness.EXACT, MERGES[begun], children)
        is_whole = _is_whole(below.expr)
        own, rule = (Exactness.EXACT, WHOLE) if is_whole else (Exactness.ROUNDED, ORDER)
        return PlanNode(head, How.MERGED, own, rule, children)
    if expr.op in SUMMING and len(clusters) > 1:
        is_whole = expr.op == "sum" and isinstance(below, Concat) and _is_whole(below.expr)
        own, rule = (Exactness.EXACT, WHOLE) if is_whole else (Exactness.ROUNDED, ORDER)
        return PlanNode(head, How.EVALUATED, own, rule, children)
    return PlanNode(head, How.EVALUATED, Exactness.EXACT, KERNEL, children)


def _is_whole(expr: MetricExpr) -> bool:
    """Tell whether all values are whole numbers, whose sums are exact."""
    match expr:
        case RangeAggregation():
            return expr.op in WHOLE_RANGES
        case VectorAggregation():
            return expr.op == "count" or (expr.op in {"sum", "min", "max", "topk", "bottomk"} and _is_whole(expr.expr))
        case _:
            return False
