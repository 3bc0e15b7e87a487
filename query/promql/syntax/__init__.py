"""PromQL text to tree and back: everything Prometheus 3.16 reads, experimental features included.

Example::

    expr = parse("sum by (job) (rate(http_requests_total[5m]))")
    type_of(expr)       # ValueType.VECTOR
    print_expr(expr)    # the same query, in canonical layout

``parse`` raises ``QuerySyntaxError`` with line and column, in the words Prometheus uses. No text crashes it, exhausts
the stack or takes long: see :class:`query.syntax.limits.Limits`.
"""

from query.promql.syntax.nodes import Expr, ValueType
from query.promql.syntax.parser import parse, parse_selector
from query.promql.syntax.pretty import prettify
from query.promql.syntax.printer import print_expr, print_matchers
from query.promql.syntax.resolve import resolve_duration
from query.promql.syntax.tree import children, replace_children, rewrite, walk
from query.promql.syntax.types import type_of

__all__ = [
    "Expr",
    "ValueType",
    "children",
    "parse",
    "parse_selector",
    "prettify",
    "print_expr",
    "print_matchers",
    "replace_children",
    "resolve_duration",
    "rewrite",
    "type_of",
    "walk",
]
