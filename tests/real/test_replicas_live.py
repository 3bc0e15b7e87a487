"""Replicas that scrape while they are asked: one is killed, and comes back with a gap."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from lma.demo.prometheus import Prometheus, ScrapeJob, Target
from tests.real.asking import Asker, When
from tests.real.conftest import StartGateway
from tests.real.faulty import Faulty
from tests.real.live import exporter
from tests.real.supervisor import Supervisor

RANGE_S = 8
OUTAGE_S = 6
PATIENCE_S = 60.0


@pytest.mark.timeout(200)
def test_a_restarted_replica_is_asked_again_once_its_gap_is_behind(
    supervisor: Supervisor,
    binaries: Mapping[str, Path],
    tmp_path: Path,
    start_gateway: StartGateway,
    http: httpx.Client,
) -> None:
    with ExitStack() as stack:
        target = Target(stack.enter_context(exporter("seoul")))
        servers = {
            name: Prometheus(
                folder=tmp_path / name,
                port=supervisor.ports.take(),
                external_labels={"cluster": "seoul", "replica": name},
                jobs=(ScrapeJob("shop", (target,)),),
                scrape_interval="1s",
            )
            for name in ("a", "b", "complete")
        }
        programs = {
            name: server.program(f"restarted-{name}", binaries["prometheus"]) for name, server in servers.items()
        }
        supervisor.start(*programs.values())
        fronts = {name: stack.enter_context(Faulty(server.url)) for name, server in servers.items()}
        metrics = {"url": fronts["complete"].url, "replicas": [fronts["a"].url, fronts["b"].url]}
        limits = {"breaker_open_s": 0.2}
        gateway = start_gateway("restarted", [{"name": "seoul", "metrics": metrics}], limits=limits)
        asker = Asker(gateway.prometheus_url, http)

        def where(query: str, at_s: float) -> str:
            before = {name: len(front.queries) for name, front in fronts.items()}
            answer = asker.ask(query, When("", at_s))
            assert not answer.is_error, answer
            assert not answer.warnings
            return next(
                name
                for name in ("complete", "b", "a")
                if any("shop_orders" in text for text in fronts[name].queries[before[name] :])
            )

        query = f"sum(rate(shop_orders_total[{RANGE_S}s]))"
        _until(lambda: where(query, time.time()) == "a")
        killed_s = time.time()
        supervisor.stop("restarted-a")
        assert where(query, time.time()) == "b"
        _until(lambda: time.time() - killed_s > OUTAGE_S)
        supervisor.start(programs["a"])
        back_s = time.time()
        assert where(query, back_s) == "b"
        _until(lambda: where(query, time.time()) == "a")
        assert time.time() - back_s >= RANGE_S - 1, "it was asked about its gap"
        assert where(query, (killed_s + back_s) / 2) == "b"
        supervisor.stop("restarted-b")
        assert where(query, time.time()) == "a"
        assert where(query, (killed_s + back_s) / 2) == "complete"


def _until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.25)
