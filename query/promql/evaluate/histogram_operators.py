"""What the operators do to two samples of which at least one is a native histogram.

Follows ``vectorElemBinop`` of Prometheus 3.16's engine. Histograms are added to and subtracted from histograms, scaled
by numbers, compared for equality, and trimmed at a number; everything else has no result, and an info says so. An
operator has one thing to say a step: the last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final, TypeAlias

import numpy as np

from query.model.errors import UndecidedHistogramError
from query.model.float_histogram import UNTOLD_HINT, FloatHistogram, ResetHint
from query.model.frames import Bools, Floats, Frame, Histograms, Notes, are_histograms
from query.promql.evaluate.annotations import (
    colliding_resets,
    incompatible_layout,
    incompatible_types,
    reconciled_bounds,
)
from query.promql.evaluate.native import (
    Combined,
    IncompatibleSchemasError,
    add,
    compact,
    divide,
    scale,
    subtract,
    trim,
)
from query.promql.evaluate.native.layout import require_decided
from query.promql.evaluate.operators import COMPARISON, changes_meaning, combine_numbers
from query.promql.evaluate.rows import relabel, without_metadata

TRIMMING: Final = frozenset({"</", ">/"})
Sample: TypeAlias = float | FloatHistogram
Cells: TypeAlias = tuple[Floats, Histograms | None]
"""Samples ``[rows, steps]``: floats, and the histograms beside them."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of an operator on two samples. None: there is none; ``is_kept`` is False where a filter drops it."""

    histogram: FloatHistogram | None
    is_kept: bool = True
    warning: str | None = None
    info: str | None = None


@dataclass(frozen=True, slots=True)
class Results:
    """What became of an array of pairs. Where ``has_result`` is false the operator isn't defined.

    ``said`` is the last thing to be said at a step.
    """

    values: Floats
    kept: Bools
    has_result: Bools
    histograms: Histograms
    said: Mapping[int, Outcome]


def last_notes(parts: Iterable[Mapping[int, Outcome]]) -> Notes:
    """Return what is said of several parts of an operation, of each step the last."""
    last: dict[int, Outcome] = {}
    for part in parts:
        last |= part
    said = [last[step] for step in sorted(last)]
    warnings = dict.fromkeys(outcome.warning for outcome in said if outcome.warning is not None)
    infos = dict.fromkeys(outcome.info for outcome in said if outcome.info is not None)
    return Notes(tuple(warnings), tuple(infos))


def combine_samples(op: str, left: Sample, right: Sample) -> Outcome:
    """Apply an operator to two samples that aren't both floats, or trim two that are."""
    match left, right:
        case FloatHistogram(), FloatHistogram():
            return _two_histograms(op, left, right)
        case FloatHistogram(), float():
            change = _BY_NUMBER.get(op)
            return _undefined(op, left, right) if change is None else Outcome(change(left, right))
        case float(), FloatHistogram() if op == "*":
            return Outcome(compact(scale(right, left)))
        case _:
            return _undefined(op, left, right)


_BY_NUMBER: Final[Mapping[str, Callable[[FloatHistogram, float], FloatHistogram]]] = MappingProxyType({
    "*": lambda histogram, factor: compact(scale(histogram, factor)),
    "/": lambda histogram, divisor: compact(divide(histogram, divisor)),
    "</": lambda histogram, bound: trim(histogram, bound, keeps_lower=True),
    ">/": lambda histogram, bound: trim(histogram, bound, keeps_lower=False),
})  # fmt: skip


def _two_histograms(op: str, left: FloatHistogram, right: FloatHistogram) -> Outcome:
    if op in {"==", "!="}:
        require_decided(left, right)
        return Outcome(left, is_kept=left.is_identical(right) == (op == "=="))
    if op not in {"+", "-"}:
        return _undefined(op, left, right)
    try:
        combined = add(left, right) if op == "+" else subtract(left, right)
    except IncompatibleSchemasError:
        return Outcome(None, warning=incompatible_layout(op))
    return _combined(combined, "addition" if op == "+" else "subtraction", is_gauge=op == "-")


def _combined(combined: Combined, operation: str, *, is_gauge: bool) -> Outcome:
    if combined.histogram.hint in {ResetHint.UNTOLD, ResetHint.WAIVED}:
        raise UndecidedHistogramError(UNTOLD_HINT)
    if combined.hints_collide:  # upstream's engine takes this warning for a failure, and has no result
        return Outcome(None, warning=colliding_resets(operation))
    result = compact(combined.histogram)
    if is_gauge:
        result = replace(result, hint=ResetHint.GAUGE)
    return Outcome(result, info=reconciled_bounds(operation) if combined.bounds_differed else None)


def _undefined(op: str, left: Sample, right: Sample) -> Outcome:
    kinds = ("histogram" if isinstance(sample, FloatHistogram) else "float" for sample in (left, right))
    first, second = kinds
    return Outcome(None, info=incompatible_types(first, op, second))


def combine_pairs(op: str, left: Cells, right: Cells, present: Bools, *, returns_bool: bool = False) -> Results:
    """Apply an operator to all pairs ``[rows, steps]`` that are ``present``, of floats and of histograms."""
    shape = present.shape
    if op in TRIMMING:
        values, kept = np.zeros(shape), np.ones(shape, np.bool_)
    else:
        values, only = combine_numbers(op, left[0], right[0], returns_bool=returns_bool)
        values, kept = values.copy(), np.ones(shape, np.bool_) if only is None else only.copy()
    has_result = np.ones(shape, np.bool_)
    histograms = np.full(shape, None, np.object_)
    said: dict[int, Outcome] = {}
    concerned = present if op in TRIMMING else present & (_held(left, shape) | _held(right, shape))
    for row, step in np.argwhere(concerned).tolist():
        outcome = combine_samples(op, _sample(left, row, step), _sample(right, row, step))
        if outcome.warning is not None or outcome.info is not None:
            said[step] = outcome
        if outcome.histogram is None:
            has_result[row, step] = False
        elif returns_bool:
            values[row, step], kept[row, step] = float(outcome.is_kept), True
        else:
            histograms[row, step], kept[row, step] = outcome.histogram, outcome.is_kept
    return Results(values, kept, has_result, histograms, said)


def combine_with_number(
    op: str, frame: Frame, scalar: Floats, *, scalar_is_left: bool = False, returns_bool: bool = False
) -> tuple[Frame, Notes]:
    """Apply an operator to every sample of a frame and the scalar ``float64[steps]`` of its step."""
    row: Cells = np.broadcast_to(scalar, frame.values.shape), None
    own: Cells = frame.values, frame.histograms
    left, right = (row, own) if scalar_is_left else (own, row)
    both = combine_pairs(op, left, right, frame.present, returns_bool=returns_bool)
    values = both.values
    if scalar_is_left and op in COMPARISON and not returns_bool:
        values = frame.values  # a filter keeps the vector's sample, whichever side it is on
    present = frame.present & both.kept & both.has_result
    combined = Frame.of(frame.grid, frame.labels, values, present, both.histograms)
    if changes_meaning(op, returns_bool=returns_bool):
        combined = relabel(combined, without_metadata)
    return combined, last_notes((both.said,))


def _sample(side: Cells, row: int, step: int) -> Sample:
    values, histograms = side
    if histograms is not None and isinstance(held := histograms[row, step], FloatHistogram):
        return held
    return float(values[row, step])


def _held(side: Cells, shape: tuple[int, ...]) -> Bools:
    return np.zeros(shape, np.bool_) if side[1] is None else are_histograms(side[1])
