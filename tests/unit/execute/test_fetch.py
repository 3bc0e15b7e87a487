"""A cluster that fails for a part of a query is missing from the whole answer."""

from collections.abc import AsyncIterator, Mapping

import msgspec
import pytest

from query.backends.base import Backend, BackendError, Deadline, Failure, Request
from query.execute.budget import MemoryPool
from query.execute.fanout import Member
from query.execute.membership import Membership
from query.execute.metrics import MetricsQueries
from query.execute.options import QueryOptions
from query.execute.settings import ExecuteSettings
from query.model.clusters import Cluster, ClusterName
from query.model.errors import IncompleteError
from query.model.time import Grid

OPTIONS = QueryOptions(allow_partial=True, timeout_s=10)


class Reply:
    status = 200
    headers: Mapping[str, str] = {"Content-Type": "application/json"}

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def chunks(self) -> AsyncIterator[bytes]:
        yield self._body

    async def aclose(self) -> None:
        pass


class Scripted:
    """Answers each query text with one sample of the value written down for it, and fails for any other."""

    def __init__(self, values: Mapping[str, float]) -> None:
        self.values = values

    async def send(self, request: Request, _deadline: Deadline, /) -> Reply:
        text = dict(request.form or ())["query"]
        if text not in self.values:
            raise BackendError(Failure.BROKEN, "scripted")
        sample = {"metric": {}, "value": [1, str(self.values[text])]}
        data = {"resultType": "vector", "result": [sample]}
        return Reply(msgspec.json.encode({"status": "success", "data": data}))

    async def aclose(self) -> None:
        pass


class HidesEverything:
    async def values(self, _backend: Backend, _name: str, _deadline: Deadline, /) -> tuple[str, ...]:
        return ()

    async def is_absent_somewhere(self, _backend: Backend, _name: str, _deadline: Deadline, /) -> bool:
        return True


def queries(**clusters: Mapping[str, float]) -> MetricsQueries:
    membership = Membership(HidesEverything(), "cluster", 10)
    membership.replace(
        Member(Cluster(ClusterName(name), {"cluster": name}), Scripted(values)) for name, values in clusters.items()
    )
    return MetricsQueries(membership, ExecuteSettings(), MemoryPool(1 << 30))


async def value_of(fleet: MetricsQueries, text: str) -> float:
    answer = await fleet.run(text, Grid.instant(1000), OPTIONS)
    assert [gap.cluster for gap in answer.completeness.missing] == ["b"]
    assert any('cluster "b" is missing' in warning for warning in answer.notes.warnings)
    (element,) = answer.elements
    return float(msgspec.json.decode(element)["value"][1])


async def test_a_mean_is_not_bent_by_half_a_cluster() -> None:
    fleet = queries(a={"sum(x)": 10, "count(x)": 2}, b={"sum(x)": 1000})
    assert await value_of(fleet, "sum(x) / count(x)") == 5


async def test_a_ratio_is_not_bent_by_half_a_cluster() -> None:
    fleet = queries(a={"sum(x)": 10, "sum(y)": 5}, b={"sum(y)": 1000})
    assert await value_of(fleet, "sum(x) / sum(y)") == 2


async def test_absence_is_not_decided_without_every_cluster() -> None:
    fleet = queries(a={"group(x)": 1}, b={})
    with pytest.raises(IncompleteError, match="absence can't be decided"):
        await fleet.run("absent(x)", Grid.instant(1000), OPTIONS)
