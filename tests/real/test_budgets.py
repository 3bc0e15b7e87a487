"""Budgets against a real Prometheus with many series: queries stop early, and the process keeps to its memory."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from bench.usage import peak_memory_bytes, reset_peak
from lma.demo.prometheus import Prometheus
from tests.real.conftest import StartGateway
from tests.real.gateway import Gateway
from tests.real.supervisor import Supervisor

AT_S = 1_750_003_200
SERIES = {"big": 30_000, "small": 100}
STEPS = 240
MIB = 1 << 20
MEMORY = 96 * MIB
UNCOUNTED = 64 * MIB
"""Memory that is not the answers': buffers of connections, of Python's allocator, of the compressor."""


@pytest.fixture(scope="module")
def servers(
    supervisor: Supervisor, binaries: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, str]:
    folder = tmp_path_factory.mktemp("budgets")
    servers = {}
    for name, series in SERIES.items():
        (folder / name).mkdir()
        text = folder / name / "data.om"
        with text.open("w") as out:
            out.write("# TYPE many gauge\n")
            for number in range(series):
                out.writelines(f'many{{pod="pod-{number:05d}"}} {number} {at}\n' for at in (AT_S - 60, AT_S, AT_S + 60))
            out.write("# EOF\n")
        command = ["tsdb", "create-blocks-from", "openmetrics", "--quiet", str(text), str(folder / name / "data")]
        subprocess.run([binaries["promtool"], *command], check=True, capture_output=True, timeout=60)
        servers[name] = Prometheus(folder=folder / name, port=supervisor.ports.take())
    supervisor.start(*(server.program(f"many-{name}", binaries["prometheus"]) for name, server in servers.items()))
    return {name: server.url for name, server in servers.items()}


@pytest.fixture(scope="module")
def gateway(servers: Mapping[str, str], start_gateway: StartGateway) -> Gateway:
    clusters = [{"name": name, "metrics": {"url": url}} for name, url in servers.items()]
    return start_gateway("budgets", clusters, limits={"memory_bytes": MEMORY, "series_per_query": 20_000})


def ask(gateway: Gateway, query: str, steps: int = 0, **more: str) -> tuple[int, dict[str, Any], float]:
    """Return status, body and seconds taken; ``steps`` makes it a range query."""
    times = {"start": str(AT_S), "end": str(AT_S + steps - 1), "step": "1"} if steps else {"time": str(AT_S)}
    path = "query_range" if steps else "query"
    began = time.monotonic()
    with httpx.Client(timeout=60, trust_env=False, headers={"Accept-Encoding": "identity"}) as client:
        answer = client.get(f"{gateway.prometheus_url}/api/v1/{path}", params={"query": query, **times, **more})
        return answer.status_code, answer.json(), time.monotonic() - began


@pytest.mark.parametrize(
    ("query", "steps", "asked", "limit"),
    [
        ("many", 0, {}, "limit series_per_query=20000 exceeded by cluster 'big': series read"),
        ('many{pod=~"pod-00.*"}', 0, {"max_series": "500"}, "limit series_per_query=500 exceeded by cluster"),
        ('many{pod=~"pod-00.*"}', 60, {"max_samples": "5000"}, "limit samples_per_query=5000 exceeded by cluster"),
        ('many{pod=~"pod-00.*"}', 60, {"max_bytes": "90000"}, "limit bytes_per_query=90000 exceeded by cluster"),
        ("many", 0, {"max_series": "900000"}, "limit series_per_query=20000 exceeded by cluster 'big': series read"),
        ("rate(many[5m]) + many", 0, {"max_series": "900"}, "limit series_per_query=900 exceeded by cluster"),
    ],
)
def test_a_query_over_its_budget_is_told_which_and_where(
    gateway: Gateway, query: str, steps: int, asked: dict[str, str], limit: str
) -> None:
    status, body, _ = ask(gateway, query, steps, **asked)
    assert (status, body["status"], body["errorType"]) == (422, "error", "execution")
    assert limit in body["error"]
    assert "or raise limits." in body["error"]


@pytest.mark.parametrize(
    ("query", "steps", "asked", "count"),
    [
        ('many{pod=~"pod-00.*"}', 0, {"max_series": "1100"}, 1100),
        ('many{pod=~"pod-00.*"}', 60, {"max_samples": "66000"}, 1100),
        ("sum(many)", 60, {"max_samples": "120", "max_series": "2"}, 1),
        ("count by (cluster) (many)", 0, {"max_series": "2"}, 2),
    ],
)
def test_a_query_just_within_its_budget_is_answered(
    gateway: Gateway, query: str, steps: int, asked: dict[str, str], count: int
) -> None:
    status, body, _ = ask(gateway, query, steps, **asked)
    assert (status, body.get("error")) == (200, None)
    assert len(body["data"]["result"]) == count


def test_an_answer_larger_than_the_memory_is_refused_before_it_fills_it(
    gateway: Gateway, supervisor: Supervisor
) -> None:
    pid = supervisor.pid("gateway-budgets")
    ask(gateway, 'many{pod=~"pod-00.*"}', 60)
    reset_peak(pid)
    before = peak_memory_bytes(pid)
    status, body, _ = ask(gateway, 'many{pod=~"pod-[01].*"}', STEPS, max_series="0")
    assert (status, body["errorType"]) == (503, "unavailable")
    assert f"limit memory_bytes={MEMORY} reached" in body["error"]
    assert peak_memory_bytes(pid) - before < MEMORY + UNCOUNTED


def test_many_large_answers_at_once_wait_for_each_other(gateway: Gateway, supervisor: Supervisor) -> None:
    pid = supervisor.pid("gateway-budgets")
    reset_peak(pid)
    before = peak_memory_bytes(pid)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: ask(gateway, 'many{pod=~"pod-0[0-2].*"}', STEPS), range(6)))
    assert [status for status, _, _ in answers] == [200] * 6
    assert peak_memory_bytes(pid) - before < MEMORY + UNCOUNTED
    assert ask(gateway, 'many{pod=~"pod-0[0-2].*"}', STEPS)[0] == 200


def test_what_an_operation_makes_here_is_bounded_by_a_setting(
    servers: Mapping[str, str], start_gateway: StartGateway
) -> None:
    clusters = [{"name": name, "metrics": {"url": url}} for name, url in servers.items()]
    tight = start_gateway("cells", clusters, limits={"evaluation_cells": 6_000})
    status, body, _ = ask(tight, 'sum by (pod) (many{pod=~"pod-000[0-4].*"})', 60)
    assert (status, len(body["data"]["result"])) == (200, 50)
    status, body, _ = ask(tight, 'sum by (pod) (many{pod=~"pod-00.*"})', 60)
    assert (status, body["errorType"]) == (422, "execution")
    assert "limit evaluation_cells=6000 exceeded" in body["error"]
    assert "or raise limits.evaluation_cells" in body["error"]
