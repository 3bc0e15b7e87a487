"""What ``unwrap`` makes of texts, as Go's own functions do."""

from __future__ import annotations

import math

import pytest

from query.logql.detect.conversions import CONVERSIONS


@pytest.mark.parametrize(
    ("conversion", "text", "value"),
    [
        ("", "12", 12.0),
        ("", "-1.5e3", -1500.0),
        ("", ".5", 0.5),
        ("", "+Inf", math.inf),
        ("", "-infinity", -math.inf),
        ("", "0x1p-2", 0.25),
        ("", "1e999", None),
        ("", "0x1p99999", None),
        ("", "1_000", None),
        ("", " 1", None),
        ("", "", None),
        ("", "GET", None),
        ("duration", "1h2m3.5s", 3723.5),
        ("duration_seconds", "-250ms", -0.25),
        ("duration", "1µs", 1e-6),
        ("duration", "0", 0.0),
        ("duration", "5", None),
        ("duration", "1d", None),
        ("duration", "9999999h", None),
        ("bytes", "1.5KB", 1500.0),
        ("bytes", "2 KiB", 2048.0),
        ("bytes", "7", 7.0),
        ("bytes", "x", None),
    ],
)
def test_conversion(conversion: str, text: str, value: float | None) -> None:
    assert CONVERSIONS[conversion](text) == value


def test_not_a_number_is_one() -> None:
    value = CONVERSIONS[""]("NaN")
    assert value is not None
    assert math.isnan(value)
