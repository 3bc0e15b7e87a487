"""What is passed on unread, and what that must not change."""

import msgspec
import pytest

from query.api.respond import array_response
from query.execute.elements import SeriesElements, size_of
from query.execute.lanes import can_splice
from query.execute.options import QueryOptions
from query.model.clusters import Cluster, ClusterName
from query.model.frames import Notes
from query.model.labels import Labels
from query.model.time import Grid
from query.promql.plan.context import PlanContext
from query.promql.plan.planner import plan_query
from query.promql.syntax import parse
from query.wire.prometheus import SeriesBody, carries, count_series
from query.wire.tally import SERIES

OPTIONS = QueryOptions(allow_partial=True, timeout_s=10)
INSTANT = Grid.instant(60_000)
RANGE = Grid(60_000, 120_000, 10_000)


def splices(query: str, grid: Grid, options: QueryOptions = OPTIONS) -> bool:
    clusters = tuple(Cluster(ClusterName(name), {"cluster": name}, frozenset({"cluster"})) for name in "ab")
    return can_splice(plan_query(parse(query), PlanContext(clusters)), grid, options)


@pytest.mark.parametrize(
    ("query", "grid", "expected"),
    [
        ("x", INSTANT, True),
        ("x", RANGE, False),
        ('x{cluster="a"}', RANGE, True),
        ("sum by (cluster) (x)", INSTANT, True),
        ("sum(x)", INSTANT, False),
        ('sum(x{cluster="b"})', RANGE, True),
        ("x[5m]", INSTANT, False),
        ("vector(1)", INSTANT, False),
    ],
)
def test_only_what_keeps_its_order_is_passed_on_unread(query: str, grid: Grid, *, expected: bool) -> None:
    assert splices(query, grid) is expected


CARRIED = b'{"metric":{"cluster":"a","x":"y"},"value":[1,"1"]},{"metric":{"cluster":"a"},"value":[1,"2"]}'


@pytest.mark.parametrize(
    ("text", "labels", "expected"),
    [
        (CARRIED, (("cluster", "a"),), True),
        (CARRIED, (), True),
        (b"", (("cluster", "a"),), True),
        (CARRIED, (("cluster", "b"),), False),
        (CARRIED, (("x", "y"),), False),
        (CARRIED.replace(b'"cluster":"a","x"', b'"x"'), (("cluster", "a"),), False),
        (b'{"metric":{"x":"\\"cluster\\":\\"a\\""},"value":[1,"1"]}', (("cluster", "a"),), False),
        (b'{"metric":{"cluster":"a","metric":"{"},"value":[1,"1"]}', (("cluster", "a"),), True),
    ],
)
def test_labels_are_seen_without_parsing(text: bytes, labels: Labels, *, expected: bool) -> None:
    assert carries(text, labels, text.count(SERIES)) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", 0),
        (CARRIED, 2),
        (b'{"metric":{},"value":[1,"1"]}', 1),
        (b'{"metric":{"x":"\\"metric\\":{"},"value":[1,"1"]}', 1),
        (CARRIED.replace(b":", b": "), None),
        (CARRIED.replace(b'"metric":{"cluster":"a"}', b'"metric": {"cluster":"a"}'), None),
        (b'{"metric":{"metric":"x"},"value":[1,"1"]}', None),
        (b'{"value":[1,"1"]}', None),
    ],
)
def test_series_are_counted_only_where_they_are_written_as_upstream_writes_them(
    text: bytes, expected: int | None
) -> None:
    assert count_series(text) == expected


def test_a_limit_has_to_be_counted() -> None:
    assert not splices("x", INSTANT, options=QueryOptions(allow_partial=True, timeout_s=10, limit=5))


async def test_a_large_answer_is_written_piece_by_piece_and_whole() -> None:
    values = msgspec.Raw(b"[" + b",".join(b'[%d,"1.5"]' % at for at in range(200)) + b"]")
    listed = [((("cluster", "a"), ("pod", f"p{number}")), SeriesBody(values=values)) for number in range(1_000)]
    elements = SeriesElements(listed)
    assert len(elements) == 1_000
    assert size_of(elements) == 1_000 * len(values)
    assert list(elements[:2]) == [elements[0], elements[1]]
    response = array_response(b'{"result":[', elements, b"]}", Notes(("careful",)), None)
    chunks = [chunk async for chunk in response.body_iterator]  # type: ignore[attr-defined]
    assert len(chunks) > 5
    body = msgspec.json.decode(b"".join(chunks))
    assert body["warnings"] == ["careful"]
    assert [one["metric"]["pod"] for one in body["data"]["result"]] == [f"p{number}" for number in range(1_000)]
    assert all(len(one["values"]) == 200 for one in body["data"]["result"])
