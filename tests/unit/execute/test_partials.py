"""Partial results that do not determine the answer are followed by a second, more careful request."""

from collections.abc import Mapping

import msgspec

from query.backends.base import Deadline, Request
from query.execute.budget import MemoryPool
from query.execute.fanout import Member
from query.execute.membership import Membership
from query.execute.metrics import MetricsQueries
from query.execute.settings import ExecuteSettings
from query.model.clusters import Cluster, ClusterName
from query.model.time import Grid
from query.promql.plan.legs import LEG_LABEL
from tests.unit.execute.test_fetch import OPTIONS, HidesEverything, Reply

MEANS = "label_replace(avg(x)"
Series = tuple[Mapping[str, str], str]


class Scripted:
    """Answers by the longest of its keys that the query text holds, and remembers what it was asked."""

    def __init__(self, answers: Mapping[str, list[Series]], warnings: Mapping[str, str] | None = None) -> None:
        self.answers = answers
        self.warnings = warnings or {}
        self.asked: list[str] = []

    async def send(self, request: Request, _deadline: Deadline, /) -> Reply:
        text = dict(request.form or ())["query"]
        self.asked.append(text)
        key = max((key for key in self.answers if key in text), key=len)
        result = [{"metric": metric, "value": [1, value]} for metric, value in self.answers[key]]
        body = {"status": "success", "data": {"resultType": "vector", "result": result}}
        return Reply(msgspec.json.encode({**body, "warnings": [self.warnings[key]] if key in self.warnings else []}))

    async def aclose(self) -> None:
        pass


def legs(**values: str) -> list[Series]:
    return [({LEG_LABEL: leg}, value) for leg, value in values.items()]


async def answer_of(text: str, **backends: Scripted) -> float:
    membership = Membership(HidesEverything(), "cluster", 10)
    membership.replace(
        Member(Cluster(ClusterName(name), {"cluster": name}), backend) for name, backend in backends.items()
    )
    answer = await MetricsQueries(membership, ExecuteSettings(), MemoryPool(1 << 30)).run(
        text, Grid.instant(1000), OPTIONS
    )
    (element,) = answer.elements
    return float(msgspec.json.decode(element)["value"][1])


async def test_a_mean_takes_one_request_a_cluster() -> None:
    a, b = Scripted({"sum(x)": legs(sum="10", count="2")}), Scripted({"sum(x)": legs(sum="5", count="3")})
    assert await answer_of("avg(x)", a=a, b=b) == 3
    assert (len(a.asked), len(b.asked)) == (1, 1)


async def test_a_sum_that_overflows_is_followed_by_a_request_for_means() -> None:
    a = Scripted({"sum(x)": legs(sum="+Inf", count="2"), MEANS: legs(sum="+Inf", count="2", avg="1.5e308")})
    b = Scripted({"sum(x)": legs(sum="5", count="2"), MEANS: legs(sum="5", count="2", avg="2.5")})
    assert await answer_of("avg(x)", a=a, b=b) == 0.75e308
    assert (len(a.asked), len(b.asked)) == (2, 2)


async def test_squares_that_overflow_are_followed_by_a_request_for_values() -> None:
    a = Scripted({"stdvar(x)": legs(count="2", avg="0", stdvar="+Inf"), "x": [({"s": "1"}, "1"), ({"s": "2"}, "3")]})
    b = Scripted({"stdvar(x)": legs(count="1", avg="2", stdvar="0"), "x": [({"s": "1"}, "2")]})
    assert await answer_of("stdvar(x)", a=a, b=b) == 2 / 3
    assert a.asked[-1] == "x"


async def test_floats_and_histograms_in_one_group_are_followed_by_a_request_for_values() -> None:
    mixed = "PromQL warning: encountered a mix of histograms and floats for aggregation (1:5)"
    a = Scripted({"sum(x)": [], "x": [({"s": "1"}, "1")]}, {"sum(x)": mixed})
    b = Scripted({"sum(x)": [({}, "2")], "x": [({"s": "1"}, "2")]})
    assert await answer_of("sum(x)", a=a, b=b) == 3
