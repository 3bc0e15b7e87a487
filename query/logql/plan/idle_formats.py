"""Leaves out ``line_format`` where nothing reads the line it makes, as Loki does before it evaluates.

It matters because a parser in front of it would otherwise go on to the labels the template names: whether a line counts
as one that failed to parse depends on how far the parser reads. Where a hidden label was settled in the template, the
cluster must be asked as if the template had not been there, as it is not there in the union's evaluation either.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from query.logql.syntax.nodes import LineFilter, LineFormat, LogRange, Parser, RangeAggregation

OF_LINES: Final = frozenset({"bytes_over_time", "bytes_rate"})
"""Operations whose result is made of the line itself."""


def without_idle_formats(expr: RangeAggregation) -> LogRange:
    """Return the range without the ``line_format`` stages that no later parser or line filter can see."""
    stages = expr.range.query.stages
    if expr.op in OF_LINES or not any(isinstance(stage, LineFormat) for stage in stages):
        return expr.range
    last_reader = max(
        (place for place, stage in enumerate(stages) if isinstance(stage, Parser | LineFilter)),
        default=-1,
    )
    kept = tuple(
        stage for place, stage in enumerate(stages) if place < last_reader or not isinstance(stage, LineFormat)
    )
    return replace(expr.range, query=replace(expr.range.query, stages=kept))
