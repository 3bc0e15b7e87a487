"""A real Prometheus without data of its own evaluates PromQL over what it reads remotely from the gateway."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cramjam
import httpx
import pytest
import yaml

from lma.demo.ports import LOOPBACK
from lma.demo.processes import Program
from query.model.matchers import Matcher, MatchOp
from query.wire.protobuf import bytes_field, int_field
from query.wire.remote_read import ReadQuery, ReadSeries, pack, read_response, request_message
from tests.real.asking import BETWEEN, LATE, WHOLE, Asker, When
from tests.real.comparison import differences, report
from tests.real.conftest import StartGateway
from tests.real.dataset import END_S, START_S
from tests.real.fleet import Fleet
from tests.real.gateway import Gateway
from tests.real.supervisor import Supervisor

QUERIES = (
    "queue_depth",
    "sum by (cluster) (queue_depth)",
    'queue_depth{cluster="seoul"}',
    'queue_depth{cluster!~"seoul|paris"}',
    'cluster_size{region=""}',
    "rate(http_requests_total[5m])",
    "sum by (job) (increase(http_requests_total[10m]))",
    "changes(flaky_gauge[10m])",
    "count_over_time(flaky_gauge[10m])",
    "count(job_runs_total)",
    "odd_labels",
    "no_such_metric",
    'queue_depth{cluster="nowhere"}',
    "histogram_quantile(0.9, sum by (le, cluster) (rate(http_request_duration_seconds_bucket[10m])))",
    "max_over_time(sum(queue_depth)[10m:1m])",
    'sum by (cluster) ({__name__=~"cluster_size|seoul_only_gauge"})',
)
NATIVE = (
    'count by (__name__, cluster) ({__name__=~".+"})',
    "histogram_count(request_latency_seconds)",
    "histogram_sum(rate(request_latency_seconds[10m]))",
    "histogram_quantile(0.5, sum by (job, cluster) (rate(request_latency_seconds[10m])))",
    "histogram_avg(payload_megabytes)",
    "pool_balance",
    "resets(request_latency_seconds[1h])",
)
"""What a Thanos Query behind the gateway can't hand out exactly, or stale markers decide."""


@pytest.fixture(scope="module", params=["bare", "mixed"])
def reader(
    request: pytest.FixtureRequest,
    supervisor: Supervisor,
    binaries: Mapping[str, Path],
    metrics_gateways: Mapping[str, Gateway],
    tmp_path_factory: pytest.TempPathFactory,
    http: httpx.Client,
) -> Asker:
    folder = tmp_path_factory.mktemp(f"reader-{request.param}")
    url = f"{metrics_gateways[request.param].prometheus_url}/api/v1/read"
    return Asker(_start_reader(supervisor, binaries["prometheus"], folder, url), http)


@pytest.fixture(scope="module")
def bare_reader(
    supervisor: Supervisor,
    binaries: Mapping[str, Path],
    bare_gateway: Gateway,
    tmp_path_factory: pytest.TempPathFactory,
    http: httpx.Client,
) -> Asker:
    url = f"{bare_gateway.prometheus_url}/api/v1/read"
    folder = tmp_path_factory.mktemp("reader-of-histograms")
    return Asker(_start_reader(supervisor, binaries["prometheus"], folder, url), http)


def _start_reader(supervisor: Supervisor, binary: Path, folder: Path, url: str) -> str:
    """Start an empty server that reads from ``url``; return its address."""
    config = folder / "prometheus.yml"
    content = {"remote_read": [{"url": url, "read_recent": True}]}
    config.write_text(yaml.safe_dump(content), encoding="utf-8")
    address = f"{LOOPBACK}:{supervisor.ports.take()}"
    program = Program(
        name=folder.name,
        argv=(
            str(binary),
            f"--config.file={config}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={address}",
            "--log.level=warn",
        ),
        log=folder / "prometheus.log",
        ready_url=f"http://{address}/-/ready",
    )
    supervisor.start(program)
    return f"http://{address}"


@pytest.mark.parametrize("when", [BETWEEN, LATE, WHOLE], ids=lambda when: when.name)
@pytest.mark.parametrize("query", QUERIES)
def test_what_is_read_evaluates_as_on_one_server(
    query: str, when: When, reader: Asker, fleet: Fleet, http: httpx.Client
) -> None:
    _compare(query, when, reader, Asker(fleet.union, http))


@pytest.mark.parametrize("when", [BETWEEN, LATE, WHOLE], ids=lambda when: when.name)
@pytest.mark.parametrize("query", NATIVE)
def test_histograms_and_stale_markers_are_read_as_they_are(
    query: str, when: When, bare_reader: Asker, fleet: Fleet, http: httpx.Client
) -> None:
    _compare(query, when, bare_reader, Asker(fleet.union, http))


def _compare(query: str, when: When, got_of: Asker, expected_of: Asker) -> None:
    expected, got = expected_of.ask(query, when), got_of.ask(query, when)
    found = differences(query, expected, got)
    assert not found, report(query, when.name, found, expected, got)


def _read(http: httpx.Client, base: str, *queries: ReadQuery, accepted: bytes = b"") -> httpx.Response:
    return http.post(f"{base}/api/v1/read", content=pack(request_message(queries) + accepted))


def _series(response: httpx.Response) -> list[list[ReadSeries]]:
    assert response.status_code == 200, response.text[:300]
    return read_response(response.content, 1 << 30)


def test_the_bytes_of_every_sample_are_those_of_one_server(
    fleet: Fleet, bare_gateway: Gateway, http: httpx.Client
) -> None:
    everything = (Matcher("__name__", MatchOp.REGEX, ".+"),)
    some = (Matcher("__name__", MatchOp.EQUAL, "queue_depth"), Matcher("cluster", MatchOp.NOT_EQUAL, "tokyo"))
    queries = [ReadQuery(everything, START_S * 1000, END_S * 1000), ReadQuery(some, START_S * 1000, START_S * 1000)]
    expected = _series(_read(http, fleet.union, *queries))
    got = _series(_read(http, bare_gateway.prometheus_url, *queries))
    assert [sorted(one, key=lambda series: series.labels) for one in expected] == got
    assert len(got[0]) > 100
    assert got[1]


def test_what_is_no_request_is_refused(bare_gateway: Gateway, http: httpx.Client) -> None:
    url = f"{bare_gateway.prometheus_url}/api/v1/read"
    for body in (
        b"",
        b"\xff" * 100,
        b"nonsense",
        pack(b"\x0a\xff"),
        pack(b"\x0b\x0c"),
        pack(b"\x0a\x04\x1a\x02\x08\x09"),
    ):
        response = http.post(url, content=body)
        assert (response.status_code, response.headers["content-type"]) == (400, "text/plain; charset=utf-8"), body
        assert "Traceback" not in response.text
    bomb = http.post(url, content=bytes(cramjam.snappy.compress_raw(b"\0" * (20 << 20))))
    assert (bomb.status_code, bomb.text) == (400, f"larger than {16 << 20} bytes when unpacked\n")


@pytest.mark.parametrize(
    ("accepted", "status"), [(b"", 200), (b"\x10\x01\x10\x00", 200), (b"\x12\x02\x01\x00", 200), (b"\x10\x01", 400)]
)
def test_the_response_type_is_negotiated(
    accepted: bytes, status: int, bare_gateway: Gateway, http: httpx.Client
) -> None:
    query = ReadQuery((Matcher("__name__", MatchOp.EQUAL, "cluster_size"),), START_S * 1000, END_S * 1000)
    response = _read(http, bare_gateway.prometheus_url, query, accepted=accepted)
    assert response.status_code == status
    if status == 200:
        assert (response.headers["content-type"], response.headers["content-encoding"]) == (
            "application/x-protobuf",
            "snappy",
        )
        assert len(_series(response)[0]) == 3
    else:
        assert "STREAMED_XOR_CHUNKS" in response.text


def test_no_queries_no_results(bare_gateway: Gateway, http: httpx.Client) -> None:
    assert _series(_read(http, bare_gateway.prometheus_url)) == []
    nothing: Any = _series(_read(http, bare_gateway.prometheus_url, ReadQuery((), 5, 1)))
    assert len(nothing) == 1
    unknown = int_field(9, 7) + bytes_field(10, b"x")
    response = http.post(f"{bare_gateway.prometheus_url}/api/v1/read", content=pack(unknown))
    assert _series(response) == []


def test_a_read_over_its_budget_is_refused(
    fleet: Fleet, start_gateway: StartGateway, bare_gateway: Gateway, http: httpx.Client
) -> None:
    small = start_gateway("reads-little", list(bare_gateway.clusters), limits={"bytes_per_query": 20_000})
    everything = ReadQuery((Matcher("__name__", MatchOp.REGEX, ".+"),), START_S * 1000, END_S * 1000)
    refused = _read(http, small.prometheus_url, everything)
    assert (refused.status_code, refused.headers["content-type"]) == (422, "text/plain; charset=utf-8")
    assert refused.text.startswith("limit bytes_per_query=20000 exceeded by cluster")
    one = ReadQuery((Matcher("__name__", MatchOp.EQUAL, "cluster_size"),), START_S * 1000, START_S * 1000 + 60_000)
    assert _series(_read(http, small.prometheus_url, one)) == _sorted(_series(_read(http, fleet.union, one)))


def _sorted(results: list[list[ReadSeries]]) -> list[list[ReadSeries]]:
    return [sorted(one, key=lambda series: series.labels) for one in results]


def test_a_missing_cluster_is_an_error_unless_the_client_says_otherwise(
    fleet: Fleet, start_gateway: StartGateway, bare_gateway: Gateway, http: httpx.Client
) -> None:
    clusters = [*bare_gateway.clusters, {"name": "gone", "metrics": {"url": "http://127.0.0.1:1"}}]
    gateway = start_gateway("reads-partly", clusters)
    query = ReadQuery((Matcher("__name__", MatchOp.EQUAL, "cluster_size"),), START_S * 1000, START_S * 1000 + 60_000)
    refused = _read(http, gateway.prometheus_url, query)
    assert (refused.status_code, refused.headers["x-lma-clusters-missing"]) == (503, "gone=unreachable")
    message = pack(request_message([query]))
    partial = http.post(f"{gateway.prometheus_url}/api/v1/read?partial_response=true", content=message)
    assert _series(partial) == _sorted(_series(_read(http, fleet.union, query)))
    assert partial.headers["x-lma-complete"] == "false"
    text = http.get(f"{gateway.prometheus_url}/federate", params={"match[]": "cluster_size"}).text
    assert text.startswith('# cluster "gone" is missing from this answer (')
