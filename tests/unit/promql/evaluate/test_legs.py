"""Means, variances and quantiles of several clusters from what each gave of its own values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from query.model.frames import Frame
from query.model.labels import as_labels
from query.model.time import Grid
from query.promql.evaluate import (
    aggregate,
    align_legs,
    count_values,
    merge_means,
    merge_sums,
    merge_variance,
    quantile,
    values_of,
)
from query.promql.plan.legs import LEG_LABEL
from query.promql.plan.partials import InsufficientPartialsError, Partials, later
from tests.unit.promql.evaluate.tables import INF, NAN, cells, grid, table

MOMENTS = ("count", "avg", "stdvar")
AT_ONCE = grid(1)
modest = st.floats(-1e6, 1e6).map(lambda value: round(value, 3))
clusters = st.lists(st.lists(modest, min_size=1, max_size=6), min_size=1, max_size=4)


def vector(values: Sequence[float], on: Grid = AT_ONCE) -> Frame:
    labels = tuple(as_labels({"series": str(number)}) for number in range(len(values)))
    column = np.array(values, np.float64)[:, None]
    return Frame(on, labels, column, np.ones(column.shape, np.bool_))


def answered(values: Sequence[float], operators: Sequence[str]) -> Frame:
    """Return what a cluster holding these values answers to a request for legs."""
    parts = [aggregate(op, vector(values)) for op in operators]
    return Frame(
        AT_ONCE,
        tuple(as_labels({LEG_LABEL: op}) for op in operators),
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.present for part in parts]),
    )


def merged(op: str, *parts: Sequence[float]) -> float:
    legs = {"avg": ("sum", "count"), "means": ("sum", "count", "avg")}.get(op, MOMENTS)
    asked = align_legs([answered(part, legs) for part in parts], legs, 1)
    match op:
        case "avg":
            frame = merge_sums(AT_ONCE, asked)
        case "means":
            frame = merge_means(AT_ONCE, asked)
        case _:
            frame = merge_variance(AT_ONCE, asked, is_deviation=op == "stddev")
    return float(frame.values[0, 0])


def of_one_server(op: str, *parts: Sequence[float]) -> float:
    return float(aggregate(op, vector([value for part in parts for value in part])).values[0, 0])


@settings(deadline=None)
@given(clusters)
def test_the_mean_is_that_of_all_values(parts: list[list[float]]) -> None:
    expected = math.fsum(value for part in parts for value in part) / sum(map(len, parts))
    assert merged("avg", *parts) == pytest.approx(expected, rel=1e-14, abs=1e-9)
    assert merged("means", *parts) == merged("avg", *parts)


@settings(deadline=None)
@given(clusters)
def test_the_variance_is_that_of_all_values(parts: list[list[float]]) -> None:
    expected = of_one_server("stdvar", *parts)
    assert merged("stdvar", *parts) == pytest.approx(expected, rel=1e-9, abs=1e-6)
    assert merged("stddev", *parts) == pytest.approx(math.sqrt(expected), rel=1e-9, abs=1e-3)


@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e15 + 0.3, -7.7e-12])
def test_equal_values_have_no_variance(value: float) -> None:
    assert merged("stdvar", [value] * 3, [value] * 7, [value]) == 0


def test_a_small_variance_beside_a_large_mean_keeps_its_digits() -> None:
    parts = [1e9 + 1, 1e9 + 2], [1e9 + 3], [1e9 + 4, 1e9 + 5, 1e9 + 6]
    assert merged("stdvar", *parts) == pytest.approx(35 / 12, rel=1e-9)


@pytest.mark.parametrize("odd", [NAN, INF, -INF])
def test_what_is_no_number_makes_the_variance_nan(odd: float) -> None:
    assert math.isnan(merged("stdvar", [1, odd], [2, 3]))
    assert math.isnan(of_one_server("stdvar", [1, odd], [2, 3]))


def test_squares_that_overflow_need_the_values() -> None:
    with pytest.raises(InsufficientPartialsError) as raised:
        merged("stddev", [1e200, -1e200], [1])
    assert raised.value.needs is Partials.NONE


@pytest.mark.parametrize("odd", [[1.7e308, 1.7e308], [INF, 1], [NAN]])
def test_sums_that_are_not_finite_need_the_means(odd: list[float]) -> None:
    with pytest.raises(InsufficientPartialsError) as raised:
        merged("avg", odd, [1])
    assert raised.value.needs is Partials.MEANS
    assert later(Partials.SUMS, raised.value) is Partials.MEANS
    with pytest.raises(RuntimeError):
        later(Partials.MEANS, raised.value)


def test_means_do_not_overflow() -> None:
    assert merged("means", [1.7e308, 1.7e308], [1.7e308]) == pytest.approx(1.7e308)
    assert merged("means", [INF, 1], [2]) == INF
    assert math.isnan(merged("means", [INF], [-INF]))
    assert math.isnan(merged("means", [NAN], [2]))
    assert merged("avg", [1.7e308], [1.7e308]) == 1.7e308


def test_groups_and_steps_are_merged_one_by_one() -> None:
    names = ("sum", "count")
    first = table({
        f'{{{LEG_LABEL}="sum",j="a",p="1"}}': [6, 1],
        f'{{{LEG_LABEL}="count",j="a",p="1"}}': [3, 1],
    })  # fmt: skip
    second = table({
        f'{{{LEG_LABEL}="count",j="a",p="2"}}': [2, None],
        f'{{{LEG_LABEL}="count",j="b",p="1"}}': [2, 4],
        f'{{{LEG_LABEL}="sum",j="a",p="2"}}': [4, None],
        f'{{{LEG_LABEL}="sum",j="b",p="1"}}': [5, 5],
    })  # fmt: skip
    legs = align_legs([first, second], names, 2)
    assert cells(merge_sums(grid(2), legs, ["j"])) == {'{j="a"}': [2, 1], '{j="b"}': [2.5, 1.25]}
    assert cells(merge_sums(grid(2), legs, ["p"], without=True)) == {'{j="a"}': [2, 1], '{j="b"}': [2.5, 1.25]}


def test_nothing_answered_is_nothing_merged() -> None:
    assert merge_sums(AT_ONCE, align_legs([Frame.empty(AT_ONCE)], ("sum", "count"), 1)).series == 0
    assert merge_variance(AT_ONCE, align_legs([], MOMENTS, 1)).series == 0


@pytest.mark.parametrize(
    "rows",
    [
        {f'{{{LEG_LABEL}="count"}}': [2, 2]},
        {f'{{{LEG_LABEL}="count"}}': [2, 2], f'{{{LEG_LABEL}="sum"}}': [1, None]},
    ],
)
def test_a_leg_that_leaves_a_group_out_tells_of_native_histograms(rows: dict[str, list[float | None]]) -> None:
    with pytest.raises(InsufficientPartialsError) as raised:
        align_legs([table(rows)], ("sum", "count"), 2)
    assert raised.value.needs is Partials.NONE


@settings(deadline=None)
@given(clusters, st.floats(-0.5, 1.5))
def test_a_quantile_of_counted_values_is_that_of_the_values(parts: list[list[float]], phi: float) -> None:
    everything = vector([value for part in parts for value in [*part, NAN, INF, part[0]]])
    counted = values_of(count_values("v", everything), "v")
    rank = np.array([phi])
    assert cells(quantile(counted, rank)) == cells(quantile(everything, rank))


def test_counted_native_histograms_need_the_values() -> None:
    counts = table({'{v="{count:3, sum:1, [1,2]:3}"}': [1]})
    odd = replace(counts, labels=(as_labels({"v": "{count:3, sum:1}"}),))
    with pytest.raises(InsufficientPartialsError):
        values_of(odd, "v")
