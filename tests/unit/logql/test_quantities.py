"""Durations and sizes as Loki reads them; what is printed reads back as the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from query.logql.syntax.quantities import (
    format_go_duration,
    format_range,
    format_size,
    parse_go_duration,
    parse_loki_duration,
    parse_size,
)
from query.model.errors import BadQueryError


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("5m", 300_000_000_000),
        ("1d", 86_400_000_000_000),
        ("1.5s", 1_500_000_000),
        ("-2h45m", -9_900_000_000_000),
        ("1µs", 1_000),
        ("100ns", 100),
        ("1m1.000000001s", 61_000_000_001),
        ("0", 0),
    ],
)
def test_durations(text: str, ns: int) -> None:
    assert parse_loki_duration(text) == ns


@pytest.mark.parametrize("text", ["", "5", "m5", "5x", "1.2.3s", "9" * 50 + "s", "300000000h"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(BadQueryError):
        parse_loki_duration(text)


@pytest.mark.parametrize(
    ("text", "size"),
    [("5B", 5), ("5kb", 5_000), ("5KiB", 5_120), ("1.5MB", 1_500_000), ("2G", 2_000_000_000), ("1Ti", 1 << 40)],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "B", "5X", "1.2.3B", "99999999999P", "5EB"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(BadQueryError):
        parse_size(text)


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0s"),
        (60_000_000_000, "1m0s"),
        (3_600_000_000_000, "1h0m0s"),
        (1_500_000_000, "1.5s"),
        (1_500_000, "1.5ms"),
        (1_500, "1.5µs"),
        (7, "7ns"),
        (-90_000_000_000, "-1m30s"),
    ],
)
def test_printing_durations(ns: int, text: str) -> None:
    assert format_go_duration(ns) == text


@given(st.integers(-(2**62), 2**62))
def test_printed_durations_read_back(ns: int) -> None:
    assert parse_go_duration(format_go_duration(ns)) == ns
    assert parse_loki_duration(format_range(abs(ns))) == abs(ns)


@given(st.integers(0, 2**53))
def test_printed_sizes_read_back(size: int) -> None:
    assert parse_size(format_size(size)) == size
