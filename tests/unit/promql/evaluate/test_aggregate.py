from __future__ import annotations

import math

import numpy as np
import pytest

from query.model.errors import ExecutionError, LimitExceededError
from query.model.frames import Frame
from query.promql.evaluate import aggregate, count_values, quantile
from tests.unit.promql.evaluate.tables import INF, NAN, Cells, cells, grid, series, table

SHOP = table({
    'up{job="a",pod="1"}': [1, 2, None],
    'up{job="a",pod="2"}': [3, None, None],
    'up{job="b",pod="1"}': [5, NAN, 7],
})  # fmt: skip


@pytest.mark.parametrize(
    ("grouping", "without", "expected"),
    [
        ([], False, {"": [9, NAN, 7]}),
        (["job"], False, {'{job="a"}': [4, 2, None], '{job="b"}': [5, NAN, 7]}),
        (["pod"], True, {'{job="a"}': [4, 2, None], '{job="b"}': [5, NAN, 7]}),
        (["__name__"], False, {"up": [9, NAN, 7]}),
        (["nothing"], False, {"": [9, NAN, 7]}),
        ([], True, {'{job="a",pod="1"}': [1, 2, None], '{job="a",pod="2"}': [3, None, None],
                    '{job="b",pod="1"}': [5, NAN, 7]}),
    ],
)  # fmt: skip
def test_grouping(grouping: list[str], without: bool, expected: Cells) -> None:  # noqa: FBT001
    assert cells(aggregate("sum", SHOP, grouping, without=without)) == expected


@pytest.mark.parametrize(
    ("op", "expected"),
    [
        ("sum", [9.0, NAN, 7.0]),
        ("avg", [3.0, NAN, 7.0]),
        ("count", [3.0, 2.0, 1.0]),
        ("group", [1.0, 1.0, 1.0]),
        ("min", [1.0, 2.0, 7.0]),
        ("max", [5.0, 2.0, 7.0]),
        ("stdvar", [8 / 3, NAN, 0.0]),
        ("stddev", [math.sqrt(8 / 3), NAN, 0.0]),
    ],
)
def test_operators_step_by_step(op: str, expected: list[float]) -> None:
    assert cells(aggregate(op, SHOP))[""] == expected


@pytest.mark.parametrize(
    ("op", "values", "expected"),
    [
        ("sum", [1e100, 1, -1e100], 1.0),
        ("sum", [0.1] * 10, 1.0),
        ("sum", [INF, 1], INF),
        ("sum", [INF, -INF], NAN),
        ("sum", [1.7e308, 1.7e308, -1.7e308], INF),
        ("avg", [1.7e308, 1.7e308], 1.7e308),
        ("avg", [INF, 1], INF),
        ("avg", [INF, -INF], NAN),
        ("avg", [1.7e308, 1.7e308, -INF], -INF),
        ("avg", [1.7e308, 1.7e308, NAN], NAN),
        ("min", [NAN, 3], 3.0),
        ("min", [NAN, NAN], NAN),
        ("max", [NAN, -INF], -INF),
        ("stddev", [INF, 1], NAN),
        ("stdvar", [1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16], 22.5),
    ],
)
def test_extremes(op: str, values: list[float], expected: float) -> None:
    frame = table({f'x{{n="{position}"}}': [value] for position, value in enumerate(values)})
    assert cells(aggregate(op, frame))[""] == [expected]


def test_partial_results_with_equal_labels_are_merged() -> None:
    twice = table({'x{job="a"}': [1, 2], 'x{job="b"}': [4, None]})
    doubled = type(twice)(twice.grid, twice.labels * 2, np.tile(twice.values, (2, 1)), np.tile(twice.present, (2, 1)))
    assert cells(aggregate("sum", doubled, ["job"])) == {'{job="a"}': [2, 4], '{job="b"}': [8, None]}


def test_no_rows_have_no_groups() -> None:
    assert aggregate("count", table({}, steps=3)).series == 0


@pytest.mark.parametrize(
    ("phi", "expected"),
    [
        (0, [NAN, 1]),
        (0.5, [2, 2.5]),
        (1, [4, 4]),
        (0.2, [NAN, 1.6]),
        (-0.1, [-INF, -INF]),
        (1.1, [INF, INF]),
        (NAN, [NAN, NAN]),
    ],
)
def test_quantile_sorts_nan_first_and_interpolates(phi: float, expected: list[float]) -> None:
    frame = table({
        'x{n="1"}': [4, 1], 'x{n="2"}': [NAN, 2], 'x{n="3"}': [2, 3], 'x{n="4"}': [None, 4],
    })  # fmt: skip
    assert cells(quantile(frame, np.full(2, phi)))[""] == expected


def test_quantile_takes_a_parameter_per_step() -> None:
    frame = table({'x{n="1"}': [1, 1], 'x{n="2"}': [3, 3]})
    assert cells(quantile(frame, np.array([0.0, 1.0]))) == {"": [1, 3]}


@pytest.mark.parametrize(
    ("label", "grouping", "without", "expected"),
    [
        ("v", [], False, {'{v="1"}': [2, None], '{v="NaN"}': [None, 1], '{v="-0"}': [None, 1], '{v="0"}': [1, None]}),
        ("v", ["n"], True, {
            '{g="a",v="1"}': [2, None], '{g="a",v="NaN"}': [None, 1], '{g="b",v="-0"}': [None, 1],
            '{g="b",v="0"}': [1, None]}),
        ("g", ["g"], False, {
            '{g="1"}': [2, None], '{g="NaN"}': [None, 1], '{g="-0"}': [None, 1], '{g="0"}': [1, None]}),
        ("g", ["g", "n"], True, {"": [3, 2]}),
        ("__name__", [], False, {"1": [2, None], "NaN": [None, 1], "-0": [None, 1], "0": [1, None]}),
    ],
)  # fmt: skip
def test_count_values(label: str, grouping: list[str], without: bool, expected: Cells) -> None:  # noqa: FBT001
    frame = table({'x{g="a",n="1"}': [1, NAN], 'x{g="a",n="2"}': [1, None], 'x{g="b",n="1"}': [0, -0.0]})
    assert cells(count_values(label, frame, grouping, without=without)) == expected


def test_count_values_needs_a_label_name() -> None:
    with pytest.raises(ExecutionError, match='invalid label name ""'):
        count_values("", table({"x": [1]}))


def test_count_values_of_all_different_values_is_refused_before_memory_is_used() -> None:
    values = np.arange(90_000, dtype=np.float64).reshape(300, 300)
    labels = tuple(series(f'x{{n="{n}"}}') for n in range(300))
    with pytest.raises(LimitExceededError, match="count_values would make 90000 series of 300 steps"):
        count_values("v", Frame(grid(300), labels, values, np.ones(values.shape, np.bool_)))
