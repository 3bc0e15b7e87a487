"""The mean over several clusters, from their sums and counts, and where those fail from their means.

``avg`` can't be merged from averages alone. Sums and counts give the quotient that one server would compute; where a
sum is not finite they do not tell an overflow, after which upstream goes on with an incremental mean, from an infinity
in the data. Each cluster's own mean, weighted by its count, does.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from query.model.frames import Bools, Floats, Frame
from query.model.time import Grid
from query.promql.evaluate.grouping import Groups, blocks, group_rows
from query.promql.evaluate.legs import Legs
from query.promql.evaluate.summation import compensated
from query.promql.plan.partials import InsufficientPartialsError, Partials


@np.errstate(all="ignore")
def merge_sums(grid: Grid, legs: Legs, grouping: Sequence[str] = (), *, without: bool = False) -> Frame:
    """Return the mean per group of the values whose partial sums and counts are the ``legs``.

    ``InsufficientPartialsError`` if a partial sum is not finite.
    """
    sums, counts = legs.values
    if not np.isfinite(sums[legs.present]).all():
        raise InsufficientPartialsError("a cluster's sum is not finite", Partials.MEANS)
    groups = group_rows(legs.labels, grouping, without=without)
    mean, present = _blank(groups, grid)
    for block in blocks(groups):
        here = legs.present[block.rows]
        mean[block.groups] = _of_sums(sums[block.rows], counts[block.rows], here)
        present[block.groups] = here.any(axis=1)
    return Frame.of(grid, groups.labels, mean, present)


@np.errstate(all="ignore")
def merge_means(grid: Grid, legs: Legs, grouping: Sequence[str] = (), *, without: bool = False) -> Frame:
    """Return the mean per group of the values whose partial sums, counts and means are the ``legs``.

    The means are used where a sum is not finite.
    """
    sums, counts, means = legs.values
    groups = group_rows(legs.labels, grouping, without=without)
    mean, present = _blank(groups, grid)
    for block in blocks(groups):
        here, count = legs.present[block.rows], counts[block.rows]
        odd = (here & ~np.isfinite(sums[block.rows])).any(axis=1)
        mean[block.groups] = np.where(
            odd, weighted_mean(means[block.rows], count, here), _of_sums(sums[block.rows], count, here)
        )
        present[block.groups] = here.any(axis=1)
    return Frame.of(grid, groups.labels, mean, present)


def _blank(groups: Groups, grid: Grid) -> tuple[Floats, Bools]:
    shape = (len(groups.labels), grid.steps)
    return np.zeros(shape), np.zeros(shape, np.bool_)


def _of_sums(sums: Floats, counts: Floats, here: Bools) -> Floats:
    """Return sum by count over axis 1; the sum of finite sums may overflow where their mean does not."""
    count = np.where(here, counts, 0.0).sum(axis=1)
    whole, lost = compensated(sums, here)
    shares, lost_shares = compensated(sums / count[:, None, :], here)
    return np.where(np.isfinite(whole), whole / count + lost / count, shares + lost_shares)


def weighted_mean(means: Floats, counts: Floats, here: Bools) -> Floats:
    """Return the mean over axis 1 of ``[groups, members, steps]``, each member counted ``counts`` times."""
    total = np.where(here, counts, 0.0).sum(axis=1, keepdims=True)
    whole, lost = compensated(means * (counts / total), here)
    return np.where(np.isfinite(whole), whole + lost, whole)
