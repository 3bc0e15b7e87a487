"""Every HTTP parameter of the query endpoints does what it does upstream."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping

import cramjam
import httpx
import pytest

from tests.real.answers import Answer, read_answer
from tests.real.comparison import differences, report
from tests.real.dataset import END_S, MIDDLE_S, START_S
from tests.real.fleet import Fleet
from tests.real.gateway import Gateway

AT = {"time": str(END_S - 60)}
SPAN = {"start": str(MIDDLE_S - 600), "end": str(MIDDLE_S + 600), "step": "60"}
SUM, MANY, GAPS = "sum by (queue) (queue_depth)", "queue_depth", "flaky_gauge"

CASES: tuple[tuple[str, dict[str, str]], ...] = (
    ("query", {"query": SUM, "time": "2025-06-15T16:30:00Z"}),
    ("query", {"query": SUM, "time": "2025-06-15T18:30:00.123+02:00"}),
    ("query", {"query": SUM, "time": f"{MIDDLE_S}.0625"}),
    ("query", {"query": SUM, "time": "1.7500032e9"}),
    ("query", {"query": SUM, "time": "-100"}),
    ("query", {"query": "time()", "time": "0"}),
    ("query", {"query": GAPS, "lookback_delta": "15s", **AT}),
    ("query", {"query": f"count({GAPS})", "lookback_delta": "30", **AT}),
    ("query", {"query": "count(job_runs_total)", "lookback_delta": "1h", **AT}),
    ("query", {"query": SUM, "timeout": "10s", **AT}),
    ("query", {"query": SUM, "timeout": "2.5", **AT}),
    ("query", {"query": SUM, "limit": "0", **AT}),
    ("query", {"query": SUM, "limit": "100", **AT}),
    ("query", {"query": f"sum({MANY})", "limit": "1", **AT}),
    ("query", {"query": "scalar(sum(queue_depth))", "limit": "1", **AT}),
    ("query_range", {"query": SUM, **SPAN}),
    ("query_range", {"query": SUM, **SPAN, "step": "1m30s"}),
    ("query_range", {"query": SUM, **SPAN, "step": "0.5"}),
    ("query_range", {"query": SUM, **SPAN, "step": "1d"}),
    ("query_range", {"query": SUM, **SPAN, "end": SPAN["start"]}),
    ("query_range", {"query": SUM, **SPAN, "start": "2025-06-15T15:50:00.5Z", "end": "2025-06-15T16:10:00Z"}),
    ("query_range", {"query": GAPS, **SPAN, "lookback_delta": "20s"}),
    ("query_range", {"query": f"sum({GAPS})", **SPAN, "lookback_delta": "20s"}),
    (
        "query_range",
        {"query": "max_over_time(sum by (cluster) (flaky_gauge)[3m:30s])", **SPAN, "lookback_delta": "20s"},
    ),
    ("query_range", {"query": SUM, "start": str(START_S), "end": str(START_S + 10_999), "step": "1"}),
    ("query_range", {"query": SUM, **SPAN, "limit": "100"}),
    ("query_range", {"query": f"sum({MANY})", **SPAN, "limit": "1"}),
)


@pytest.mark.parametrize(("path", "parameters"), CASES, ids=lambda part: str(part)[:90])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_answer_is_that_of_one_server(
    method: str, path: str, parameters: dict[str, str], fleet: Fleet, bare_gateway: Gateway, http: httpx.Client
) -> None:
    expected = _ask(http, "GET", fleet.union, path, parameters)
    got = _ask(http, method, bare_gateway.prometheus_url, path, parameters)
    found = differences(parameters["query"], expected, got)
    assert not found, report(parameters["query"], f"{method} {path} {parameters}", found, expected, got)
    assert not got.is_error


@pytest.mark.parametrize(("path", "times"), [("query", AT), ("query_range", SPAN)])
@pytest.mark.parametrize("query", [MANY, SUM, "rate(http_requests_total[5m])"])
@pytest.mark.parametrize("limit", [1, 3])
def test_a_limit_keeps_that_many_series_and_says_so(
    limit: int, query: str, path: str, times: Mapping[str, str], fleet: Fleet, bare_gateway: Gateway, http: httpx.Client
) -> None:
    parameters = {"query": query, **times, "limit": str(limit)}
    expected = _ask(http, "GET", fleet.union, path, parameters)
    got = _ask(http, "GET", bare_gateway.prometheus_url, path, parameters)
    every = {row.labels: row.samples for row in _ask(http, "GET", fleet.union, path, {**parameters, "limit": "0"}).rows}
    assert len({row.labels for row in got.rows}) == len(got.rows) == len(expected.rows) == limit
    assert all(row.labels in every for row in got.rows)
    assert got.warnings == expected.warnings


def test_parameters_may_be_split_between_url_and_form(bare_gateway: Gateway, http: httpx.Client) -> None:
    url = f"{bare_gateway.prometheus_url}/api/v1/query"
    whole = read_answer(http.get(url, params={"query": SUM, **AT}))
    assert read_answer(http.post(url, params=AT, data={"query": SUM})).rows == whole.rows
    assert read_answer(http.post(url, params={"query": SUM, **AT}, content=b"")).rows == whole.rows
    assert whole.rows


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "identity", "zstd", "gzip, deflate, br, zstd"])
def test_any_encoding_a_client_accepts_reads_the_same(encoding: str, bare_gateway: Gateway, http: httpx.Client) -> None:
    url = f"{bare_gateway.prometheus_url}/api/v1/query_range"
    parameters = {"query": "rate(http_requests_total[5m])", **SPAN}
    plain = http.get(url, params=parameters, headers={"Accept-Encoding": "identity"})
    with http.stream("GET", url, params=parameters, headers={"Accept-Encoding": encoding}) as coded:
        body = b"".join(coded.iter_raw())
    assert _DECODERS[coded.headers.get("content-encoding", "")](body) == plain.content
    assert encoding == "identity" or coded.headers["content-encoding"] in encoding
    assert read_answer(plain).rows


_DECODERS: Mapping[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "zstd": lambda body: bytes(cramjam.zstd.decompress(body)),
    "gzip": lambda body: zlib.decompress(body, 31),
    "deflate": zlib.decompress,
}


STATS_CASES: tuple[tuple[str, dict[str, str], str], ...] = (
    ("query", {"query": "queue_depth", **AT}, "true"),
    ("query", {"query": "sum(rate(http_requests_total[5m]))", **AT}, "true"),
    ("query", {"query": "sum by (queue) (queue_depth) / count by (queue) (queue_depth)", **AT}, "all"),
    ("query", {"query": "time()", **AT}, "all"),
    ("query_range", {"query": "sum(queue_depth)", **SPAN}, "true"),
    ("query_range", {"query": "max_over_time(queue_depth[5m])", **SPAN}, "yes"),
    ("query_range", {"query": "no_such_metric", **SPAN}, "all"),
)


@pytest.mark.parametrize(("path", "parameters", "stats"), STATS_CASES, ids=lambda part: str(part)[:70])
def test_statistics_are_those_of_the_union(
    path: str, parameters: dict[str, str], stats: str, fleet: Fleet, bare_gateway: Gateway, http: httpx.Client
) -> None:
    expected, got = (
        http.get(f"{base}/api/v1/{path}", params={**parameters, "stats": stats}).json()
        for base in (fleet.union, bare_gateway.prometheus_url)
    )
    wanted, told = expected["data"]["stats"], got["data"]["stats"]
    assert told["timings"].keys() == wanted["timings"].keys()
    assert told["timings"]["execTotalTime"] > 0
    assert told["samples"].keys() == wanted["samples"].keys()
    counts = ("totalQueryableSamples", "samplesRead", "seriesTouched")
    assert {name: told["samples"][name] for name in counts} == {name: wanted["samples"][name] for name in counts}
    assert got.get("warnings") == expected.get("warnings")


def test_no_statistics_unless_asked_for(bare_gateway: Gateway, http: httpx.Client) -> None:
    answer = http.get(f"{bare_gateway.prometheus_url}/api/v1/query", params={"query": "queue_depth", **AT, "stats": ""})
    assert answer.json()["data"].keys() == {"resultType", "result"}


def _ask(http: httpx.Client, method: str, base: str, path: str, parameters: Mapping[str, str]) -> Answer:
    url = f"{base}/api/v1/{path}"
    if method == "GET":
        return read_answer(http.get(url, params=dict(parameters)))
    return read_answer(http.post(url, data=dict(parameters)))
