"""A live fleet: two Prometheus servers that scrape and evaluate rules, and one that scrapes what both do.

Targets, metric metadata, rules, alerts and exemplars come from a running server's memory, not from its blocks, so the
prepared data can't show them. The exporter here says the same at every scrape, exemplars included, which makes the
servers' answers comparable however their scrapes fall.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from lma.demo.prometheus import Prometheus, ScrapeJob, Target
from tests.real.dataset import CLUSTERS, DataCluster
from tests.real.supervisor import Supervisor

LIVE_CLUSTERS = CLUSTERS[:2]
FEATURES = ("exemplar-storage",)
TEAM = {"team": "blue"}
SETTLE_S = 30.0


@dataclass(frozen=True, slots=True)
class LiveFleet:
    """URLs of the clusters' servers by cluster name, and of the union."""

    prometheus: Mapping[str, str]
    union: str


@contextmanager
def live_fleet(supervisor: Supervisor, binary: Path, folder: Path) -> Iterator[LiveFleet]:
    """Run exporters and servers; the servers are the supervisor's to stop, the exporters end with the block."""
    with ExitStack() as stack:
        targets = {cluster.name: stack.enter_context(exporter(cluster.name)) for cluster in LIVE_CLUSTERS}
        servers = {
            cluster.name: Prometheus(
                folder=folder / cluster.name,
                port=supervisor.ports.take(),
                external_labels=cluster.constants,
                jobs=(ScrapeJob("shop", (Target(targets[cluster.name], TEAM),)), _dead_job(cluster)),
                rule_groups=_rules(cluster),
                scrape_interval="1s",
                features=FEATURES,
            )
            for cluster in LIVE_CLUSTERS
        }
        union = Prometheus(
            folder=folder / "union",
            port=supervisor.ports.take(),
            jobs=(
                ScrapeJob(
                    "shop",
                    tuple(Target(targets[cluster.name], {**TEAM, **cluster.constants}) for cluster in LIVE_CLUSTERS),
                ),
            ),
            scrape_interval="1s",
            features=FEATURES,
        )
        supervisor.start(
            *(server.program(f"live-{name}", binary) for name, server in servers.items()),
            union.program("live-union", binary),
        )
        yield LiveFleet({name: server.url for name, server in servers.items()}, union.url)


def _dead_job(cluster: DataCluster) -> ScrapeJob:
    """Return a job whose target never answers, in one cluster only."""
    return ScrapeJob("dead", (Target("127.0.0.1:1"),) if cluster.name == "seoul" else ())


def _rules(cluster: DataCluster) -> tuple[Mapping[str, Any], ...]:
    shared = {
        "name": "shared",
        "rules": [
            {"record": "job:shop_orders:sum", "expr": "sum by (job) (shop_orders_total)"},
            {"alert": "Always", "expr": "vector(1)", "labels": {"severity": "info"}, "annotations": {"summary": "on"}},
            {"alert": "Never", "expr": "vector(1) > 2"},
        ],
    }
    own = {
        "name": f"own-{cluster.name}",
        "rules": [{"alert": "ShopOpen", "expr": 'up{job="shop"} == 1', "labels": {"severity": "page"}}],
    }
    return (shared, own)


_EXPOSITION = """\
# HELP shop_orders Orders taken.
# TYPE shop_orders counter
# UNIT shop_orders orders
shop_orders_total{{kind="book"}} 17 # {{trace_id="{cluster}-1"}} 1 1750000000.123
shop_orders_total{{kind="film"}} 4 # {{trace_id="{cluster}-2"}} 1 1750000001.5
# HELP shop_wait_seconds {help}
# TYPE shop_wait_seconds histogram
shop_wait_seconds_bucket{{le="0.1"}} 3 # {{trace_id="{cluster}-3"}} 0.05 1750000002
shop_wait_seconds_bucket{{le="1.0"}} 5 # {{trace_id="{cluster}-4",span="x"}} 0.7 1750000003
shop_wait_seconds_bucket{{le="+Inf"}} 6
shop_wait_seconds_sum 9.5
shop_wait_seconds_count 6
# HELP shop_temperature_celsius How warm it is.
# TYPE shop_temperature_celsius gauge
shop_temperature_celsius 21.5
{own}# EOF
"""
_OWN = "# HELP only_{cluster} Not elsewhere.\n# TYPE only_{cluster} gauge\nonly_{cluster} 1\n"


@contextmanager
def exporter(cluster: str) -> Iterator[str]:
    """Serve one cluster's metrics; give the ``host:port`` to scrape."""
    text = _EXPOSITION.format(
        cluster=cluster,
        help="How long they waited." if cluster == "seoul" else "Time until served.",
        own=_OWN.format(cluster=cluster),
    )

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/openmetrics-text; version=1.0.0; charset=utf-8")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def wait_until_settled(http: httpx.Client, fleet: LiveFleet) -> None:
    """Return once every target has been scraped and every alert fires."""
    deadline = time.monotonic() + SETTLE_S
    while not _is_settled(http, fleet):
        assert time.monotonic() < deadline, f"not within {SETTLE_S:g} s: every target scraped, every alert firing"
        time.sleep(0.1)


def _is_settled(http: httpx.Client, fleet: LiveFleet) -> bool:
    if len(_exemplars(http, fleet.union)) < len(LIVE_CLUSTERS) * 2:
        return False
    for url in fleet.prometheus.values():
        if any(target["health"] == "unknown" for target in _data(http, url, "targets")["activeTargets"]):
            return False
        if {alert["labels"]["alertname"] for alert in _data(http, url, "alerts")["alerts"]} != {"Always", "ShopOpen"}:
            return False
        if len(_exemplars(http, url)) < 2:
            return False
    return True


def _exemplars(http: httpx.Client, base: str) -> Any:
    return _data(http, base, "query_exemplars", query="shop_orders_total", start="0", end="2000000000")


def _data(http: httpx.Client, base: str, path: str, **parameters: str) -> Any:
    return http.get(f"{base}/api/v1/{path}", params=parameters).json()["data"]
