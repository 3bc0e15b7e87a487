"""The workload as the programs it is: a shop that counts and logs, traffic, and a shipper that loses nothing."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import httpx
from aiohttp import web
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from lma.demo.ports import LOOPBACK, Ports
from lma.demo.processes import ProcessGroup, Program
from tests.demo.watching import until

OPENMETRICS = {"Accept": "application/openmetrics-text; version=1.0.0"}


def workload(name: str, log: Path, *args: str, ready_url: str | None = None) -> Program:
    return Program(name, (sys.executable, "-m", "lma.demo.workload", *args), log, ready_url)


async def test_shop_counts_logs_and_ends_cleanly(group: ProcessGroup, ports: Ports, tmp_path: Path) -> None:
    first, second = ports.take(), ports.take()
    logs = tmp_path / "logs"
    shop = await group.start(
        workload(
            "shop",
            tmp_path / "shop.log",
            "shop",
            f"--port={first}",
            f"--port={second}",
            f"--logs={logs}",
            "--latency-ms=1",
            "--error-ratio=0",
            "--promotions=2",
            ready_url=f"http://{LOOPBACK}:{second}/-/ready",
        )
    )
    async with httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{first}") as http:
        assert (await http.get("/api/products/17")).json() == {"served_by": "shop-0"}
        assert (await http.post("/api/checkout")).status_code == 201
        assert (await http.get("/api/nonsense")).status_code == 404
        text = (await http.get("/metrics", headers=OPENMETRICS)).text
        plain = (await http.get("/metrics")).text
    samples = {
        (sample.name, sample.labels.get("handler"), sample.labels.get("code")): sample
        for family in text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
        for sample in family.samples
    }
    assert samples["http_requests_total", "/products/{id}", "200"].value == 1
    assert samples["http_requests_total", "/checkout", "201"].value == 1
    assert samples["http_requests_total", "unknown", "404"].value == 1
    assert samples["shop_promotions_active", None, None].value == 2
    assert samples["http_request_duration_seconds_count", "/checkout", None].value == 1
    assert "# {trace_id=" in text, "traces are linked from the histogram"
    assert "http_requests_total{" in plain
    assert "_created" not in plain
    lines = (logs / "shop-0.log").read_text(encoding="utf-8").splitlines()
    assert [line.split(" status=")[1].split()[0] for line in lines] == ["200", "201", "404"]
    assert (logs / "shop-1.log").read_text() == ""
    await group.stop("shop")
    assert shop.process.returncode == 0


async def test_failures_come_as_often_as_told(group: ProcessGroup, ports: Ports, tmp_path: Path) -> None:
    port = ports.take()
    await group.start(
        workload(
            "payments",
            tmp_path / "log",
            "shop",
            "--service=payments",
            f"--port={port}",
            f"--logs={tmp_path / 'logs'}",
            "--log-format=json",
            "--latency-ms=1",
            "--error-ratio=1",
            ready_url=f"http://{LOOPBACK}:{port}/-/ready",
        )
    )
    async with httpx.AsyncClient() as http:
        assert (await http.post(f"http://{LOOPBACK}:{port}/api/payments")).status_code == 500
    (line,) = (tmp_path / "logs" / "payments-0.log").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["level"] == "error"


class Loki:
    """Takes pushes; refuses while it is told to."""

    def __init__(self) -> None:
        self.status = 204
        self.refusals = 0
        self.lines: list[tuple[str, str]] = []
        self.labels: list[dict[str, str]] = []

    async def push(self, request: web.Request) -> web.Response:
        body = await request.json()
        if self.status != 204:
            self.refusals += 1
            return web.Response(status=self.status)
        for stream in body["streams"]:
            self.labels.append(stream["stream"])
            self.lines += [(stream["stream"]["pod"], value[1]) for value in stream["values"]]
        return web.Response(status=204)


async def test_shipper_sends_each_line_once_also_after_an_outage(
    group: ProcessGroup, ports: Ports, tmp_path: Path
) -> None:
    loki, port, logs = Loki(), ports.take(), tmp_path / "logs"
    application = web.Application()
    application.router.add_post("/loki/api/v1/push", loki.push)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, LOOPBACK, port).start()
    logs.mkdir()
    (logs / "shop-0.log").write_text("one\ntwo\n", encoding="utf-8")
    try:
        shipper = await group.start(
            workload(
                "ship",
                tmp_path / "ship.log",
                "ship",
                f"--loki=http://{LOOPBACK}:{port}",
                f"--logs={logs}",
                "--label=cluster=seoul",
            )
        )
        await until(lambda: len(loki.lines) == 2)
        loki.status = 503
        with (logs / "shop-0.log").open("a", encoding="utf-8") as file:
            file.write("three\nfo")
        await until(lambda: loki.refusals > 0)
        loki.status = 204
        (logs / "shop-1.log").write_text("other\n", encoding="utf-8")
        await until(lambda: len(loki.lines) == 4)
        with (logs / "shop-0.log").open("a", encoding="utf-8") as file:
            file.write("ur\n")
        await group.stop("ship")
        assert shipper.process.returncode == 0
    finally:
        await runner.cleanup()
    assert loki.lines == [
        ("shop-0", "one"),
        ("shop-0", "two"),
        ("shop-0", "three"),
        ("shop-1", "other"),
        ("shop-0", "four"),
    ]
    assert loki.labels[0] == {"cluster": "seoul", "app": "shop", "pod": "shop-0"}


async def test_traffic_goes_on_when_a_shop_is_away(group: ProcessGroup, ports: Ports, tmp_path: Path) -> None:
    visits: list[str] = []

    async def visited(request: web.Request) -> web.Response:
        visits.append(request.path)
        return web.Response()

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", visited)
    runner = web.AppRunner(application)
    await runner.setup()
    port = ports.take()
    await web.TCPSite(runner, LOOPBACK, port).start()
    try:
        traffic = await group.start(
            workload(
                "traffic",
                tmp_path / "log",
                "traffic",
                "--rate=60",
                f"http://{LOOPBACK}:{port}",
                f"http://{LOOPBACK}:{ports.take()}",
            )
        )
        await until(lambda: len(visits) >= 20)
        await group.stop("traffic")
        assert traffic.process.returncode == 0
    finally:
        await runner.cleanup()
    assert all(path.startswith("/api/") for path in visits)
