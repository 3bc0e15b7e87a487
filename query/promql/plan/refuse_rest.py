"""Pass: refuse what is left above the leaves and the gateway can't evaluate exactly.

Last, and loud: a wrong number is worse than none.
"""

from __future__ import annotations

from query.model.errors import UnsupportedError
from query.promql.evaluate import can_evaluate
from query.promql.plan.context import PlanContext
from query.promql.plan.nodes import Concat
from query.promql.syntax.nodes import Expr, Paren
from query.promql.syntax.printer import print_expr


def refuse_rest(expr: Expr, context: PlanContext) -> Expr:
    """Return the tree unchanged, or raise ``UnsupportedError``."""
    root = expr
    while isinstance(root, Paren):
        root = root.expr
    if isinstance(root, Concat):
        return root
    reason = can_evaluate(expr)
    if reason is not None:
        remedy = ""
        if len(context.clusters) > 1:
            remedy = f'ask one cluster with {context.partition_label}="…", or group by ({context.partition_label}, …)'
        raise UnsupportedError(print_expr(expr), reason, remedy=remedy)
    return expr
