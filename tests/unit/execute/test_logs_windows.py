"""Range operations over values: windows open to the left, and what Loki computes in them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from query.execute.logs_windows import over_windows

S = 1_000_000_000


def compute(
    op: str, points: list[tuple[float, float]], end_s: float, interval_s: float = 10, quantile: float = 0
) -> float | None:
    times = np.array([int(at * S) for at, _ in points], np.int64)
    values = np.array([value for _, value in points])
    found, present = over_windows(op, quantile, times, values, np.array([int(end_s * S)]), int(interval_s * S))
    return float(found[0]) if present[0] else None


POINTS = [(0.0, 8.0), (4.0, 1.0), (10.0, 3.0), (12.0, 100.0)]


@pytest.mark.parametrize(
    ("op", "value"),
    [
        ("avg_over_time", 2.0),
        ("first_over_time", 1.0),
        ("last_over_time", 3.0),
        ("stdvar_over_time", 1.0),
        ("stddev_over_time", 1.0),
    ],
)
def test_the_window_holds_its_end_and_not_its_start(op: str, value: float) -> None:
    assert compute(op, POINTS, 10) == value


def test_an_empty_window_has_no_sample() -> None:
    assert compute("avg_over_time", POINTS, 40) is None


@pytest.mark.parametrize(
    ("quantile", "value"), [(0, 1.0), (0.5, 3.0), (0.75, 5.5), (1, 8.0), (-1, -math.inf), (2, math.inf)]
)
def test_quantiles_are_interpolated(quantile: float, value: float) -> None:
    assert compute("quantile_over_time", POINTS, 10, 11, quantile) == value


def test_what_is_no_number_counts_as_the_least() -> None:
    points = [(1.0, math.nan), (2.0, 4.0), (3.0, 2.0)]
    assert compute("quantile_over_time", points, 5, quantile=0.5) == 2.0


def test_a_counter_that_was_reset() -> None:
    # grown by 2 + 3 over 4 s of samples; Loki takes nanoseconds for milliseconds in all but the interval
    points = [(1.0, 1.0), (3.0, 3.0), (5.0, 3.0), (5.0, 0.0)]
    sampled = 4 * 1_000_000.0
    to_start = min(10.0, sampled * 1 / 2.0)
    expected = 2.0 * (sampled + to_start) / sampled / 10
    assert compute("rate_counter", points, 10) == pytest.approx(expected)
    assert compute("rate_counter", [(1.0, 5.0)], 10) == 0.0


def test_many_steps() -> None:
    times = np.arange(100, dtype=np.int64) * S
    ends = np.arange(0, 200, 7, dtype=np.int64) * S
    found, present = over_windows("last_over_time", 0, times, np.arange(100.0), ends, 5 * S)
    assert present.tolist() == [end <= 103 * S for end in ends]
    assert found[present].tolist() == [min(end // S, 99) for end in ends[present]]
