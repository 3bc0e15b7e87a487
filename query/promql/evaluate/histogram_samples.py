"""Functions of native histograms: each sample by itself, and beside classic ones.

Follows ``simpleHistogramFunc``, ``funcHistogramQuantile``, ``…Quantiles`` and ``…Fraction`` of Prometheus 3.16's
engine. A native histogram and classic buckets that differ in nothing but ``le`` contradict each other: where both are,
there is no result, with a warning.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import numpy as np

from query.model.float_histogram import FloatHistogram
from query.model.frames import Floats, Frame, Notes
from query.model.labels import drop
from query.promql.evaluate.annotations import CLASSIC_AND_NATIVE, each_invalid_quantile
from query.promql.evaluate.go_text import open_metrics, parse_float
from query.promql.evaluate.histograms import BUCKET_LABEL, classic_fraction, classic_quantile
from query.promql.evaluate.native import fraction, quantile, variance
from query.promql.evaluate.native.numbers import quotient, root
from query.promql.evaluate.relabel import set_label
from query.promql.evaluate.rows import concat, relabel, with_values

ACCESSORS: Final[Mapping[str, Callable[[FloatHistogram], float]]] = MappingProxyType({
    "histogram_count": lambda histogram: histogram.count,
    "histogram_sum": lambda histogram: histogram.sum,
    "histogram_avg": lambda histogram: quotient(histogram.sum, histogram.count),
    "histogram_stdvar": variance,
    "histogram_stddev": lambda histogram: root(variance(histogram)),
})  # fmt: skip
"""What a histogram is asked by functions that take nothing else."""


def access(function: str, frame: Frame) -> Frame:
    """Return a number of each native histogram; floats go."""
    return _map(frame.only_histograms(), lambda histogram, _: (ACCESSORS[function](histogram), None))[0]


def histogram_quantile(phi: Floats, frame: Frame) -> tuple[Frame, Notes]:
    """Return the φ-quantile of each histogram, native or classic; ``phi`` is ``float64[steps]``."""
    classic, native, conflicts = _apart(frame)
    of_native, notes = _map(native, lambda histogram, step: quantile(float(phi[step]), histogram))
    of_classic, classic_notes = classic_quantile(phi, classic)
    said = each_invalid_quantile(phi) | conflicts | notes | classic_notes
    return concat(frame.grid, (of_native, of_classic)), said


def histogram_quantiles(label: str, phis: Sequence[Floats], frame: Frame) -> tuple[Frame, Notes]:
    """Return several quantiles of each histogram, told apart by ``label``; a φ may differ from step to step."""
    parts: list[Frame] = []
    notes = Notes()
    for phi in phis:
        quantiles, said = histogram_quantile(phi, frame)
        notes |= said
        for text in dict.fromkeys(open_metrics(value) for value in phi.tolist()):
            here = np.array([open_metrics(value) == text for value in phi.tolist()])
            part = Frame.of(frame.grid, quantiles.labels, quantiles.values, quantiles.present & here)
            parts.append(relabel(part, lambda labels, text=text: set_label(labels, label, text)))  # type: ignore[misc]
    return concat(frame.grid, parts), notes


def histogram_fraction(lower: Floats, upper: Floats, frame: Frame) -> tuple[Frame, Notes]:
    """Return the fraction of each histogram's observations between two bounds ``float64[steps]``."""
    classic, native, conflicts = _apart(frame)
    of_native, notes = _map(native, lambda histogram, step: fraction(float(lower[step]), float(upper[step]), histogram))
    of_classic, classic_notes = classic_fraction(lower, upper, classic)
    return concat(frame.grid, (of_native, of_classic)), conflicts | notes | classic_notes


def _map(frame: Frame, function: Callable[[FloatHistogram, int], tuple[float, str | None]]) -> tuple[Frame, Notes]:
    """Apply a function to each histogram and its step; the series lose their names."""
    values = np.zeros(frame.present.shape)
    infos: dict[str, None] = {}
    if frame.histograms is not None:
        for row, step in np.argwhere(frame.present).tolist():
            values[row, step], info = function(frame.histograms[row, step], step)
            if info is not None:
                infos[info] = None
    return with_values(Frame(frame.grid, frame.labels, values, frame.present), values), Notes(infos=tuple(infos))


def _apart(frame: Frame) -> tuple[Frame, Frame, Notes]:
    """Return classic buckets and native histograms without those that contradict each other."""
    if frame.histograms is None:
        return frame, Frame.empty(frame.grid), Notes()
    classic, native = frame.floats(), frame.only_histograms()
    row_of = {labels: row for row, labels in enumerate(native.labels)}
    twins: list[tuple[int, int]] = []
    for row, labels in enumerate(classic.labels):
        bound = parse_float(next((value for name, value in labels if name == BUCKET_LABEL), ""))
        twin = row_of.get(drop(labels, (BUCKET_LABEL,)))
        if twin is not None and bound is not None and bound == bound:  # noqa: PLR0124 - NaN is no bound
            twins.append((row, twin))
    conflict = np.zeros(native.present.shape, np.bool_)
    for row, twin in twins:
        conflict[twin] |= classic.present[row] & native.present[twin]
    if not conflict.any():
        return classic, native, Notes()
    present = classic.present.copy()
    for row, twin in twins:
        present[row] &= ~conflict[twin]
    return (
        Frame.of(frame.grid, classic.labels, classic.values, present),
        Frame.of(frame.grid, native.labels, native.values, native.present & ~conflict, native.histograms),
        Notes(warnings=(CLASSIC_AND_NATIVE,)),
    )
