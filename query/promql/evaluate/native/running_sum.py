"""The compensated sum of many histograms, by Kahan with Neumaier's improvement.

Source: KahanAdd in model/histogram/float_histogram.go, and ``sum`` and ``avg`` of the engine. Every number of the sum
(count, sum, each bucket) carries what rounding took from it; ``total`` puts both together, ``RunningMean`` makes the
mean of it. The layout may change with every term, so numbers are kept by bucket.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from query.model.exponential_bounds import exponential_bound
from query.model.float_histogram import Buckets, FloatHistogram
from query.promql.evaluate.native.arithmetic import beyond, combined_hint, divide, place_on
from query.promql.evaluate.native.layout import coarser_index, common_bounds, compact, require_compatible
from query.promql.evaluate.native.numbers import increment
from query.promql.evaluate.native.zero_bucket import Widened, outside, widen


@dataclass(slots=True)
class _Side:
    """One side's buckets: what was summed up, and what is lost of it, by index."""

    counts: dict[int, float]
    lost: dict[int, float]

    @classmethod
    def of(cls, buckets: Buckets) -> _Side:
        counts = dict(zip(buckets.indices, buckets.counts, strict=True))
        return cls(counts, dict.fromkeys(counts, 0.0))

    def buckets(self) -> Buckets:
        indices = tuple(sorted(self.counts))
        return Buckets(indices, tuple(self.counts[index] for index in indices))

    def add(self, index: int, count: float, lost: float = 0.0) -> None:
        if index not in self.counts:
            self.counts[index], self.lost[index] = count, lost
            return
        self.counts[index], self.lost[index] = increment(count, self.counts[index], self.lost[index])
        if lost != 0:
            self.counts[index], self.lost[index] = increment(lost, self.counts[index], self.lost[index])

    def coarsen(self, levels: int) -> _Side:
        """Return the buckets merged ``2**levels`` to one, compensations too."""
        merged = _Side({}, {})
        for index in sorted(self.counts):
            target = coarser_index(index, levels)
            if target not in merged.counts:
                merged.counts[target], merged.lost[target] = self.counts[index], self.lost[index]
                continue
            for term in (self.counts[index], self.lost[index]):
                merged.counts[target], merged.lost[target] = increment(term, merged.counts[target], merged.lost[target])
        return merged

    def keep(self, kept: Buckets) -> _Side:
        """Return those of the buckets named that aren't empty."""
        counts = {index: self.counts[index] for index in kept.indices}
        alive = [index for index, count in counts.items() if count != 0 or self.lost[index] != 0]
        return _Side({index: counts[index] for index in alive}, {index: self.lost[index] for index in alive})

    def map(self, change: Callable[[float], float]) -> _Side:
        return _Side(
            {index: change(count) for index, count in self.counts.items()},
            {index: change(lost) for index, lost in self.lost.items()},
        )


@dataclass(slots=True)
class _Number:
    """A number summed up, and what is lost of it."""

    total: float
    lost: float = 0.0

    def add(self, term: float) -> None:
        self.total, self.lost = increment(term, self.total, self.lost)


class RunningSum:
    """The sum so far. ``bounds_differed`` tells that custom bounds had to be reduced to those in common."""

    def __init__(self, first: FloatHistogram) -> None:
        self._layout = first
        self._zero, self._count, self._sum = (
            _Number(first.zero_count), _Number(first.count), _Number(first.sum)
        )  # fmt: skip
        self._positive, self._negative = _Side.of(first.positive), _Side.of(first.negative)
        self.bounds_differed = False

    def add(self, term: FloatHistogram) -> None:
        """Add a histogram; ``IncompatibleSchemasError`` if one has custom buckets and the other hasn't."""
        require_compatible(self._layout, term)
        hint, _ = combined_hint(self._layout.hint, term.hint)
        self._layout = self._layout if hint is self._layout.hint else replace(self._layout, hint=hint)
        self._count.add(term.count)
        self._sum.add(term.sum)
        if self._layout.is_custom:
            self._add_custom(term)
        else:
            wide = self._agree_on_zero_bucket(term)
            self._zero.add(wide.count)
            self._zero.add(wide.lost)
            self._add_exponential(term)

    def multiply(self, factor: float) -> None:
        """Multiply the sum so far by a positive factor."""
        for number in (self._zero, self._count, self._sum):
            number.total, number.lost = number.total * factor, number.lost * factor
        self._positive, self._negative = (side.map(lambda n: n * factor) for side in (self._positive, self._negative))

    def divide(self, divisor: float) -> None:
        """Divide the sum so far by a positive number."""
        for number in (self._zero, self._count, self._sum):
            number.total, number.lost = number.total / divisor, number.lost / divisor
        self._positive, self._negative = (side.map(lambda n: n / divisor) for side in (self._positive, self._negative))

    def overflows(self) -> bool:
        """Tell whether a number of the sum is infinite."""
        totals = (number.total for number in (self._zero, self._count, self._sum))
        counts = itertools.chain(self._positive.counts.values(), self._negative.counts.values())
        return any(map(math.isinf, itertools.chain(totals, counts)))

    def total(self) -> FloatHistogram:
        """Return the sum, compacted."""
        return compact(
            replace(
                self._with_buckets(),
                count=self._count.total + self._count.lost,
                sum=self._sum.total + self._sum.lost,
                zero_count=self._zero.total + self._zero.lost,
                positive=self._corrected(self._positive),
                negative=self._corrected(self._negative),
            )
        )

    def _corrected(self, side: _Side) -> Buckets:
        """Return the buckets with what was lost, but for those inside the zero bucket, as upstream."""
        buckets, layout = side.buckets(), self._layout
        is_inside = not layout.is_custom
        counts = list(buckets.counts)
        for at, index in enumerate(buckets.indices):
            is_inside = is_inside and exponential_bound(index, layout.schema) <= layout.zero_threshold
            if not is_inside:
                counts[at] += side.lost[index]
        return Buckets(buckets.indices, tuple(counts))

    def _with_buckets(self) -> FloatHistogram:
        return replace(
            self._layout,
            zero_count=self._zero.total,
            positive=self._positive.buckets(),
            negative=self._negative.buckets(),
        )

    def _agree_on_zero_bucket(self, term: FloatHistogram) -> Widened:
        """Widen the sum's own zero bucket where needed; return the term's as it would be with the same threshold."""
        other = Widened(term.zero_count, term.zero_threshold, 0.0)
        while other.threshold != self._layout.zero_threshold:
            if self._layout.zero_threshold > other.threshold:
                other = widen(term, self._layout.zero_threshold)
            if other.threshold > self._layout.zero_threshold:
                whole = self._with_buckets()
                wide = widen(whole, other.threshold, self._zero.lost, self._positive.lost, self._negative.lost)
                self._zero = _Number(wide.count, wide.lost)
                self._layout = replace(self._layout, zero_threshold=wide.threshold)
                self._positive = self._positive.keep(outside(whole, whole.positive, wide.threshold))
                self._negative = self._negative.keep(outside(whole, whole.negative, wide.threshold))
        return other

    def _add_custom(self, term: FloatHistogram) -> None:
        if term.custom_values == self._layout.custom_values:
            for index, count in zip(term.positive.indices, term.positive.counts, strict=True):
                self._positive.add(index, count)
            return
        bounds = common_bounds(self._layout.custom_values, term.custom_values)
        empty = Buckets(tuple(range(len(bounds) + 1)), (0.0,) * (len(bounds) + 1))
        own, self._positive = self._positive, _Side.of(empty)
        for index in sorted(own.counts):
            for number in (own.counts[index], own.lost[index]):
                self._positive.add(place_on(bounds, self._layout, index), number)
        for index, count in zip(term.positive.indices, term.positive.counts, strict=True):
            self._positive.add(place_on(bounds, term, index), count)
        self._positive = self._positive.keep(empty)
        self._layout = replace(self._layout, custom_values=bounds)
        self.bounds_differed = True

    def _add_exponential(self, term: FloatHistogram) -> None:
        schema = min(self._layout.schema, term.schema)
        if schema < self._layout.schema:
            levels = self._layout.schema - schema
            self._positive, self._negative = self._positive.coarsen(levels), self._negative.coarsen(levels)
            self._layout = replace(self._layout, schema=schema)
        for own, side in ((self._positive, term.positive), (self._negative, term.negative)):
            other = _Side.of(side)
            if schema < term.schema:
                other = other.coarsen(term.schema - schema)
            for index in beyond(self._layout.zero_threshold, other.buckets(), schema).indices:
                own.add(index, other.counts[index], other.lost[index])


class RunningMean:
    """The mean so far: of the sum, or incrementally from the term on with which the sum overflows."""

    def __init__(self, first: FloatHistogram) -> None:
        self._terms = [first]
        self._sum = RunningSum(first)
        self._is_incremental = False
        self._has_reconciled = False

    @property
    def bounds_differed(self) -> bool:
        """True if custom bounds had to be reduced to those in common."""
        return self._has_reconciled or self._sum.bounds_differed

    def add(self, term: FloatHistogram) -> None:
        """Take in a histogram; ``IncompatibleSchemasError`` if one has custom buckets and the other hasn't."""
        before = len(self._terms)
        if not self._is_incremental:
            self._sum.add(term)
            if not self._sum.overflows():
                self._terms.append(term)
                return
            self._is_incremental = True
            self._has_reconciled = self._sum.bounds_differed
            self._sum = RunningSum(self._terms[0])
            for earlier in self._terms[1:]:
                self._sum.add(earlier)
            self._sum.divide(float(before))
        self._terms.append(term)
        self._sum.multiply(before / (before + 1))
        self._sum.add(divide(term, float(before + 1)))

    def mean(self) -> FloatHistogram:
        """Return the mean, compacted; nothing may be added after it."""
        if not self._is_incremental:
            self._sum.divide(float(len(self._terms)))
        return self._sum.total()
