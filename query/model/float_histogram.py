"""Native histograms as values: one sample of a series, with float counts.

Exponential histograms have a schema from -4 to 8 (each power of two is divided into ``2**schema`` buckets, whose bounds
are ``exponential_bound``), a zero bucket, and buckets on both sides of it. Histograms with custom buckets have the
schema -53, ``custom_values`` as the upper bounds of all buckets but the last (which is open), and only ``positive``.

Upstream describes which buckets there are by spans; here each side is ascending indices with a count each, which says
the same: ``from_spans`` and ``Buckets.spans`` translate. A bucket may be there with a count of 0, and for equality that
is another histogram than without it, as upstream (``compact`` in the evaluator takes them out).

Values are immutable and may be shared; arithmetic is ``query.promql.evaluate.native``. Semantics: FloatHistogram in
model/histogram/float_histogram.go of Prometheus 3.16.
"""

from __future__ import annotations

import enum
import math
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from query.model.exponential_bounds import MAX_SCHEMA, MIN_SCHEMA, exponential_bound

CUSTOM_SCHEMA: Final = -53


class ResetHint(enum.IntEnum):
    """What is known about a counter reset between the sample before and this one; numbered as on the wire.

    ``UNTOLD``: the server knows, but the form in which the histogram came does not tell. ``WAIVED``: the same, and
    annotations that depend on it are given up, because there is no way to know.
    """

    UNKNOWN = 0
    RESET = 1
    NOT_RESET = 2
    GAUGE = 3
    UNTOLD = -1
    WAIVED = -2


@dataclass(frozen=True, slots=True)
class Buckets:
    """One side's buckets: strictly ascending ``indices``, and the ``counts`` in them (of any sign in results)."""

    indices: tuple[int, ...] = ()
    counts: tuple[float, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.indices)

    @classmethod
    def from_spans(cls, spans: Iterable[tuple[int, int]], counts: Sequence[float]) -> Buckets:
        """Return the buckets of spans ``(offset, length)``; ``ValueError`` if they don't fit the counts."""
        indices: list[int] = []
        next_index = 0
        for ordinal, (offset, length) in enumerate(spans):
            if length < 0 or (ordinal and offset < 0):
                raise ValueError(f"span {ordinal + 1} has offset {offset} and length {length}")
            if len(indices) + length > len(counts):
                raise ValueError(f"the spans need more than the {len(counts)} buckets given")
            next_index += offset
            indices.extend(range(next_index, next_index + length))
            next_index += length
        if len(indices) != len(counts):
            raise ValueError(f"the spans need {len(indices)} buckets, {len(counts)} are given")
        return cls(tuple(indices), tuple(counts))

    def spans(self) -> list[tuple[int, int]]:
        """Return the fewest spans ``(offset, length)``; the first offset is an index, the others are gaps."""
        spans: list[tuple[int, int]] = []
        end = 0
        for index in self.indices:
            if spans and index == end:
                spans[-1] = (spans[-1][0], spans[-1][1] + 1)
            else:
                spans.append((index - end, 1))
            end = index + 1
        return spans


NO_BUCKETS: Final = Buckets()
UNTOLD_HINT: Final = "what came of one of them does not tell whether its counter was reset"


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket with its bounds, as iteration gives it."""

    lower: float
    upper: float
    count: float
    includes_lower: bool
    includes_upper: bool
    index: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class FloatHistogram:
    """See the module. ``count`` includes observations of NaN, which are in no bucket.

    ``undecided`` says, for one that was read from a form that doesn't tell everything, what of it is not known. It can
    be passed on, scaled, and read by functions of one histogram, but not be combined with another.

    Compare with ``is_identical``: ``==`` is left out, because NaN and -0.0 would make it mean something else than
    either upstream's operator or its equality.
    """

    schema: int
    count: float
    sum: float
    zero_threshold: float = 0.0
    zero_count: float = 0.0
    positive: Buckets = NO_BUCKETS
    negative: Buckets = NO_BUCKETS
    custom_values: tuple[float, ...] = ()
    hint: ResetHint = ResetHint.UNKNOWN
    undecided: str | None = None

    @property
    def is_custom(self) -> bool:
        """True if the buckets are custom ones; then there is no zero bucket and no negative side."""
        return self.schema == CUSTOM_SCHEMA

    @property
    def is_stale(self) -> bool:
        """True if this sample marks the end of its series."""
        return is_stale_marker(self.sum)

    def bound(self, index: int) -> float:
        """Return the upper bound of a positive bucket; that of ``index - 1`` is its lower one."""
        if not self.is_custom:
            return exponential_bound(index, self.schema)
        if index < 0:
            return -math.inf
        return self.custom_values[index] if index < len(self.custom_values) else math.inf

    def positive_buckets(self) -> Iterator[Bucket]:
        """Yield the positive (or custom) buckets, ascending, empty ones included."""
        for index, count in zip(self.positive.indices, self.positive.counts, strict=True):
            lower, upper = self.bound(index - 1), self.bound(index)
            if self.is_custom:
                yield Bucket(lower, upper, count, index == 0, includes_upper=True, index=index)
            else:
                yield Bucket(lower, upper, count, lower < 0, upper > 0, index)

    def negative_buckets(self) -> Iterator[Bucket]:
        """Yield the negative buckets from the zero bucket down, empty ones included."""
        for index, count in zip(self.negative.indices, self.negative.counts, strict=True):
            lower, upper = -self.bound(index), -self.bound(index - 1)
            yield Bucket(lower, upper, count, lower < 0, upper > 0, index)

    def zero_bucket(self) -> Bucket:
        """Return the zero bucket, closed on both sides."""
        return Bucket(-self.zero_threshold, self.zero_threshold, self.zero_count, True, True)

    def buckets(self) -> list[Bucket]:
        """Return all buckets in ascending order, empty ones included except the zero bucket.

        Where a bucket overlaps the zero bucket it is shown to end at the threshold. Source: ``AllBucketIterator``.
        """
        listed = [self._beside_zero(bucket) for bucket in self.negative_buckets()][::-1]
        if self.zero_count > 0:
            listed.append(self.zero_bucket())
        listed.extend(self._beside_zero(bucket) for bucket in self.positive_buckets())
        return listed

    def _beside_zero(self, bucket: Bucket) -> Bucket:
        threshold = self.zero_threshold
        lower, upper = bucket.lower, bucket.upper
        if -threshold < upper < 0:
            upper = -threshold
        elif 0 < lower < threshold:
            lower = threshold
        else:
            return bucket
        return Bucket(lower, upper, bucket.count, bucket.includes_lower, bucket.includes_upper, bucket.index)

    def is_identical(self, other: FloatHistogram) -> bool:
        """Tell whether both are the same data, numbers compared by their bits; the hint doesn't count.

        Source: ``FloatHistogram.Equals``, which PromQL's ``==`` between histograms is.
        """
        return (
            self.schema == other.schema
            and self.zero_threshold == other.zero_threshold
            and self.custom_values == other.custom_values
            and self.positive.indices == other.positive.indices
            and self.negative.indices == other.negative.indices
            and _bits(self) == _bits(other)
        )


def _bits(histogram: FloatHistogram) -> bytes:
    numbers = (
        histogram.count,
        histogram.sum,
        histogram.zero_count,
        *histogram.positive.counts,
        *histogram.negative.counts,
    )
    return struct.pack(f"<{len(numbers)}d", *numbers)


_STALE_BITS: Final = struct.pack("<Q", 0x7FF0000000000002)


def is_stale_marker(value: float) -> bool:
    """Tell whether a float is the NaN by which Prometheus marks the end of a series."""
    return value != value and struct.pack("<d", value) == _STALE_BITS  # noqa: PLR0124 - tests for NaN


def is_known_schema(schema: int) -> bool:
    """Tell whether a histogram of this schema can be computed with."""
    return schema == CUSTOM_SCHEMA or MIN_SCHEMA <= schema <= MAX_SCHEMA
