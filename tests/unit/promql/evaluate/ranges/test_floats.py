"""Functions over ranges of floats, one rule a line; the values follow from upstream's definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest

from query.model.errors import ExecutionError, LimitExceededError
from query.model.frames import Frame
from query.model.samples import RawSeries
from query.model.time import Grid
from query.promql.evaluate.ranges import windows
from query.promql.evaluate.ranges.windows import windows_of
from query.promql.plan.windows import Extension, Window
from tests.unit.promql.evaluate.ranges.raw import Points, apply, raw, results

NAN, INF = math.nan, math.inf


def test_a_range_is_open_to_the_left() -> None:
    counted = results(apply("count_over_time", {"x": {0: 1, 10: 1, 20: 1, 30: 1}}, 20, (10, 20, 30, 40, 50, 60)))
    assert counted == [2, 2, 2, 1, None, None]


def test_windows_of_all_series_are_found_at_once() -> None:
    found = windows_of(
        raw({"a": {0: 1, 15: 2}, "b": {}, "c": {7: 3}}), Window(10_000, offset_ms=5_000), Grid(10_000, 30_000, 10_000)
    )
    assert list(
        zip(found.row.tolist(), found.step.tolist(), found.start.tolist(), found.stop.tolist(), strict=True)
    ) == [
        (0, 0, 0, 1),
        (0, 1, 1, 2),
        (2, 1, 2, 3),
    ]
    assert found.ends_ms.tolist() == [5_000, 15_000, 15_000]
    assert found.at_ms.tolist() == [10_000, 20_000, 20_000]


def test_a_fixed_time_is_that_of_every_step() -> None:
    found = windows_of(raw({"a": {0: 1, 15: 2}}), Window(10_000, at_ms=16_000), Grid(0, 20_000, 10_000))
    assert found.ends_ms.tolist() == [16_000] * 3
    assert (found.start.tolist(), found.stop.tolist()) == ([1] * 3, [2] * 3)


def test_no_series_have_no_windows() -> None:
    assert len(windows_of(RawSeries.empty(), Window(1_000), Grid(0, 10_000, 1_000))) == 0


def test_what_would_take_minutes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windows, "MAX_VISITS", 3)
    with pytest.raises(LimitExceededError, match="evaluation_visits=3"):
        apply("sum_over_time", {"x": {1: 1, 2: 1}}, 10, (2, 3))


def test_windows_are_computed_in_chunks_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    points = {second: float(second % 7) for second in range(50)}
    whole = results(apply("stddev_over_time", {"x": points}, 9, range(0, 60, 2)))
    monkeypatch.setattr(windows, "CHUNK", 4)
    assert results(apply("stddev_over_time", {"x": points}, 9, range(0, 60, 2))) == whole


STEADY = {second: float(second) for second in range(10, 61, 10)}


@pytest.mark.parametrize(
    ("function", "points", "expected"),
    [
        # samples reach both ends: extrapolated to the whole range, but never below zero
        ("increase", {10: 100, 20: 110, 30: 120, 40: 130, 50: 140, 60: 150}, 60.0),
        ("increase", STEADY, 60.0),
        ("rate", {10: 100, 20: 110, 30: 120, 40: 130, 50: 140, 60: 150}, 1.0),
        # the series begins with the range: by half a distance
        ("increase", {40: 100, 50: 110, 60: 120}, 25.0),
        ("increase", {40: 3, 50: 13, 60: 23}, 23.0),
        # a reset: what was there before is added
        ("increase", {10: 100, 20: 110, 30: 5, 40: 15, 50: 25, 60: 35}, 54.0),
        ("delta", {10: 100, 20: 110, 30: 5, 40: 15, 50: 25, 60: 35}, -78.0),
        ("increase", {60: 5}, None),
        ("increase", {10: 1, 60: NAN}, NAN),
        ("irate", {10: 0, 40: 6, 60: 9}, 0.15),
        ("irate", {10: 0, 40: 6, 60: 3}, 0.15),
        ("idelta", {10: 0, 40: 6, 60: 3}, -3),
        ("idelta", {60: 3}, None),
        ("changes", {10: 1, 20: 1, 30: 2, 40: NAN, 50: NAN, 60: 1}, 3),
        ("resets", {10: 1, 20: 0, 30: 2, 40: NAN, 50: 1, 60: 0}, 2),
        ("changes", {60: 1}, 0),
        ("sum_over_time", {10: 1e100, 20: 1, 30: -1e100}, 1),
        ("sum_over_time", {10: INF, 20: 1}, INF),
        ("sum_over_time", {10: INF, 20: -INF}, NAN),
        ("avg_over_time", {10: 1.5e308, 20: 1.5e308, 30: 1.5e308}, 1.5e308),
        ("avg_over_time", {10: INF, 20: 1}, INF),
        ("avg_over_time", {10: 1.5e308, 20: 1.5e308, 30: -INF}, -INF),
        ("avg_over_time", {10: 1.5e308, 20: 1.5e308, 30: NAN}, NAN),
        ("avg_over_time", {10: 1, 20: 2}, 1.5),
        ("stdvar_over_time", {10: 1, 20: 3}, 1),
        ("stddev_over_time", {10: 1, 20: 5}, 2),
        ("stdvar_over_time", {10: 7}, 0),
        ("min_over_time", {10: NAN, 20: 2, 30: 1}, 1),
        ("max_over_time", {10: 2, 20: NAN, 30: 1}, 2),
        ("max_over_time", {10: NAN}, NAN),
        ("ts_of_max_over_time", {10: 2, 20: 2, 30: 1}, 20),
        ("ts_of_min_over_time", {10: NAN, 20: 1, 30: 1}, 30),
        ("ts_of_first_over_time", {10.5: 2, 20: 2}, 10.5),
        ("ts_of_last_over_time", {10: 2, 20.25: 2}, 20.25),
        ("first_over_time", {10: 2, 20: 3}, 2),
        ("last_over_time", {10: 2, 20: NAN}, NAN),
        ("present_over_time", {10: NAN}, 1),
        ("mad_over_time", {10: 4, 20: 6, 30: 2, 40: 1, 50: 999}, 2),
        ("mad_over_time", {10: 4, 20: NAN}, NAN),
        ("deriv", {10: 0, 20: 20, 30: 40}, 2),
        ("deriv", {10: 5, 20: 5}, 0),
        ("deriv", {10: INF, 20: INF}, NAN),
        ("deriv", {10: 5}, None),
        ("integral", {10: 0, 20: 10, 40: 10}, 250),
        ("integral", {10: 5, 20: NAN, 30: 5}, 50),
        ("integral", {10: 5}, 0),
    ],
)  # fmt: skip
def test_a_function_of_one_range(function: str, points: Points, expected: float | None) -> None:
    (found,) = results(apply(function, {"x_total": points}, 60, (60,))) or [None]
    assert found == pytest.approx(expected, rel=1e-15, nan_ok=True) if found is not None else expected is None


@pytest.mark.parametrize(
    ("function", "arguments", "expected"),
    [
        ("quantile_over_time", [0.5], 15),
        ("quantile_over_time", [0.25], 10),
        ("quantile_over_time", [-1], -INF),
        ("quantile_over_time", [2], INF),
        ("quantile_over_time", [NAN], NAN),
        ("predict_linear", [60], 40),
        ("integral", [0], 700),
        ("integral", [1], 900),
        ("double_exponential_smoothing", [0.5, 0.5], 20),
    ],
)
def test_a_function_with_arguments(function: str, arguments: list[float], expected: float) -> None:
    points = {15: 5.0, 30: 10.0, 45: 15.0, 60: 20.0}
    if function in {"quantile_over_time", "integral"}:
        points = {10: 10.0, 20: 10.0, 40: 20.0, 60: 20.0}
    (found,) = results(apply(function, {"x": points}, 60, (60,), [[argument] for argument in arguments]))
    assert found == pytest.approx(expected, rel=1e-12, nan_ok=True)


def test_arguments_change_from_step_to_step() -> None:
    found = results(apply("quantile_over_time", {"x": {10: 1, 20: 3}}, 60, (20, 30, 40), [[0, 0.5, 1]]))
    assert found == [1, 2, 3]


def test_factors_are_checked_where_they_are_used() -> None:
    with pytest.raises(ExecutionError, match=r"invalid smoothing factor. Expected: 0 < sf < 1, got: 1.000000"):
        apply("double_exponential_smoothing", {"x": {10: 1}}, 60, (20,), [[1], [0.5]])
    with pytest.raises(ExecutionError, match=r"invalid trend factor. Expected: 0 < tf < 1, got: \+Inf"):
        apply("double_exponential_smoothing", {"x": {10: 1}}, 60, (20,), [[0.5], [INF]])
    assert results(apply("double_exponential_smoothing", {"x": {10: 1}}, 60, (90,), [[1], [0.5]])) == []


@pytest.mark.parametrize(
    ("function", "extension", "points", "expected"),
    [
        ("increase", Extension.ANCHORED, {-10: 4, 20: 10, 50: 16}, 12),
        ("increase", Extension.ANCHORED, {20: 10, 50: 16}, 6),
        ("increase", Extension.ANCHORED, {-10: 4, 20: 10, 50: 3}, 9),
        ("increase", Extension.ANCHORED, {-10: 4}, None),
        ("delta", Extension.ANCHORED, {-10: 4, 20: 10, 50: 3}, -1),
        ("rate", Extension.ANCHORED, {0: 4, 60: 10}, 0.1),
        ("changes", Extension.ANCHORED, {-20: 1, -10: 2, 20: 3, 50: 3}, 1),
        ("resets", Extension.ANCHORED, {-20: 9, -10: 4, 20: 3, 50: 1}, 2),
        ("changes", Extension.ANCHORED, {-10: 2}, None),
        ("increase", Extension.SMOOTHED, {-10: 0, 10: 20, 50: 60, 70: 80}, 60),
        ("increase", Extension.SMOOTHED, {10: 20, 50: 60}, 40),
        ("increase", Extension.SMOOTHED, {-10: 50, 10: 20, 50: 60, 70: 10}, 55),
        ("delta", Extension.SMOOTHED, {-10: 0, 10: 20, 50: 60, 70: 40}, 40),
        ("rate", Extension.SMOOTHED, {70: 80, 80: 90}, None),
    ],
)
def test_ranges_that_reach_out(function: str, extension: Extension, points: Points, expected: float | None) -> None:
    (found,) = results(apply(function, {"x_total": points}, 60, (60,), extension=extension)) or [None]
    assert found == (pytest.approx(expected) if expected is not None else None)


def test_functions_that_do_not_understand_them_refuse() -> None:
    with pytest.raises(ExecutionError, match="anchored modifier can only be used with: changes, delta, increase, rate"):
        apply("sum_over_time", {}, 60, (60,), extension=Extension.ANCHORED)
    with pytest.raises(ExecutionError, match=r"smoothed modifier .* - not with resets"):
        apply("resets", {}, 60, (60,), extension=Extension.SMOOTHED)


def test_only_the_first_and_the_last_keep_their_name() -> None:
    for function, names in (("last_over_time", [(("__name__", "x"),)]), ("max_over_time", [()])):
        frame = apply(function, {"x": {1: 1}}, 60, (60,)).value
        assert isinstance(frame, Frame)
        assert list(frame.labels) == names


def test_series_that_become_one_must_not_meet() -> None:
    apart = apply("sum_over_time", {"x": {1: 1}, "y": {100: 2}}, 50, (20, 120))
    assert results(apart) == [1, 2]
    with pytest.raises(ExecutionError, match="same labelset"):
        apply("sum_over_time", {"x": {1: 1}, "y": {2: 2}}, 60, (60,))


def test_what_is_said() -> None:
    rated = apply("rate", {"up": {1: 1, 2: 2}}, 60, (60,)).notes
    assert rated.infos == (
        'PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "up"',
    )
    assert apply("rate", {"up": {1: 1}}, 60, (60,)).notes.infos == ()
    assert apply("rate", {"x_total": {1: 1, 2: 2}}, 60, (60,)).notes.infos == ()
    assert apply("quantile_over_time", {"x": {1: 1}}, 60, (60, 90), [[2, 7]]).notes.warnings == (
        "PromQL warning: quantile value should be between 0 and 1, got 2",
    )
    assert apply("integral", {"x": {1: 1}}, 60, (60,), [[3]]).notes.warnings == (
        "PromQL warning: strategy should be 0, 1, or 2 (default), using 2, got 3",
    )


def test_a_quantile_lays_out_windows_of_every_length() -> None:
    points = {second: float(second * 37 % 101) for second in range(200)}
    found = results(apply("quantile_over_time", {"x": points}, 150, range(10, 300, 10), [[0.5] * 29]))
    for at, value in zip(range(10, 300, 10), found, strict=True):
        inside = [points[second] for second in points if at - 150 < second <= at]
        assert value == pytest.approx(float(np.median(inside)))
