"""Quantiles and fractions of classic buckets.

Follows ``resetHistograms``, ``BucketQuantile``, ``BucketFraction`` and ``ensureMonotonicAndIgnoreSmallDeltas`` of
Prometheus 3.16's engine. The buckets of a histogram are the series that agree in all labels but ``le``; a histogram's
lanes (one a step) hold the buckets present at that step, by bound. All lanes of histograms with the same number of
buckets are computed at once, bucket after bucket.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import numpy as np

from query.model.frames import Bools, Floats, Frame, Notes
from query.model.labels import Labels, drop
from query.model.time import MS_PER_S, Grid
from query.promql.evaluate.annotations import FORCED_MONOTONICITY, bad_bucket
from query.promql.evaluate.go_text import general, parse_float
from query.promql.evaluate.grouping import Groups, blocks
from query.promql.evaluate.rows import Ints, fold, number, without_metadata

BUCKET_LABEL: Final = "le"
_SMALL_DELTA: Final = 1e-12
_LEAST_NORMAL: Final = float(np.finfo(np.float64).tiny)
_GREATEST: Final = float(np.finfo(np.float64).max)
_LEAST_BUCKETS: Final = 2


@dataclass(frozen=True, slots=True)
class _Lanes:
    """Histograms of one size: ``bounds`` and cumulative ``counts`` are ``[histograms, buckets, steps]``.

    The first ``length[histogram, step]`` buckets are there, bounds ascending; a length of 0 is no histogram.
    """

    histograms: Ints
    bounds: Floats
    counts: Floats
    length: Ints

    def at(self, array: Floats, position: Ints) -> Floats:
        """Return the entry of each lane at a position ``[histograms, steps]``."""
        index = np.clip(position, 0, array.shape[1] - 1)[:, None, :]
        return np.take_along_axis(array, index, axis=1)[:, 0, :]

    @property
    def reaches_infinity(self) -> Bools:
        """Tell which lanes have the bucket that counts everything; without it nothing can be said."""
        return (self.length > 0) & np.isposinf(self.at(self.bounds, self.length - 1))


@dataclass(slots=True)
class _Fixes:
    """Where counts had to be made monotonic: what upstream's annotation tells, collected over all lanes.

    Known divergence: ``samples`` is their number; upstream doubles its count at every step of a range query.
    """

    grid: Grid
    samples: int = 0
    least_bound: float = np.inf
    greatest_bound: float = -np.inf
    greatest_drop: float = 0.0
    steps: set[int] = field(default_factory=set)

    def add(self, forced: Bools, bounds: Floats, drops: Floats) -> None:
        """Note the decreases found, all ``[histograms, buckets, steps]``."""
        if not forced.any():
            return
        lanes = forced.any(axis=1)
        self.samples += int(lanes.sum())
        self.least_bound = min(self.least_bound, float(bounds[forced].min()))
        self.greatest_bound = max(self.greatest_bound, float(bounds[forced].max()))
        self.greatest_drop = max(self.greatest_drop, float(np.nanmax(drops[forced], initial=0.0)))
        self.steps.update(np.flatnonzero(lanes.any(axis=0)).tolist())

    def notes(self) -> Notes:
        """Return upstream's annotation, if anything was fixed."""
        if not self.samples:
            return Notes()
        times = self.grid.times_ms()
        start, end = (
            datetime.fromtimestamp(times[step] // MS_PER_S, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            for step in (min(self.steps), max(self.steps))
        )
        info = (
            f"{FORCED_MONOTONICITY}, from buckets {general(self.least_bound)} to {general(self.greatest_bound)}, "
            f"with a max diff of {self.greatest_drop:.2g}, over {self.samples} samples from {start} to {end}"
        )
        return Notes(infos=(info,))


@np.errstate(all="ignore")
def classic_quantile(phi: Floats, frame: Frame) -> tuple[Frame, Notes]:
    """Return the φ-quantile of each classic histogram; ``phi`` is ``float64[steps]``."""
    histograms = _Histograms(frame)
    fixes = _Fixes(frame.grid)
    values = np.empty((len(histograms.labels), frame.grid.steps))
    for lanes in histograms.lanes():
        values[lanes.histograms] = _quantile(phi, lanes, fixes)
    return histograms.result(values), histograms.notes | fixes.notes()


@np.errstate(all="ignore")
def classic_fraction(lower: Floats, upper: Floats, frame: Frame) -> tuple[Frame, Notes]:
    """Return the fraction of observations between two bounds ``float64[steps]``, interpolated."""
    histograms = _Histograms(frame)
    values = np.empty((len(histograms.labels), frame.grid.steps))
    for lanes in histograms.lanes():
        values[lanes.histograms] = _fraction(lower, upper, lanes)
    return histograms.result(values), histograms.notes


class _Histograms:
    """A frame's series put together as histograms."""

    def __init__(self, frame: Frame) -> None:
        texts = [next((value for name, value in row if name == BUCKET_LABEL), "") for row in frame.labels]
        bounds = {text: parse_float(text) for text in texts}
        bad = [text for text, bound in bounds.items() if bound is None or bound != bound]  # noqa: PLR0124 - NaN
        self.notes = Notes(warnings=tuple(bad_bucket(text) for text in bad))
        rows = [row for row, text in enumerate(texts) if text not in bad]
        ids, distinct = number([drop(frame.labels[row], (BUCKET_LABEL,)) for row in rows])
        self.labels: tuple[Labels, ...] = tuple(distinct)
        self._grid = frame.grid
        self._coalesce(frame, np.array(rows, np.int64), ids, np.array([bounds[texts[row]] for row in rows], np.float64))

    def _coalesce(self, frame: Frame, rows: Ints, ids: Ints, bounds: Floats) -> None:
        """Order buckets by histogram and bound, and add up those of equal bound (``le="1"`` and ``le="1.0"``)."""
        order = np.lexsort((bounds, ids))
        rows, ids, bounds = rows[order], ids[order], bounds[order]
        is_new = np.ones(len(rows), np.bool_)
        is_new[1:] = (ids[1:] != ids[:-1]) | (bounds[1:] != bounds[:-1])
        bucket = np.cumsum(is_new) - 1
        self._ids, self._bounds = ids[is_new], bounds[is_new]
        if is_new.all():
            self._counts, self._present = frame.values[rows], frame.present[rows]
            return
        here = frame.present[rows]
        self._counts = np.zeros((len(self._ids), frame.grid.steps))
        self._present = np.zeros(self._counts.shape, np.bool_)
        np.add.at(self._counts, bucket, np.where(here, frame.values[rows], 0.0))
        np.logical_or.at(self._present, bucket, here)

    def lanes(self) -> Iterator[_Lanes]:
        """Yield all histograms, those with the same number of buckets together."""
        for block in blocks(Groups(self.labels, self._ids)):
            present, counts = self._present[block.rows], self._counts[block.rows]
            bounds = np.broadcast_to(self._bounds[block.rows][:, :, None], counts.shape)
            length = present.sum(axis=1)
            if not present.all():
                order = np.argsort(~present, axis=1, kind="stable")
                counts, bounds = (np.take_along_axis(array, order, axis=1) for array in (counts, bounds))
            yield _Lanes(block.groups, bounds, counts, length)

    def result(self, values: Floats) -> Frame:
        """Return one series a histogram, without metric name; ``ExecutionError`` if two can't be told apart."""
        present = np.zeros(values.shape, np.bool_)
        np.logical_or.at(present, self._ids, self._present)
        return fold(self._grid, [without_metadata(row) for row in self.labels], values, present)


def _quantile(phi: Floats, lanes: _Lanes, fixes: _Fixes) -> Floats:
    is_probability = (phi >= 0) & (phi <= 1)
    usable = lanes.reaches_infinity & is_probability
    lanes = _monotonic(lanes, usable, fixes)
    observations = lanes.at(lanes.counts, lanes.length - 1)
    usable &= (lanes.length >= _LEAST_BUCKETS) & (observations != 0)
    rank = phi * observations
    chosen = _first_reaching(lanes, rank)
    below, bound = lanes.at(lanes.bounds, chosen - 1), lanes.at(lanes.bounds, chosen)
    below_count = np.where(chosen > 0, lanes.at(lanes.counts, chosen - 1), 0.0)
    start = np.where(chosen > 0, below, 0.0)
    share = (rank - below_count) / (lanes.at(lanes.counts, chosen) - below_count)
    between = start + (bound - start) * share
    found = np.select(
        [chosen == lanes.length - 1, (chosen == 0) & (bound <= 0)],
        [lanes.at(lanes.bounds, lanes.length - 2), bound],
        between,
    )
    return np.select([phi < 0, phi > 1], [-np.inf, np.inf], np.where(usable, found, np.nan))


def _monotonic(lanes: _Lanes, usable: Bools, fixes: _Fixes) -> _Lanes:
    """Return the lanes with counts that never decrease; differences that are rounding errors go unmentioned."""
    counts = lanes.counts.copy()
    forced, drops = np.zeros(counts.shape, np.bool_), np.zeros(counts.shape)
    previous = counts[:, 0]
    for bucket in range(1, counts.shape[1]):
        current, here = counts[:, bucket], bucket < lanes.length
        near = _almost_equal(previous, current)
        decreases = here & (current < previous)
        forced[:, bucket] = decreases & ~near & usable
        drops[:, bucket] = previous - current
        counts[:, bucket] = np.where(near | decreases, previous, current)
        previous = np.where(here, counts[:, bucket], previous)
    fixes.add(forced, lanes.bounds, drops)
    return _Lanes(lanes.histograms, lanes.bounds, counts, lanes.length)


def _almost_equal(left: Floats, right: Floats) -> Bools:
    total, difference = np.abs(left) + np.abs(right), np.abs(left - right)
    is_tiny = (left == 0) | (right == 0) | (total < _LEAST_NORMAL)
    limit = np.where(is_tiny, _SMALL_DELTA * _LEAST_NORMAL, _SMALL_DELTA)
    close = np.where(is_tiny, difference, difference / np.minimum(total, _GREATEST)) < limit
    equal: Bools = (left == right) | close | (np.isnan(left) & np.isnan(right))
    return equal


def _first_reaching(lanes: _Lanes, rank: Floats) -> Ints:
    """Return the first bucket but the last whose count reaches the rank, else the last, by binary search.

    By binary search because upstream's is one, and counts of NaN are not ordered.
    """
    low, high = np.zeros(lanes.length.shape, np.int64), np.maximum(lanes.length - 1, 0)
    while (low < high).any():
        middle = (low + high) // 2
        reaches = lanes.at(lanes.counts, middle) >= rank
        is_open = low < high
        low = np.where(is_open & ~reaches, middle + 1, low)
        high = np.where(is_open & reaches, middle, high)
    return low


def _fraction(lower: Floats, upper: Floats, lanes: _Lanes) -> Floats:
    total = lanes.at(lanes.counts, lanes.length - 1)
    ranks = [_rank_of(bound, lanes, total) for bound in (lower, upper)]
    undefined = ~lanes.reaches_infinity | (total == 0) | np.isnan(lower) | np.isnan(upper)
    return np.select(
        [undefined, np.broadcast_to(lower >= upper, total.shape)], [np.nan, 0.0], (ranks[1] - ranks[0]) / total
    )


def _rank_of(value: Floats, lanes: _Lanes, total: Floats) -> Floats:
    """Return how many observations are below a value ``float64[steps]``, at most all of them."""
    rank, found = np.zeros(total.shape), np.zeros(total.shape)
    is_found = np.zeros(total.shape, np.bool_)
    lower_bound = np.where(lanes.bounds[:, 0] > 0, 0.0, -np.inf)
    for bucket in range(lanes.bounds.shape[1]):
        bound, count = lanes.bounds[:, bucket], lanes.counts[:, bucket]
        here = (bucket < lanes.length) & ~is_found
        inside = rank + (count - rank) * (value - lower_bound) / (bound - lower_bound)
        inside = np.where(np.isneginf(lower_bound), count, inside)
        at_boundary = here & (lower_bound >= value)
        within = here & (lower_bound < value) & (bound > value)
        found = np.where(at_boundary, rank, np.where(within, inside, found))
        is_found |= at_boundary | within
        rank, lower_bound = np.where(here, count, rank), np.where(here, bound, lower_bound)
    return np.where(is_found & ~(found > total), found, total)
