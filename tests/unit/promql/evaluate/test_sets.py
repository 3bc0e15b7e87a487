from __future__ import annotations

import pytest

from query.promql.evaluate import SET_OPERATIONS, Match
from tests.unit.promql.evaluate.tables import Cells, cells, table

LEFT = table({'l{x="1"}': [1, 1, None], 'l{x="2",y="a"}': [2, 2, 2]})
RIGHT = table({'r{x="1"}': [10, None, 10], 'r{x="3"}': [30, None, None]})


@pytest.mark.parametrize(
    ("op", "match", "expected"),
    [
        ("and", Match(), {'l{x="1"}': [1, None, None]}),
        ("unless", Match(), {'l{x="1"}': [None, 1, None], 'l{x="2",y="a"}': [2, 2, 2]}),
        ("or", Match(), {
            'l{x="1"}': [1, 1, None], 'l{x="2",y="a"}': [2, 2, 2],
            'r{x="1"}': [None, None, 10], 'r{x="3"}': [30, None, None]}),
        ("and", Match((), on=True), {'l{x="1"}': [1, None, None], 'l{x="2",y="a"}': [2, None, 2]}),
        ("unless", Match((), on=True), {'l{x="1"}': [None, 1, None], 'l{x="2",y="a"}': [None, 2, None]}),
        ("or", Match((), on=True), cells(LEFT)),
        ("and", Match(("x", "y")), {'l{x="1"}': [1, None, None], 'l{x="2",y="a"}': [2, None, 2]}),
    ],
)  # fmt: skip
def test_step_by_step(op: str, match: Match, expected: Cells) -> None:
    assert cells(SET_OPERATIONS[op](LEFT, RIGHT, match)) == expected


def test_one_series_of_both_sides_becomes_one_row() -> None:
    early, late = table({'x{n="1"}': [1, None]}), table({'x{n="1"}': [5, 2]})
    assert cells(SET_OPERATIONS["or"](early, late, Match())) == {'x{n="1"}': [1, 2]}


def test_empty_sides() -> None:
    nothing = table({}, steps=3)
    assert SET_OPERATIONS["and"](LEFT, nothing, Match()).series == 0
    assert cells(SET_OPERATIONS["unless"](LEFT, nothing, Match())) == cells(LEFT)
    assert cells(SET_OPERATIONS["or"](nothing, RIGHT, Match())) == cells(RIGHT)
