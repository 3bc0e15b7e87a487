"""Kernels against the plain reference, on generated frames that are full of gaps, NaN, ties and colliding labels."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from query.model.errors import ExecutionError
from query.model.frames import Frame
from query.model.labels import Labels, as_labels
from query.promql.evaluate import (
    REDUCERS,
    SET_OPERATIONS,
    Match,
    aggregate,
    combine,
    count_values,
    limitk,
    quantile,
    topk,
)
from tests.unit.promql.evaluate import reference
from tests.unit.promql.evaluate.tables import cells, grid, name_of, of_rows

NAMES = ("a", "b", "c")
LABELS = st.fixed_dictionaries(
    {},
    optional={
        "__name__": st.sampled_from(("x", "y")),
        **{name: st.sampled_from(("1", "2")) for name in NAMES},
    },
).map(as_labels)
EXACT = st.one_of(st.integers(-6, 6).map(lambda eighths: eighths / 8), st.sampled_from((math.nan, math.inf, -math.inf)))
GROUPINGS = st.lists(st.sampled_from((*NAMES, "__name__")), unique=True, max_size=3)


@st.composite
def frames(draw: st.DrawFn, steps: int = 3, rows: int = 7) -> Frame:
    labels = draw(st.lists(LABELS, unique=True, max_size=rows))
    cell = st.one_of(st.none(), EXACT)
    values = draw(st.lists(st.lists(cell, min_size=steps, max_size=steps), min_size=len(labels), max_size=len(labels)))
    alive = [(row, cells) for row, cells in zip(labels, values, strict=True) if any(c is not None for c in cells)]
    return of_rows(alive, grid(steps))


@st.composite
def matches(draw: st.DrawFn, sides: Sequence[Literal["left", "right"] | None]) -> Match:
    labels = tuple(draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=3)))
    is_on, many = draw(st.booleans()), draw(st.sampled_from(sides))
    free = [name for name in NAMES if not (is_on and name in labels)]
    include = draw(st.lists(st.sampled_from(free), unique=True, max_size=2)) if many and free else []
    return Match(labels=labels, on=is_on, many=many, include=tuple(include))


def as_table(steps: Sequence[dict[Labels, float]]) -> dict[str, list[float | None]]:
    rows: dict[str, list[float | None]] = {}
    for position, vector in enumerate(steps):
        for labels, value in vector.items():
            row = rows.setdefault(name_of(labels), [None] * len(steps))
            row[position] = value
    return rows


def assert_same(frame: Frame, expected: Sequence[dict[Labels, float]], tolerance: float = 0.0) -> None:
    got, want = cells(frame), as_table(expected)
    assert got.keys() == want.keys()
    for name, row in want.items():
        for have, should in zip(got[name], row, strict=True):
            if have is None or should is None or tolerance == 0 or not math.isfinite(should):
                assert repr(have) == repr(None if should is None else float(should) + 0.0) or have == should
            else:
                assert have == pytest.approx(should, rel=tolerance, abs=tolerance)


@given(frame=frames(), op=st.sampled_from(sorted(REDUCERS)), grouping=GROUPINGS, without=st.booleans())
@settings(max_examples=300, deadline=None)
def test_aggregations(*, frame: Frame, op: str, grouping: list[str], without: bool) -> None:
    expected = [reference.aggregate(op, step, grouping, without=without) for step in reference.steps_of(frame)]
    tolerance = 1e-12 if op in {"stddev", "stdvar", "avg"} else 0.0
    assert_same(aggregate(op, frame, grouping, without=without), expected, tolerance)


@given(
    frame=frames(),
    phi=st.sampled_from((0.0, 0.25, 0.5, 0.9, 1.0, -0.1, 1.1, math.nan)),
    grouping=GROUPINGS,
    without=st.booleans(),
)
@settings(deadline=None)
def test_quantile(*, frame: Frame, phi: float, grouping: list[str], without: bool) -> None:
    expected = []
    for step in reference.steps_of(frame):
        groups: dict[Labels, list[float]] = {}
        for labels, value in step:
            groups.setdefault(reference.group_labels(labels, grouping, without=without), []).append(value)
        expected.append({labels: reference.quantile(phi, values) for labels, values in groups.items()})
    assert_same(quantile(frame, np.full(3, phi), grouping, without=without), expected)


@given(
    frame=frames(rows=12),
    k=st.lists(st.integers(-1, 5), min_size=3, max_size=3),
    grouping=GROUPINGS,
    without=st.booleans(),
    largest=st.booleans(),
)
@settings(max_examples=200, deadline=None)
def test_topk_takes_the_best_of_each_group(
    *, frame: Frame, k: list[int], grouping: list[str], without: bool, largest: bool
) -> None:
    chosen = topk(frame, np.array(k, np.float64), grouping, without=without, largest=largest)
    for limit, given_step, got in zip(k, reference.steps_of(frame), reference.steps_of(chosen), strict=True):
        given_samples = {labels: repr(value) for labels, value in given_step}
        assert all(given_samples[labels] == repr(value) for labels, value in got)
        groups: dict[Labels, list[float]] = {}
        for labels, value in given_step:
            groups.setdefault(reference.group_labels(labels, grouping, without=without), []).append(value)
        for group, values in groups.items():
            best = reference.top_values(values, limit, largest=largest)
            taken = [
                value for labels, value in got if reference.group_labels(labels, grouping, without=without) == group
            ]
            assert sorted(map(repr, taken)) == sorted(map(repr, best))


@given(frame=frames(steps=1, rows=12), k=st.integers(1, 5), grouping=GROUPINGS, largest=st.booleans())
@settings(deadline=None)
def test_topk_of_an_instant_is_the_range_of_one_step_in_order(
    *, frame: Frame, k: int, grouping: list[str], largest: bool
) -> None:
    doubled = Frame(grid(2), frame.labels, np.repeat(frame.values, 2, axis=1), np.repeat(frame.present, 2, axis=1))
    instant = topk(frame, np.array([float(k)]), grouping, largest=largest)
    ranged = topk(doubled, np.full(2, float(k)), grouping, largest=largest)
    assert sorted(instant.labels) == sorted(ranged.labels)
    by_group: dict[Labels, list[float]] = {}
    for labels, value in reference.steps_of(instant)[0]:
        by_group.setdefault(reference.group_labels(labels, grouping, without=False), []).append(value)
    for values in by_group.values():
        assert list(map(repr, values)) == list(map(repr, reference.top_values(values, k, largest=largest)))


@given(frames(rows=12), st.integers(0, 4), GROUPINGS)
@settings(deadline=None)
def test_limitk_takes_k_or_all(frame: Frame, k: int, grouping: list[str]) -> None:
    chosen = limitk(frame, np.full(3, float(k)), grouping)
    for given_step, got in zip(reference.steps_of(frame), reference.steps_of(chosen), strict=True):
        sizes = reference.aggregate("count", given_step, grouping, without=False)
        taken = reference.aggregate("count", got, grouping, without=False)
        assert taken == {group: min(k, size) for group, size in sizes.items() if k}
        assert {labels for labels, _ in got} <= {labels for labels, _ in given_step}


@given(frame=frames(), grouping=GROUPINGS, without=st.booleans())
@settings(deadline=None)
def test_count_values_counts_every_sample_once(*, frame: Frame, grouping: list[str], without: bool) -> None:
    counted = count_values("value", frame, grouping, without=without)
    sizes = aggregate("count", frame, grouping, without=without)
    by = [name for name in (*NAMES, "__name__") if name in grouping]
    again = aggregate("sum", counted, ["value"] if without else by, without=without)
    assert cells(again) == cells(sizes)


@given(frames(), frames(), st.sampled_from(sorted(SET_OPERATIONS)), matches((None,)))
@settings(max_examples=200, deadline=None)
def test_set_operations(left: Frame, right: Frame, op: str, match: Match) -> None:
    expected = [
        dict(reference.set_operation(op, ours, theirs, match))
        for ours, theirs in zip(reference.steps_of(left), reference.steps_of(right), strict=True)
    ]
    assert_same(SET_OPERATIONS[op](left, right, match), expected)


def outcome(calculate: Callable[[], list[dict[Labels, float]]]) -> list[dict[Labels, float]] | str:
    """Return the results per step, or what the error says."""
    try:
        return calculate()
    except ExecutionError as error:
        return str(error)


@given(
    left=frames(),
    right=frames(),
    op=st.sampled_from((*reference.ARITHMETIC, *reference.COMPARISON)),
    match=matches((None, "left", "right")),
    returns_bool=st.booleans(),
)
@settings(max_examples=800, deadline=None)
def test_binary_operations(*, left: Frame, right: Frame, op: str, match: Match, returns_bool: bool) -> None:
    is_bool = returns_bool and op in reference.COMPARISON
    expected = outcome(
        lambda: [
            dict(reference.binary(op, ours, theirs, match, returns_bool=is_bool))
            for ours, theirs in zip(reference.steps_of(left), reference.steps_of(right), strict=True)
        ]
    )
    got = outcome(
        lambda: [dict(step) for step in reference.steps_of(combine(op, left, right, match, returns_bool=is_bool))]
    )
    assert_same_outcome(got, expected)


@given(left=frames(steps=1), right=frames(steps=1), match=matches((None, "left", "right")))
@settings(max_examples=200, deadline=None)
def test_binary_operations_of_an_instant(*, left: Frame, right: Frame, match: Match) -> None:
    ours, theirs = reference.steps_of(left)[0], reference.steps_of(right)[0]
    expected = outcome(lambda: [dict(reference.binary("+", ours, theirs, match, returns_bool=False))])
    got = outcome(lambda: [dict(step) for step in reference.steps_of(combine("+", left, right, match))])
    assert_same_outcome(got, expected)


def assert_same_outcome(got: list[dict[Labels, float]] | str, expected: list[dict[Labels, float]] | str) -> None:
    if isinstance(got, str) or isinstance(expected, str):
        assert isinstance(got, str)
        assert isinstance(expected, str)
        assert expected in got
    else:
        assert [{labels: repr(value) for labels, value in step.items()} for step in got] == [
            {labels: repr(value) for labels, value in step.items()} for step in expected
        ]
