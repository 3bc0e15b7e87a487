"""Pass: push selectors and nothing else, so that everything above them is computed at the gateway.

The second, independent way to every answer: slower, and the proof of the first. ``timestamp`` of a selector is pushed
with it, because the times of selected samples are known only where the samples are.
"""

from __future__ import annotations

from typing import Final

from query.promql.plan.context import PlanContext
from query.promql.plan.push_subtrees import push_whole
from query.promql.syntax.nodes import Call, Expr, MatrixSelector, Placed, VectorSelector
from query.promql.syntax.tree import replace_children, without_parentheses

READ_SAMPLE_TIMES: Final = frozenset({"start_timestamp", "timestamp"})


def push_selectors(expr: Expr, context: PlanContext) -> Expr:
    """Return the tree with its selectors replaced by ``Concat``."""
    if isinstance(expr, Placed):
        return expr
    if isinstance(expr, VectorSelector | MatrixSelector) or _reads_sample_times(expr):
        pushed = push_whole(expr, context)
        if pushed is not None:
            return pushed
    return replace_children(expr, lambda child: push_selectors(child, context))


def _reads_sample_times(expr: Expr) -> bool:
    if not isinstance(expr, Call) or expr.function not in READ_SAMPLE_TIMES:
        return False
    return isinstance(without_parentheses(expr.args[0]), VectorSelector)
