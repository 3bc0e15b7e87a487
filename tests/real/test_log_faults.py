"""A Loki that fails, in every way networks, proxies and servers fail: the others' logs, and who is missing and why."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.real.conftest import StartGateway
from tests.real.faulty import Fault, Faulty
from tests.real.gateway import Gateway
from tests.real.log_fleet import HIDDEN, LogFleet
from tests.real.logs_dataset import NS

CLUSTER_TIMEOUT_S = 2
BROKEN = "tokyo"
REASONS: Mapping[Fault, frozenset[str]] = {
    Fault.HTML: frozenset({"not_understood"}),
    Fault.STATUS_500: frozenset({"server_error"}),
    Fault.STATUS_429: frozenset({"too_large", "refused"}),
    Fault.STATUS_401: frozenset({"refused"}),
    Fault.GARBAGE: frozenset({"not_understood"}),
    Fault.EMPTY: frozenset({"not_understood"}),
    Fault.WRONG_TYPE: frozenset({"not_understood"}),
    Fault.CUT: frozenset({"broken"}),
    Fault.RESET: frozenset({"broken", "unreachable"}),
    Fault.SILENT: frozenset({"timeout"}),
    Fault.DRIP: frozenset({"timeout"}),
    Fault.HUGE: frozenset({"too_large"}),
    Fault.REFUSED: frozenset({"unreachable"}),
}


@dataclass(frozen=True, slots=True)
class Broken:
    """A gateway over the fleet in which one cluster's Loki is behind a faulty front."""

    gateway: Gateway
    front: Faulty
    span: Mapping[str, str]


@pytest.fixture(scope="module")
def _front(log_fleet: LogFleet) -> Iterator[Faulty]:
    with Faulty(log_fleet.loki[BROKEN]) as front:
        yield front


@pytest.fixture(scope="module")
def _gateway(log_fleet: LogFleet, _front: Faulty, start_gateway: StartGateway) -> Gateway:
    urls = {**log_fleet.loki, BROKEN: _front.url}
    return start_gateway(
        "log-faults",
        [{"name": name, "logs": {"url": url, "tenant": HIDDEN}} for name, url in urls.items()],
        limits={
            "cluster_timeout_s": CLUSTER_TIMEOUT_S,
            "breaker_failures": 1_000,
            "response_bytes": 8 << 20,
        },
    )


@pytest.fixture
def broken(_front: Faulty, _gateway: Gateway, log_fleet: LogFleet, http: httpx.Client) -> Iterator[Broken]:
    span = {"start": str(log_fleet.base_s * NS), "end": str((log_fleet.base_s + 600) * NS)}
    found = Broken(_gateway, _front, span)
    _front.fault = Fault.NONE
    # what a cluster shows is learnt while it is well, as it is in the field
    assert _ask(found, http, "query_range", {"query": '{app="shop"}'}).headers["x-lma-complete"] == "true"
    yield found
    _front.fault = Fault.NONE


ASKED: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "lines": ("query_range", {"query": '{app="shop"} | logfmt', "limit": "5"}),
    "merged numbers": ("query_range", {"query": 'sum(rate({app="shop"}[5m]))', "step": "60"}),
    "numbers side by side": ("query_range", {"query": 'rate({app="shop"}[5m])', "step": "60"}),
    "values of lines": (
        "query_range",
        {"query": 'quantile_over_time(0.5, {app="shop"} | logfmt | unwrap bytes [5m]) by (level)', "step": "60"},
    ),
    "labels": ("labels", {}),
    "series": ("series", {"match[]": '{app="shop"}'}),
    "patterns": ("patterns", {"query": '{app="shop"}', "step": "60s"}),
    "fields": ("detected_fields", {"query": '{app="shop"}'}),
    "volume": ("index/volume", {"query": '{app="shop"}'}),
}


def _ask(broken: Broken, http: httpx.Client, path: str, parameters: Mapping[str, str]) -> httpx.Response:
    return http.get(f"{broken.gateway.url}/loki/api/v1/{path}", params={**broken.span, **parameters})


@pytest.mark.parametrize("fault", REASONS, ids=lambda one: one.name)
def test_the_others_answer_and_the_missing_one_is_named(fault: Fault, broken: Broken, http: httpx.Client) -> None:
    slow = fault in {Fault.SILENT, Fault.DRIP, Fault.HUGE}
    broken.front.fault = fault
    for name, (path, parameters) in ASKED.items():
        if slow and name not in {"lines", "values of lines", "labels"}:
            continue
        began = time.monotonic()
        answer = _ask(broken, http, path, parameters)
        assert time.monotonic() - began < CLUSTER_TIMEOUT_S + 10, name
        assert answer.status_code == 200, f"{name}: {answer.text[:300]}"
        missing, _, reason = answer.headers["x-lma-clusters-missing"].partition("=")
        assert missing == BROKEN, name
        assert reason in REASONS[fault], name
        body: Any = answer.json()
        assert f'cluster "{BROKEN}" is missing from this answer' in body["warnings"][0], name
        if name == "lines":
            assert {stream["stream"]["cluster"] for stream in body["data"]["result"]} <= {"seoul", "paris"}
            assert sum(len(stream["values"]) for stream in body["data"]["result"]) == 5
        if name == "numbers side by side":
            assert {row["metric"]["cluster"] for row in body["data"]["result"]} == {"seoul", "paris"}
        if name == "values of lines":
            assert len(body["data"]["result"]) == 3


@pytest.mark.parametrize(
    "fault", [Fault.HTML, Fault.STATUS_429, Fault.CUT, Fault.REFUSED], ids=lambda fault: fault.name
)
def test_a_complete_answer_or_none(fault: Fault, broken: Broken, http: httpx.Client) -> None:
    broken.front.fault = fault
    for name, (path, parameters) in ASKED.items():
        answer = _ask(broken, http, path, {**parameters, "partial_response": "false"})
        assert answer.status_code == 503, f"{name}: {answer.text[:300]}"
        assert BROKEN in answer.text


def test_it_is_whole_again_when_the_fault_is_over(broken: Broken, http: httpx.Client) -> None:
    broken.front.fault = Fault.RESET
    assert _ask(broken, http, *ASKED["lines"]).headers["x-lma-complete"] == "false"
    broken.front.fault = Fault.NONE
    assert _ask(broken, http, *ASKED["lines"]).headers["x-lma-complete"] == "true"
