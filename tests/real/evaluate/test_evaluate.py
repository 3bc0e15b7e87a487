"""The evaluator against a real Prometheus: the same leaves, the same expression, the same answer.

Every selector is asked from the server and handed to the evaluator, which computes the rest; the server is asked the
whole. Labels, presence, order of ordered instant results, annotations and error texts have to be the same; values to
the last bits, for Go computes some functions itself.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest

from query.model.errors import ExecutionError, GatewayError
from query.model.frames import Frame, Notes
from query.model.labels import NO_LABELS
from query.model.time import MS_PER_S, Grid
from query.promql.evaluate import Evaluation, ScalarRow, Text, by_labels, evaluate
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
TOLERANCE = 1e-13


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
@pytest.mark.parametrize("query", EXPRESSIONS)
def test_expression(server: Server, query: str, grid: Grid) -> None:
    compare(server, query, grid)


@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS)
@pytest.mark.parametrize("part", range(10))
def test_generated_expressions(server: Server, part: int, grid: Grid, pytestconfig: pytest.Config) -> None:
    count, seed = pytestconfig.getoption("generated"), pytestconfig.getoption("seed")
    for query in generated(seed + part, max(1, count // 10)):
        compare(server, query, grid)


def compare(server: Server, query: str, grid: Grid) -> None:
    """Fail, with the query, unless both answer the same or fail with the same words."""
    try:
        expected = server.ask(query, grid)
    except GatewayError as error:
        expected_error = str(error)
    else:
        expected_error = None
    try:
        got = evaluate(with_fetched_leaves(query), grid, functools.partial(fetch, server, grid))
    except ExecutionError as error:
        assert expected_error == str(error), query
        return
    assert expected_error is None, f"{query}: expected error {expected_error}"
    difference = difference_of(expected, got, grid)
    assert not difference, f"{query}\n{difference}"


def fetch(server: Server, grid: Grid, node: Placed) -> Frame:
    assert isinstance(node, Fetched)
    return server.ask(node.query, grid).frame


def difference_of(expected: Answered, got: Evaluation, grid: Grid) -> str:
    frame = as_frame(got)
    want, have = (expected.frame, frame) if got.is_ordered else (by_labels(expected.frame), by_labels(frame))
    if want.labels != have.labels:
        return f"rows {have.labels}\nexpected {want.labels}"
    if (want.present != have.present).any():
        return f"present {have.present.tolist()}\nexpected {want.present.tolist()}"
    for labels, mine, theirs in zip(want.labels, have.values, want.values, strict=True):
        for time, value, other in zip(grid.times_ms(), mine.tolist(), theirs.tolist(), strict=True):
            if not is_same(value, other):
                return f"{labels} at {time}: {value!r}, expected {other!r}"
    if notes_of(got.notes) != (expected.warnings, expected.infos):
        return f"notes {got.notes}\nexpected {expected.warnings} {expected.infos}"
    return ""


def as_frame(got: Evaluation) -> Frame:
    match got.value:
        case Frame() as frame:
            rows = np.where(frame.present, frame.values, 0.0)
            return Frame(frame.grid, frame.labels, rows, frame.present)
        case ScalarRow(grid, values):
            return Frame(grid, (NO_LABELS,), values[None, :], np.ones((1, grid.steps), np.bool_))
        case Text():
            raise AssertionError("no expression here is a string")


def notes_of(notes: Notes) -> tuple[frozenset[str], frozenset[str]]:
    return comparable(notes.warnings), comparable(notes.infos)


def is_same(value: float, other: float) -> bool:
    if math.isnan(value) or math.isnan(other):
        return math.isnan(value) and math.isnan(other)
    return value == other or math.isclose(value, other, rel_tol=TOLERANCE, abs_tol=0)
