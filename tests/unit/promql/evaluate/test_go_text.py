from __future__ import annotations

import math

import pytest

from query.promql.evaluate.go_text import general, parse_float, series_text
from tests.unit.promql.evaluate.tables import series


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"), (-0.5, "-0.5"), (0.0, "0"), (-0.0, "-0"), (100_000.0, "100000"), (1e6, "1e+06"),
        (123_456.0, "123456"), (1_234_567.5, "1.2345675e+06"), (0.0001, "0.0001"), (0.00001, "1e-05"),
        (1e21, "1e+21"), (1.5e-300, "1.5e-300"),
        (math.nan, "NaN"), (math.inf, "+Inf"), (-math.inf, "-Inf"),
    ],
)  # fmt: skip
def test_general(value: float, text: str) -> None:
    assert general(value) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1_000", 1000.0), ("0x1p-2", 0.25), ("0x_1p2", 4.0), ("1__0", None), ("_1", None), ("1_", None),
        ("1e1_0", 1e10), ("inf", math.inf), ("+Inf", math.inf), ("-infinity", -math.inf), ("-nan", None),
        ("1e999", None), ("1.", 1.0),
        ("0x1.8p1", 3.0), ("1_.5", None), (".5", 0.5), (" 1", None), ("0b1", None), ("0x10", None), ("1._5", None),
        ("", None), ("-2.5", -2.5), ("1\n", None), ("٣", None), ("0x1p99999", None),
    ],
)  # fmt: skip
def test_parse_float(text: str, value: float | None) -> None:
    assert parse_float(text) == value


def test_nan_is_a_number() -> None:
    assert math.isnan(parse_float("NaN") or 0.0)


def test_series() -> None:
    assert series_text(series('up{job="a"}')) == '{__name__="up", job="a"}'
    assert series_text((("a b", 'q"\n'),)) == '{"a b"="q\\"\\n"}'
    assert series_text(()) == "{}"
