"""Functions over ranges that hold native histograms, alone or beside floats."""

from __future__ import annotations

from dataclasses import replace

import pytest

from query.model.float_histogram import Buckets, FloatHistogram, ResetHint
from query.model.frames import Frame
from query.promql.evaluate.values import Evaluation
from query.promql.plan.windows import Extension
from tests.unit.promql.evaluate.ranges.raw import Points, Sample, apply, results


def histogram(count: float, *, hint: ResetHint = ResetHint.UNKNOWN) -> FloatHistogram:
    """Return a histogram with all its observations in one bucket."""
    return FloatHistogram(0, count, count * 2, positive=Buckets((1,), (count,)), hint=hint)


CUSTOM = FloatHistogram(-53, 3, 3, positive=Buckets((0,), (3,)), custom_values=(1.0,))
COUNTS: dict[int, Sample] = {
    second: histogram(count) for second, count in ((10, 100), (20, 110), (30, 5), (40, 15), (50, 25))
}


def found(evaluation: Evaluation) -> FloatHistogram | None:
    """Return the only histogram of the only step."""
    frame = evaluation.value
    assert isinstance(frame, Frame)
    if not frame.series or frame.histograms is None:
        return None
    cell: FloatHistogram | None = frame.histograms[0, 0]
    return cell


@pytest.mark.parametrize(
    ("function", "expected"),
    [("increase", 35 * 1.5), ("rate", 35 * 1.5 / 60), ("delta", -75 * 1.5), ("irate", 1), ("idelta", 10)],
)
def test_differences(function: str, expected: float) -> None:
    result = found(apply(function, {"x": COUNTS}, 60, (60,)))
    assert result is not None
    assert result.count == pytest.approx(expected)
    assert result.positive.counts == pytest.approx((expected,))
    assert result.hint is ResetHint.GAUGE


def test_the_sample_before_a_first_reset_is_not_looked_at() -> None:
    result = found(
        apply("increase", {"x": {10: replace(CUSTOM, count=900), 20: histogram(5), 30: histogram(15)}}, 30, (30,))
    )
    assert result is not None
    assert result.count == pytest.approx(15 * 1.5)


def test_sums_and_means() -> None:
    total = found(apply("sum_over_time", {"x": COUNTS}, 60, (60,)))
    mean = found(apply("avg_over_time", {"x": COUNTS}, 60, (60,)))
    assert total is not None
    assert mean is not None
    assert (total.count, total.sum) == (255, 510)
    assert (mean.count, mean.sum) == (51, 102)


@pytest.mark.parametrize(("function", "expected"), [("first_over_time", 100), ("last_over_time", 25)])
def test_one_is_chosen(function: str, expected: float) -> None:
    result = found(apply(function, {"x": COUNTS}, 60, (60,)))
    assert result is not None
    assert result.count == expected


MIXED: dict[int, Sample] = {10: 7.0, 20: histogram(1), 30: histogram(1), 40: 8.0, 50: histogram(0)}


@pytest.mark.parametrize(
    ("function", "points", "expected"),
    [
        ("changes", COUNTS, 4),
        ("resets", COUNTS, 1),
        ("changes", MIXED, 3),
        ("resets", MIXED, 3),
        ("count_over_time", MIXED, 5),
        ("present_over_time", COUNTS, 1),
        ("ts_of_first_over_time", COUNTS, 10),
        ("ts_of_last_over_time", MIXED, 50),
        ("max_over_time", MIXED, 8),
        ("first_over_time", MIXED, 7),
    ],
)
def test_functions_that_look_at_both_kinds(function: str, points: Points, expected: float) -> None:
    assert results(apply(function, {"x": points}, 60, (60,))) == [expected]


@pytest.mark.parametrize("function", ["rate", "increase", "delta", "sum_over_time", "avg_over_time", "idelta"])
def test_kinds_that_meet_where_they_must_not(function: str) -> None:
    evaluation = apply(function, {"x": MIXED}, 60, (60,))
    assert results(evaluation) == []
    assert evaluation.notes.warnings == (
        'PromQL warning: encountered a mix of histograms and floats for metric name "x"',
    )


@pytest.mark.parametrize("function", ["min_over_time", "deriv", "mad_over_time", "stddev_over_time"])
def test_functions_of_floats_ignore_histograms(function: str) -> None:
    assert results(apply(function, {"x": COUNTS}, 60, (60,))) == []
    evaluation = apply(function, {"x": MIXED}, 60, (60,))
    assert len(results(evaluation)) == 1
    assert evaluation.notes.infos == (
        'PromQL info: ignored histograms in a range containing both floats and histograms for metric name "x"',
    )


@pytest.mark.parametrize("function", ["rate", "sum_over_time", "idelta"])
def test_exponential_and_custom_buckets_do_not_combine(function: str) -> None:
    evaluation = apply(function, {"x": {10: CUSTOM, 20: histogram(9)}}, 60, (60,))
    assert found(evaluation) is None or function == "rate"
    if function != "rate":
        assert "mix of histograms with exponential and custom buckets" in evaluation.notes.warnings[-1]


def test_gauges_are_no_counters_and_counters_no_gauges() -> None:
    gauges = {10: histogram(1, hint=ResetHint.GAUGE), 20: histogram(2, hint=ResetHint.GAUGE)}
    counters = {10: histogram(1), 20: histogram(2)}
    for function, wrong, right, what in (
        ("rate", gauges, counters, "counter"),
        ("irate", gauges, counters, "counter"),
        ("delta", counters, gauges, "gauge"),
        ("idelta", counters, gauges, "gauge"),
    ):
        assert apply(function, {"x": right}, 60, (60,)).notes.warnings == ()
        assert apply(function, {"x": wrong}, 60, (60,)).notes.warnings == (
            f'PromQL warning: this native histogram metric is not a {what}: "x"',
        )


def test_rates_say_nothing_of_the_names_of_histograms() -> None:
    assert apply("rate", {"up": COUNTS}, 60, (60,)).notes.infos == ()


@pytest.mark.parametrize(
    ("extension", "points", "expected"),
    [
        (Extension.ANCHORED, {-10: 4, 20: 10, 50: 16}, 12),
        (Extension.ANCHORED, {-10: 4, 20: 10, 50: 3}, 9),
        (Extension.ANCHORED, {-10: 4}, None),
        (Extension.SMOOTHED, {-10: 0, 10: 20, 50: 60, 70: 80}, 60),
        (Extension.SMOOTHED, {-10: 50, 10: 20, 50: 60, 70: 10}, 55),
        (Extension.SMOOTHED, {70: 80, 80: 90}, None),
    ],
)
def test_ranges_that_reach_out(extension: Extension, points: dict[float, float], expected: float | None) -> None:
    counted = {second: histogram(count) for second, count in points.items()}
    result = found(apply("increase", {"x": counted}, 60, (60,), extension=extension))
    assert (result and result.count) == (pytest.approx(expected) if expected is not None else None)
