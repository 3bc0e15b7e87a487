from __future__ import annotations

import numpy as np
import pytest

from query.model.errors import ExecutionError, LimitExceededError
from query.model.frames import Frame
from query.promql.evaluate import Match, combine, combine_scalars, combine_with_scalar
from tests.unit.promql.evaluate.tables import INF, NAN, Cells, cells, grid, of_rows, series, table

REQUESTS = table(
    {'req{job="a",code="200"}': [6, 8], 'req{job="a",code="500"}': [1, None], 'req{job="b",code="200"}': [4, 4]}
)
ERRORS = table({'err{job="a",code="200"}': [2, None], 'err{job="b",code="200"}': [None, 8]})
JOBS = table({'job{job="a",team="x"}': [10, 10], 'job{job="b",team="y"}': [20, None]})


@pytest.mark.parametrize(
    ("op", "right", "match", "returns_bool", "expected"),
    [
        ("+", ERRORS, Match(), False, {'{code="200",job="a"}': [8, None], '{code="200",job="b"}': [None, 12]}),
        (">", ERRORS, Match(), False, {'req{code="200",job="a"}': [6, None]}),
        (">", ERRORS, Match(), True, {'{code="200",job="a"}': [1, None], '{code="200",job="b"}': [None, 0]}),
        ("==", REQUESTS, Match(), False, cells(REQUESTS)),
        ("*", JOBS, Match(("job",), on=True, many="left"), False, {
            '{code="200",job="a"}': [60, 80], '{code="500",job="a"}': [10, None], '{code="200",job="b"}': [80, None]}),
        ("*", JOBS, Match(("job",), on=True, many="left", include=("team",)), False, {
            '{code="200",job="a",team="x"}': [60, 80], '{code="500",job="a",team="x"}': [10, None],
            '{code="200",job="b",team="y"}': [80, None]}),
        ("<", JOBS, Match(("job",), on=True, many="left", include=("team", "code")), False, None),
        ("<", JOBS, Match(("code", "team"), many="left"), False, {
            'req{code="200",job="a"}': [6, 8], 'req{code="500",job="a"}': [1, None],
            'req{code="200",job="b"}': [4, None]}),
        ("-", ERRORS, Match(fill_right=0), False, {
            '{code="200",job="a"}': [4, 8], '{code="500",job="a"}': [1, None], '{code="200",job="b"}': [4, -4]}),
        ("-", table({}, steps=2), Match(), False, {}),
        ("-", table({}, steps=2), Match(fill_right=1), False, {
            '{code="200",job="a"}': [5, 7], '{code="500",job="a"}': [0, None], '{code="200",job="b"}': [3, 3]}),
    ],
)  # fmt: skip
def test_requests_with(op: str, right: Frame, match: Match, returns_bool: bool, expected: Cells | None) -> None:  # noqa: FBT001
    if expected is None:
        with pytest.raises(ExecutionError, match="grouping labels must ensure unique matches"):
            combine(op, REQUESTS, right, match, returns_bool=returns_bool)
    else:
        assert cells(combine(op, REQUESTS, right, match, returns_bool=returns_bool)) == expected


def test_group_right_swaps_the_sides_but_not_the_operands() -> None:
    match = Match(("job",), on=True, many="right", include=("team",))
    assert cells(combine("-", JOBS, REQUESTS, match)) == {
        '{code="200",job="a",team="x"}': [4, 2], '{code="500",job="a",team="x"}': [9, None],
        '{code="200",job="b",team="y"}': [16, None],
    }  # fmt: skip
    kept = combine(">", JOBS, REQUESTS, match)
    assert cells(kept)['req{code="200",job="a",team="x"}'] == [10, 10]


def test_filling_the_left_side_gives_series_their_match_labels() -> None:
    left, right = table({'a{x="1"}': [1, None]}), table({'b{x="1"}': [10, 10], 'b{x="2"}': [None, 20]})
    assert cells(combine("+", left, right, Match(fill_left=100, fill_right=0))) == {
        '{x="1"}': [11, 110], '{x="2"}': [None, 120],
    }  # fmt: skip


def test_a_match_group_may_change_its_series_over_time() -> None:
    nodes = table({'pod{node="1",pod="p"}': [1, None], 'pod{node="2",pod="p"}': [None, 1]})
    usage = table({'use{pod="p"}': [5, 6]})
    assert cells(combine("*", usage, nodes, Match(("pod",), on=True, many="left", include=("node",)))) == {
        '{node="1",pod="p"}': [5, None], '{node="2",pod="p"}': [None, 6],
    }  # fmt: skip
    assert cells(combine("*", usage, nodes, Match(("pod",), on=True))) == {'{pod="p"}': [5, 6]}


DUPLICATE = (
    'found duplicate series for the match group {{job="a"}} on the {side} hand-side of the operation: '
    '[{{__name__="req", code="200", job="a"}}, {{__name__="req", code="500", job="a"}}]'
    ";many-to-many matching not allowed: matching labels must be unique on one side"
)


def test_duplicates_on_the_one_side() -> None:
    with pytest.raises(ExecutionError) as raised:
        combine("+", JOBS, REQUESTS, Match(("job",), on=True))
    assert str(raised.value) == DUPLICATE.format(side="right")
    with pytest.raises(ExecutionError) as raised:
        combine("+", REQUESTS, JOBS, Match(("job",), on=True, many="right"))
    assert str(raised.value) == DUPLICATE.format(side="left")


def test_duplicates_on_the_many_side_of_one_to_one() -> None:
    with pytest.raises(ExecutionError) as raised:
        combine("+", REQUESTS, JOBS, Match(("job",), on=True))
    assert str(raised.value) == (
        "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
    )


def test_duplicates_where_the_other_side_is_empty_are_no_error() -> None:
    nothing_then_one = table({'job{job="a"}': [None, 1]})
    assert cells(combine("+", nothing_then_one, REQUESTS, Match(("job",), on=True))) == {'{job="a"}': [None, 9]}


def test_the_error_of_the_earliest_step_is_reported() -> None:
    one_side_later = table({'r{a="1"}': [1, 1], 'r{a="2"}': [None, 1]})
    many_side_first = table({'l{a="1"}': [1, 1], 'l{a="2"}': [1, 1]})
    with pytest.raises(ExecutionError, match="must be explicit"):
        combine("+", many_side_first, one_side_later, Match((), on=True))


def test_results_that_lose_their_names_may_collide() -> None:
    both = table({'a{x="1"}': [1, 1], 'b{x="1"}': [1, 1]})
    with pytest.raises(ExecutionError, match="vector cannot contain metrics with the same labelset"):
        combine_with_scalar("*", both, np.full(2, 2.0))
    apart = table({'a{x="1"}': [1, None], 'b{x="1"}': [None, 2]})
    assert cells(combine_with_scalar("*", apart, np.full(2, 2.0))) == {'{x="1"}': [2, 4]}


@pytest.mark.parametrize(
    ("op", "scalar_is_left", "returns_bool", "expected"),
    [
        ("-", False, False, {'{n="1"}': [0, -3], '{n="2"}': [NAN, None]}),
        ("-", True, False, {'{n="1"}': [0, 3], '{n="2"}': [NAN, None]}),
        (">", False, False, {}),
        (">", True, False, {'x{n="1"}': [None, 1]}),
        ("!=", False, False, {'x{n="1"}': [None, 1], 'x{n="2"}': [NAN, None]}),
        (">=", False, True, {'{n="1"}': [1, 0], '{n="2"}': [0, None]}),
    ],
)
def test_scalars_per_step(op: str, scalar_is_left: bool, returns_bool: bool, expected: Cells) -> None:  # noqa: FBT001
    frame = table({'x{n="1"}': [2, 1], 'x{n="2"}': [NAN, None]})
    result = combine_with_scalar(
        op, frame, np.array([2.0, 4.0]), scalar_is_left=scalar_is_left, returns_bool=returns_bool
    )
    assert cells(result) == expected


@pytest.mark.parametrize(
    ("op", "left", "right", "expected"),
    [
        ("%", -7, 3, -1.0),
        ("%", 7, INF, 7.0),
        ("^", -1, INF, 1.0),
        ("^", 1, NAN, 1.0),
        ("/", 1, -0.0, -INF),
        ("atan2", -0.0, -1, -np.pi),
        ("==", NAN, NAN, 0.0),
        ("!=", NAN, NAN, 1.0),
    ],
)
def test_numbers(op: str, left: float, right: float, expected: float) -> None:
    assert combine_scalars(op, np.array([left]), np.array([right])).tolist() == [expected]


def test_labels_that_change_at_every_step_do_not_explode() -> None:
    steps = 300
    rows = [
        (series(f'owner{{node="n",pod="p{n}"}}'), [float(n == step) or None for step in range(steps)])
        for n in range(steps)
    ]
    many = of_rows([(series(f'use{{node="n",i="{i}"}}'), [1.0] * steps) for i in range(300)], grid(steps))
    with pytest.raises(LimitExceededError, match=r"operator \* would make 90000 series of 300 steps"):
        combine("*", many, of_rows(rows, grid(steps)), Match(("node",), on=True, many="left", include=("pod",)))
