"""Times, steps and bounds are read as Loki reads them."""

from __future__ import annotations

import time

import pytest

from query.api.loki_params import parse_bounds, parse_range, parse_step, parse_timestamp
from query.api.params import Params
from query.execute.settings import ExecuteSettings
from query.model.errors import BadRequestError
from query.model.time import NS_PER_S

NOW = 1_700_000_000


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("", 7),
        ("1700000000", NOW * NS_PER_S),
        ("1700000000000000001", NOW * NS_PER_S + 1),
        ("17000000000", 17_000_000_000),
        ("1700000000.5", NOW * NS_PER_S + NS_PER_S // 2),
        ("1700000000.1234567", NOW * NS_PER_S + 123_000_000),
        ("2023-11-14T22:13:20Z", NOW * NS_PER_S),
        ("2023-11-14T23:13:20.000000001+01:00", NOW * NS_PER_S + 1),
        ("-5", -5 * NS_PER_S),
    ],
)
def test_timestamps(text: str, ns: int) -> None:
    assert parse_timestamp("start", text, 7) == ns


@pytest.mark.parametrize(
    "text", ["now", "1e400.", "2023-13-01T00:00:00Z", "9" * 19, "9" * 40, "1.5.2", "NaN.", "-", "1_0"]
)
def test_what_is_no_timestamp(text: str) -> None:
    with pytest.raises(BadRequestError, match='invalid parameter "start"'):
        parse_timestamp("start", text, 0)


def test_an_hour_by_default() -> None:
    bounds = parse_bounds(Params(()))
    assert bounds.end_ns - bounds.start_ns == 3600 * NS_PER_S
    assert abs(bounds.end_ns - time.time_ns()) < 10 * NS_PER_S


def test_since_counts_from_the_end_but_not_from_the_future() -> None:
    bounds = parse_bounds(Params((("end", str(NOW)), ("since", "5m"))))
    assert (bounds.start_ns, bounds.end_ns) == ((NOW - 300) * NS_PER_S, NOW * NS_PER_S)
    ahead = parse_bounds(Params((("end", str(9_000_000_000)), ("since", "1d"))))
    assert abs(ahead.start_ns - (time.time_ns() - 86400 * NS_PER_S)) < 10 * NS_PER_S


@pytest.mark.parametrize(("seconds", "step_ms"), [(3600, 14_000), (10, 1_000), (250_000, 1_000_000)])
def test_the_default_step_gives_250_points(seconds: int, step_ms: int) -> None:
    params = Params((("start", str(NOW)), ("end", str(NOW + seconds))))
    assert parse_range(params, ExecuteSettings()).step_ms == step_ms


@pytest.mark.parametrize(("text", "ms"), [("15", 15_000), ("0.5", 500), ("1m30s", 90_000), ("100ms", 100)])
def test_steps(text: str, ms: int) -> None:
    assert parse_step(text, "step") == ms


@pytest.mark.parametrize("text", ["x", "1e30", "NaN", "5 m"])
def test_what_is_no_step(text: str) -> None:
    with pytest.raises(BadRequestError):
        parse_step(text, "step")


@pytest.mark.parametrize(
    ("start_s", "end_s", "aligned"), [(1, 119, (0, 120)), (60, 120, (60, 120)), (61, 61, (60, 120))]
)
def test_ranges_are_widened_to_the_step(start_s: int, end_s: int, aligned: tuple[int, int]) -> None:
    params = Params((("start", str(start_s)), ("end", str(end_s)), ("step", "60")))
    widened = parse_range(params, ExecuteSettings()).aligned()
    assert (widened.start_ns // NS_PER_S, widened.end_ns // NS_PER_S) == aligned
