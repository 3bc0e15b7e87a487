"""Plans told in the terms of certificates: where a node is computed, how exact it is, and why."""

from __future__ import annotations

import pytest

from query.logql.plan.certify import certify_lines, certify_numbers
from query.model.certificate import Exactness, How
from tests.unit.logql.fleet import logs, metric

X = '{app="x"}'


@pytest.mark.parametrize(
    ("query", "how", "exactness", "rule"),
    [
        (f"rate({X}[5m])", How.PUSHED, Exactness.EXACT, "side by side"),
        ('sum(rate({app="x", cluster="seoul"}[5m]))', How.PUSHED, Exactness.EXACT, "in one cluster"),
        ('sum(rate({app="x", cluster="none"}[5m]))', How.PUSHED, Exactness.EXACT, "no cluster can hold"),
        (f"sum(rate({X}[5m]))", How.MERGED, Exactness.ROUNDED, "another order"),
        (f"sum(count_over_time({X}[5m]))", How.MERGED, Exactness.EXACT, "whole numbers"),
        (f"count(rate({X}[5m]))", How.MERGED, Exactness.EXACT, "counts of series"),
        (f"topk(2,rate({X}[5m]))", How.MERGED, Exactness.EXACT, "which of equal ones is free"),
        (f"max_over_time({X} | unwrap y[5m]) by (a)", How.MERGED, Exactness.EXACT, "greatest"),
        (f"avg(rate({X}[5m]))", How.MERGED, Exactness.ROUNDED, "sum by count"),
        (f"stddev(rate({X}[5m]))", How.EVALUATED, Exactness.ROUNDED, "another order"),
        (f"absent_over_time({X}[5m])", How.MERGED, Exactness.EXACT, "every cluster says so"),
        (
            f"avg_over_time({X} | unwrap y[5m]) by (a)",
            How.EVALUATED,
            Exactness.ROUNDED,
            "values of all clusters",
        ),
        (f"quantile_over_time(0.5,{X} | unwrap y[5m]) by (a)", How.EVALUATED, Exactness.EXACT, "all clusters' lines"),
        (f"first_over_time({X} | unwrap y[5m]) by (a)", How.EVALUATED, Exactness.EXACT, "one instant is free"),
        ("vector(1) + vector(1)", How.EVALUATED, Exactness.EXACT, "no data"),
    ],
)
def test_numbers(query: str, how: How, exactness: Exactness, rule: str) -> None:
    node = certify_numbers(metric(query).root)
    assert (node.how, node.exactness) == (how, exactness)
    assert rule in node.rule


def test_a_node_is_as_exact_as_the_worst_below_it() -> None:
    node = certify_numbers(metric(f"sum(rate({X}[5m])) / sum(count_over_time({X}[5m]))").root)
    assert (node.own, node.exactness) == (Exactness.EXACT, Exactness.ROUNDED)
    assert [child.exactness for child in node.children] == [Exactness.ROUNDED, Exactness.EXACT]
    assert [sent.cluster for sent in node.queries()] == ["seoul", "tokyo", "lima"] * 2


def test_lines() -> None:
    node = certify_lines(logs(f"{X} | json"))
    assert (node.text, node.how, node.exactness) == ("lines", How.MERGED, Exactness.EXACT)
    assert [sent.query for sent in node.queries()] == [f"{X} | json"] * 3
    assert certify_lines(logs('{app="x", cluster="seoul"}')).how is How.PUSHED
