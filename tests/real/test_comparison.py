"""The judge is judged: whatever is changed in an answer is found, and what may differ is let pass."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from tests.real.answers import Answer, Row, ShownHistogram
from tests.real.comparison import differences, equal_values
from tests.real.log_answers import Line, LogAnswer, log_differences

A, B, C = (("cluster", "seoul"),), (("cluster", "tokyo"),), (("cluster", "paris"),)
MATRIX = Answer(
    200,
    "matrix",
    (Row(A, ((0, 1.0), (60, 0.3), (120, math.nan))), Row(B, ((0, 2.0), (120, math.inf)))),
    warnings=("PromQL warning: odd (1:7)",),
)
VECTOR = Answer(200, "vector", (Row(A, ((0, 1.0),)), Row(B, ((0, 2.0),)), Row(C, ((0, 2.0),))))
REFUSED = Answer(422, error_type="execution", error="no")
FIRST, SECOND = MATRIX.rows

CHANGED = {
    "a row is gone": replace(MATRIX, rows=(FIRST,)),
    "a row is new": replace(MATRIX, rows=(*MATRIX.rows, Row(C, ((0, 1.0),)))),
    "a row comes twice": replace(MATRIX, rows=(FIRST, FIRST, SECOND)),
    "rows change places": replace(MATRIX, rows=(SECOND, FIRST)),
    "a label differs": replace(MATRIX, rows=(FIRST, Row(C, SECOND.samples))),
    "a sample is gone": replace(MATRIX, rows=(FIRST, Row(B, SECOND.samples[:1]))),
    "a sample is new": replace(MATRIX, rows=(FIRST, Row(B, ((0, 2.0), (60, 2.0), (120, math.inf))))),
    "a sample moves": replace(MATRIX, rows=(FIRST, Row(B, ((1, 2.0), (120, math.inf))))),
    "samples change places": replace(MATRIX, rows=(FIRST, Row(B, ((120, math.inf), (0, 2.0))))),
    "the last digit differs": replace(
        MATRIX, rows=(Row(A, ((0, 1.0), (60, math.nextafter(0.3, 1)), (120, math.nan))), SECOND)
    ),
    "infinity turns": replace(MATRIX, rows=(FIRST, Row(B, ((0, 2.0), (120, -math.inf))))),
    "NaN becomes a number": replace(MATRIX, rows=(Row(A, ((0, 1.0), (60, 0.3), (120, 0.0))), SECOND)),
    "the type differs": replace(MATRIX, result_type="vector"),
    "a warning is gone": replace(MATRIX, warnings=()),
    "an info is new": replace(MATRIX, infos=("PromQL info: new (1:1)",)),
    "it is an error": REFUSED,
}


@pytest.mark.parametrize("change", CHANGED)
def test_every_change_is_found(change: str) -> None:
    assert differences("rate(x[5m])", MATRIX, MATRIX) == []
    assert differences("rate(x[5m])", MATRIX, CHANGED[change]) != []


def test_where_floats_are_added_the_last_digit_may_differ_and_no_other() -> None:
    changed = CHANGED["the last digit differs"]
    assert differences("sum(x)", MATRIX, changed) == []
    farther = replace(MATRIX, rows=(Row(A, ((0, 1.0), (60, 0.3 * (1 + 1e-11)), (120, math.nan))), SECOND))
    assert differences("sum(x)", MATRIX, farther) != []


def test_the_position_in_a_warning_is_the_gateways_own() -> None:
    assert differences("x", MATRIX, replace(MATRIX, warnings=("PromQL warning: odd (2:1)",))) == []


def test_a_vector_is_ordered_only_by_sort() -> None:
    turned = replace(VECTOR, rows=(VECTOR.rows[1], VECTOR.rows[0], VECTOR.rows[2]))
    tied = replace(VECTOR, rows=(VECTOR.rows[0], VECTOR.rows[2], VECTOR.rows[1]))
    assert differences("x", VECTOR, turned) == []
    assert differences("sort(x)", VECTOR, turned) != []
    assert differences("sort(x)", VECTOR, tied) == []


def test_among_ties_any_may_be_chosen_but_no_other_value_and_no_invention() -> None:
    candidates = VECTOR
    expected = replace(VECTOR, rows=(VECTOR.rows[1],))
    assert differences("topk(1, x)", expected, replace(VECTOR, rows=(VECTOR.rows[2],)), candidates) == []
    assert differences("topk(1, x)", expected, replace(VECTOR, rows=(VECTOR.rows[0],)), candidates) != []
    assert differences("topk(1, x)", expected, replace(VECTOR, rows=()), candidates) != []
    invented = Row((("cluster", "busan"),), ((0, 2.0),))
    assert differences("topk(1, x)", expected, replace(VECTOR, rows=(invented,)), candidates) != []


def test_limitk_may_take_a_histogram_or_a_float_but_none_that_is_not_there() -> None:
    shown = ShownHistogram(1.0, 2.0, ((0, 0.5, 1.0, 1.0),))
    native = Row((("cluster", "seoul"), ("kind", "native")), (), ((0, shown),))
    candidates = replace(VECTOR, rows=(*VECTOR.rows, native))
    expected, other = replace(VECTOR, rows=(native,)), replace(VECTOR, rows=(VECTOR.rows[0],))
    assert differences("limitk(1, x)", expected, other, candidates) == []
    assert differences("limitk(1, x)", other, expected, candidates) == []
    assert differences("limitk(1, x)", other, replace(VECTOR, rows=()), candidates) != []
    invented = replace(native, histograms=((0, replace(shown, count=3.0)),))
    assert differences("limitk(1, x)", other, replace(VECTOR, rows=(invented,)), candidates) != []


def test_errors_are_the_same_when_status_and_type_are() -> None:
    assert differences("x", REFUSED, replace(REFUSED, error="never")) == []
    assert differences("x", REFUSED, replace(REFUSED, status_code=400)) != []
    assert differences("x", REFUSED, replace(REFUSED, error_type="bad_data")) != []
    assert differences("x", REFUSED, VECTOR) != []


def test_values_are_equal_to_the_bit_unless_told_otherwise() -> None:
    assert equal_values(math.nan, math.nan)
    assert not equal_values(math.nan, 0.0)
    assert not equal_values(1.0, math.nextafter(1.0, 2))
    assert equal_values(1.0, math.nextafter(1.0, 2), 1e-12)
    assert not equal_values(math.inf, 1e308, 1e-12)


def _log(*lines: Line) -> LogAnswer:
    by_stream: dict[tuple[tuple[str, str], ...], list[int]] = {}
    for at, labels, _, _ in lines:
        by_stream.setdefault(labels, []).append(at)
    return LogAnswer(200, lines=lines, per_stream=tuple((name, tuple(times)) for name, times in by_stream.items()))


LINES: tuple[Line, ...] = ((3, A, "newest", ""), (2, A, "tie a", ""), (2, B, "tie b", ""), (1, B, "oldest", ""))


def _log_differences(expected: LogAnswer, got: LogAnswer, limit: int = 100) -> list[str]:
    return log_differences("{}", expected, got, direction="backward", limit=limit, every=_log(*LINES))


def test_log_lines_are_compared_one_by_one() -> None:
    whole = _log(*LINES)
    assert _log_differences(whole, whole) == []
    assert _log_differences(whole, _log(*LINES[1:])) != []
    assert _log_differences(whole, _log(*LINES, (1, B, "oldest", ""))) != []
    assert _log_differences(whole, _log(*LINES[:3], (1, B, "other text", ""))) != []
    assert _log_differences(whole, _log(*LINES[:3], (1, B, "oldest", '{"parsed": {}}'))) != []
    assert _log_differences(whole, _log(LINES[1], LINES[0], *LINES[2:])) != []


def test_a_limit_may_cut_a_tie_anywhere_but_nowhere_else() -> None:
    expected = _log(LINES[0], LINES[1])
    assert _log_differences(expected, _log(LINES[0], LINES[2]), limit=2) == []
    assert _log_differences(expected, _log(LINES[1], LINES[2]), limit=2) != []
    assert _log_differences(expected, _log(LINES[0], LINES[3]), limit=2) != []
    assert _log_differences(expected, _log(LINES[0]), limit=2) != []
    assert _log_differences(expected, _log(LINES[0], (2, C, "invented", "")), limit=2) != []
