"""Making the answer of what was fetched: passing samples on, or evaluating what is above the leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from query.backends.outcome import Completeness
from query.execute.fetch import Fetch, Fetched, QueryOptions
from query.model.errors import ExecutionError, IncompleteError, UnsupportedError
from query.model.frames import Frame, Notes
from query.model.labels import Labels, with_constants
from query.model.time import Grid
from query.promql.evaluate import ScalarRow, Text, concat, evaluate, merge_mean
from query.promql.plan.nodes import Concat, MergedAbsence, MergedMean
from query.promql.plan.planner import Plan
from query.promql.syntax.nodes import Placed, StringLiteral, ValueType
from query.promql.syntax.printer import print_expr
from query.wire.prometheus import SeriesBody
from query.wire.samples import frame_json, frame_of, scalar_json, series_json, string_json

MIX_WARNING: Final = "mix of histograms and floats"


@dataclass(frozen=True, slots=True)
class QueryAnswer:
    """A result ready to be written: ``elements`` are the JSON texts of the result array, or of the whole result."""

    result_type: str
    elements: list[bytes]
    notes: Notes
    completeness: Completeness
    plan: Plan
    is_array: bool = True


def assemble(plan: Plan, fetch: Fetch, grid: Grid, options: QueryOptions) -> QueryAnswer:
    """Return the answer of a plan whose leaves have been fetched."""
    notes = fetch.notes | Notes(fetch.completeness.warnings())
    if isinstance(plan.root, Concat):
        elements = _pass_on(fetch.fetched[plan.root], is_ordered=not grid.is_instant)
        is_matrix = not grid.is_instant or plan.root.value_type is ValueType.MATRIX
        result_type = "matrix" if is_matrix else "vector"
        is_array = True
    else:
        result_type, elements, is_array, local_notes = _evaluate(plan, fetch, grid)
        notes |= local_notes
    if is_array and options.limit and len(elements) > options.limit:
        elements = elements[: options.limit]
        notes |= Notes(("results truncated due to limit",))
    return QueryAnswer(result_type, elements, notes, fetch.completeness, plan, is_array)


def _pass_on(parts: list[Fetched], *, is_ordered: bool) -> list[bytes]:
    """Return the series of all parts, sample bytes untouched; in label order for range queries, as upstream."""
    listed: list[tuple[Labels, SeriesBody]] = []
    for part in parts:
        added = dict(part.shard.added)
        listed.extend((with_constants(tuple(body.metric.items()), added), body) for body in part.bodies)
    if len({labels for labels, _ in listed}) < len(listed):
        raise ExecutionError("vector cannot contain metrics with the same labelset")
    if is_ordered:
        listed.sort(key=lambda item: item[0])
    return [series_json(body, labels) for labels, body in listed]


def _evaluate(plan: Plan, fetch: Fetch, grid: Grid) -> tuple[str, list[bytes], bool, Notes]:
    """Return result type, elements, whether they are an array's, and the notes of evaluating here."""
    if isinstance(plan.root, StringLiteral):
        return "string", [string_json(grid, plan.root.value)], False, Notes()
    value, notes = evaluate(plan.root, grid, lambda leaf: _frame(leaf, fetch, grid))
    if isinstance(value, Text):
        return "string", [string_json(grid, value.text)], False, notes
    if isinstance(value, ScalarRow):
        return ("scalar" if grid.is_instant else "matrix"), [scalar_json(grid, value.values)], False, notes
    if grid.is_instant:
        return "vector", list(frame_json(value)), True, notes
    order = sorted(range(value.series), key=value.labels.__getitem__)
    return "matrix", list(frame_json(value, order)), True, notes


def _frame(leaf: Placed, fetch: Fetch, grid: Grid) -> Frame:
    match leaf:
        case Concat():
            return _decoded(leaf, fetch, grid)
        case MergedMean():
            sums, counts = _decoded(leaf.sums, fetch, grid), _decoded(leaf.counts, fetch, grid)
            return merge_mean(sums, counts, leaf.grouping, without=leaf.without)
        case MergedAbsence():
            return _absence(leaf, fetch, grid)
        case _:
            raise UnsupportedError(leaf.describe(), "the executor does not know this node")


def _decoded(leaf: Concat, fetch: Fetch, grid: Grid) -> Frame:
    frames: list[Frame] = []
    for part in fetch.fetched[leaf]:
        if any(body.has_histograms for body in part.bodies):
            raise UnsupportedError(
                print_expr(leaf.expr), "it gives native histograms, which can be concatenated but not merged yet"
            )
        frames.append(frame_of(part.bodies, dict(part.shard.added), grid))
    if any(MIX_WARNING in warning for warning in fetch.notes.warnings):
        raise UnsupportedError(
            print_expr(leaf.expr), "a cluster mixes floats and native histograms in one group and left it out"
        )
    return concat(frames, grid)


def _absence(leaf: MergedAbsence, fetch: Fetch, grid: Grid) -> Frame:
    gaps = {gap.cluster: f"{gap.failure.value}: {gap.detail}" for gap in fetch.gaps[leaf.present]}
    if gaps:
        raise IncompleteError(dict(gaps), why="absence can't be decided while clusters are missing")
    found = _decoded(leaf.present, fetch, grid)
    is_absent = ~found.present.any(axis=0, keepdims=True) if found.series else np.ones((1, grid.steps), np.bool_)
    return Frame.of(grid, (leaf.labels,), np.ones((1, grid.steps), np.float64), is_absent)
