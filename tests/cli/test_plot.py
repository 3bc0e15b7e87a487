from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lma.cli.plot import Frame, Line, Segment, plot
from lma.cli.values import exact, moment, short

FRAME = Frame(start_s=0, end_s=60, step_s=10, width=40, height=15, is_dotted=False)
TIMES = (0, 10, 20, 30, 40, 50, 60)


def text(drawn: list[list[Segment]]) -> list[str]:
    return ["".join(piece for piece, _ in segments) for segments in drawn]


def test_a_plot_has_an_axis_of_values_and_one_of_times() -> None:
    rising, flat = Line(TIMES, (0, 1, 2, 3, 4, 5, 6)), Line(TIMES, (6,) * 7)
    assert text(plot([rising, flat], FRAME)) == [
        "6 ┤bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb**",
        "  │                                aaa  ",
        "  │                             aaa     ",
        "  │                          aaa        ",
        "4 ┤                       aaa           ",
        "  │                    aaa              ",
        "  │                 aaa                 ",
        "  │              aaa                    ",
        "2 ┤           aaa                       ",
        "  │        aaa                          ",
        "  │     aaa                             ",
        "  │  aaa                                ",
        "0 ┤aa                                   ",
        "  └─────────────────────────────────────",
        "  00:00:00       00:00:30       00:01:00 UTC",
    ]


@pytest.mark.parametrize(
    ("line", "row"),
    [
        (Line((0, 10, 40, 50), (1, 1, 1, 1)), "aaaaaa             aaaaaa     "),
        (Line(TIMES, (1, 1, math.nan, math.inf, 1, 1, 1)), "aaaaaa             aaaaaaaaaaa"),
        (Line((0, 30, 60), (1, 1, 1)), "a             a              a"),
        (Line((-10, 0, 10, 70), (1, 1, 1, 1)), "aaaaaa                        "),
    ],
)
def test_lines_are_broken_where_samples_are_missing_or_not_finite(line: Line, row: str) -> None:
    (drawn,) = [found for found in text(plot([line], FRAME)) if "a" in found]
    assert drawn.partition("│")[2] == row


def test_dots_belong_to_the_series_drawn_last() -> None:
    drawn = plot([Line(TIMES, (1,) * 7), Line(TIMES, (2,) * 7)], Frame(0, 60, 10, 40, 15))
    owners = {owner for segments in drawn for _, owner in segments}
    assert owners == {None, 0, 1}
    assert all(
        "\u2800" <= c <= "\u28ff" for segments in drawn for piece, owner in segments if owner is not None for c in piece
    )


@pytest.mark.parametrize("values", [[math.nan], [math.inf, -math.inf], []])
def test_nothing_finite_is_no_plot(values: list[float]) -> None:
    assert plot([Line(TIMES[: len(values)], values)], FRAME) == []


VALUES = st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=1, max_size=7)


@given(st.lists(VALUES, max_size=30), st.integers(0, 130), st.integers(0, 30), st.booleans())
def test_no_values_and_no_size_are_too_much(
    values: list[list[float]],
    width: int,
    height: int,
    is_dotted: bool,  # noqa: FBT001 — hypothesis passes by position
) -> None:
    frame = Frame(0, 60, 10, width, height, is_dotted=is_dotted)
    lines = text(plot([Line(TIMES[: len(one)], one) for one in values], frame))
    finite = [value for one in values for value in one if math.isfinite(value)]
    assert bool(lines) == bool(finite)
    assert len({len(line) for line in lines[:-1]}) <= 1


@pytest.mark.parametrize(
    "values", [[1e308, -1e308], [5e-324, 1e-323], [0.0, 0.0], [1.7e308, 1.7e308], [1e16, 1e16], [-0.0], [1e-300, 1e300]]
)
def test_the_ends_of_float64(values: list[float]) -> None:
    assert any("a" in line for line in text(plot([Line(TIMES[: len(values)], values)], FRAME)))


def test_a_range_of_one_instant_and_of_days() -> None:
    assert text(plot([Line((5,), (1,))], Frame(5, 5, 1, 40, 15)))
    assert "1970-01-01 00:00" in text(plot([Line((5,), (1,))], Frame(0, 864_000, 1, 60, 15)))[-1]


@pytest.mark.parametrize(
    ("value", "as_short", "as_exact"),
    [
        (0.0, "0", "0"),
        (-0.0, "-0", "-0"),
        (3.0, "3", "3"),
        (0.1 + 0.2, "0.3", "0.30000000000000004"),
        (1_234_567.891, "1234567.891", "1234567.891"),
        (12.3456789, "12.3457", "12.3456789"),
        (1e20, "1e+20", "1e+20"),
        (-123_456_789_012.0, "-123456789012", "-123456789012"),
        (math.nan, "NaN", "NaN"),
        (math.inf, "+Inf", "+Inf"),
        (-math.inf, "-Inf", "-Inf"),
    ],
)
def test_numbers(value: float, as_short: str, as_exact: str) -> None:
    assert (short(value), exact(value)) == (as_short, as_exact)


@given(st.floats(allow_nan=False))
def test_exact_numbers_read_back_the_same(value: float) -> None:
    assert float(exact(value)) == value


@pytest.mark.parametrize(
    ("time_s", "expected"), [(0.0005, "1970-01-01 00:00:00.000Z"), (1e300, "1e+300"), (math.nan, "NaN")]
)
def test_moments(time_s: float, expected: str) -> None:
    assert moment(time_s) == expected
