"""Golden certificates: expression -> how each node is computed and how exact that is.

The file has blocks of a query and, indented, its certificate, over the clusters of ``test_plans``.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from query.model.certificate import Exactness, How, InexactError, PlanNode, require_exactness
from query.model.explanation_text import print_plan
from query.promql.plan.certify import certify
from query.promql.plan.planner import plan_query
from query.promql.plan.whole_numbers import is_whole
from query.promql.syntax import parse
from tests.unit.promql.plan.test_plans import CONTEXT

GOLDEN = Path(__file__).with_name("certificates.txt")


def blocks() -> Iterator[tuple[str, str]]:
    query, lines = "", []
    for line in [*GOLDEN.read_text(encoding="utf-8").splitlines(), "end"]:
        if line.startswith("    "):
            lines.append(line[4:])
        elif line and not line.startswith("#"):
            if query:
                yield query, "\n".join(lines) + "\n"
            query, lines = line, []


def certificate(query: str) -> PlanNode:
    return certify(plan_query(parse(query), CONTEXT).root)


@pytest.mark.parametrize(("query", "expected"), list(blocks()), ids=lambda text: text[:60])
def test_the_certificate_is_the_golden_one(query: str, expected: str) -> None:
    assert print_plan(certificate(query)) == expected


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("x", "exact"),
        ("sum(x)", "rounded"),
        ("sum(up > bool 0)", "exact"),
        ('sum(x{cluster="a"})', "exact"),
        ("sum by (cluster) (x)", "exact"),
        ("max(sum by (job) (x)) > 5", "rounded"),
        ("avg(count_over_time(x[5m]))", "exact"),
        ("avg(x)", "rounded"),
        ("stddev(x)", "rounded"),
        ("quantile(0.5, x)", "exact"),
        ("sum(limit_ratio(0.5, x))", "rounded"),
        ("count(limit_ratio(0.5, x))", "exact"),
        ("sum(count(x))", "exact"),
        ("time()", "exact"),
    ],
)
def test_how_exact_a_query_is(query: str, word: str) -> None:
    assert certificate(query).exactness.word == word


def test_downsampled_data_makes_an_estimate() -> None:
    root = certify(plan_query(parse("sum by (cluster) (x)"), CONTEXT).root, is_downsampled=True)
    assert root.exactness is Exactness.APPROXIMATE
    assert root.how is How.PUSHED


def test_what_is_not_exact_is_refused_by_name() -> None:
    with pytest.raises(InexactError) as raised:
        require_exactness(certificate("max(sum by (job) (x)) > 5"), Exactness.EXACT, remedy="ask one cluster")
    assert raised.value.found is Exactness.ROUNDED
    assert str(raised.value) == (
        "cannot compute sum by (job) exactly over several clusters: it would be rounded: floats of several clusters "
        "are added in another order than one server adds them; ask one cluster, or accept it with exactness=rounded"
    )
    require_exactness(certificate("sum(x)"), Exactness.ROUNDED, remedy="")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("count(x)", True),
        ("x", False),
        ("changes(x[5m]) + 1", True),
        ("changes(x[5m]) + 0.5", False),
        ("changes(x[5m]) * 3", False),
        ("x == bool 1", True),
        ("x == 1", False),
        ("1 == count(x)", True),
        ("count(x) and y", True),
        ("count(x) or y", False),
        ("-sum(group by (a) (x))", True),
        ("sum(x)", False),
        ("quantile(0.5, group by (a) (x))", False),
        ("label_replace(count(x), 'a', 'b', '', '')", True),
        ("year()", False),
        ("month()", True),
        ("rate(x[5m])", False),
    ],
)
def test_which_expressions_give_whole_numbers(query: str, expected: bool) -> None:  # noqa: FBT001
    assert is_whole(parse(query)) is expected


def test_a_query_shared_by_two_nodes_is_told_once() -> None:
    assert len(certificate("sum(x) / (1 + sum(x))").queries()) == 3
