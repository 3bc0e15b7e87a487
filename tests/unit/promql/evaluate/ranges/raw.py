"""Raw series written as they are read: seconds and values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np

from query.model.float_histogram import FloatHistogram
from query.model.frames import Frame
from query.model.labels import as_labels
from query.model.samples import RawSeries
from query.model.time import Grid
from query.promql.evaluate.ranges import evaluate_range
from query.promql.evaluate.values import Evaluation, RangeVector
from query.promql.plan.windows import Extension, Window

Sample: TypeAlias = float | FloatHistogram
Points: TypeAlias = Mapping[float, Sample] | Mapping[int, Sample]
"""Samples by seconds."""


def raw(series: Mapping[str, Points]) -> RawSeries:
    """Return series called by metric names; samples by seconds."""
    samples = [(second, value) for points in series.values() for second, value in points.items()]
    cells = np.array([None] * len(samples), np.object_)
    for place, (_, value) in enumerate(samples):
        cells[place] = value if isinstance(value, FloatHistogram) else None
    values = [0.0 if isinstance(value, FloatHistogram) else value for _, value in samples]
    return RawSeries(
        tuple(as_labels({"__name__": name}) for name in series),
        np.cumsum([0, *(len(points) for points in series.values())]),
        np.array([round(second * 1000) for second, _ in samples], np.int64),
        np.array(values, np.float64),
        cells if any(cell is not None for cell in cells) else None,
    )


def apply(
    function: str,
    series: Mapping[str, Points],
    seconds: float,
    at: Sequence[int],
    arguments: Sequence[Sequence[float]] = (),
    extension: Extension = Extension.NONE,
) -> Evaluation:
    """Apply a function to ranges of so many seconds, at evenly spaced seconds."""
    step_ms = (at[1] - at[0]) * 1000 if len(at) > 1 else 1
    grid = Grid(at[0] * 1000, at[-1] * 1000, step_ms)
    vector = RangeVector(raw(series), Window(round(seconds * 1000), extension=extension, lookback_ms=60_000))
    return evaluate_range(function, vector, tuple(np.array(each, np.float64) for each in arguments), grid)


def results(evaluation: Evaluation) -> list[float | None]:
    """Return the floats of the only row by step, None where there is none; nothing if there is no row."""
    frame = evaluation.value
    assert isinstance(frame, Frame)
    assert frame.series <= 1
    if not frame.series:
        return []
    pairs = zip(frame.values[0].tolist(), frame.present[0].tolist(), strict=True)
    return [value if here else None for value, here in pairs]
