"""How an expression is put to a server: the endpoint and the parameters that have it evaluated on a grid."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from query.model.time import Grid, seconds_text
from query.promql.syntax.nodes import DurationLiteral, Expr, Subquery
from query.promql.syntax.printer import print_expr

MOST_STEPS: Final = 11_001


def request_form(
    expr: Expr, grid: Grid, text_of: Callable[[Expr], str] = print_expr
) -> tuple[str, list[tuple[str, str]]]:
    """Return path and parameters that have an expression evaluated on a grid.

    A server takes no more steps of a range query; the grid of a subquery, which may have more, is asked as the subquery
    it is.
    """
    if grid.is_instant:
        return "/api/v1/query", [("query", text_of(expr)), ("time", seconds_text(grid.start_ms))]
    if grid.steps > MOST_STEPS and grid.start_ms % grid.step_ms == 0:
        length = DurationLiteral(grid.end_ms - grid.start_ms + 1)
        subquery = Subquery(expr, length, DurationLiteral(grid.step_ms))
        return "/api/v1/query", [("query", print_expr(subquery)), ("time", seconds_text(grid.end_ms))]
    return "/api/v1/query_range", [
        ("query", text_of(expr)),
        ("start", seconds_text(grid.start_ms)),
        ("end", seconds_text(grid.end_ms)),
        ("step", seconds_text(grid.step_ms)),
    ]
