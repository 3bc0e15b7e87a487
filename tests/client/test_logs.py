from __future__ import annotations

import json

import pytest

from lma.client import Client, InvalidRequestError, LogLine, Matrix, ProtocolError, Scalar, Vector, WrongKindError
from tests.client.scripted_server import Reply, ScriptedServer, streams, success, vector

API = "/loki/api/v1"
T = 1_700_000_000_123_456_789


def test_log_lines_come_typed_and_by_time_over_streams(server: ScriptedServer, client: Client) -> None:
    data = streams(
        ({"app": "shop", "cluster": "seoul"}, [(T + 3, "three"), (T + 1, "one")]),
        ({"app": "shop", "cluster": "tokyo"}, [(T + 2, "two")]),
    )
    server.reply(f"{API}/query_range", success(data, headers={"X-LMA-Clusters-Missing": "osaka=refused"}))
    result = client.logs('{app="shop"}', start=1, end="1700000001", limit=7)
    asked = server.only()
    assert [asked.value(name) for name in ("query", "start", "end", "limit", "direction")] == [
        '{app="shop"}', "1000000000", "1700000001000000000", "7", "backward",
    ]  # fmt: skip
    assert [line.line for line in result.lines()] == ["three", "two", "one"]
    assert result[0].lines[0] == LogLine(T + 3, {"app": "shop", "cluster": "seoul"}, "three")
    assert not result.completeness.is_complete


def test_forward_is_oldest_first(server: ScriptedServer, client: Client) -> None:
    server.reply(f"{API}/query_range", success(streams(({}, [(1, "a"), (2, "b")]), ({}, [(1, "c")]))))
    assert [line.line for line in client.logs("{}", direction="forward").lines()] == ["a", "c", "b"]


def test_metadata_set_apart_is_kept_apart(server: ScriptedServer, client: Client) -> None:
    apart = {"structuredMetadata": {"trace_id": "7"}, "parsed": {"status": "500"}}
    data = {"resultType": "streams", "result": [{"stream": {"a": "b"}, "values": [["1", "x", apart], ["2", "y", {}]]}]}
    server.reply(f"{API}/query_range", success(data))
    newer, older = client.logs("{}").lines()
    assert (older.metadata, newer.metadata) == ({"trace_id": "7", "status": "500"}, {})


@pytest.mark.parametrize("entry", [["x", "line"], ["1"], [], ["1", {}], ["1", "a", "b"], ["1", "a", {}, {}]])
def test_an_entry_that_is_none_is_a_protocol_error(server: ScriptedServer, client: Client, entry: list[object]) -> None:
    data = {"resultType": "streams", "result": [{"stream": {}, "values": [entry]}]}
    server.reply(f"{API}/query_range", success(data))
    with pytest.raises(ProtocolError):
        client.logs("{}")


def test_a_metric_query_says_which_method_to_use(server: ScriptedServer, client: Client) -> None:
    server.reply(f"{API}/query_range", success({"resultType": "matrix", "result": []}))
    with pytest.raises(WrongKindError) as caught:
        client.logs("rate({a=`b`}[1m])")
    assert "logs_range()" in caught.value.remedy


def test_metric_queries_over_logs(server: ScriptedServer, client: Client) -> None:
    matrix = {"resultType": "matrix", "result": [{"metric": {"a": "b"}, "values": [[1, "0.5"]]}], "stats": {}}
    server.reply(f"{API}/query_range", success(matrix))
    server.reply(f"{API}/query", success(vector(({}, "3"))), success({"resultType": "scalar", "result": [1, "2"]}))
    found = client.logs_range("rate({a=`b`}[1m])", 0, 10, "5s")
    assert isinstance(found, Matrix)
    assert found[0].values == (0.5,)
    assert server.asked[-1].value("step") == "5"
    instant = client.logs_instant("count_over_time({a=`b`}[1m])", time=3, partial=False)
    assert isinstance(instant, Vector)
    assert (server.asked[-1].value("time"), server.asked[-1].value("partial_response")) == ("3000000000", "false")
    assert isinstance(client.logs_instant("2"), Scalar)


def test_names_values_and_series(server: ScriptedServer, client: Client) -> None:
    server.reply(f"{API}/labels", Reply(json.dumps({"status": "success"})))
    server.reply(f"{API}/label/app/values", success(["shop"]))
    server.reply(f"{API}/series", success([{"app": "shop"}]))
    assert list(client.log_labels(start=1)) == []
    assert list(client.log_label_values("app")) == ["shop"]
    assert list(client.log_series('{app="shop"}')) == [{"app": "shop"}]
    assert server.asked[0].value("start") == "1000000000"
    with pytest.raises(InvalidRequestError, match="empty"):
        client.log_label_values("")


@pytest.mark.parametrize(("limit", "direction"), [(0, "forward"), (1, "sideways")])
def test_options_that_can_not_be_used(server: ScriptedServer, client: Client, limit: int, direction: str) -> None:
    with pytest.raises(InvalidRequestError):
        client.logs("{}", limit=limit, direction=direction)
    assert server.asked == []
