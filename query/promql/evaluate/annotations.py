"""What upstream says about an answer beside giving it, in upstream's words.

Upstream appends the position in the query; a tree that was rewritten has none, so it is left out here.
"""

from __future__ import annotations

import functools
from typing import Final

import numpy as np

from query.model.frames import Floats, Notes
from query.promql.evaluate.go_text import general
from query.promql.evaluate.sample_math import greater_of, lesser_of
from query.syntax.strings import quote

SORT_IN_RANGE: Final = (
    "PromQL warning: sort is ineffective for range queries since results are always ordered by labels"
)
MIXED_AGGREGATION: Final = "PromQL warning: encountered a mix of histograms and floats for aggregation"
FORCED_MONOTONICITY: Final = (
    "PromQL info: input to histogram_quantile needed to be fixed for monotonicity "
    "(see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)"
)


QUANTILE_IS_NAN: Final = "PromQL info: input to histogram_quantile has NaN observations, result is NaN"
QUANTILE_IS_SKEWED: Final = "PromQL info: input to histogram_quantile has NaN observations, result is skewed higher"
FRACTION_WITHOUT_NAN: Final = (
    "PromQL info: input to histogram_fraction has NaN observations, which are excluded from all fractions"
)
CLASSIC_AND_NATIVE: Final = "PromQL warning: vector contains a mix of classic and native histograms"


def incompatible_types(left: str, op: str, right: str) -> str:
    """Return the info about an operator that isn't defined for two samples: ``float`` or ``histogram`` each."""
    return f"PromQL info: incompatible sample types encountered for binary operator {quote(op)}: {left} {op} {right}"


def incompatible_layout(op: str) -> str:
    """Return the warning about an operator between exponential and custom buckets."""
    return f"PromQL warning: incompatible bucket layout encountered for binary operator {op}"


def exponential_and_custom(metric_name: str) -> str:
    """Return the warning about an aggregation over exponential and custom buckets; the name is the latter one's."""
    return (
        "PromQL warning: vector contains a mix of histograms with exponential and custom buckets schemas "
        f"for metric name {quote(metric_name)}"
    )


def mixed_samples(metric_name: str) -> str:
    """Return the warning about a range that holds floats and histograms, where that gives no result."""
    return f"PromQL warning: encountered a mix of histograms and floats for metric name {quote(metric_name)}"


def ignored_in_range(metric_name: str) -> str:
    """Return the info about a function for floats over a range that holds histograms, too."""
    return (
        "PromQL info: ignored histograms in a range containing both floats and histograms "
        f"for metric name {quote(metric_name)}"
    )


def not_a_counter_histogram(metric_name: str) -> str:
    """Return the warning about a gauge that is taken for a counter."""
    return f"PromQL warning: this native histogram metric is not a counter: {quote(metric_name)}"


def not_a_gauge_histogram(metric_name: str) -> str:
    """Return the warning about a counter that is taken for a gauge."""
    return f"PromQL warning: this native histogram metric is not a gauge: {quote(metric_name)}"


def ignored_histogram(aggregation: str) -> str:
    """Return the info about an aggregation that is defined for floats only."""
    return f"PromQL info: ignored histogram in {aggregation} aggregation"


def colliding_resets(operation: str) -> str:
    """Return the warning about counters of which one was reset and the other wasn't (``addition`` …)."""
    return f"PromQL warning: conflicting counter resets during histogram {operation}"


def reconciled_bounds(operation: str) -> str:
    """Return the info about custom bounds that were reduced to those in common (``addition`` …)."""
    return f"PromQL info: mismatched custom buckets were reconciled during {operation}"


def invalid_quantile(phi: float) -> str:
    """Return the warning about a φ that is not a probability."""
    return f"PromQL warning: quantile value should be between 0 and 1, got {general(phi)}"


def invalid_ratio(ratio: float, used: float) -> str:
    """Return the warning about a ratio that is none, and what is used instead."""
    return f"PromQL warning: ratio value should be between -1 and 1, got {general(ratio)}, capping to {general(used)}"


def bad_bucket(bound: str) -> str:
    """Return the warning about a series that is no bucket of a classic histogram."""
    return f'PromQL warning: bucket label "le" is missing or has a malformed value of {quote(bound)}'


def not_a_counter(metric: str) -> str:
    """Return what is said of a rate of something that is not called like a counter."""
    return (
        f"PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: {quote(metric)}"
    )


def invalid_integral(strategy: float) -> str:
    """Return the warning about a strategy that ``integral`` does not know."""
    return f"PromQL warning: strategy should be 0, 1, or 2 (default), using 2, got {general(strategy)}"


def each_invalid_quantile(phi: Floats) -> Notes:
    """Return what ``histogram_quantile`` says of φ: every value that is none, once."""
    wrong = phi[~((phi >= 0) & (phi <= 1))]
    return Notes(warnings=tuple(dict.fromkeys(invalid_quantile(value) for value in wrong.tolist())))


def extreme_quantiles(phi: Floats) -> Notes:
    """Return what the ``quantile`` aggregation says of φ: NaN, the greatest if above 1, the least if below 0.

    Greatest and least as Go has them: NaN where there is a NaN, unless there is the infinity of the right sign.
    """
    greatest, least = functools.reduce(greater_of, phi), functools.reduce(lesser_of, phi)
    warnings = [invalid_quantile(np.nan)] if np.isnan(phi).any() else []
    warnings += [invalid_quantile(float(greatest))] if greatest > 1 else []
    warnings += [invalid_quantile(float(least))] if least < 0 else []
    return Notes(warnings=tuple(warnings))
