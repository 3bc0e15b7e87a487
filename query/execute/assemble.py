"""Making the answer of what was fetched: passing samples on, or evaluating what is above the leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

from query.backends.outcome import Completeness
from query.execute.budget import Account
from query.execute.elements import SeriesElements
from query.execute.fetch import Fetch
from query.execute.fetched import Fetched
from query.execute.options import QueryOptions
from query.execute.replicas.choose import Choice
from query.model.errors import ExecutionError, IncompleteError, UnsupportedError
from query.model.frames import Frame, Notes
from query.model.labels import Labels, with_constants
from query.model.samples import RawSeries, joined
from query.model.time import Grid
from query.promql.evaluate import (
    InfoRows,
    Legs,
    RangeVector,
    ScalarRow,
    Text,
    align_legs,
    concat,
    evaluate,
    merge_means,
    merge_sums,
    merge_variance,
    values_of,
)
from query.promql.evaluate.rows import SAME_LABELSET, require_room
from query.promql.plan.leaves import sources_of_absence
from query.promql.plan.nodes import MEAN, MOMENTS, Concat, MergedAbsence, MergedMean, MergedVariance, Multiset, Samples
from query.promql.plan.partials import InsufficientPartialsError, Partials
from query.promql.plan.planner import Plan
from query.promql.syntax.nodes import Placed, ValueType
from query.promql.syntax.printer import print_expr
from query.wire.prometheus import SeriesBody
from query.wire.raw_samples import raw_json, raw_of
from query.wire.samples import frame_json, frame_of, scalar_json, string_json
from query.wire.statistics import Statistics

LEFT_OUT: Final = ("mix of histograms and floats", "mix of histograms with exponential and custom buckets")
"""What a server says that leaves out a group because of the kinds of samples in it."""


Lane: TypeAlias = Literal["splice", "raw", "arrays"]
"""How an answer passes through: unread, with its samples untouched, or as numbers."""


@dataclass(frozen=True, slots=True)
class QueryAnswer:
    """A result ready to be written: ``elements`` are the JSON texts of the result array, or of the whole result.

    An element may be several of the array's, as one cluster wrote them: there are ``series`` of them.

    ``sources`` tells, for each cluster that names replicas, whether one of them was asked, and why (not).
    ``account`` is what the answer holds of the gateway's memory, to be closed once it has been sent.
    ``statistics`` are those the clusters gave, if they were asked for.
    """

    result_type: str
    elements: Sequence[bytes]
    notes: Notes
    completeness: Completeness
    plan: Plan
    is_array: bool = True
    sources: tuple[Choice, ...] = ()
    account: Account | None = None
    statistics: tuple[Statistics, ...] = ()
    series: int = 0
    lane: Lane = "arrays"


def assemble(plan: Plan, fetch: Fetch, grid: Grid, options: QueryOptions) -> QueryAnswer:
    """Return the answer of a plan whose leaves have been fetched."""
    notes = fetch.notes | Notes(fetch.completeness.warnings())
    elements: Sequence[bytes]
    unread = 0
    lane: Lane = "raw"
    if isinstance(plan.root, Concat):
        parts = fetch.fetched[plan.root]
        read = [part for part in parts if part.spliced is None]
        elements = _pass_on(read, is_ordered=not grid.is_instant)
        if len(read) < len(parts):
            cuts = [part.spliced for part in parts if part.spliced]
            unread = sum(part.series for part in parts if part.spliced) - len(cuts)
            elements, lane = [*cuts, *elements], "splice"
        is_matrix = not grid.is_instant or plan.root.value_type is ValueType.MATRIX
        result_type = "matrix" if is_matrix else "vector"
        is_array = True
    else:
        result_type, elements, is_array, local_notes = _evaluate(plan, fetch, grid)
        notes |= local_notes
        lane = "arrays"
    if is_array and options.limit and len(elements) > options.limit:
        elements = elements[: options.limit]
        notes |= Notes(("results truncated due to limit",))
    series = len(elements) + unread
    return QueryAnswer(
        result_type,
        elements,
        notes,
        fetch.completeness,
        plan,
        is_array=is_array,
        statistics=tuple(fetch.statistics),
        series=series,
        lane=lane,
    )


def _pass_on(parts: list[Fetched], *, is_ordered: bool) -> Sequence[bytes]:
    """Return the series of all parts, sample bytes untouched; in label order for range queries, as upstream."""
    listed: list[tuple[Labels, SeriesBody]] = []
    for part in parts:
        added = dict(part.shard.added)
        listed.extend((with_constants(tuple(body.metric.items()), added), body) for body in part.bodies)
    if len({labels for labels, _ in listed}) < len(listed):
        raise ExecutionError(SAME_LABELSET)
    if is_ordered:
        listed.sort(key=lambda item: item[0])
    return SeriesElements(listed)


def _evaluate(plan: Plan, fetch: Fetch, grid: Grid) -> tuple[str, Sequence[bytes], bool, Notes]:
    """Return result type, elements, whether they are an array's, and the notes of evaluating here."""
    _require_decidable(plan, fetch)
    leaves = _Leaves(fetch, grid)
    evaluation = evaluate(plan.root, grid, leaves.data)
    notes = leaves.notes | evaluation.notes
    match evaluation.value:
        case Text() as text:
            return "string", [string_json(grid, text.value)], False, notes
        case ScalarRow() as row:
            return ("scalar" if grid.is_instant else "matrix"), [scalar_json(grid, row.values)], False, notes
        case Frame() as frame:
            return ("vector" if grid.is_instant else "matrix"), list(frame_json(frame)), True, notes
        case RangeVector() as vector:
            return "matrix", list(raw_json(vector.raw)), True, notes
        case InfoRows():
            raise TypeError("info series are joined, not answered")


def _require_decidable(plan: Plan, fetch: Fetch) -> None:
    """Raise ``IncompleteError`` if a cluster is missing from data whose absence the plan concludes something from."""
    gaps: dict[str, str] = {
        gap.cluster: f"{gap.failure.value}: {gap.detail}"
        for leaf in sources_of_absence(plan.root)
        for gap in fetch.gaps[leaf]
    }
    if gaps:
        raise IncompleteError(gaps, why="absence can't be decided while clusters are missing")


class _Leaves:
    """Gives the evaluator the data of the plan's leaves, and keeps what is to be said of it."""

    def __init__(self, fetch: Fetch, grid: Grid) -> None:
        self._fetch = fetch
        self._grid = grid
        self.notes = Notes()

    def data(self, leaf: Placed) -> Frame | RawSeries:
        """Return the raw samples of ``Samples``, the frame of every other leaf."""
        return self._raw(leaf.source) if isinstance(leaf, Samples) else self._frame(leaf)

    def _frame(self, leaf: Placed) -> Frame:
        match leaf:
            case Concat():
                return self._decoded(leaf)
            case MergedMean():
                legs = self._legs(leaf.legs, leaf.operators)
                merge = merge_sums if leaf.operators == MEAN else merge_means
                return merge(self._grid_of(leaf.legs), legs, leaf.grouping, without=leaf.without)
            case MergedVariance():
                moments = self._legs(leaf.legs, MOMENTS)
                grid = self._grid_of(leaf.legs)
                return merge_variance(
                    grid, moments, leaf.grouping, without=leaf.without, is_deviation=leaf.is_deviation
                )
            case Multiset():
                return values_of(self._decoded(leaf.counts), leaf.label)
            case MergedAbsence():
                return self._absence(leaf)
            case _:
                raise UnsupportedError(leaf.describe(), "the executor does not know this node")

    def _raw(self, leaf: Concat) -> RawSeries:
        raw = joined([
            raw_of(part.bodies, dict(part.shard.added), self._fetch.beside(leaf, part.shard))
            for part in self._fetch.fetched[leaf]
        ])  # fmt: skip
        if len(set(raw.labels)) < raw.series:
            raise ExecutionError(SAME_LABELSET)
        return raw

    def _legs(self, leaf: Concat, operators: tuple[str, ...]) -> Legs:
        parts = self._partials(leaf)
        if any(part.histograms is not None for part in parts):
            raise InsufficientPartialsError("means of native histograms are made of the values", Partials.NONE)
        return align_legs(parts, operators, self._grid_of(leaf).steps)

    def _decoded(self, leaf: Concat) -> Frame:
        return concat(self._grid_of(leaf), self._partials(leaf), partials=leaf.are_partials)

    def _grid_of(self, leaf: Concat) -> Grid:
        return leaf.grid or self._grid

    def _partials(self, leaf: Concat) -> list[Frame]:
        """Return what each cluster answered; if one left out a group of partial results, the values are needed."""
        warnings = self._fetch.notes.warnings
        if leaf.are_partials and any(mark in warning for mark in LEFT_OUT for warning in warnings):
            raise InsufficientPartialsError("a cluster left out a group that mixes kinds of samples", Partials.NONE)
        return self._parts(leaf)

    def _parts(self, leaf: Concat) -> list[Frame]:
        grid = self._grid_of(leaf)
        require_room(print_expr(leaf.expr), sum(len(part.bodies) for part in self._fetch.fetched[leaf]), grid.steps)
        return [
            frame_of(part.bodies, dict(part.shard.added), grid, self._fetch.beside(leaf, part.shard))
            for part in self._fetch.fetched[leaf]
        ]

    def _absence(self, leaf: MergedAbsence) -> Frame:
        found = concat(self._grid_of(leaf.present), self._parts(leaf.present), partials=True)
        is_absent = np.logical_not(np.any(found.present, axis=0))[np.newaxis, :]
        return Frame.of(found.grid, (leaf.labels,), np.ones((1, found.grid.steps), np.float64), is_absent)
