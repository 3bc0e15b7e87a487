"""Values from how often each occurs: ``count_values`` undone.

What a quantile depends on is which values there are and how often, not whose they are.
"""

from __future__ import annotations

import numpy as np

from query.model.frames import Frame
from query.model.labels import Labels, drop
from query.promql.evaluate.rows import require_room
from query.promql.plan.partials import InsufficientPartialsError, Partials


def values_of(counts: Frame, label: str) -> Frame:
    """Return a row for every value counted at one instant, with the labels of ``counts`` less ``label``.

    Rows of equal labels are the members of a group. ``InsufficientPartialsError`` if a native histogram was counted.
    """
    values: list[float] = []
    labels: list[Labels] = []
    for row in counts.labels:
        text = dict(row).get(label, "")
        try:
            values.append(float(text))
        except ValueError as error:
            raise InsufficientPartialsError("native histograms are among the values", Partials.NONE) from error
        labels.append(drop(row, (label,)))
    times = np.where(counts.present[:, 0], counts.values[:, 0], 0.0).astype(np.int64)
    require_room("quantile", int(times.sum()), 1)
    repeated = np.repeat(np.arange(len(labels)), times).tolist()
    column = np.repeat(np.array(values, np.float64), times)[:, None]
    return Frame(counts.grid, tuple(labels[row] for row in repeated), column, np.ones(column.shape, np.bool_))
