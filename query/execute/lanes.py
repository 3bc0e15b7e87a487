"""Whether answers can be passed on unread: the splice lane."""

from __future__ import annotations

from query.execute.options import QueryOptions
from query.model.time import Grid
from query.promql.plan.nodes import Concat
from query.promql.plan.planner import Plan
from query.promql.syntax.nodes import ValueType


def can_splice(plan: Plan, grid: Grid, options: QueryOptions) -> bool:
    """Tell whether the clusters' result arrays can be passed on unread, if they carry all labels.

    Nothing is cut off, and order does not matter, because the query is an instant one, whose vector has none, or
    because there is only one part.
    """
    root = plan.root
    if not isinstance(root, Concat) or options.limit:
        return False
    return len(root.shards) == 1 or (grid.is_instant and root.value_type is ValueType.VECTOR)
