"""The evaluator against a real Prometheus: the same leaves, the same expression, the same answer.

Every selector is asked from the server and handed to the evaluator, which computes the rest; the server is asked the
whole. Labels, presence, order of ordered instant results, annotations and error texts have to be the same; values to
the last bits, for Go computes some functions itself.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import pytest

from query.model.errors import ExecutionError
from query.model.frames import Frame
from query.model.labels import NO_LABELS, Labels
from query.model.time import MS_PER_S, Grid
from query.promql.evaluate import Evaluation, ScalarRow, by_labels, evaluate
from query.promql.evaluate.heap import INSERTION_SORT_LENGTH
from query.promql.syntax.nodes import Placed
from tests.real.evaluate.expressions import EXPRESSIONS, generated
from tests.real.evaluate.samples import SAMPLES, START_S, STEP_S
from tests.real.evaluate.server import Answered, Fetched, Server, comparable, with_fetched_leaves

_LAST_S = START_S + (SAMPLES - 1) * STEP_S
GRIDS = {
    "instant": Grid.instant((START_S + 600) * MS_PER_S),
    "later instant": Grid.instant((START_S + 1510) * MS_PER_S + 250),
    "range": Grid(START_S * MS_PER_S, _LAST_S * MS_PER_S, 60_000),
    "uneven range": Grid((START_S - 100) * MS_PER_S, (_LAST_S + 400) * MS_PER_S + 17, 47_500),
    "range of one step": Grid((START_S + 600) * MS_PER_S, (START_S + 605) * MS_PER_S, 60_000),
}
LAST_BITS = 1e-13
ROUNDING = 1e-9
"""Of sums of computed series, whose order upstream is random."""
_DUPLICATES = re.compile(r"match group \{.*?\} |\[.*\]")
Answer = TypeVar("Answer")


@pytest.mark.parametrize("query", EXPRESSIONS)
def test_expression(server: Server, query: str) -> None:
    compare(server, query, GRIDS["instant"])
    compare(server, query, GRIDS["uneven range"])


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
@pytest.mark.parametrize("part", range(4))
def test_generated_expressions(server: Server, part: int, grid: Grid, pytestconfig: pytest.Config) -> None:
    count, seed = pytestconfig.getoption("generated"), pytestconfig.getoption("seed")
    for query in generated(seed + part, max(1, count // 4)):
        compare(server, query, grid, tolerance=ROUNDING, comparable_error=without_duplicates)


def without_duplicates(error: str | None) -> str | None:
    """Leave out which duplicates are named, which depends on the order upstream has computed series in: none."""
    return error and _DUPLICATES.sub("", error)


def compare(
    server: Server,
    query: str,
    grid: Grid,
    *,
    tolerance: float = LAST_BITS,
    comparable_error: Callable[[str | None], str | None] = lambda error: error,
) -> None:
    """Fail, with the query, unless both answer the same or fail with the same words."""
    expected, expected_error = answer_or_error(lambda: server.ask(query, grid))
    leaves: list[Answered] = []

    def leaf(node: Placed) -> Frame:
        assert isinstance(node, Fetched)
        leaves.append(server.ask(node.query, grid))
        return leaves[-1].frame

    got, error = answer_or_error(lambda: evaluate(with_fetched_leaves(query), grid, leaf))
    assert comparable_error(error) == comparable_error(expected_error), query
    if expected is not None and got is not None:
        difference = difference_of(expected, got, leaves, tolerance)
        assert not difference, f"{query}\n{difference}"


def answer_or_error(ask: Callable[[], Answer]) -> tuple[Answer | None, str | None]:
    """Return the answer, or the words of the error upstream would give."""
    try:
        return ask(), None
    except ExecutionError as error:
        return None, str(error)


def difference_of(expected: Answered, got: Evaluation, leaves: Sequence[Answered], tolerance: float) -> str:
    frame = as_frame(got)
    if got.is_ordered and (order := order_of(frame)) != order_of(expected.frame):
        return f"order {order}\nexpected {order_of(expected.frame)}"
    want, have = by_labels(expected.frame), by_labels(frame)
    if want.labels != have.labels:
        return f"rows {have.labels}\nexpected {want.labels}"
    if (want.present != have.present).any():
        return f"present {have.present.tolist()}\nexpected {want.present.tolist()}"
    for labels, mine, theirs in zip(want.labels, have.values, want.values, strict=True):
        for time, value, other in zip(frame.grid.times_ms(), mine.tolist(), theirs.tolist(), strict=True):
            if not is_same(value, other, tolerance):
                return f"{labels} at {time}: {value!r}, expected {other!r}"
    warnings = comparable(got.notes.warnings).union(*(leaf.warnings for leaf in leaves))
    infos = comparable(got.notes.infos).union(*(leaf.infos for leaf in leaves))
    if (warnings, infos) != (expected.warnings, expected.infos):
        return f"notes {warnings} {infos}\nexpected {expected.warnings} {expected.infos}"
    return ""


def order_of(frame: Frame) -> list[float] | list[Labels]:
    """Return what is defined of the order of an instant result: upstream's sort is stable only when it is short."""
    if frame.series <= INSERTION_SORT_LENGTH:
        return list(frame.labels)
    return [math.inf if math.isnan(value) else value for value in frame.values[:, 0].tolist()]


def as_frame(got: Evaluation) -> Frame:
    match got.value:
        case Frame() as frame:
            rows = np.where(frame.present, frame.values, 0.0)
            return Frame(frame.grid, frame.labels, rows, frame.present)
        case ScalarRow(grid, values):
            return Frame(grid, (NO_LABELS,), values[None, :], np.ones((1, grid.steps), np.bool_))
        case other:
            raise AssertionError(f"no expression here is a {type(other).__name__}")


def is_same(value: float, other: float, tolerance: float) -> bool:
    if math.isnan(value) or math.isnan(other):
        return math.isnan(value) and math.isnan(other)
    return value == other or math.isclose(value, other, rel_tol=tolerance, abs_tol=0)
