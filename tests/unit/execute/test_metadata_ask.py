"""The same question to every cluster: what is sent, what is united, and what a failure or refusal means."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import msgspec
import pytest

from query.backends.base import BackendError, Deadline, Failure, Request
from query.execute.fanout import Member
from query.execute.membership import Membership
from query.execute.metadata_ask import MetadataAsker, Parts
from query.execute.options import QueryOptions
from query.execute.settings import ExecuteSettings
from query.model.clusters import Cluster, ClusterName
from query.model.errors import BadQueryError, IncompleteError
from query.promql.syntax.parser import parse_selector

PASSED_ON = (("storeMatch[]", '{a="b"}'), ("partial_response", "false"))
STRICT = QueryOptions(allow_partial=False, timeout_s=10, passed_on=PASSED_ON)
LENIENT = QueryOptions(allow_partial=True, timeout_s=10)


class Reply:
    headers: Mapping[str, str] = {"Content-Type": "application/json"}

    def __init__(self, status: int, body: bytes) -> None:
        self.status = status
        self._body = body

    async def chunks(self) -> AsyncIterator[bytes]:
        yield self._body

    async def aclose(self) -> None:
        pass


class Server:
    """Answers everything with one list, one refusal, or nothing at all, and keeps what it was asked."""

    def __init__(self, data: list[str] | None = None, refusal: str = "") -> None:
        self._data = data
        self._refusal = refusal
        self.asked: list[Request] = []

    async def send(self, request: Request, deadline: Deadline) -> Reply:
        assert deadline.remaining_s() > 0
        self.asked.append(request)
        if self._refusal:
            told = {"status": "error", "errorType": "bad_data", "error": self._refusal}
            return Reply(400, msgspec.json.encode(told))
        if self._data is None:
            raise BackendError(Failure.UNREACHABLE, "gone")
        return Reply(200, msgspec.json.encode({"status": "success", "data": self._data, "infos": ["noted"]}))

    async def aclose(self) -> None:
        pass


class NoProbe:
    async def values(self, backend: Any, name: str, deadline: Deadline) -> tuple[str, ...]:
        del backend, name, deadline
        return ()

    async def is_absent_somewhere(self, backend: Any, name: str, deadline: Deadline) -> bool:
        del backend, name, deadline
        return False


def _asker(**servers: Server) -> MetadataAsker:
    membership = Membership(NoProbe(), "cluster", 1.0)
    membership.replace(Member(Cluster(ClusterName(name), {"cluster": name}), one) for name, one in servers.items())
    return MetadataAsker(membership, ExecuteSettings())


def _unite(parts: Parts[list[str]]) -> list[str]:
    return sorted({item for _, found in parts for item in found})


async def test_every_cluster_is_asked_and_told_what_the_request_chose() -> None:
    seoul, tokyo = Server(["a", "b"]), Server(["b", "c"])
    answer = await _asker(seoul=seoul, tokyo=tokyo).all("/x", list[str], STRICT, _unite, (("start", "1"),))
    assert answer.data == ["a", "b", "c"]
    assert answer.notes.infos == ("noted",)
    assert answer.completeness.is_complete
    assert [one.asked for one in (seoul, tokyo)] == [[Request("/x", params=(("start", "1"), *PASSED_ON))]] * 2


async def test_a_form_is_told_so_in_the_form() -> None:
    server = Server([])
    asker = _asker(seoul=server)
    await asker.each(lambda _: Request("/x", form=(("query", "up"),)), list[str], STRICT, _unite)
    assert server.asked == [Request("/x", form=(("query", "up"), *PASSED_ON))]


async def test_a_failed_cluster_is_a_gap_or_an_error() -> None:
    asker = _asker(seoul=Server(["a"]), tokyo=Server())
    answer = await asker.all("/x", list[str], LENIENT, _unite)
    assert answer.data == ["a"]
    assert [gap.cluster for gap in answer.completeness.missing] == ["tokyo"]
    assert "tokyo" in answer.notes.warnings[0]
    with pytest.raises(IncompleteError):
        await asker.all("/x", list[str], STRICT, _unite)


async def test_a_refusal_is_the_answer_unless_it_means_that_there_is_nothing() -> None:
    asker = _asker(seoul=Server(["a"]), tokyo=Server(refusal="no such pool"))
    with pytest.raises(BadQueryError, match="no such pool"):
        await asker.all("/x", list[str], LENIENT, _unite)

    def is_nothing(_: Exception) -> bool:
        return True

    answer = await asker.each(lambda _: Request("/x"), list[str], LENIENT, _unite, is_nothing=is_nothing)
    assert (answer.data, answer.completeness.is_complete) == (["a"], True)
    nobody = _asker(tokyo=Server(refusal="no such pool"))
    with pytest.raises(BadQueryError, match="no such pool"):
        await nobody.each(lambda _: Request("/x"), list[str], LENIENT, _unite, is_nothing=is_nothing)


async def test_who_is_not_asked_is_not_missing() -> None:
    asker = _asker(seoul=Server(["a"]), tokyo=Server())
    answer = await asker.each(
        lambda member: Request("/x") if member.cluster.name == "seoul" else None, list[str], STRICT, _unite
    )
    assert (answer.data, answer.completeness.asked) == (["a"], ("seoul",))


def test_selectors_lose_what_a_cluster_satisfies_by_itself() -> None:
    asker = _asker(seoul=Server(), tokyo=Server())
    seoul, tokyo = asker.clusters
    selectors = [parse_selector('up{cluster="seoul",job="a"}'), parse_selector('{cluster=~".*o.*",x!=""}')]
    assert asker.stripped_selectors(selectors, seoul) == ['up{job="a"}', '{x!=""}']
    assert asker.stripped_selectors(selectors, tokyo) == ['{x!=""}']
