from __future__ import annotations

import pytest

from query.promql.evaluate import sort_by_label, sort_by_value
from query.promql.evaluate.order import precedes
from tests.unit.promql.evaluate.tables import INF, NAN, cells, table


def test_by_value_with_nan_last() -> None:
    frame = table({'x{n="1"}': [NAN], 'x{n="2"}': [2], 'x{n="3"}': [-INF], 'x{n="4"}': [2]})
    assert list(cells(sort_by_value(frame)).values()) == [[-INF], [2], [2], [NAN]]
    assert list(cells(sort_by_value(frame, largest_first=True)).values()) == [[2], [2], [-INF], [NAN]]


def test_more_rows_than_an_insertion_sort_takes() -> None:
    frame = table({f'x{{n="{n}"}}': [float(n * 7 % 20)] for n in range(20)})
    assert list(cells(sort_by_value(frame)).values()) == [[float(n)] for n in range(20)]


def test_by_label_then_by_all_labels() -> None:
    frame = table({'x{v="a10",w="1"}': [1], 'x{v="a2",w="2"}': [2], 'x{v="a2",w="1"}': [3]})
    assert list(cells(sort_by_label(frame, ["v"])).values()) == [[3], [2], [1]]
    assert list(cells(sort_by_label(frame, ["w", "v"])).values()) == [[3], [1], [2]]
    assert list(cells(sort_by_label(frame, ["nothing"], is_descending=True)).values()) == [[2], [3], [1]]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a2", "a10"),
        ("2", "10"),
        ("a", "b"),
        ("10", "a"),
        ("1.9.2", "1.10.2"),
        ("a", "a1"),
        ("9223372036854775807", "9223372036854775808"),
        ("99999999999999999998", "99999999999999999999"),
    ],
)
def test_natural_order(first: str, second: str) -> None:
    assert precedes(first, second)
    assert not precedes(second, first)


def test_numbers_that_differ_in_leading_zeros_are_not_ordered() -> None:
    assert precedes("a01", "a1")
    assert precedes("a1", "a01")
