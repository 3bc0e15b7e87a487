"""sum and avg of groups in which there are native histograms.

Follows ``aggregation`` of Prometheus 3.16's engine. A group that holds floats and histograms at the same step has no
result there, with a warning; nor has one that holds exponential and custom buckets. Members are added in row order.

Where all members have one layout, the usual case, their numbers are added up as one array, which gives the same floats
as adding them one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from query.model.errors import UndecidedHistogramError
from query.model.exponential_bounds import exponential_bound
from query.model.float_histogram import UNTOLD_HINT, Buckets, FloatHistogram, ResetHint
from query.model.frames import Bools, Floats, Frame, Notes
from query.model.labels import METRIC_NAME, Labels
from query.promql.evaluate.annotations import (
    MIXED_AGGREGATION,
    colliding_resets,
    exponential_and_custom,
    reconciled_bounds,
)
from query.promql.evaluate.grouping import Groups, group_rows
from query.promql.evaluate.native import IncompatibleSchemasError, RunningMean, RunningSum, compact
from query.promql.evaluate.summation import compensated

_AGGREGATION: Final = "aggregation"


@dataclass(slots=True)
class _Said:
    """What is to be said of the groups, each once, in order."""

    warnings: dict[str, None] = field(default_factory=dict)
    infos: dict[str, None] = field(default_factory=dict)

    def warn(self, text: str) -> None:
        self.warnings[text] = None

    def inform(self, text: str) -> None:
        self.infos[text] = None


def aggregate_histograms(
    op: str,
    frame: Frame,
    floats: Callable[[Frame], Frame],
    grouping: Sequence[str] = (),
    *,
    without: bool = False,
) -> tuple[Frame, Notes]:
    """Return the ``sum`` or ``avg`` of each group of a frame that holds histograms, and what is to be said of it.

    ``floats`` aggregates a frame of floats alone, grouped the same way.
    """
    groups = group_rows(frame.labels, grouping, without=without)
    shape = (len(groups.labels), frame.grid.steps)
    held = frame.are_histograms()
    has_float, has_histogram = (_any_in_group(groups, mask) for mask in (frame.present & ~held, held))
    values, present = np.zeros(shape), has_float & ~has_histogram
    of_floats = floats(frame.floats())
    places = {labels: place for place, labels in enumerate(groups.labels)}
    for row, labels in enumerate(of_floats.labels):
        values[places[labels]] = of_floats.values[row]
    results = np.full(shape, None, np.object_)
    said = _Said()
    members = _members_of(groups)
    for group, step in np.argwhere(has_histogram).tolist():
        rows = [row for row in members[group] if frame.present[row, step]]
        result = _combine(op, frame, rows, step, said)
        results[group, step] = result
        present[group, step] = result is not None
    return Frame.of(frame.grid, groups.labels, values, present, results), Notes(tuple(said.warnings), tuple(said.infos))


def _any_in_group(groups: Groups, mask: Bools) -> Bools:
    some = np.zeros((len(groups.labels), mask.shape[1]), np.bool_)
    np.logical_or.at(some, groups.of_row, mask)
    return some


def _members_of(groups: Groups) -> list[list[int]]:
    members: list[list[int]] = [[] for _ in groups.labels]
    for row, group in enumerate(groups.of_row.tolist()):
        members[group].append(row)
    return members


def _combine(op: str, frame: Frame, rows: Sequence[int], step: int, said: _Said) -> FloatHistogram | None:
    """Return the result of one group at one step, None if there is none."""
    assert frame.histograms is not None  # noqa: S101  (the caller found one)
    cells: list[FloatHistogram | None] = [frame.histograms[row, step] for row in rows]
    terms = [cell for cell in cells if cell is not None]
    has_float = len(terms) < len(cells)
    if cells[0] is None:
        said.warn(MIXED_AGGREGATION)
        return None
    result = None if has_float else of_one_layout(op, terms)
    if result is None:
        running: RunningSum | RunningMean = RunningSum(terms[0]) if op == "sum" else RunningMean(terms[0])
        has_float = False
        for row, cell in zip(rows[1:], cells[1:], strict=True):
            if cell is None:
                has_float = True
                continue
            try:
                running.add(cell)
            except IncompatibleSchemasError:
                said.warn(exponential_and_custom(_name(frame.labels[row])))
                if running.bounds_differed:
                    said.inform(reconciled_bounds(_AGGREGATION))
                if has_float:
                    said.warn(MIXED_AGGREGATION)
                return None
        if running.bounds_differed:
            said.inform(reconciled_bounds(_AGGREGATION))
        if has_float:
            said.warn(MIXED_AGGREGATION)
            return None
        result = running.total() if isinstance(running, RunningSum) else running.mean()
    _note_hints(terms, said)
    return result


def _note_hints(terms: Sequence[FloatHistogram], said: _Said) -> None:
    hints = {term.hint for term in terms}
    if ResetHint.UNTOLD in hints and len(terms) > 1:
        raise UndecidedHistogramError(UNTOLD_HINT)
    if {ResetHint.RESET, ResetHint.NOT_RESET} <= hints:
        said.warn(colliding_resets(_AGGREGATION))


def _name(labels: Labels) -> str:
    return next((value for name, value in labels if name == METRIC_NAME), "")


def of_one_layout(op: str, terms: Sequence[FloatHistogram]) -> FloatHistogram | None:
    """Return the sum or mean of histograms that have the same buckets, None if they haven't or it isn't finite."""
    first = terms[0]
    if len(terms) == 1:
        return compact(first)
    if any(term.undecided is not None or not _has_layout_of(term, first) for term in terms):
        return None
    numbers = np.array([_numbers(term) for term in terms])[None]
    total, lost = compensated(numbers, np.ones(numbers.shape, np.bool_))
    if not np.isfinite(total).all():
        return None
    sums: Floats = total + lost if op == "sum" else total / len(terms) + lost / len(terms)
    count, observed, zero_count, *buckets = sums[0].tolist()
    split = len(first.positive.indices)
    return compact(
        replace(
            first,
            count=count,
            sum=observed,
            zero_count=zero_count,
            positive=Buckets(first.positive.indices, tuple(buckets[:split])),
            negative=Buckets(first.negative.indices, tuple(buckets[split:])),
        )
    )


def _has_layout_of(term: FloatHistogram, first: FloatHistogram) -> bool:
    return (
        term.schema == first.schema
        and term.zero_threshold == first.zero_threshold
        and term.custom_values == first.custom_values
        and term.hint is first.hint
        and term.positive.indices == first.positive.indices
        and term.negative.indices == first.negative.indices
        and not any(_begins_inside(term, side) for side in (term.positive, term.negative))
    )


def _begins_inside(term: FloatHistogram, side: Buckets) -> bool:
    """Tell whether the first bucket is within the zero bucket, which is another case."""
    if term.is_custom or not side:
        return False
    return exponential_bound(side.indices[0], term.schema) <= term.zero_threshold


def _numbers(term: FloatHistogram) -> tuple[float, ...]:
    return (term.count, term.sum, term.zero_count, *term.positive.counts, *term.negative.counts)
