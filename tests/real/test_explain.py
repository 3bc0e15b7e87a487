"""Explaining a query: what is told is true, and what is called exact is exact to the last bit.

Only where one server itself is not repeatable (:mod:`tests.real.repeatability`) no bits can be told: there the last
digit may differ, and nothing else.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests.real.answers import Answer, read_answer
from tests.real.asking import LATE, UNEVEN, When
from tests.real.comparison import differences
from tests.real.corpus import read_corpus
from tests.real.gateway import Gateway
from tests.real.oracle import Oracle
from tests.real.repeatability import adds_in_random_order

CORPUS = read_corpus("promql_corpus.txt")
FREE_CHOICE = re.compile(r"\b(topk|bottomk|limitk)\b")
NOT_EXACT = "it would be rounded"
ATTEMPTS = 3
"""On a busy machine a cluster may not answer in time, which is told as such."""


def explained(gateway: Gateway, http: httpx.Client, query: str, **params: str) -> dict[str, Any]:
    response = http.post(f"{gateway.prometheus_url}/api/v1/query_explain", data={"query": query, **params})
    assert response.status_code == 200, response.text
    data: dict[str, Any] = response.json()["data"]
    return data


def test_the_plan_alone(bare_gateway: Gateway, http: httpx.Client) -> None:
    data = explained(bare_gateway, http, "sum by (queue) (queue_depth)")
    assert (data["exactness"], data["lane"]) == ("rounded", "arrays")
    assert data["plan"]["how"] == "merged"
    assert data["plan"]["children"][0]["how"] == "pushed"
    assert data["plan"]["children"][0]["queries"] == [1, 2, 3]
    assert {query["cluster"] for query in data["queries"]} == {"seoul", "tokyo", "paris"}
    assert {query["query"] for query in data["queries"]} == {"sum by (queue) (queue_depth)"}
    assert data["passes"][0] == {"name": "parsed", "plan": "sum by (queue) (queue_depth)"}
    assert "measured" not in data
    assert not any("measured" in query for query in data["queries"])


def test_run_and_measured(bare_gateway: Gateway, http: httpx.Client) -> None:
    data = explained(bare_gateway, http, "avg(queue_depth)", time=str(LATE.start_s), analyze="true")
    assert data["measured"]["resultType"] == "vector"
    assert data["measured"]["series"] == 1
    assert set(data["measured"]["seconds"]) == {"plan", "fetch", "assemble"}
    for query in data["queries"]:
        assert query["measured"]["series"] == 2, "a sum and a count"
        assert query["measured"]["bytes"] > 0
        assert query["measured"]["seconds"] > 0


def test_a_second_round_is_told(bare_gateway: Gateway, http: httpx.Client) -> None:
    query = "avg by (kind) (extremes)"
    data = explained(bare_gateway, http, query, time=str(LATE.start_s), analyze="true")
    (first,) = data["earlierRounds"]
    assert first["redone"] == "a cluster's sum is not finite"
    assert all("measured" in sent for sent in first["queries"] + data["queries"])


def test_a_range_is_explained_and_as_text(bare_gateway: Gateway, http: httpx.Client) -> None:
    params = {"query": "max_over_time(sum(queue_depth)[5m:1m])", "format": "text", **UNEVEN.parameters()}
    response = http.get(f"{bare_gateway.prometheus_url}/api/v1/query_range_explain", params=params)
    assert response.headers["content-type"].startswith("text/plain")
    assert "\nplan\nmax_over_time(…)  [evaluated, exact" in response.text
    assert "  #1 paris: sum(queue_depth)  from " in response.text


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"query": "sum(", "format": "text"}, "parse error"),
        ({"query": "up", "format": "xml"}, "neither json nor text"),
        ({"query": "up", "analyze": "perhaps"}, "invalid syntax"),
        ({"query": "up", "exactness": "perfect"}, "none of exact, rounded, approximate"),
    ],
)
def test_what_is_wrong_is_refused(params: dict[str, str], text: str, bare_gateway: Gateway, http: httpx.Client) -> None:
    response = http.get(f"{bare_gateway.prometheus_url}/api/v1/query_explain", params=params)
    assert (response.status_code, response.json()["errorType"]) == (400, "bad_data")
    assert text in response.json()["error"]


def test_what_is_not_exact_is_refused_on_demand(bare_gateway: Gateway, http: httpx.Client) -> None:
    got = ask(bare_gateway, http, "sum by (queue) (queue_depth)", LATE)
    assert (got.status_code, got.error_type) == (422, "execution")
    assert got.error == (
        "cannot compute sum by (queue) exactly over several clusters: it would be rounded: floats of several clusters "
        'are added in another order than one server adds them; ask one cluster with cluster="…", keep cluster in the '
        "grouping, or accept it with exactness=rounded"
    )


@pytest.mark.timeout(240)
@pytest.mark.parametrize("when", [LATE, UNEVEN], ids=lambda when: when.name)
def test_what_is_called_exact_is_exact(when: When, bare_gateway: Gateway, oracle: Oracle, http: httpx.Client) -> None:
    wrong, exact = [], 0
    for entry in CORPUS:
        if FREE_CHOICE.search(entry.query):
            continue
        got = ask(bare_gateway, http, entry.query, when)
        if NOT_EXACT in got.error:
            continue
        exact += 1
        expected = oracle.prometheus.ask(entry.query, when)
        if bits(got) == bits(expected):
            continue
        if adds_in_random_order(entry.query, when) and not differences(entry.query, bare(expected), bare(got)):
            continue
        wrong.append(entry.query)
    assert not wrong, "\n".join(wrong)
    assert exact > len(CORPUS) / 2


def ask(gateway: Gateway, http: httpx.Client, query: str, when: When) -> Answer:
    path = "query_range" if when.step_s else "query"
    params = {"query": query, "exactness": "exact", "partial_response": "false", **when.parameters()}
    for _ in range(ATTEMPTS):
        got = read_answer(http.get(f"{gateway.prometheus_url}/api/v1/{path}", params=params))
        if got.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            break
    return got


def bare(answer: Answer) -> Answer:
    """Return an answer without its notes, which have tests of their own."""
    return replace(answer, warnings=(), infos=())


def bits(answer: Answer) -> tuple[object, ...]:
    """Return what has to be equal, NaN equal to itself; rows in any order."""
    return answer.status_code, answer.text, frozenset(map(repr, answer.rows))
