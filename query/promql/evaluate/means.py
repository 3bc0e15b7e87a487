"""The mean over several clusters, from their sums and counts.

``avg`` can't be merged from averages; sum and count can. Where one leg has a sample and the other has none, the cluster
dropped the group from its sum because floats and native histograms met in it, which upstream does for the whole group;
so the whole group is dropped, with upstream's warning.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from query.model.frames import Frame, Notes
from query.promql.evaluate.annotations import MIXED_AGGREGATION
from query.promql.evaluate.grouping import Groups, blocks, group_rows
from query.promql.evaluate.rows import count_present
from query.promql.evaluate.summation import compensated


@np.errstate(all="ignore")
def merge_mean(
    sums: Frame, counts: Frame, grouping: Sequence[str] = (), *, without: bool = False
) -> tuple[Frame, Notes]:
    """Return the mean per group of the values whose partial sums and counts are given, and what is to be said of it.

    A row of ``counts`` counts what a row of ``sums`` added up; rows of equal labels come from different clusters.
    Limit: if a cluster's own sum overflows, the mean is infinite, where one server would have gone on incrementally.
    """
    grid = sums.grid
    labels = sums.labels + counts.labels
    groups = group_rows(labels, grouping, without=without)
    shape = (len(groups.labels), grid.steps)
    of_sum, of_count = groups.of_row[: sums.series], groups.of_row[sums.series :]
    total = np.zeros(shape)
    np.add.at(total, of_count, np.where(counts.present, counts.values, 0.0))
    legs = count_present(of_sum, shape[0], sums.present)
    count_legs = count_present(of_count, shape[0], counts.present)
    mean = np.zeros(shape)
    for block in blocks(Groups(groups.labels, of_sum)):
        if block.rows.shape[1] == 0:
            continue
        count = total[block.groups]
        terms, here = sums.values[block.rows], sums.present[block.rows]
        whole, lost = compensated(terms, here)
        direct = whole / count + lost / count
        whole_mean, lost_mean = compensated(terms / count[:, None, :], here)
        overflows = np.isinf(whole) & np.isfinite(whole_mean)
        mean[block.groups] = np.where(overflows, whole_mean + lost_mean, np.where(np.isfinite(whole), direct, whole))
    mixed = legs != count_legs
    frame = Frame.of(grid, groups.labels, mean, (legs > 0) & ~mixed)
    return frame, Notes(warnings=(MIXED_AGGREGATION,)) if mixed.any() else Notes()
