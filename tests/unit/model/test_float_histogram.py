"""Native histograms as values: layouts, bounds, iteration, equality."""

import math
import struct
import sys

import pytest

from query.model.exponential_bounds import exponential_bound
from query.model.float_histogram import CUSTOM_SCHEMA, Buckets, FloatHistogram, is_stale_marker

NAN = math.nan


@pytest.mark.parametrize(
    ("spans", "indices"),
    [
        ([(0, 2)], (0, 1)),
        ([(-3, 1), (0, 2), (4, 1)], (-3, -2, -1, 4)),
        ([(2, 0), (1, 2)], (3, 4)),
        ([], ()),
    ],
)
def test_spans_say_which_buckets_there_are(spans: list[tuple[int, int]], indices: tuple[int, ...]) -> None:
    buckets = Buckets.from_spans(spans, [float(index) for index in indices])
    assert buckets.indices == indices
    assert Buckets.from_spans(buckets.spans(), buckets.counts) == buckets


@pytest.mark.parametrize("spans", [[(0, 3)], [(0, 1)], [(0, 1), (-1, 1)], [(0, -1), (0, 3)], [(0, 10**9)]])
def test_spans_that_do_not_fit_their_counts_are_refused(spans: list[tuple[int, int]]) -> None:
    with pytest.raises(ValueError, match="span"):
        Buckets.from_spans(spans, [1.0, 2.0])


@pytest.mark.parametrize(
    ("index", "schema", "bound"),
    [
        (0, 0, 1.0), (1, 0, 2.0), (-1, 0, 0.5), (1, 1, 1.414213562373095), (-1, 1, 0.7071067811865475),
        (1, 8, 1.0027112750502025), (255, 8, 1.9945921121709396), (-1, 8, 0.9972960560854698), (3, -1, 64.0),
        (1, -4, 65536.0), (-1, -4, 1 / 65536), (1024, 0, sys.float_info.max), (1025, 0, math.inf),
        (64, -4, sys.float_info.max), (65, -4, math.inf), (1024 * 256, 8, sys.float_info.max),
        (1024 * 256 + 1, 8, math.inf), (-1074, 0, 5e-324), (-1075, 0, 0.0),
    ],
)  # fmt: skip
def test_bounds_are_the_servers_own(index: int, schema: int, bound: float) -> None:
    assert exponential_bound(index, schema) == bound


def test_a_coarser_schema_has_the_bounds_of_the_finer_one() -> None:
    for index in range(-600, 600):
        assert exponential_bound(index, 7) == exponential_bound(2 * index, 8)
        assert exponential_bound(index, -2) == exponential_bound(4 * index, 0)


def test_buckets_are_listed_ascending_and_cut_at_the_zero_bucket() -> None:
    histogram = FloatHistogram(
        0, 10.0, 3.0, 0.75, 2.0, positive=Buckets((0, 2), (1.0, 4.0)), negative=Buckets((0, 1), (3.0, 0.0))
    )
    assert [(bucket.lower, bucket.upper, bucket.count) for bucket in histogram.buckets()] == [
        (-2.0, -1.0, 0.0),
        (-1.0, -0.75, 3.0),
        (-0.75, 0.75, 2.0),
        (0.75, 1.0, 1.0),
        (2.0, 4.0, 4.0),
    ]


def test_custom_buckets_are_open_at_both_ends() -> None:
    histogram = FloatHistogram(
        CUSTOM_SCHEMA, 6.0, 1.0, positive=Buckets((0, 1, 2), (1.0, 2.0, 3.0)), custom_values=(1.0, 5.0)
    )
    assert [(b.lower, b.upper, b.includes_lower, b.includes_upper) for b in histogram.buckets()] == [
        (-math.inf, 1.0, True, True),
        (1.0, 5.0, False, True),
        (5.0, math.inf, False, True),
    ]


def test_identity_is_that_of_bits_and_of_empty_buckets() -> None:
    one = FloatHistogram(0, NAN, -0.0, positive=Buckets((1,), (2.0,)))
    assert one.is_identical(FloatHistogram(0, NAN, -0.0, positive=Buckets((1,), (2.0,))))
    assert not one.is_identical(FloatHistogram(0, NAN, 0.0, positive=Buckets((1,), (2.0,))))
    assert not one.is_identical(FloatHistogram(0, NAN, -0.0, positive=Buckets((1, 2), (2.0, 0.0))))
    assert not one.is_identical(FloatHistogram(0, NAN, -0.0, 1e-9, positive=Buckets((1,), (2.0,))))


def test_only_one_nan_marks_the_end_of_a_series() -> None:
    assert is_stale_marker(float.fromhex("nan")) is False
    assert is_stale_marker(struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]) is True
