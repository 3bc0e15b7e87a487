"""PromQL text to tree and back: everything Prometheus 3.16 reads, experimental features included.

Example::

    expr = parse("sum by (job) (rate(http_requests_total[5m]))")
    type_of(expr)       # ValueType.VECTOR
    print_expr(expr)    # the same query, in canonical layout

``parse`` raises ``QuerySyntaxError`` with line and column, in the words Prometheus uses. No text crashes it, exhausts
the stack or takes long: see :class:`query.syntax.limits.Limits`.
"""
