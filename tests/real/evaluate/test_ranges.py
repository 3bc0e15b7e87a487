"""Evaluating everything here, from raw samples, against a real Prometheus: the same samples, the same answer.

The plan is that of a gateway that pushes selectors only; each of its leaves is asked from the server.
"""

from __future__ import annotations

import pytest

from query.model.clusters import Cluster, ClusterName
from query.model.frames import Frame
from query.model.samples import RawSeries
from query.model.time import Grid
from query.promql.evaluate import Evaluation, RangeVector, evaluate
from query.promql.plan.context import PlanContext
from query.promql.plan.nodes import Concat, Samples
from query.promql.plan.planner import plan_query
from query.promql.syntax import parse
from query.promql.syntax.nodes import Placed
from query.promql.syntax.printer import print_expr
from tests.real.evaluate.range_expressions import MATRICES, RANGE_EXPRESSIONS
from tests.real.evaluate.server import Answered, Server
from tests.real.evaluate.test_evaluate import GRIDS, LAST_BITS, answer_or_error, difference_of

SCRAPE_INTERVAL_MS = 2_000
"""What the server is configured with, its evaluation interval, too."""
CLUSTER = Cluster(ClusterName("only"), {})


@pytest.mark.parametrize("query", RANGE_EXPRESSIONS)
def test_expression(server: Server, query: str) -> None:
    compare(server, query, GRIDS["later instant"])
    compare(server, query, GRIDS["uneven range"])


@pytest.mark.parametrize("query", MATRICES)
@pytest.mark.parametrize("name", ["instant", "later instant"])
def test_range_vector(server: Server, query: str, name: str) -> None:
    grid = GRIDS[name]
    got = from_samples(server, query, grid, []).value
    assert isinstance(got, RangeVector)
    assert rows(got.raw) == rows(server.ask_raw(query, grid.start_ms))


def rows(raw: RawSeries) -> dict[object, list[tuple[int, float]]]:
    """Return what can be compared: the samples of each series."""
    points = list(zip(raw.times_ms.tolist(), raw.values.tolist(), strict=True))
    ends = raw.bounds.tolist()
    return {labels: points[start:stop] for labels, start, stop in zip(raw.labels, ends, ends[1:], strict=False)}


def compare(server: Server, query: str, grid: Grid) -> None:
    """Fail, with the query, unless both answer the same or fail with the same words."""
    expected, expected_error = answer_or_error(lambda: server.ask(query, grid))
    asked: list[Answered] = []
    got, error = answer_or_error(lambda: from_samples(server, query, grid, asked))
    assert error == expected_error, query
    if expected is not None and got is not None:
        difference = difference_of(expected, got, asked, LAST_BITS)
        assert not difference, f"{query}\n{difference}"


def from_samples(server: Server, query: str, grid: Grid, asked: list[Answered]) -> Evaluation:
    """Evaluate a query of which the server is asked selectors only."""
    context = PlanContext(
        (CLUSTER,),
        subquery_step_ms=SCRAPE_INTERVAL_MS,
        step_ms=0 if grid.is_instant else grid.step_ms,
        range_ms=grid.end_ms - grid.start_ms,
        start_ms=grid.start_ms,
        pushes_down=False,
    )

    def leaf(node: Placed) -> Frame | RawSeries:
        if isinstance(node, Samples):
            assert node.source.grid is not None
            return server.ask_raw(sent(node.source), node.source.grid.start_ms)
        assert isinstance(node, Concat)
        asked.append(server.ask(sent(node), node.grid or grid))
        return asked[-1].frame

    return evaluate(plan_query(parse(query), context).root, grid, leaf)


def sent(leaf: Concat) -> str:
    """Return what the only cluster is sent."""
    return print_expr(leaf.shards[0].expr)
