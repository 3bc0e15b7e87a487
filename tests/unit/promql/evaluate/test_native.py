"""Arithmetic of native histograms against what upstream's own package computed.

``native_upstream.jsonl`` was made by a program around ``model/histogram`` of Prometheus 3.16: random histograms of all
schemas, zero buckets, signs and custom bounds, with the results to the bit. Interpolation alone may differ in the last
bits, since Go has a logarithm of its own.
"""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from query.model.errors import UndecidedHistogramError
from query.model.float_histogram import CUSTOM_SCHEMA, Buckets, FloatHistogram, ResetHint
from query.promql.evaluate.native import (
    IncompatibleSchemasError,
    RunningMean,
    RunningSum,
    add,
    divide,
    fraction,
    is_reset,
    quantile,
    scale,
    subtract,
    text,
    trim,
    variance,
)
from query.wire.histograms import histogram_json

Case = dict[str, Any]
CASES = [json.loads(line) for line in (Path(__file__).parent / "native_upstream.jsonl").read_text().splitlines()]
LAST_BITS = 1e-13


def read(written: list[Any]) -> FloatHistogram:
    schema, threshold, zero, count, total, positive, in_positive, negative, in_negative, custom, hint = written
    return FloatHistogram(
        schema,
        float.fromhex(count),
        float.fromhex(total),
        float.fromhex(threshold),
        float.fromhex(zero),
        Buckets(tuple(positive), tuple(map(float.fromhex, in_positive))),
        Buckets(tuple(negative), tuple(map(float.fromhex, in_negative))),
        tuple(map(float.fromhex, custom)),
        ResetHint(hint),
    )


def written(histogram: FloatHistogram) -> list[Any]:
    def text_of(number: float) -> str:
        return number.hex() if math.isfinite(number) else "nan" if math.isnan(number) else f"{number:f}"

    sides = (histogram.positive, histogram.negative)
    numbers = (histogram.zero_threshold, histogram.zero_count, histogram.count, histogram.sum)
    return [
        histogram.schema,
        *map(text_of, numbers),
        *(part for side in sides for part in (list(side.indices), list(map(text_of, side.counts)))),
        list(map(text_of, histogram.custom_values)),
        int(histogram.hint),
    ]


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_sums_and_differences(case: Case) -> None:
    left, right, *_ = map(read, case["terms"])
    if case["sum"] is None:
        with pytest.raises(IncompatibleSchemasError):
            add(left, right)
        return
    combined = add(left, right)
    assert written(combined.histogram) == case["sum"]
    assert written(subtract(left, right).histogram) == case["difference"]
    assert (combined.hints_collide, combined.bounds_differed) == (case["collide"], case["reconciled"])


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_running_sums(case: Case) -> None:
    first, *others = map(read, case["terms"])
    running = RunningSum(first)
    try:
        for term in others:
            running.add(term)
    except IncompatibleSchemasError:
        assert case["running"] is None
    else:
        assert written(running.total()) == case["running"]


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_functions_of_one_or_two(case: Case) -> None:
    left, right, *_ = map(read, case["terms"])
    number = float.fromhex(case["number"])
    assert written(scale(left, number)) == case["product"]
    assert written(divide(left, number)) == case["quotient"]
    assert is_reset(left, right) == case["is_reset"]
    assert left.is_identical(right) == case["identical"]
    assert histogram_json(left) == case["json"]
    assert text(left) == case["text"]
    for keeps_lower, expected in ((True, case["below"]), (False, case["above"])):
        left_over, wanted = trim(left, number, keeps_lower=keeps_lower), read(expected)
        assert left_over.positive.indices == wanted.positive.indices
        assert left_over.negative.indices == wanted.negative.indices
        for mine, theirs in zip(_numbers(left_over), _numbers(wanted), strict=True):
            assert math.isclose(mine, theirs, rel_tol=LAST_BITS) or (math.isnan(mine) and math.isnan(theirs))


def _numbers(histogram: FloatHistogram) -> tuple[float, ...]:
    return (
        histogram.count,
        histogram.sum,
        histogram.zero_count,
        *histogram.positive.counts,
        *histogram.negative.counts,
    )


LATENCY = FloatHistogram(0, 10.0, 20.0, 0.25, 2.0, positive=Buckets((0, 2), (4.0, 4.0)))


@pytest.mark.parametrize(
    ("phi", "expected"),
    [
        (-0.1, -math.inf),
        (1.1, math.inf),
        (0.1, 0.125),
        (0.2, 0.25),
        (0.4, math.sqrt(0.5)),
        (1.0, 4.0),
        (math.nan, math.nan),
    ],
)  # fmt: skip
def test_quantiles(phi: float, expected: float) -> None:
    found, note = quantile(phi, LATENCY)
    assert found == pytest.approx(expected, nan_ok=True)
    assert note is None


def test_observations_of_nan_are_said() -> None:
    with_nan = FloatHistogram(0, 10.0, math.nan, positive=Buckets((1,), (5.0,)))
    assert quantile(0.9, with_nan)[1] == "PromQL info: input to histogram_quantile has NaN observations, result is NaN"
    assert quantile(0.2, with_nan)[1] == (
        "PromQL info: input to histogram_quantile has NaN observations, result is skewed higher"
    )
    assert fraction(-math.inf, math.inf, with_nan) == (
        0.5,
        "PromQL info: input to histogram_fraction has NaN observations, which are excluded from all fractions",
    )


@pytest.mark.parametrize(
    ("lower", "upper", "expected"),
    [(0.0, 0.125, 0.1), (0.25, 1.0, 0.4), (-1.0, 9.0, 1.0), (3.0, 2.0, 0.0), (2.0, math.inf, 0.4)],
)
def test_fractions(lower: float, upper: float, expected: float) -> None:
    assert fraction(lower, upper, LATENCY)[0] == pytest.approx(expected)


def test_variance_takes_the_middle_of_each_bucket() -> None:
    middles = (0.0, math.sqrt(0.5), math.sqrt(8.0))
    expected = sum(n * (middle - 2.0) ** 2 for n, middle in zip((2, 4, 4), middles, strict=True)) / 10
    assert variance(LATENCY) == pytest.approx(expected)


def test_a_mean_that_overflows_is_taken_incrementally() -> None:
    huge = FloatHistogram(0, 1e308, 1.5e308, positive=Buckets((1,), (1e308,)))
    mean = RunningMean(huge)
    mean.add(huge)
    assert mean.mean().sum == 1.5e308
    assert mean.mean().positive.counts == (1e308,)


def test_what_is_not_known_is_not_combined() -> None:
    doubtful = FloatHistogram(0, 1.0, 1.0, undecided="its zero threshold is not told")
    sure = FloatHistogram(0, 1.0, 1.0)
    for combine in (add, subtract):
        with pytest.raises(UndecidedHistogramError, match="its zero threshold is not told"):
            combine(sure, doubtful)
    assert scale(doubtful, 2.0).undecided is not None
    assert quantile(0.5, doubtful) == (0.0, None)
    custom = FloatHistogram(CUSTOM_SCHEMA, 1.0, 1.0, custom_values=(1.0,))
    with pytest.raises(IncompatibleSchemasError):
        add(sure, custom)
