from __future__ import annotations

import math

import pytest

from query.model.clusters import ClusterName
from query.model.errors import BadQueryError, ExecutionError, UnsupportedError
from query.model.frames import Frame, Notes
from query.model.time import Grid
from query.promql.evaluate import ScalarRow, Text, can_evaluate, evaluate
from query.promql.plan.names import NOTHING
from query.promql.plan.nodes import Concat, MergedMean, Shard
from query.promql.syntax import parse
from query.promql.syntax.nodes import (
    Aggregate,
    Binary,
    Call,
    Expr,
    NumberLiteral,
    Placed,
    StringLiteral,
    Unary,
    ValueType,
    VectorSelector,
)
from query.promql.syntax.tree import replace_children
from tests.unit.promql.evaluate.tables import Cells, Given, cells, grid, name_of, run, table

DATA = {
    "requests": table({'requests{job="a"}': [6, 8], 'requests{job="b"}': [1, None]}),
    "errors": table({'errors{job="a"}': [3, 2], 'errors{job="c"}': [5, 5]}),
}


def with_data(query: str) -> Expr:
    def place(expr: Expr) -> Expr:
        if isinstance(expr, VectorSelector):
            return Given(DATA[expr.matchers[0].value])
        return replace_children(expr, place)

    return place(parse(query))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("sum(requests) / sum(errors) * 100", {"": [87.5, 8 / 7 * 100]}),
        ("requests > bool 2 or errors", {'{job="a"}': [1, 1], '{job="b"}': [0, None], 'errors{job="c"}': [5, 5]}),
        ("-(requests - errors)", {'{job="a"}': [-3, -6]}),
        ("topk(1, requests) unless errors < 3", {'requests{job="a"}': [6, None]}),
        ("quantile(0.5, requests)", {"": [3.5, 8]}),
        ('count_values("v", errors)', {'{v="2"}': [None, 1], '{v="3"}': [1, None], '{v="5"}': [1, 1]}),
        ("limitk by (job) (1, requests)", cells(DATA["requests"])),
        ("requests * scalar(sum(errors))", {'{job="a"}': [48, 56], '{job="b"}': [8, None]}),
        ("requests / on (job) group_left errors", {'{job="a"}': [2, 4]}),
        ("+requests == 1", {'requests{job="b"}': [1, None]}),
        ("vector(time()) + 1", {"": [1, 2]}),
    ],
)
def test_expressions(query: str, expected: Cells) -> None:
    result = run(with_data(query), grid(2)).value
    assert isinstance(result, Frame)
    assert cells(result) == expected


def test_scalars_and_strings() -> None:
    scalar = run(parse("-(1 + 2 * 3)"), grid(2)).value
    assert isinstance(scalar, ScalarRow)
    assert scalar.values.tolist() == [-7, -7]
    assert run(parse('("text")'), grid(2)).value == Text("text")


def test_rows_of_a_range_are_ordered_by_labels() -> None:
    frame = table({'x{n="2"}': [1, 1], 'x{n="1"}': [2, 2]})
    ranged = run(Call("sort_desc", (Given(frame),)), grid(2))
    assert isinstance(ranged.value, Frame)
    assert list(map(name_of, ranged.value.labels)) == ['x{n="1"}', 'x{n="2"}']
    assert not ranged.is_ordered
    assert ranged.notes == Notes(
        warnings=("PromQL warning: sort is ineffective for range queries since results are always ordered by labels",)
    )


@pytest.mark.parametrize(
    ("expr", "is_ordered"),
    [
        (lambda leaf: Call("sort", (leaf,)), True),
        (lambda leaf: Unary("-", Call("sort", (leaf,))), True),
        (lambda leaf: Binary("*", NumberLiteral(2), Call("sort", (leaf,))), True),
        (lambda leaf: Aggregate("topk", leaf, NumberLiteral(2)), True),
        (lambda leaf: Aggregate("sum", Call("sort", (leaf,))), False),
        (lambda leaf: leaf, False),
    ],
)
def test_whether_the_query_defines_the_order(expr: object, is_ordered: bool) -> None:  # noqa: FBT001
    assert callable(expr)
    leaf = Given(table({'x{n="1"}': [2], 'x{n="2"}': [1]}))
    assert run(expr(leaf), grid(1)).is_ordered is is_ordered


def test_notes_of_all_operands_are_kept() -> None:
    wrong = Call("histogram_quantile", (NumberLiteral(2), Given(table({"x": [1]}))))
    notes = run(Binary("+", wrong, Aggregate("quantile", wrong, NumberLiteral(-1)), matching=None), grid(1)).notes
    assert notes.warnings == (
        "PromQL warning: quantile value should be between 0 and 1, got 2",
        'PromQL warning: bucket label "le" is missing or has a malformed value of ""',
        "PromQL warning: quantile value should be between 0 and 1, got -1",
    )


def test_a_deep_tree_does_not_exhaust_the_stack() -> None:
    expr: Expr = NumberLiteral(0)
    for _ in range(20_000):
        expr = Binary("+", expr, NumberLiteral(1))
    row = run(expr, Grid.instant(0)).value
    assert isinstance(row, ScalarRow)
    assert row.values.tolist() == [20_000]


def scalar_leaf(shards: tuple[Shard, ...] = ()) -> Concat:
    return Concat(parse("scalar(x)"), shards, ValueType.SCALAR)


def test_a_scalar_that_a_cluster_computed() -> None:
    result = evaluate(Binary("+", scalar_leaf(), NumberLiteral(1)), grid(2), lambda _: table({"": [1, math.inf]}))
    assert isinstance(result.value, ScalarRow)
    assert result.value.values.tolist() == [2, math.inf]


@pytest.mark.parametrize("frame", [table({}, steps=2), table({"": [1, None]}), table({'{a="1"}': [1, 1], "": [1, 1]})])
def test_a_scalar_that_did_not_come_back_is_an_error(frame: Frame) -> None:
    shard = Shard(ClusterName("seoul"), parse("scalar(x)"), (), NOTHING)
    with pytest.raises(ExecutionError, match=r"no scalar came back for concat\[seoul\]\(scalar\(x\)\)"):
        evaluate(scalar_leaf((shard,)), grid(2), lambda _: frame)


VECTOR = Concat(parse("x"), ())


@pytest.mark.parametrize(
    ("expr", "reason"),
    [
        (parse("up"), "a vector selector: it reads data that no cluster was asked for"),
        (parse("sum(rate(up[5m]))"), "a range selector: it reads data that no cluster was asked for"),
        (Call("no_such_function", (VECTOR,)), "no_such_function(): the function is not evaluated at the gateway"),
        (Call("timestamp", (VECTOR,)), "timestamp(): the times of fetched samples are not known"),
        (Aggregate("approx_topk", VECTOR), "approx_topk: the aggregation is not evaluated"),
        (Aggregate("sum", VECTOR, NumberLiteral(1)), "sum: the aggregation takes no parameter"),
        (Aggregate("topk", VECTOR), "topk: the aggregation needs a parameter"),
        (Binary("<>", VECTOR, NumberLiteral(1)), "<>: the operator is unknown"),
        (Binary("and", VECTOR, VECTOR), "and: set operators match many to many"),
        (Unary("!", VECTOR), "!: the operator is unknown"),
        (
            Concat(parse("x[5m]"), (), ValueType.MATRIX),
            "concat[](x[5m]): a fetched range vector can't be computed with",
        ),
    ],
)
def test_what_is_refused(expr: Expr, reason: str) -> None:
    refusal = can_evaluate(expr)
    assert refusal is not None
    assert refusal.startswith(reason)
    with pytest.raises(UnsupportedError) as raised:
        evaluate(expr, grid(1), lambda _: table({}, steps=1))
    assert f"{raised.value.node}: {raised.value.reason}" == refusal


@pytest.mark.parametrize(
    "expr",
    [
        VECTOR,
        MergedMean(VECTOR),
        Call("absent", (Call("vector", (NumberLiteral(1),)),)),
        Call("timestamp", (Aggregate("sum", VECTOR),)),
        Call("timestamp", (MergedMean(VECTOR),)),
        Call("timestamp", (Concat(parse("sum by (cluster) (x)"), ()),)),
        parse("1 + 1"),
    ],
)
def test_what_is_not_refused(expr: Expr) -> None:
    assert can_evaluate(expr) is None


@pytest.mark.parametrize(
    "expr",
    [
        Call("rate", (VECTOR,)),
        Call("info", (VECTOR,)),
        Unary("-", StringLiteral("x")),
        Aggregate("sum", NumberLiteral(1)),
        Aggregate("topk", VECTOR, StringLiteral("1")),
        Aggregate("count_values", VECTOR, NumberLiteral(1)),
        Binary("+", StringLiteral("x"), NumberLiteral(1)),
    ],
)
def test_types_that_no_parser_lets_through(expr: Expr) -> None:
    with pytest.raises(BadQueryError):
        evaluate(expr, grid(1), lambda _: table({}, steps=1))


def test_an_unknown_kind_of_leaf_is_the_callers_business() -> None:
    class Other(Placed):
        def describe(self) -> str:
            return "other"

    assert can_evaluate(Other()) is None
    assert evaluate(Other(), grid(1), lambda _: table({"x": [1]})).value is not None
