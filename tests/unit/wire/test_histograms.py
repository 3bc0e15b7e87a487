"""Native histograms from JSON: what is written reads back, or is said to be undecided."""

import math
import random
from collections.abc import Iterator

import msgspec
import pytest

from query.model.float_histogram import CUSTOM_SCHEMA, Buckets, FloatHistogram
from query.promql.evaluate.native import compact
from query.wire.histogram_layout import (
    CUSTOM_GAPS,
    NO_OBSERVATION,
    NO_THRESHOLD,
    PERHAPS_CUSTOM,
    SEVERAL_SCHEMAS,
    ZERO_ONLY,
    Told,
)
from query.wire.histograms import NOT_FINITE, HistogramBody, histogram_json, histogram_of

SEEDED = random.Random(3)  # noqa: S311 - not for secrets


def read(text: str, told: Told | None = None) -> FloatHistogram:
    return histogram_of(msgspec.json.decode(text, type=HistogramBody), told)


def exponential(rng: random.Random) -> Iterator[FloatHistogram]:
    for schema in range(-4, 9):
        for threshold in (0.0, 2.938735877055719e-39, 0.001, 0.3, 0.5, 1.0, 3.0):
            for zero_count in (0.0, 0.25):
                yield FloatHistogram(schema, 7.0, math.nan, threshold, zero_count, side(rng), side(rng))


def side(rng: random.Random) -> Buckets:
    first = rng.randrange(-40, 40)
    indices = sorted(rng.sample(range(first, first + 12), rng.randrange(0, 5)))
    return Buckets(tuple(indices), tuple(rng.choice((1.0, 0.1, -2.0, 3e20)) for _ in indices))


def test_what_is_written_reads_back_or_is_said_to_be_undecided() -> None:
    decided = 0
    for whole in exponential(SEEDED):
        read_back = read(histogram_json(whole), Told(whole.zero_threshold))
        assert histogram_json(read_back) == histogram_json(whole)
        if read_back.undecided is None:
            decided += 1
            assert read_back.is_identical(compact(whole)), whole
        else:
            assert read_back.undecided in {NO_OBSERVATION, ZERO_ONLY, SEVERAL_SCHEMAS}
    assert decided > 100


def test_without_being_told_an_empty_zero_bucket_has_no_threshold() -> None:
    for whole in exponential(SEEDED):
        read_back = read(histogram_json(whole))
        assert histogram_json(read_back) == histogram_json(whole)
        if whole.zero_count == 0:
            assert read_back.undecided is not None
        elif read_back.undecided is None:
            assert read_back.is_identical(compact(whole))


@pytest.mark.parametrize(
    ("buckets", "undecided"),
    [
        ("[]", NO_OBSERVATION),
        ('[[3,"-0.001","0.001","2"]]', ZERO_ONLY),
        ('[[1,"-2","-1","2"]]', NO_THRESHOLD),
        ('[[0,"1","2","2"]]', PERHAPS_CUSTOM),
        ('[[3,"-0.5","0.5","1"],[0,"0.5","1","2"]]', SEVERAL_SCHEMAS),
        ('[[3,"-0.5","0.5","1"],[0,"0.5","1","2"],[0,"1","2","2"]]', None),
        ('[[3,"-0.5","0.5","1"],[0,"1.7976931348623157e+308","+Inf","2"]]', SEVERAL_SCHEMAS),
        ('[[0,"0.1","0.5","1"]]', CUSTOM_GAPS),
        ('[[3,"-Inf","0.1","1"],[0,"0.1","0.5","1"]]', CUSTOM_GAPS),
        ('[[3,"-Inf","0.1","1"],[0,"0.5","+Inf","1"]]', CUSTOM_GAPS),
        ('[[3,"-Inf","0.1","1"],[0,"0.1","+Inf","1"]]', None),
        ('[[3,"-Inf","+Inf","1"]]', None),
    ],
)
def test_what_json_leaves_open(buckets: str, undecided: str | None) -> None:
    text = f'{{"count":"3","sum":"1","buckets":{buckets}}}'
    histogram = read(text)
    assert histogram.undecided == undecided
    assert histogram_json(histogram).replace(',"buckets":', "") == text.replace(',"buckets":', "").replace("[]", "")


def test_custom_bounds_are_taken_from_buckets() -> None:
    whole = FloatHistogram(
        CUSTOM_SCHEMA, 6.0, 1.0, positive=Buckets((0, 1, 2), (1.0, 2.0, 3.0)), custom_values=(0.1, 0.7)
    )
    assert read(histogram_json(whole)).is_identical(whole)


def test_counts_that_are_not_finite_leave_the_zero_bucket_open() -> None:
    assert read('{"count":"NaN","sum":"1","buckets":[[3,"-1","1","2"],[0,"1","2","2"]]}').undecided == NOT_FINITE


@pytest.mark.parametrize(
    "buckets",
    [
        '[[7,"1","2","3"]]',
        '[[3,"-1","2","3"]]',
        '[[3,"-1","1","3"],[0,"0.1","0.5","1"]]',
        '[[0,"NaN","2","3"]]',
        '[[0,"x","2","3"]]',
        '[[0,"1","2","3"],[0,"1","2","3"],[3,"-0.5","0.5","1"]]',
        '[[0,"1","3","3"],[0,"2","4","3"]]',
        '[[2,"1","3","3"]]',
        '[[0,"1","2","many"]]',
    ],
)
def test_what_no_histogram_has_is_refused(buckets: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read(f'{{"count":"3","sum":"1","buckets":{buckets}}}')
