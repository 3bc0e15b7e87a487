"""How each node of a plan is computed and how exact that is, with the rule that says so.

Nothing is computed here: a certificate is read off the plan. A pushed subtree is exact because a piece without a
blocker is (``query.promql.plan.piece``); a merge because of what is merged; what is evaluated here because the kernels
follow one server's, but for sums whose terms come from several clusters and so in another order.
"""

from __future__ import annotations

from typing import Final

from query.model.certificate import (
    LITERAL,
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
from query.promql.plan.leaves import parts_of, sources
from query.promql.plan.nodes import (
    Concat,
    MergedAbsence,
    MergedMean,
    MergedVariance,
    Multiset,
    Repeated,
    Samples,
    Shard,
)
from query.promql.plan.whole_numbers import is_whole
from query.promql.syntax.nodes import Aggregate, Binary, Call, Expr, Paren, Placed, Subquery, Unary
from query.promql.syntax.printer import aggregate_head, operator_text, print_expr, subquery_suffix

ALONE: Final = "everything comes from one cluster, in its own order"
KERNEL: Final = "computed here with Prometheus's own semantics"
MERGES: Final = {
    **RULES_OF_MERGES,
    "count_values": "counts of a value add up",
    "group": "a group is there if any cluster has it",
    "limitk": "any of the series may be taken; here the first in label order",
}


def certify(expr: Expr, *, is_downsampled: bool = False) -> PlanNode:
    """Return the certificate of a plan's tree.

    ``is_downsampled``: clusters may answer from downsampled data, so what they answer is an estimate.
    """
    return _Certifier(is_downsampled=is_downsampled).node(expr)


def sent_query(leaf: Concat, shard: Shard) -> SentQuery:
    """Return what a shard of a leaf is sent."""
    return SentQuery(shard.cluster, print_expr(shard.expr), shard.added, leaf.grid)


class _Certifier:
    def __init__(self, *, is_downsampled: bool) -> None:
        self._is_downsampled = is_downsampled

    def node(self, expr: Expr) -> PlanNode:
        match expr:
            case Paren() | Repeated():
                return self.node(expr.expr)
            case Concat():
                return self._pushed(expr)
            case Samples():
                return self._pushed(expr.source)
            case MergedMean() | MergedVariance() | Multiset() | MergedAbsence():
                return self._merged(expr)
            case Aggregate():
                return self._aggregate(expr)
            case _:
                children = self._children(expr)
                return PlanNode(
                    head_of(expr), How.EVALUATED, Exactness.EXACT, KERNEL if children else LITERAL, children
                )

    def _children(self, expr: Expr) -> tuple[PlanNode, ...]:
        """Return the nodes below that read data; literals are part of the node's text."""
        return tuple(self.node(part) for part in parts_of(expr) if any(True for _ in sources(part)))

    def _pushed(self, leaf: Concat) -> PlanNode:
        sent = tuple(sent_query(leaf, shard) for shard in leaf.shards)
        text = print_expr(leaf.expr)
        if self._is_downsampled and sent:
            rule = "max_source_resolution lets clusters answer from downsampled data"
            return PlanNode(text, How.PUSHED, Exactness.APPROXIMATE, rule, sent=sent)
        return pushed(text, sent, are_partials=leaf.are_partials)

    def _merged(self, expr: Placed) -> PlanNode:
        children = self._children(expr)
        match expr:
            case MergedMean(legs=legs):
                own, rule = _summing(legs.expr, legs, f"sum by count, where {ORDER}")
                text = _without_operand(legs.expr)
            case MergedVariance(legs=legs):
                is_alone = len(legs.shards) <= 1
                own = Exactness.EXACT if is_alone else Exactness.ROUNDED
                rule = ALONE if is_alone else "counts, means and variances are merged by Chan's formula"
                text = _without_operand(legs.expr)
            case Multiset():
                own, text = Exactness.EXACT, "values"
                rule = "the result depends on which values there are and how often, not on whose they are"
            case _:
                own, text = Exactness.EXACT, "absence"
                rule = "absent where no cluster has anything; a cluster that does not answer is an error"
        return PlanNode(text, How.MERGED, own, rule, children)

    def _aggregate(self, expr: Aggregate) -> PlanNode:
        below = _without_parens(expr.expr)
        children = self._children(expr)
        if isinstance(below, Concat) and below.are_partials:
            own, rule = _of_partials(below)
            return PlanNode(_without_operand(below.expr), How.MERGED, own, rule, children)
        own, rule = Exactness.EXACT, KERNEL
        clusters = {shard.cluster for leaf in sources(expr.expr) for shard in leaf.shards}
        if expr.op in SUMMING and len(clusters) > 1:
            is_exact = expr.op in {"sum", "avg"} and is_whole(expr.expr)
            own, rule = (Exactness.EXACT, WHOLE) if is_exact else (Exactness.ROUNDED, ORDER)
        return PlanNode(_without_operand(expr), How.EVALUATED, own, rule, children)


def head_of(expr: Expr) -> str:
    """Return the text of a node without its operands that read data."""
    match expr:
        case Call():
            return f"{expr.function}({', '.join(map(_operand, expr.args))})"
        case Binary():
            return f"{_operand(expr.left)} {operator_text(expr)} {_operand(expr.right)}"
        case Unary():
            return f"{expr.op}…"
        case Subquery():
            return f"…{subquery_suffix(expr)}"
        case _:
            return print_expr(expr)


def _operand(expr: Expr) -> str:
    return "…" if any(True for _ in sources(expr)) else print_expr(expr)


def _without_operand(expr: Expr) -> str:
    if not isinstance(expr, Aggregate):
        return print_expr(expr)
    head = aggregate_head(expr).strip()
    return head if expr.param is None else f"{head} ({_operand(expr.param)}, …)"


def _of_partials(leaf: Concat) -> tuple[Exactness, str]:
    begun = leaf.expr
    op = begun.op if isinstance(begun, Aggregate) else ""
    if op == "sum":
        return _summing(begun, leaf, ORDER)
    if op in MERGES:
        return Exactness.EXACT, MERGES[op]
    return Exactness.APPROXIMATE, f"no rule is known for merging {op or 'this'}"


def _summing(expr: Expr, leaf: Concat, rule: str) -> tuple[Exactness, str]:
    if len(leaf.shards) <= 1:
        return Exactness.EXACT, ALONE
    if isinstance(expr, Aggregate) and is_whole(expr.expr):
        return Exactness.EXACT, WHOLE
    return Exactness.ROUNDED, rule


def _without_parens(expr: Expr) -> Expr:
    while isinstance(expr, Paren | Repeated):
        expr = expr.expr
    return expr
