"""Backends that fail in every way we know: the others' answer goes on, says who is missing, and comes back whole."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from tests.real.answers import Answer, read_answer
from tests.real.asking import LATE, UNEVEN, When
from tests.real.comparison import differences, report
from tests.real.conftest import StartGateway
from tests.real.dataset import CLUSTERS
from tests.real.faulty import Fault, Faulty
from tests.real.fleet import Fleet
from tests.real.gateway import Gateway
from tests.real.oracle import Oracle
from tests.real.supervisor import Supervisor

BROKEN = "tokyo"
CLUSTER_TIMEOUT_S = 1.0
ANSWER_WITHIN_S = 4.0
RECOVER_WITHIN_S = 8.0
BREAKER_FAILURES = 4
NAME = "gateway-faults"
FAULTS = [fault for fault in Fault if fault not in (Fault.NONE, Fault.NO_DATA)]

LIMITS = {
    "cluster_timeout_s": CLUSTER_TIMEOUT_S,
    "connect_timeout_s": 0.5,
    "response_bytes": 4 << 20,
    "breaker_failures": BREAKER_FAILURES,
    "breaker_open_s": 0.4,
}


@pytest.fixture(scope="module")
def fronts(fleet: Fleet) -> Iterator[Mapping[str, Faulty]]:
    with ExitStack() as stack:
        yield {name: stack.enter_context(Faulty(url)) for name, url in fleet.prometheus.items()}


@pytest.fixture(scope="module")
def gateway(fronts: Mapping[str, Faulty], start_gateway: StartGateway) -> Gateway:
    clusters = [
        {"name": cluster.name, "labels": dict(cluster.extra), "metrics": {"url": fronts[cluster.name].url}}
        for cluster in CLUSTERS
    ]
    return start_gateway("faults", clusters, limits=LIMITS)


@pytest.fixture
def whole(gateway: Gateway, http: httpx.Client, fronts: Mapping[str, Faulty], supervisor: Supervisor) -> Iterator[None]:
    """Begin with a complete answer; end with every backend well, and a process that lives."""
    _wait_until_whole(gateway, http)
    yield
    for front in fronts.values():
        front.fault = Fault.NONE
    assert supervisor.is_running(NAME), "the gateway's process ended"


def _ask(http: httpx.Client, gateway: Gateway, query: str, when: When = LATE, **more: str) -> Answer:
    path = "query_range" if when.step_s else "query"
    parameters = {"query": query, **when.parameters(), **more}
    began = time.monotonic()
    response = http.get(f"{gateway.prometheus_url}/api/v1/{path}", params=parameters)
    took_s = time.monotonic() - began
    assert took_s < ANSWER_WITHIN_S, f"{query} took {took_s:.1f} s"
    return read_answer(response)


def _wait_until_whole(gateway: Gateway, http: httpx.Client) -> None:
    deadline = time.monotonic() + RECOVER_WITHIN_S
    while True:
        answer = _ask(http, gateway, "sum(cluster_size)")
        if answer.headers.get("x-lma-complete") == "true":
            assert [row.samples[0][1] for row in answer.rows] == [6.0]
            assert answer.warnings == ()
            return
        assert time.monotonic() < deadline, f"still incomplete: {answer.warnings}"
        time.sleep(0.05)


@pytest.mark.usefixtures("whole")
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name.lower())
class TestOneClusterFails:
    """Every fault, seen from every side; the union asked for the other clusters alone is the oracle."""

    def test_a_sum_goes_on_without_it_and_says_so(
        self, fault: Fault, fronts: Mapping[str, Faulty], gateway: Gateway, http: httpx.Client
    ) -> None:
        fronts[BROKEN].fault = fault
        answer = _ask(http, gateway, "sum(cluster_size)")
        assert [row.samples[0][1] for row in answer.rows] == [4.0], answer
        _assert_names_the_missing(answer)

    def test_a_range_holds_the_others_untouched(
        self, fault: Fault, fronts: Mapping[str, Faulty], gateway: Gateway, http: httpx.Client, oracle: Oracle
    ) -> None:
        fronts[BROKEN].fault = fault
        got = _ask(http, gateway, "rate(http_requests_total[5m])", UNEVEN)
        query = f'rate(http_requests_total{{cluster!="{BROKEN}"}}[5m])'
        expected = oracle.prometheus.ask(query, UNEVEN)
        found = [text for text in differences(query, expected, got) if not text.startswith("warnings")]
        assert not found, report(query, fault.name, found, expected, got)
        _assert_names_the_missing(got)

    def test_strict_mode_is_an_error_that_names_it(
        self, fault: Fault, fronts: Mapping[str, Faulty], gateway: Gateway, http: httpx.Client
    ) -> None:
        fronts[BROKEN].fault = fault
        for when in (LATE, UNEVEN):
            answer = _ask(http, gateway, "sum(cluster_size)", when, partial_response="false")
            assert (answer.status_code, answer.error_type) == (503, "unavailable"), answer
            assert BROKEN in answer.error

    def test_what_a_gap_makes_meaningless_is_an_error(
        self, fault: Fault, fronts: Mapping[str, Faulty], gateway: Gateway, http: httpx.Client
    ) -> None:
        fronts[BROKEN].fault = fault
        answer = _ask(http, gateway, "absent(no_such_metric)")
        assert answer.is_error, answer
        assert BROKEN in answer.error

    def test_whom_it_does_not_concern_does_not_notice(
        self, fault: Fault, fronts: Mapping[str, Faulty], gateway: Gateway, http: httpx.Client
    ) -> None:
        fronts[BROKEN].fault = fault
        before = fronts[BROKEN].requests
        answer = _ask(http, gateway, 'sum(cluster_size{cluster="seoul"})', partial_response="false")
        assert [row.samples[0][1] for row in answer.rows] == [3.0]
        assert answer.warnings == ()
        assert answer.headers["x-lma-complete"] == "true"
        assert fronts[BROKEN].requests == before

    @pytest.mark.parametrize("path", ["labels", "label/queue/values", "series"])
    def test_metadata_goes_on_too(
        self, path: str, fault: Fault, fronts: Mapping[str, Faulty], gateway: Gateway, http: httpx.Client
    ) -> None:
        fronts[BROKEN].fault = fault
        response = http.get(f"{gateway.prometheus_url}/api/v1/{path}", params={"match[]": "queue_depth"})
        body: dict[str, Any] = response.json()
        assert response.status_code == 200
        assert any(BROKEN in warning for warning in body["warnings"]), body
        assert {"labels": "queue", "label/queue/values": "mail"}.get(path, body["data"][0]) in body["data"]
        assert len(body["data"]) >= 4

    def test_it_is_back_as_soon_as_it_is_well(
        self, fault: Fault, fronts: Mapping[str, Faulty], gateway: Gateway, http: httpx.Client
    ) -> None:
        fronts[BROKEN].fault = fault
        for _ in range(6):
            _assert_names_the_missing(_ask(http, gateway, "sum(cluster_size)"))
        fronts[BROKEN].fault = Fault.NONE
        _wait_until_whole(gateway, http)


@pytest.mark.usefixtures("whole")
def test_all_clusters_failing_is_an_error_not_an_empty_answer(
    fronts: Mapping[str, Faulty], gateway: Gateway, http: httpx.Client
) -> None:
    for front, fault in zip(fronts.values(), (Fault.STATUS_500, Fault.REFUSED, Fault.HTML), strict=True):
        front.fault = fault
    answer = _ask(http, gateway, "sum(cluster_size)")
    assert answer.is_error
    assert answer.status_code >= 500
    assert all(cluster.name in answer.error for cluster in CLUSTERS)


@pytest.mark.usefixtures("whole")
def test_a_dead_cluster_costs_nothing_once_its_breaker_is_open(
    fronts: Mapping[str, Faulty], gateway: Gateway, http: httpx.Client
) -> None:
    fronts[BROKEN].fault = Fault.SILENT
    for _ in range(BREAKER_FAILURES + 1):
        _ask(http, gateway, "sum(cluster_size)")
    before = fronts[BROKEN].requests
    quick = 0
    for _ in range(20):
        began = time.monotonic()
        _assert_names_the_missing(_ask(http, gateway, "sum(cluster_size)"))
        quick += time.monotonic() - began < CLUSTER_TIMEOUT_S / 2
    assert quick >= 15
    assert fronts[BROKEN].requests - before <= 5


def _assert_names_the_missing(answer: Answer) -> None:
    assert not answer.is_error, answer
    assert any(BROKEN in warning for warning in answer.warnings), answer
    assert answer.headers["x-lma-complete"] == "false"
    assert answer.headers["x-lma-clusters-missing"].startswith(f"{BROKEN}=")
