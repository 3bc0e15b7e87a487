"""Variance and standard deviation over several clusters, from their counts, means and variances.

Chan's formula, for any number of parts at once: the squared deviations of the whole are those within the parts plus
those of the parts' means from the mean of all. Upstream's own recurrence over single values rounds at every step, so
the last digits of either are rounding.

A NaN or an infinity among the values makes upstream's result NaN. It shows in a cluster's mean, which is finite as
long as all values are (upstream's mean does not overflow). Squares of finite values may: then the result depends on the
order of the values, and only the values give it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from query.model.frames import Bools, Floats, Frame
from query.model.time import Grid
from query.promql.evaluate.grouping import blocks, group_rows
from query.promql.evaluate.legs import Legs
from query.promql.evaluate.mean_legs import weighted_mean
from query.promql.evaluate.summation import kahan_sum
from query.promql.plan.partials import InsufficientPartialsError, Partials


@np.errstate(all="ignore")
def merge_variance(
    grid: Grid, legs: Legs, grouping: Sequence[str] = (), *, without: bool = False, is_deviation: bool = False
) -> Frame:
    """Return the population variance per group, or its root, of the values with these counts, means and variances.

    ``InsufficientPartialsError`` if a variance overflows.
    """
    counts, means, variances = legs.values
    groups = group_rows(legs.labels, grouping, without=without)
    merged = np.zeros((len(groups.labels), grid.steps))
    present = np.zeros(merged.shape, np.bool_)
    for block in blocks(groups):
        here = legs.present[block.rows]
        merged[block.groups] = _merge(counts[block.rows], means[block.rows], variances[block.rows], here)
        present[block.groups] = here.any(axis=1)
    return Frame.of(grid, groups.labels, np.sqrt(merged) if is_deviation else merged, present)


def _merge(counts: Floats, means: Floats, variances: Floats, here: Bools) -> Floats:
    undefined = (here & ~np.isfinite(means)).any(axis=1)
    total = np.where(here, counts, 0.0).sum(axis=1)
    apart = means - _least(means, here)
    apart -= weighted_mean(apart, counts, here)[:, None, :]
    share = counts / total[:, None, :]
    variance = kahan_sum(share * variances, here) + kahan_sum(share * apart * apart, here)
    if (here.any(axis=1) & ~undefined & ~np.isfinite(variance)).any():
        raise InsufficientPartialsError("a variance overflows", Partials.NONE)
    return np.where(undefined, np.nan, variance)


def _least(means: Floats, here: Bools) -> Floats:
    """Return a value near all means, so that subtracting it costs no digits: equal means become exactly zero."""
    least: Floats = np.fmin.reduce(np.where(here, means, np.nan), axis=1)
    return least[:, None, :]
