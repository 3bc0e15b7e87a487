"""What the planner knows about functions. A function it does not know is never pushed.

Source: promql/functions.go of Prometheus 3.16.
"""

from __future__ import annotations

from typing import Final

SCALARS: Final = frozenset({"end", "pi", "range", "start", "step", "time"})
DATES: Final = frozenset(
    {"day_of_month", "day_of_week", "day_of_year", "days_in_month", "hour", "minute", "month", "year"}
)

OVER_TIME: Final = frozenset({
    "avg_over_time", "changes", "count_over_time", "delta", "deriv", "double_exponential_smoothing",
    "first_over_time", "holt_winters", "idelta", "increase", "irate", "last_over_time", "mad_over_time",
    "max_over_time", "min_over_time", "predict_linear", "present_over_time", "quantile_over_time", "rate",
    "resets", "stddev_over_time", "stdvar_over_time", "sum_over_time", "ts_of_first_over_time",
    "ts_of_last_over_time", "ts_of_max_over_time", "ts_of_min_over_time",
})  # fmt: skip
PER_SAMPLE: Final = frozenset({
    "abs", "acos", "acosh", "asin", "asinh", "atan", "atanh", "ceil", "clamp", "clamp_max", "clamp_min", "cos",
    "cosh", "deg", "exp", "floor", "histogram_avg", "histogram_count", "histogram_stddev", "histogram_stdvar",
    "histogram_sum", "ln", "log10", "log2", "rad", "round", "sgn", "sin", "sinh", "sqrt", "start_timestamp", "tan",
    "tanh", "timestamp",
}) | DATES  # fmt: skip
BUCKETS: Final = frozenset({"histogram_fraction", "histogram_quantile", "histogram_quantiles"})
ORDERS: Final = frozenset({"sort", "sort_desc", "sort_by_label", "sort_by_label_desc"})
LABEL_WRITERS: Final = frozenset({"label_join", "label_replace"})
ABSENCE: Final = frozenset({"absent", "absent_over_time"})

KEEPS_SERIES_APART: Final = OVER_TIME | PER_SAMPLE | BUCKETS
"""Each output series is made of input series that agree on every constant label, and keeps those labels."""

MERGES: Final = {
    "sum": "sum",
    "count": "sum",
    "min": "min",
    "max": "max",
    "group": "group",
    "topk": "topk",
    "bottomk": "bottomk",
    "limitk": "limitk",
}
"""Aggregation pushed to each cluster -> aggregation over the partial results that gives the same answer."""
