from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from query.model.errors import BadQueryError
from query.syntax.numbers import (
    format_float,
    format_sample,
    format_scientific,
    parse_number,
    round_half_away,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0.0),
        ("1", 1.0),
        ("1.5", 1.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e3", 1000.0),
        ("1E+3", 1000.0),
        ("1e-3", 0.001),
        ("5.e1", 50.0),
        ("1_000", 1000.0),
        ("1_0.0_1e1_0", 10.01e10),
        ("0x1f", 31.0),
        ("0XFF", 255.0),
        ("0x_f_f", 255.0),
        ("017", 15.0),
        ("0_17", 15.0),
        ("00", 0.0),
        ("08", 8.0),
        ("01.5", 1.5),
        ("0x7fffffffffffffff", 9223372036854775807.0),
        ("01777777777777777777777", 1777777777777777777777.0),
        ("18446744073709551616", 18446744073709551616.0),
        ("1e-400", 0.0),
        ("Inf", math.inf),
        ("iNF", math.inf),
    ],
)
def test_number_is_read(text: str, value: float) -> None:
    assert parse_number(text) == value


def test_nan_is_one_object() -> None:
    assert parse_number("NaN") is parse_number("nan")
    assert math.isnan(parse_number("nAn"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", 'parsing "": invalid syntax'),
        ("x", 'parsing "x": invalid syntax'),
        ("-1", "invalid syntax"),
        ("1__0", "invalid syntax"),
        ("_1", "invalid syntax"),
        ("1_", "invalid syntax"),
        ("0x", "invalid syntax"),
        ("1e", "invalid syntax"),
        ("1e+", "invalid syntax"),
        (".", "invalid syntax"),
        ("infinity", "invalid syntax"),
        ("\u0661", "invalid syntax"),
        ("1e400", 'parsing "1e400": value out of range'),
        ("0xffffffffffffffff", "out of range"),
    ],
)
def test_what_is_no_number_is_refused(text: str, message: str) -> None:
    with pytest.raises(BadQueryError, match=message):
        parse_number(text)


@pytest.mark.parametrize(
    ("value", "plain", "scientific", "sample"),
    [
        (0.0, "0", "0e+00", "0"),
        (-0.0, "-0", "-0e+00", "-0"),
        (1.0, "1", "1e+00", "1"),
        (-1.5, "-1.5", "-1.5e+00", "-1.5"),
        (0.1, "0.1", "1e-01", "0.1"),
        (100.0, "100", "1e+02", "100"),
        (123456789.0, "123456789", "1.23456789e+08", "123456789"),
        (1e20, "100000000000000000000", "1e+20", "100000000000000000000"),
        (1e21, "1000000000000000000000", "1e+21", "1e+21"),
        (123e21, "123000000000000000000000", "1.23e+23", "1.23e+23"),
        (1e-6, "0.000001", "1e-06", "0.000001"),
        (9.99e-7, "0.000000999", "9.99e-07", "9.99e-07"),
        (-1e-7, "-0.0000001", "-1e-07", "-1e-07"),
        (1 / 3, "0.3333333333333333", "3.333333333333333e-01", "0.3333333333333333"),
        (2.0**53, "9007199254740992", "9.007199254740992e+15", "9007199254740992"),
        (1e100, "1" + "0" * 100, "1e+100", "1e+100"),
        (5e-324, "0." + "0" * 323 + "5", "5e-324", "5e-324"),
        (math.inf, "+Inf", "+Inf", "+Inf"),
        (-math.inf, "-Inf", "-Inf", "-Inf"),
        (math.nan, "NaN", "NaN", "NaN"),
    ],
)
def test_float_is_printed_as_go_does(value: float, plain: str, scientific: str, sample: str) -> None:
    assert (format_float(value), format_scientific(value), format_sample(value)) == (plain, scientific, sample)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_printed_float_reads_back_to_the_last_bit(value: float) -> None:
    for text in (format_float(value), format_scientific(value), format_sample(value)):
        assert float(text).hex() == value.hex()
    unsigned = format_float(abs(value))
    assert parse_number(unsigned).hex() == abs(value).hex()


@pytest.mark.parametrize(
    ("value", "rounded"),
    [(0.5, 1), (-0.5, -1), (1.5, 2), (2.5, 3), (-2.5, -3), (0.49999999999999994, 0), (1e300, int(1e300)), (-1.2, -1)],
)
def test_halves_are_rounded_away_from_zero(value: float, rounded: int) -> None:
    assert round_half_away(value) == rounded
