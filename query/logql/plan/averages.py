"""Writes ``avg_over_time`` so that a Loki computes it right.

Loki shards it, on default settings, as a sum over the values by a count over the lines, and counts lines that have no
value: those without the label, and those that conditions behind ``unwrap`` leave out. The mean is then too small, or
lines that failed to parse fail the query. The same conditions in front of ``unwrap`` leave the lines out of the count
too. What does not convert, where ``| __error__=""`` leaves that out, is marked by comparing the label as a quantity.

Sound because the conditions are those of the query, asked once more, and a line without the label has no value.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from query.logql.syntax.nodes import (
    BytesFilter,
    DurationFilter,
    LabelFilter,
    LabelFilterStage,
    LogQuery,
    LogRange,
    NumberFilter,
    OrFilter,
    StringFilter,
    Unwrap,
)
from query.model.matchers import Matcher, MatchOp

NO_ERROR: Final = StringFilter(Matcher("__error__", MatchOp.EQUAL, ""))


def protect_average(log_range: LogRange) -> LogRange:
    """Return the range with the conditions behind ``unwrap`` also in front of it."""
    unwrap = log_range.unwrap
    if unwrap is None:
        return log_range
    conditions: list[LabelFilter] = [StringFilter(Matcher(unwrap.label, MatchOp.NOT_EQUAL, ""))]
    if NO_ERROR in unwrap.filters:
        conditions.append(_converts(unwrap))
    conditions += unwrap.filters
    query = log_range.query
    stages = (*query.stages, *(LabelFilterStage(condition) for condition in conditions))
    return replace(log_range, query=LogQuery(query.matchers, stages))


def _converts(unwrap: Unwrap) -> LabelFilter:
    """Return a condition that holds for every quantity, and marks a line whose label is none."""
    name = unwrap.label
    match unwrap.conversion:
        case "bytes":
            # not from zero on: Loki reads "0B" as the beginning of a binary number
            return OrFilter(BytesFilter(name, ">=", 1), BytesFilter(name, "<", 1))
        case "duration" | "duration_seconds":
            return OrFilter(DurationFilter(name, ">=", 0), DurationFilter(name, "<", 0))
        case _:
            return OrFilter(NumberFilter(name, ">=", 0.0), NumberFilter(name, "<", 0.0))
