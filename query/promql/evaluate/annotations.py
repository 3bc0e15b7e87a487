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


def invalid_quantile(phi: float) -> str:
    """Return the warning about a φ that is not a probability."""
    return f"PromQL warning: quantile value should be between 0 and 1, got {general(phi)}"


def bad_bucket(bound: str) -> str:
    """Return the warning about a series that is no bucket of a classic histogram."""
    return f'PromQL warning: bucket label "le" is missing or has a malformed value of {quote(bound)}'


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
