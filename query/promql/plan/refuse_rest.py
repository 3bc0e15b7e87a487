"""Pass: refuse what is left above the leaves and the gateway can't evaluate exactly.

Last, and loud: a wrong number is worse than none.
"""

from __future__ import annotations

from query.model.errors import UnsupportedError
from query.promql.evaluate.support import find_refusal
from query.promql.plan.context import PlanContext
from query.promql.plan.nodes import Concat
from query.promql.syntax.nodes import Expr
from query.promql.syntax.tree import without_parentheses


def refuse_rest(expr: Expr, context: PlanContext) -> Expr:
    """Return the tree unchanged, or raise ``UnsupportedError``."""
    root = without_parentheses(expr)
    if isinstance(root, Concat):
        return root
    refusal = find_refusal(expr)
    if refusal is not None:
        remedy = (
            f'ask one cluster with {context.partition_label}="…", or keep {context.partition_label} in the grouping'
        )
        raise UnsupportedError(refusal.node, refusal.reason, remedy=remedy)
    return expr
