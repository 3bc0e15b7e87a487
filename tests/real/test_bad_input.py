"""What no client should send: refused as upstream refuses it, with a message, at once, and the process lives on."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest

from tests.real.answers import read_answer
from tests.real.conftest import StartGateway
from tests.real.dataset import END_S, START_S
from tests.real.faulty import Fault, Faulty
from tests.real.fleet import Fleet
from tests.real.gateway import Gateway
from tests.real.supervisor import Supervisor

NAME = "gateway-bare"
REFUSED_WITHIN_S = 3.0
MEMORY_LIMIT_BYTES = 600 << 20
MESSAGE_BYTES = 10_000

RANGE = {"start": str(START_S), "end": str(END_S), "step": "60"}

SAME_AS_UPSTREAM: tuple[tuple[str, dict[str, str]], ...] = (
    ("query", {}),
    ("query", {"query": ""}),
    ("query", {"query": "   "}),
    ("query", {"query": "# only a comment"}),
    ("query", {"query": "up", "time": "yesterday"}),
    ("query", {"query": "up", "timeout": "soon"}),
    ("query", {"query": "up", "limit": "many"}),
    ("query", {"query": "up", "limit": "-1"}),
    ("query", {"query": "up", "lookback_delta": "x"}),
    ("query_range", {"query": "up"}),
    ("query_range", {"query": "up", **RANGE, "start": ""}),
    ("query_range", {"query": "up", **RANGE, "end": str(START_S - 1)}),
    ("query_range", {"query": "up", **RANGE, "step": "0"}),
    ("query_range", {"query": "up", **RANGE, "step": "-5"}),
    ("query_range", {"query": "up", **RANGE, "step": "often"}),
    ("query_range", {"query": "up", **RANGE, "step": "0.5"}),
    ("query_range", {"query": "up", **RANGE, "step": "100ms"}),
    ("query_range", {"query": "up[5m]", **RANGE}),
    ("query_range", {"query": '"text"', **RANGE}),
    ("query_range", {"query": "sum(", **RANGE}),
    ("series", {}),
    ("series", {"match[]": "{}"}),
    ("series", {"match[]": "sum(up)"}),
    ("series", {"match[]": "up{"}),
    ("series", {"match[]": "up", "start": "x"}),
    ("series", {"match[]": "up", "start": str(END_S), "end": str(START_S)}),
    ("series", {"match[]": "up", "limit": "x"}),
    ("labels", {"match[]": "up{"}),
    ("labels", {"start": "x"}),
    ("labels", {"limit": "-2"}),
    ("label/job/values", {"match[]": "{}"}),
    ("label/job/values", {"end": "x"}),
    ("query_exemplars", {"query": "up{", "start": "1", "end": "2"}),
    ("query_exemplars", {"query": "up", "start": "2", "end": "1"}),
    ("metadata", {"limit": "x"}),
    ("rules", {"type": "neither"}),
    ("no_such_endpoint", {}),
)


@pytest.fixture(autouse=True)
def lives_on(supervisor: Supervisor, bare_gateway: Gateway, http: httpx.Client) -> Iterator[None]:
    yield
    assert supervisor.is_running(NAME), "the gateway's process ended"
    parameters = {"query": "sum(cluster_size)", "time": str(END_S - 60)}
    answer = read_answer(http.get(f"{bare_gateway.prometheus_url}/api/v1/query", params=parameters))
    assert [row.samples[0][1] for row in answer.rows] == [6.0]


@pytest.mark.parametrize(("path", "parameters"), SAME_AS_UPSTREAM, ids=lambda part: str(part)[:70])
def test_refused_as_upstream_refuses(
    path: str, parameters: Mapping[str, str], fleet: Fleet, bare_gateway: Gateway, http: httpx.Client
) -> None:
    expected = http.get(f"{fleet.union}/api/v1/{path}", params=dict(parameters))
    got = http.get(f"{bare_gateway.prometheus_url}/api/v1/{path}", params=dict(parameters))
    assert _refusal(got) == _refusal(expected), f"got {got.text[:300]}\nexpected {expected.text[:300]}"
    if got.status_code == 400:
        assert len(got.json()["error"]) > 10
        assert "Traceback" not in got.text


def _refusal(response: httpx.Response) -> tuple[int, str]:
    """Return status and errorType; upstream's page-not-found is plain text, which a JSON body may well replace."""
    if response.status_code == 404:
        return 404, ""
    body: dict[str, Any] = response.json()
    return response.status_code, body.get("errorType", "")


ENORMOUS: Mapping[str, str] = {
    "a megabyte of nothing": "x" * (1 << 20),
    "a megabyte of terms": "+".join(["up"] * 350_000),
    "a megabyte of matchers": "up{" + ",".join([f'l{i}="v"' for i in range(80_000)]) + "}",
    "a megabyte of string": '"' + "s" * (1 << 20) + '"',
    "a megabyte of regular expression": 'up{job=~"' + "(a|b)" * 200_000 + '"}',
    "100,000 parentheses": "(" * 100_000 + "up" + ")" * 100_000,
    "100,000 open parentheses": "(" * 100_000,
    "100,000 minus signs": "-" * 100_000 + "up",
    "20,000 sums": "sum(" * 20_000 + "up" + ")" * 20_000,
    "20,000 subqueries": "max_over_time(" * 2_000 + "up" + "[5m:1m])" * 2_000,
    "20,000 powers": "^".join(["up"] * 20_000),
    "40,000 comments": "# nothing\n" * 40_000,
    "nested repetition in a regular expression": 'up{job=~"' + "(" * 2000 + "a" + "){1,1000}" * 2000 + '"}',
    "a thousand million subquery steps": "max_over_time(up[10y:1ms])",
    "nested subqueries": "max_over_time(max_over_time(up[1y:1s])[1y:1s])",
}


@pytest.fixture(scope="module")
def backend() -> Iterator[Faulty]:
    """Yield a backend that finds nothing and remembers what it was asked: no real server is put at risk."""
    with Faulty("http://127.0.0.1:1") as front:
        front.fault = Fault.NO_DATA
        yield front


@pytest.fixture(scope="module")
def lone_gateway(backend: Faulty, start_gateway: StartGateway) -> Gateway:
    return start_gateway("lone", [{"name": "seoul", "metrics": {"url": backend.url}}])


@pytest.mark.parametrize("name", ENORMOUS)
@pytest.mark.parametrize("path", ["query", "query_range", "series", "format_query"])
def test_the_enormous_is_refused_at_once_and_no_cluster_sees_it(
    name: str, path: str, backend: Faulty, lone_gateway: Gateway, http: httpx.Client, supervisor: Supervisor
) -> None:
    form = {"query": ENORMOUS[name], "match[]": ENORMOUS[name], **RANGE, "time": str(END_S)}
    backend.seen.clear()
    began = time.monotonic()
    response = http.post(f"{lone_gateway.prometheus_url}/api/v1/{path}", data=form)
    took_s = time.monotonic() - began
    if path == "format_query" and response.status_code == 200:
        assert len(response.text) < MESSAGE_BYTES
    else:
        assert response.status_code in (400, 404, 413, 414, 422), response.text[:300]
        assert "Traceback" not in response.text
        assert len(response.text) < MESSAGE_BYTES, "the message repeats the query"
    assert [asked for asked in backend.seen if asked.endswith(path)] == []
    assert took_s < REFUSED_WITHIN_S
    assert supervisor.is_running("gateway-lone"), "the gateway's process ended"
    assert _resident_bytes(supervisor.pid("gateway-lone")) < MEMORY_LIMIT_BYTES


STRANGE: Mapping[str, bytes] = {
    "bytes that are no text": b"query=up%7Bjob%3D%22%FF%FE%22%7D",
    "a null byte": b"query=up%00",
    "a surrogate": b"query=up%7Bjob%3D%22%ED%A0%80%22%7D",
    "only percent signs": b"query=%%%%%%",
    "ten thousand parameters": b"&".join(b"match[]=up" for _ in range(10_000)),
    "json instead of a form": b'{"query": "up"}',
}


@pytest.mark.parametrize("name", STRANGE)
@pytest.mark.parametrize("path", ["query", "query_range", "series", "labels"])
def test_strange_bodies_are_refused_or_answered_never_failed_on(
    name: str, path: str, bare_gateway: Gateway, http: httpx.Client
) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    url = f"{bare_gateway.prometheus_url}/api/v1/{path}"
    response = http.post(url, content=STRANGE[name], headers=headers)
    assert response.status_code < 500, response.text[:300]
    assert response.json()["status"] in ("success", "error")


@pytest.mark.parametrize(
    "path",
    [
        "/prometheus/api/v1/",
        "/prometheus/api/v2/query",
        "/prometheus/no/such/page",
        "/nothing",
        "/loki/api/v1/nothing",
    ],
)
def test_an_unknown_endpoint_is_not_found(path: str, bare_gateway: Gateway, http: httpx.Client) -> None:
    response = http.get(bare_gateway.url + path)
    assert response.status_code == 404
    assert "Traceback" not in response.text
    assert response.text.strip()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "query"),
        ("PUT", "query_range"),
        ("POST", "label/job/values"),
        ("POST", "metadata"),
        ("PATCH", "labels"),
        ("OPTIONS", "query"),
        ("HEAD", "query"),
    ],
)
def test_a_wrong_method_is_answered_as_upstream_answers(
    method: str, path: str, fleet: Fleet, bare_gateway: Gateway, http: httpx.Client
) -> None:
    expected = http.request(method, f"{fleet.union}/api/v1/{path}")
    got = http.request(method, f"{bare_gateway.prometheus_url}/api/v1/{path}")
    assert got.status_code == expected.status_code, f"{got.text[:200]}; expected {expected.text[:200]}"


def _resident_bytes(pid: int) -> int:
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:  # noqa: PTH123 - not a path one builds
        return int(file.read().split()[1]) * 4096
