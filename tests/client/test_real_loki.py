"""The client against a real Loki: what scripted bodies can't tell."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import httpx
import pytest

import lma.parts
from lma.client import BadQueryError, Client, Event, LogLine, Matrix, Notice, Vector
from lma.demo.loki import Loki
from tests.real.supervisor import Supervisor

NAME = "loki-client-tests"
LINES = 20


@dataclass(frozen=True, slots=True)
class RealLoki:
    url: str
    supervisor: Supervisor

    def push(self, *lines: tuple[int, str], app: str) -> None:
        values = [[str(time_ns), text, {"trace_id": f"t-{text}"}] for time_ns, text in lines]
        body = {"streams": [{"stream": {"app": app}, "values": values}]}
        httpx.post(f"{self.url}/loki/api/v1/push", json=body, trust_env=False, timeout=20).raise_for_status()

    def restart(self) -> None:
        self.supervisor.start(self.supervisor.stop(NAME))


@pytest.fixture(scope="module")
def loki(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealLoki]:
    binary = lma.parts.ensure(["loki"])["loki"]
    with Supervisor() as supervisor:
        server = Loki(
            folder=tmp_path_factory.mktemp("loki"),
            http_port=supervisor.ports.take(),
            grpc_port=supervisor.ports.take(),
        )
        supervisor.start(server.program(NAME, binary))
        yield RealLoki(server.url, supervisor)


def test_lines_metrics_names_and_errors(loki: RealLoki) -> None:
    now_ns = time.time_ns()
    loki.push((now_ns - 2, "one"), (now_ns - 1, "two"), app="reading")
    with Client(loki.url) as client:
        newest = client.logs('{app="reading"}', limit=1).lines()
        assert newest == [LogLine(now_ns - 1, newest[0].labels, "two", newest[0].metadata)]
        assert newest[0].labels["app"] == "reading"
        assert "trace_id" not in newest[0].labels
        assert newest[0].metadata["trace_id"] == "t-two"
        instant = client.logs_instant('sum(count_over_time({app="reading"}[1m]))')
        assert isinstance(instant, Vector)
        assert instant[0].value == 2
        ranged = client.logs_range('count_over_time({app="reading"}[1m])', "-1m", "+1m", "1m")
        assert isinstance(ranged, Matrix)
        assert len(ranged) >= 1
        assert "app" in client.log_labels()
        assert "reading" in client.log_label_values("app")
        assert any(labels["app"] == "reading" for labels in client.log_series('{app="reading"}'))
        with pytest.raises(BadQueryError) as caught:
            client.logs('{app="reading"')
        assert (caught.value.line, caught.value.column) == (1, 15)


def test_a_tail_gives_each_line_once_across_a_restart(loki: RealLoki) -> None:
    started_ns = time.time_ns()
    notices: list[Notice] = []
    texts = [f"line {i}" for i in range(LINES)]

    def write() -> None:
        for i, text in enumerate(texts):
            if i == LINES // 2:
                loki.restart()
            loki.push((time.time_ns(), text), app="tailed")
            time.sleep(0.05)

    with Client(loki.url) as client:
        writer = threading.Thread(target=write)
        with closing(client.tail('{app="tailed"}', started_ns / 1e9, on_notice=notices.append)) as tail:
            writer.start()
            given = [next(tail) for _ in texts]
        writer.join()
        held = client.logs('{app="tailed"}', started_ns / 1e9, "now", LINES + 1, "forward").lines()
    assert [line.line for line in given] == texts
    assert [line.line for line in held] == texts
    assert {notice.event for notice in notices} == {Event.RECONNECTING}
