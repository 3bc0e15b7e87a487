"""The tools people already have: promtool and logcli, pointed at the gateway as they are pointed at one server."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from query.logql.syntax import parse_query, prettify
from tests.real.dataset import END_S, START_S
from tests.real.fleet import Fleet
from tests.real.gateway import Gateway
from tests.real.log_fleet import LogFleet

CLIENT_TIMEOUT_S = 30

PROMTOOL: tuple[tuple[str, ...], ...] = (
    ("instant", f"--time={END_S - 60}", "SERVER", "sum by (cluster) (queue_depth)"),
    ("instant", f"--time={END_S - 60}", "SERVER", "sum(rate(node_cpu_seconds_total[5m]))"),
    ("instant", f"--time={END_S - 60}", "SERVER", 'cluster_size{cluster=~"seoul|paris"}'),
    ("instant", f"--time={END_S - 60}", "SERVER", "scalar(sum(cluster_size))"),
    ("range", f"--start={START_S}", f"--end={END_S}", "--step=10m", "SERVER", "sum by (cluster) (queue_depth)"),
    ("range", f"--start={START_S}", f"--end={END_S}", "--step=7m", "SERVER", "max by (queue) (queue_depth)"),
    ("series", "--match=queue_depth", "--match=seoul_only_gauge", f"--start={START_S}", f"--end={END_S}", "SERVER"),
    ("labels", f"--start={START_S}", f"--end={END_S}", "SERVER", "cluster"),
    ("labels", f"--start={START_S}", f"--end={END_S}", "SERVER", "__name__"),
    ("labels", f"--start={START_S}", "--match=queue_depth", "--match=cluster_size", "SERVER", "cluster"),
    ("range", f"--start={START_S}", f"--end={END_S}", "--header=X-A=b", "SERVER", "sum(cluster_size)"),
    (
        "analyze",
        "--server=SERVER",
        "--type=histogram",
        "--duration=30m",
        f"--time={END_S - 600}",
        "--match=http_request_duration_seconds_bucket",
    ),
)


@pytest.mark.parametrize("arguments", PROMTOOL, ids=lambda arguments: f"{arguments[0]} {arguments[-1]}")
def test_promtool_prints_what_it_prints_of_one_server(
    arguments: tuple[str, ...], binaries: Mapping[str, Path], fleet: Fleet, bare_gateway: Gateway
) -> None:
    expected = _promtool(binaries["promtool"], fleet.union, arguments)
    got = _promtool(binaries["promtool"], bare_gateway.prometheus_url, arguments)
    assert got.returncode == 0, got.stderr
    assert sorted(got.stdout.splitlines()) == sorted(expected.stdout.splitlines())
    assert got.stdout.strip()


def test_promtool_checks_the_health(binaries: Mapping[str, Path], bare_gateway: Gateway) -> None:
    for check in ("healthy", "ready"):
        done = _run([binaries["promtool"], "check", check, f"--url={bare_gateway.prometheus_url}"])
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("query", ["sum(up))", "sum(", "up{job=}", "nosuch(up)", "rate(up)"])
def test_promtool_shows_an_error_as_of_one_server(
    query: str, binaries: Mapping[str, Path], fleet: Fleet, bare_gateway: Gateway
) -> None:
    expected = _promtool(binaries["promtool"], fleet.union, ("instant", "SERVER", query))
    got = _promtool(binaries["promtool"], bare_gateway.prometheus_url, ("instant", "SERVER", query))
    assert got.returncode == expected.returncode != 0
    assert _POSITION.findall(got.stderr) == _POSITION.findall(expected.stderr) != []


_POSITION = re.compile(r"bad_data: .*?(\d+:\d+): parse error: ")


def _promtool(binary: Path, server: str, arguments: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    words = [word.replace("SERVER", server) for word in arguments]
    return _run([binary, "query", *words])


LOGCLI: tuple[tuple[str, ...], ...] = (
    ("query", "--limit=60", "--output=jsonl", '{app="clock"} |= "tick"', "RANGE"),
    ("query", "--limit=60", "--forward", "--output=jsonl", '{app="clock",cluster="tokyo"}', "RANGE"),
    ("query", "--limit=4000", "--batch=500", "--output=jsonl", '{app="shop",level="error"}', "RANGE"),
    ("query", "--step=5m", 'sum by (cluster) (count_over_time({app="shop"}[5m]))', "RANGE"),
    ("instant-query", 'sum by (cluster) (count_over_time({app="shop"}[10m]))', "NOW"),
    ("instant-query", 'topk(1, sum by (cluster) (count_over_time({app="billing"}[10m])))', "NOW"),
    ("labels", "RANGE"),
    ("labels", "cluster", "RANGE"),
    ("labels", "app", "RANGE"),
    ("series", '{app=~"billing|clock"}', "RANGE"),
    ("series", "--analyze-labels", '{app="clock"}', "RANGE"),
    ("stats", '{app="shop"}', "RANGE"),
    ("volume", '{app=~".+"}', "RANGE"),
    ("volume", "--targetLabels=cluster", '{app="clock"}', "RANGE"),
    ("detected-fields", '{app="odd"}', "RANGE"),
    ("detected-fields", '{app="cart"}', "status", "RANGE"),
    ("query", "--limit=5000", "--output=raw", "--include-label=cluster", '{app="clock"} | json', "RANGE"),
    ("query", "--limit=30", "--no-labels", '{app="billing"} | logfmt | status=404', "RANGE"),
    ("query", "--step=5m", 'quantile_over_time(0.9, {app="shop"} | logfmt | unwrap bytes [5m]) by (status)', "RANGE"),
)  # fmt: skip


@pytest.mark.parametrize("arguments", LOGCLI, ids=" ".join)
def test_logcli_prints_what_it_prints_of_one_server(
    arguments: tuple[str, ...], binaries: Mapping[str, Path], log_fleet: LogFleet, logs_gateway: Gateway
) -> None:
    expected = _logcli(binaries["logcli"], log_fleet.union, log_fleet, arguments)
    got = _logcli(binaries["logcli"], logs_gateway.url, log_fleet, arguments)
    assert got.returncode == 0, got.stderr
    assert _comparable(got.stdout) == _comparable(expected.stdout)
    assert got.stdout.strip()


def test_logcli_lays_out_a_query(binaries: Mapping[str, Path]) -> None:
    laid_out = subprocess.run(
        [binaries["logcli"], "fmt"],
        input='sum by(app)(rate({app="x"}|="a"[5m]))',
        capture_output=True,
        text=True,
        timeout=CLIENT_TIMEOUT_S,
        check=True,
    )
    assert laid_out.stdout.strip() == prettify(parse_query('sum by(app)(rate({app="x"}|="a"[5m]))'))


def test_logcli_tails(binaries: Mapping[str, Path], log_fleet: LogFleet, logs_gateway: Gateway) -> None:
    command: list[str | Path] = [
        binaries["logcli"],
        f"--addr={logs_gateway.url}",
        "--quiet",
        "query",
        "--tail",
        "--limit=40",
    ]
    span = f"--from={_rfc3339(log_fleet.base_s)}"
    with subprocess.Popen(
        [*command, "--output=raw", span, '{app="clock", cluster="tokyo"}'], stdout=subprocess.PIPE, text=True
    ) as tailing:
        assert tailing.stdout is not None
        try:
            lines = [tailing.stdout.readline().strip() for _ in range(40)]
        finally:
            tailing.kill()
    assert sorted(lines) == sorted(f"{word} {number}" for number in range(70, 90) for word in ("tick", "tock"))


def _logcli(binary: Path, server: str, fleet: LogFleet, arguments: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    span = {
        "RANGE": [f"--from={_rfc3339(fleet.base_s)}", f"--to={_rfc3339(fleet.end_s)}"],
        "NOW": [f"--now={_rfc3339(fleet.end_s - 120)}"],
    }
    words = [part for word in arguments for part in span.get(word, [word])]
    return _run([binary, f"--addr={server}", "--quiet", *words])


def _rfc3339(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _comparable(text: str) -> list[str]:
    """Return the lines without order, results of metric queries (one JSON document) sorted by labels."""
    try:
        document = json.loads(text)
    except ValueError:
        return sorted(text.splitlines())
    return sorted(json.dumps(item, sort_keys=True) for item in document) if isinstance(document, list) else [text]


def _run(command: list[str | Path]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=CLIENT_TIMEOUT_S, check=False)
