from __future__ import annotations

import math

import pytest

from query.model.errors import BadQueryError
from query.model.frames import Frame
from query.model.time import Grid
from query.promql.evaluate import ScalarRow
from query.promql.syntax.nodes import Call, Expr, NumberLiteral, StringLiteral
from tests.unit.promql.evaluate.tables import INF, NAN, Cells, Given, cells, grid, run, table


def given(*values: float | None) -> Given:
    return Given(table({f'x{{n="{n}"}}': [value] for n, value in enumerate(values)}))


def number(value: float) -> NumberLiteral:
    return NumberLiteral(value)


def values_of(expr: Expr) -> list[float | None]:
    result = run(expr, grid(1)).value
    if isinstance(result, ScalarRow):
        return [NAN if math.isnan(value) else value for value in result.values.tolist()]
    assert isinstance(result, Frame)
    return [row[0] for row in cells(result).values()]


@pytest.mark.parametrize(
    ("function", "arguments", "expected"),
    [
        ("abs", [given(-1, NAN, -INF)], [1, NAN, INF]),
        ("ceil", [given(1.2, -1.2)], [2, -1]),
        ("sgn", [given(-3, 0, 5, NAN)], [-1, 0, 1, NAN]),
        ("sqrt", [given(9, -1)], [3, NAN]),
        ("ln", [given(1, 0, -1)], [0, -INF, NAN]),
        ("deg", [given(math.pi)], [180]),
        ("round", [given(2.5, -2.5, 0.4)], [3, -2, 0]),
        ("round", [given(7, 12), number(5)], [5, 10]),
        ("clamp", [given(-5, 5, 15, NAN), number(0), number(10)], [0, 5, 10, NAN]),
        ("clamp", [given(1), number(2), number(1)], []),
        ("clamp_min", [given(1, NAN), number(NAN)], [NAN, NAN]),
        ("clamp_min", [given(1, NAN), number(INF)], [INF, INF]),
        ("clamp_max", [given(1, NAN), number(-INF)], [-INF, -INF]),
        ("max_of", [number(NAN), number(INF)], [INF]),
        ("max_of", [number(-0.0), number(0.0)], [0.0]),
        ("min_of", [number(NAN), number(1)], [NAN]),
        ("scalar", [given(4)], [4]),
        ("scalar", [given(4, 5)], [NAN]),
        ("scalar", [Given(table({}, steps=1))], [NAN]),
        ("pi", [], [math.pi]),
        ("absent", [Call("vector", (number(1),))], []),
        ("timestamp", [Call("abs", (given(7),))], [0]),
    ],
)
def test_values(function: str, arguments: list[Expr], expected: list[float]) -> None:
    assert values_of(Call(function, tuple(arguments))) == expected


def test_times_of_a_range() -> None:
    on = Grid(60_500, 185_000, 60_000)
    expected = {
        "time": [60.5, 120.5, 180.5],
        "start": [60.5] * 3,
        "end": [185.0] * 3,
        "range": [124.5] * 3,
        "step": [60.0] * 3,
    }
    for function, values in expected.items():
        row = run(Call(function, ()), on).value
        assert isinstance(row, ScalarRow)
        assert row.values.tolist() == values
    step = run(Call("step", ()), Grid.instant(5)).value
    assert isinstance(step, ScalarRow)
    assert step.values.tolist() == [0.0]


def test_dates_of_the_evaluation_times() -> None:
    on = Grid(1_709_164_799_999, 1_709_164_800_999, 500)  # the end of 28 February 2024
    result = run(Call("day_of_month", ()), on).value
    assert isinstance(result, Frame)
    assert cells(result) == {"": [28, 29, 29]}


MOMENTS = {
    0.0: "1970-1-1 0:0, weekday 4, day 1, of 31",
    -1.0: "1969-12-31 23:59, weekday 3, day 365, of 31",
    -0.5: "1970-1-1 0:0, weekday 4, day 1, of 31",
    951_827_696.0: "2000-2-29 12:34, weekday 2, day 60, of 29",
    -2_203_891_200.0: "1900-3-1 0:0, weekday 4, day 60, of 31",
    -2_203_891_200.5: "1900-3-1 0:0, weekday 4, day 60, of 31",
    -2_203_891_201.0: "1900-2-28 23:59, weekday 3, day 59, of 28",
    1e12: "33658-9-27 1:46, weekday 5, day 270, of 30",
    -9.2e18: "-291536392293-5-3 12:26, weekday 2, day 123, of 31",
    NAN: "292277026596-12-4 15:30, weekday 0, day 339, of 31",
    INF: "292277026596-12-4 15:30, weekday 0, day 339, of 31",
}
"""What Go's calendar says; the last two are the smallest 64-bit integer, wrapped around."""


@pytest.mark.parametrize(("moment", "expected"), MOMENTS.items())
def test_dates(moment: float, expected: str) -> None:
    names = ("year", "month", "day_of_month", "hour", "minute", "day_of_week", "day_of_year", "days_in_month")
    parts = [int(values_of(Call(name, (given(moment),)))[0] or 0) for name in names]
    assert "{}-{}-{} {}:{}, weekday {}, day {}, of {}".format(*parts) == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("new", "$1-$2", "src", "(a)(.*)"), {'x{new="a-bc",src="abc"}': [1]}),
        (("new", "${1}x", "src", "(.).*"), {'x{new="ax",src="abc"}': [1]}),
        (("new", "$1x", "src", "(.).*"), {'x{src="abc"}': [1]}),
        (("new", "$$1$", "src", ".*"), {'x{new="$1$",src="abc"}': [1]}),
        (("new", "${first", "src", "(?P<first>.).*"), {'x{new="${first",src="abc"}': [1]}),
        (("new", "${first}", "src", "(?P<first>.).*"), {'x{new="a",src="abc"}': [1]}),
        (("new", "$01|$9|$99999999999", "src", "(.*)"), {'x{new="||",src="abc"}': [1]}),
        (("src", "", "src", "a.c"), {"x": [1]}),
        (("src", "gone", "src", "b"), {'x{src="abc"}': [1]}),
        (("new", "y", "nothing", ""), {'x{new="y",src="abc"}': [1]}),
        (("__name__", "$0", "src", ".*"), {'abc{src="abc"}': [1]}),
        (("new", "\udcff", "src", ".*"), {'x{new="\ufffd",src="abc"}': [1]}),
    ],
)
def test_label_replace(arguments: tuple[str, ...], expected: Cells) -> None:
    frame = table({'x{src="abc"}': [1]})
    result = run(Call("label_replace", (Given(frame), *map(StringLiteral, arguments))), grid(1)).value
    assert isinstance(result, Frame)
    assert cells(result) == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("new", "-", "b", "a", "nothing"), {'x{a="1",b="2",new="2-1-"}': [1]}),
        (("a", "", "nothing"), {'x{b="2"}': [1]}),
        (("a", "-"), {'x{b="2"}': [1]}),
    ],
)
def test_label_join(arguments: tuple[str, ...], expected: Cells) -> None:
    frame = table({'x{a="1",b="2"}': [1]})
    result = run(Call("label_join", (Given(frame), *map(StringLiteral, arguments))), grid(1)).value
    assert isinstance(result, Frame)
    assert cells(result) == expected


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        ("abs", [number(1)], 'expected type instant vector in call to function "abs"'),
        ("vector", [given(1)], 'expected type scalar in call to function "vector"'),
        ("label_join", [given(1), number(1), number(2)], 'expected type string in call to function "label_join"'),
        ("clamp", [given(1), number(1)], 'expected an argument of type scalar in call to function "clamp"'),
    ],
)
def test_arguments_of_the_wrong_type(function: str, arguments: list[Expr], message: str) -> None:
    with pytest.raises(BadQueryError) as raised:
        run(Call(function, tuple(arguments)), grid(1))
    assert str(raised.value) == message
