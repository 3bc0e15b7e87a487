from __future__ import annotations

import numpy as np
import pytest

from query.model.errors import ExecutionError
from query.promql.evaluate import limitk, topk
from query.promql.evaluate.heap import heap_choice
from tests.unit.promql.evaluate.tables import INF, NAN, cells, name_of, table

FRAME = table({
    'x{g="1",n="a"}': [1, 5, None],
    'x{g="1",n="b"}': [NAN, 4, 2],
    'x{g="2",n="c"}': [3, 6, NAN],
})  # fmt: skip


def k(*limits: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array(limits, np.float64)


def test_the_largest_of_each_step() -> None:
    assert cells(topk(FRAME, k(1, 1, 1))) == {'x{g="1",n="b"}': [None, None, 2], 'x{g="2",n="c"}': [3, 6, None]}


def test_the_smallest_of_each_group_with_nan_last() -> None:
    assert cells(topk(FRAME, k(1, 1, 1), ["g"], largest=False)) == {
        'x{g="1",n="a"}': [1, None, None],
        'x{g="1",n="b"}': [None, 4, 2],
        'x{g="2",n="c"}': [3, 6, NAN],
    }


def test_k_may_differ_from_step_to_step_and_is_cut_off() -> None:
    assert cells(topk(FRAME, k(2.9, 0, 100))) == {
        'x{g="1",n="a"}': [1, None, None],
        'x{g="1",n="b"}': [None, None, 2],
        'x{g="2",n="c"}': [3, None, NAN],
    }


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        ([NAN, 1, 1], "Parameter value is NaN"),
        ([1e300, 1, 1], "Scalar value 1e+300 overflows int64"),
        ([-INF, 1, 1], "Scalar value -Inf underflows int64"),
    ],
)
def test_what_is_no_number_of_series(limits: list[float], text: str) -> None:
    with pytest.raises(ExecutionError) as raised:
        topk(FRAME, k(*limits))
    assert str(raised.value) == text


@pytest.mark.parametrize("limits", [[0, 0, 0], [-1e300, -1, 0.9]])
def test_k_below_one_everywhere_gives_nothing(limits: list[float]) -> None:
    assert topk(FRAME, k(*limits)).series == 0
    assert limitk(FRAME, k(*limits)).series == 0


def test_an_instant_result_is_ordered_within_its_groups() -> None:
    frame = table({'x{g="2",n="c"}': [1], 'x{g="1",n="a"}': [1], 'x{g="1",n="b"}': [3], 'x{g="2",n="d"}': [2]})
    assert list(map(name_of, topk(frame, k(2), ["g"]).labels)) == [
        'x{g="1",n="b"}', 'x{g="1",n="a"}', 'x{g="2",n="d"}', 'x{g="2",n="c"}',
    ]  # fmt: skip
    assert list(map(name_of, topk(frame, k(3), largest=False).labels)) == [
        'x{g="1",n="a"}', 'x{g="2",n="c"}', 'x{g="2",n="d"}',
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("scores", "limit", "expected"),
    [
        ([1, 1, 1], 1, [0]),  # the first of equals stays
        ([1, 1, 2], 2, [2, 1]),  # the first of equals is on top of the heap and goes
        ([1, 2, 2, 3], 2, [3, 1]),  # the last of equals replaced the 1 on top of the heap, and goes
        ([NAN, NAN, 1], 2, [2, 0]),  # one NaN was pushed above the other, and goes
        ([], 3, []),
        ([3, 1], 0, []),
    ],
)
def test_the_heap_decides_ties(scores: list[float], limit: int, expected: list[int]) -> None:
    assert heap_choice(scores, limit) == expected


def test_ties_in_a_range_are_decided_as_in_an_instant() -> None:
    frame = table({f'x{{n="{n}"}}': [value] * 2 for n, value in enumerate([1, 1, 2, 1])})
    assert cells(topk(frame, k(2, 3))) == {
        'x{n="0"}': [None, 1], 'x{n="1"}': [1, 1], 'x{n="2"}': [2, 2],
    }  # fmt: skip


def test_limitk_takes_the_first_in_label_order() -> None:
    frame = table({'x{n="b"}': [1, 1], 'x{n="a"}': [None, 2], 'x{n="c"}': [3, 3]})
    assert cells(limitk(frame, k(1, 2))) == {'x{n="a"}': [None, 2], 'x{n="b"}': [1, 1]}
