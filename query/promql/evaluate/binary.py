"""Arithmetic and comparison between two vectors.

Follows ``VectorBinop`` of Prometheus 3.16's engine. The side that may have several series in a match group is "many"
(left in one-to-one), the other is "one"; matching is decided per step, because what is present differs from step to
step. Series of the "one" side that can't be told apart in the result are put into one row first, so the work is one
array operation over the rows of the "many" side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from query.model.errors import ExecutionError
from query.model.frames import Bools, Floats, Frame, Histograms, Notes
from query.model.labels import Labels, keep
from query.promql.evaluate.go_text import series_text
from query.promql.evaluate.histogram_operators import TRIMMING, Cells, Outcome, combine_pairs, last_notes
from query.promql.evaluate.matching import Match, signatures
from query.promql.evaluate.operators import changes_meaning, combine_numbers
from query.promql.evaluate.rows import Ints, count_present, fold, number, require_room, some_step

MANY_TO_ONE_NOT_EXPLICIT = "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
NOT_UNIQUE = "multiple matches for labels: grouping labels must ensure unique matches"


class _StepError(Exception):
    """An error of upstream's, found at a step."""

    def __init__(self, step: int, text: str) -> None:
        super().__init__(text)
        self.step = step
        self.text = text


@dataclass(frozen=True, slots=True)
class _Side:
    """One side: its rows and the match group of each."""

    frame: Frame
    ids: Ints
    fill: float | None


@dataclass(frozen=True, slots=True)
class _Part:
    """Results of one kind: rows, their match groups, and where the sides matched (kept or not)."""

    labels: list[Labels]
    ids: Ints
    values: Floats
    matched: Bools
    kept: Bools
    histograms: Histograms | None = None
    said: Mapping[int, Outcome] = field(default_factory=dict)


def combine(op: str, left: Frame, right: Frame, match: Match | None = None, *, returns_bool: bool = False) -> Frame:
    """Apply an operator to the matching samples of two vectors; see ``combine_noted``."""
    return combine_noted(op, left, right, match, returns_bool=returns_bool)[0]


def combine_noted(
    op: str, left: Frame, right: Frame, match: Match | None = None, *, returns_bool: bool = False
) -> tuple[Frame, Notes]:
    """Apply an arithmetic, comparison or trim operator to the matching samples of two vectors.

    Beside the result comes what is to be said of samples for which the operator isn't defined.
    ``ExecutionError`` in upstream's words if a match group is not unique on the side where it has to be, or results
    can't be told apart. ``LimitExceededError`` if labels taken over change so much over time that the result explodes.
    """
    match = match or Match()
    try:
        return _combine(op, left, right, match, returns_bool=returns_bool)
    except _StepError as error:
        if error.step:  # upstream goes step by step, so what fails earlier is what it reports
            combine(op, _until(left, error.step), _until(right, error.step), match, returns_bool=returns_bool)
        raise ExecutionError(error.text) from None


def _combine(op: str, left: Frame, right: Frame, match: Match, *, returns_bool: bool) -> tuple[Frame, Notes]:
    ids = signatures(match, left.labels, right.labels)
    sides = _Side(left, ids.left, match.fill_left), _Side(right, ids.right, match.fill_right)
    many, one = reversed(sides) if match.many == "right" else sides
    join = _Join(op, match, many, one, size=ids.size, returns_bool=returns_bool)
    parts = [join.matched_rows()]
    if join.one.fill is not None:
        parts.append(join.rows_without_one(join.one.fill))
    join.check_many(parts)
    if join.many.fill is not None:
        parts.append(join.rows_without_many(join.many.fill))
    histograms = None
    if any(part.histograms is not None for part in parts):
        histograms = np.concatenate([
            np.full(part.matched.shape, None, np.object_) if part.histograms is None else part.histograms
            for part in parts
        ])  # fmt: skip
    frame = fold(
        left.grid,
        [row for part in parts for row in part.labels],
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.matched & part.kept for part in parts]),
        histograms,
    )
    return frame, last_notes(part.said for part in parts)


def _until(frame: Frame, step: int) -> Frame:
    """Return the steps before ``step``."""
    grid = replace(frame.grid, end_ms=frame.grid.start_ms + (step - 1) * frame.grid.step_ms)
    histograms = None if frame.histograms is None else frame.histograms[:, :step]
    return Frame.of(grid, frame.labels, frame.values[:, :step], frame.present[:, :step], histograms)


class _Join:
    """One evaluation of an operator: the two sides and which match groups they have at which step."""

    def __init__(self, op: str, match: Match, many: _Side, one: _Side, *, size: int, returns_bool: bool) -> None:
        self.op = op
        self.match = match
        self.returns_bool = returns_bool
        self.loses_name = changes_meaning(op, returns_bool=returns_bool)
        self.many = many
        self.one = one
        self.size = size
        self.alive = self._alive_steps()
        self.one_present = self._unique_on_one_side()

    def _alive_steps(self) -> Bools:
        """Return the steps that are evaluated at all: where both sides have samples, or a fill stands in."""
        many, one = (some_step(side.frame.present) for side in (self.many, self.one))
        return many & one if self.many.fill is None and self.one.fill is None else many | one

    def _unique_on_one_side(self) -> Bools:
        """Return where the "one" side has a match group; raise if it has one twice."""
        count = count_present(self.one.ids, self.size, self.one.frame.present)
        twice = ((count > 1) & self.alive).any(axis=0)
        if twice.any():
            step = int(np.argmax(twice))
            raise _StepError(step, self._duplicate_text(step))
        return count > 0

    def _duplicate_text(self, step: int) -> str:
        seen: dict[int, Labels] = {}
        rows = np.flatnonzero(self.one.frame.present[:, step]).tolist()
        for row in rows:
            labels = self.one.frame.labels[row]
            other = seen.setdefault(int(self.one.ids[row]), labels)
            if other is not labels:
                break
        first, second = sorted((series_text(labels), series_text(other)))
        return (
            f"found duplicate series for the match group {series_text(self.match.group_labels(labels))} "
            f"on the {'left' if self.match.many == 'right' else 'right'} hand-side of the operation: "
            f"[{first}, {second}];many-to-many matching not allowed: matching labels must be unique on one side"
        )

    def matched_rows(self) -> _Part:
        """Return the results where both sides have a sample."""
        variants = _variants(self.one, self.match.include if self.match.many else ())
        by_group: dict[int, list[int]] = {}
        for variant, group in enumerate(variants.ids.tolist()):
            by_group.setdefault(group, []).append(variant)
        variants_of = np.bincount(variants.ids, minlength=self.size)
        require_room(f"operator {self.op}", int(variants_of[self.many.ids].sum()), self.many.frame.grid.steps)
        pairs = [
            (row, variant) for row, group in enumerate(self.many.ids.tolist()) for variant in by_group.get(group, ())
        ]
        rows, chosen = np.array(pairs, np.int64).reshape(-1, 2).T
        many, one = self.many.frame, variants.frame
        return self._part(
            [(many.labels[row], one.labels[variant]) for row, variant in pairs],
            self.many.ids[rows],
            (_cells(many, rows), _cells(one, chosen)),
            many.present[rows] & one.present[chosen],
        )

    def rows_without_one(self, fill: float) -> _Part:
        """Return the results of "many" samples without a match, with the fill value in its place."""
        many = self.many.frame
        return self._part(
            [(row, self.match.group_labels(row)) for row in many.labels],
            self.many.ids,
            ((many.values, many.histograms), (np.full(many.values.shape, fill), None)),
            many.present & ~self.one_present[self.many.ids],
        )

    def rows_without_many(self, fill: float) -> _Part:
        """Return the results of "one" samples without a match, with the fill value in its place."""
        one = self.one.frame
        matched = count_present(self.many.ids, self.size, self.many.frame.present) > 0
        return self._part(
            [(self.match.group_labels(row), row) for row in one.labels],
            self.one.ids,
            ((np.full(one.values.shape, fill), None), (one.values, one.histograms)),
            one.present & ~matched[self.one.ids],
        )

    def _part(
        self, pairs: Sequence[tuple[Labels, Labels]], ids: Ints, cells: tuple[Cells, Cells], matched: Bools
    ) -> _Part:
        left, right = cells[::-1] if self.match.many == "right" else cells
        labels = [self.match.result_labels(many, one, loses_name=self.loses_name) for many, one in pairs]
        if left[1] is None and right[1] is None and self.op not in TRIMMING:
            result, kept = combine_numbers(self.op, left[0], right[0], returns_bool=self.returns_bool)
            return _Part(labels, ids, result, matched, np.ones(matched.shape, np.bool_) if kept is None else kept)
        both = combine_pairs(self.op, left, right, matched, returns_bool=self.returns_bool)
        return _Part(labels, ids, both.values, matched & both.has_result, both.kept, both.histograms, both.said)

    def check_many(self, parts: Sequence[_Part]) -> None:
        """Raise if several samples of the "many" side give one result, kept or not."""
        ids = np.concatenate([part.ids for part in parts])
        matched = np.concatenate([part.matched for part in parts])
        if self.match.many is None:
            _check_unique(ids, self.size, matched, MANY_TO_ONE_NOT_EXPLICIT)
            return
        results, distinct = number([row for part in parts for row in part.labels])
        keys, of_row = np.unique(ids * max(1, len(distinct)) + results, return_inverse=True)
        if len(keys) < len(ids):
            _check_unique(of_row, len(keys), matched, NOT_UNIQUE)


def _check_unique(ids: Ints, size: int, matched: Bools, text: str) -> None:
    """Raise if rows of one id match at the same step."""
    twice = some_step(count_present(ids, size, matched) > 1)
    if twice.any():
        raise _StepError(int(np.argmax(twice)), text)


def _variants(side: _Side, include: Sequence[str]) -> _Side:
    """Return the "one" side with the rows put together that agree in match group and in the labels taken over.

    A match group has one sample a step, but its series may change over time. The labels of a row are only those.
    """
    kept = [keep(row, include) for row in side.frame.labels]
    names, distinct = number(kept)
    keys, first, of_row = np.unique(side.ids * max(1, len(distinct)) + names, return_index=True, return_inverse=True)
    labels = tuple(kept[row] for row in first.tolist())
    if len(keys) == side.frame.series:
        values, histograms = _cells(side.frame, first)
        frame = Frame(side.frame.grid, labels, values, side.frame.present[first], histograms)
        return _Side(frame, side.ids[first], side.fill)
    row, step = np.nonzero(side.frame.present)
    values = np.zeros((len(keys), side.frame.grid.steps))
    present = np.zeros(values.shape, np.bool_)
    values[of_row[row], step] = side.frame.values[row, step]
    present[of_row[row], step] = True
    histograms = None
    if side.frame.histograms is not None:
        histograms = np.full(values.shape, None, np.object_)
        histograms[of_row[row], step] = side.frame.histograms[row, step]
    return _Side(Frame(side.frame.grid, labels, values, present, histograms), side.ids[first], side.fill)


def _cells(frame: Frame, rows: Ints) -> Cells:
    return frame.values[rows], None if frame.histograms is None else frame.histograms[rows]
