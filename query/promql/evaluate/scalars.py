"""Operators with a scalar on one side or both.

Follows ``VectorscalarBinop`` of Prometheus' engine: a comparison keeps the vector's samples, whichever side it is on.
"""

from __future__ import annotations

import numpy as np

from query.model.frames import Floats, Frame
from query.promql.evaluate.operators import changes_meaning, combine_numbers
from query.promql.evaluate.rows import with_values


def combine_with_scalar(
    op: str, frame: Frame, scalar: Floats, *, scalar_is_left: bool = False, returns_bool: bool = False
) -> Frame:
    """Apply an operator to every sample and the scalar ``float64[steps]`` of its step."""
    row = np.broadcast_to(scalar, frame.values.shape)
    left, right = (row, frame.values) if scalar_is_left else (frame.values, row)
    values, kept = combine_numbers(op, left, right, returns_bool=returns_bool)
    present = frame.present if kept is None else frame.present & kept
    if changes_meaning(op, returns_bool=returns_bool):
        return with_values(frame, values, present)
    return Frame.of(frame.grid, frame.labels, frame.values, present)


def combine_scalars(op: str, left: Floats, right: Floats) -> Floats:
    """Apply an operator to two scalars; a comparison gives 0 or 1."""
    return combine_numbers(op, left, right, returns_bool=True)[0]
