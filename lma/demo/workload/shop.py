"""A small shop over HTTP, instrumented the way a real one is: a counter, a histogram with exemplars, gauges, info.

One process serves any number of instances, each with its port, registry and log file, because what
matters to an observer is the number of targets, not the number of interpreters. With ``--service
payments`` it serves payments instead, with metrics of that name: a series that only some clusters have.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from aiohttp import web
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    disable_created_metrics,
    exposition,
)

from lma.demo.workload.journal import Journal, LogFormat
from lma.demo.workload.lifetime import stop_event

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

LATENCY_SPREAD = 0.5
SLOW_MS = 250.0
_CHANCE = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What makes one shop differ from another."""

    service: str
    version: str
    error_ratio: float
    latency_ms: float
    promotions: int


class Metrics:
    """What one instance counts."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "http_requests", "Requests served.", ("method", "handler", "code"), registry=self.registry
        )
        self.duration = Histogram(
            "http_request_duration_seconds",
            "Time to serve a request.",
            ("handler",),
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5),
            registry=self.registry,
        )
        self.in_flight = Gauge("http_requests_in_flight", "Requests being served now.", registry=self.registry)
        build = Info(f"{behaviour.service}_build", "What runs here.", registry=self.registry)
        build.info({"version": behaviour.version})
        self.sold = (
            Counter("payments", "Payments taken.", ("instrument",), registry=self.registry)
            if behaviour.service == "payments"
            else Counter("shop_orders", "Orders placed.", ("instrument",), registry=self.registry)
        )
        if behaviour.promotions:
            Gauge("shop_promotions_active", "Promotions running.", registry=self.registry).set(behaviour.promotions)


class Instance:
    """One shop server: routes, what they count, what they log."""

    def __init__(self, name: str, behaviour: Behaviour, journal: Journal) -> None:
        self._name = name
        self._behaviour = behaviour
        self._journal = journal
        self._metrics = Metrics(behaviour)

    def application(self) -> web.Application:
        """Return the web application of this instance."""
        observed = web.Application(middlewares=[self._observe])
        if self._behaviour.service == "payments":
            observed.router.add_post("/payments", self._sell)
        else:
            observed.router.add_get("/", self._browse)
            observed.router.add_get("/products/{id}", self._browse)
            observed.router.add_post("/cart", self._browse)
            observed.router.add_post("/checkout", self._sell)
        application = web.Application()
        application.router.add_get("/metrics", self._expose)
        application.router.add_get("/-/ready", _ready)
        application.add_subapp("/api", observed)
        return application

    @web.middleware
    async def _observe(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        resource = request.match_info.route.resource
        route = resource.canonical.removeprefix("/api") or "/" if resource else "unknown"
        trace_id, began = uuid4().hex, time.perf_counter()
        with self._metrics.in_flight.track_inprogress():
            try:
                response = await handler(request)
            except web.HTTPException as error:
                response = error
        elapsed = time.perf_counter() - began
        self._metrics.requests.labels(request.method, route, str(response.status)).inc()
        self._metrics.duration.labels(route).observe(elapsed, {"trace_id": trace_id})
        level, message = _verdict(response.status, elapsed)
        self._journal.write(
            level,
            message,
            service=self._behaviour.service,
            instance=self._name,
            method=request.method,
            path=request.path.removeprefix("/api") or "/",
            status=response.status,
            duration_ms=round(elapsed * 1000, 2),
            trace_id=trace_id,
        )
        return response

    async def _browse(self, _request: web.Request) -> web.Response:
        await self._work(1.0)
        return web.json_response({"served_by": self._name})

    async def _sell(self, _request: web.Request) -> web.Response:
        await self._work(2.5)
        self._metrics.sold.labels(_CHANCE.choice(("card", "card", "invoice", "wallet"))).inc()
        return web.json_response({"order": uuid4().hex}, status=201)

    async def _work(self, weight: float) -> None:
        """Take the time that such a request takes, and fail as often as this shop does."""
        median_s = self._behaviour.latency_ms * weight / 1000
        await asyncio.sleep(median_s * _CHANCE.lognormvariate(0.0, LATENCY_SPREAD))
        if _CHANCE.random() < self._behaviour.error_ratio:
            raise web.HTTPInternalServerError(text="the warehouse did not answer")

    async def _expose(self, request: web.Request) -> web.Response:
        encode, content_type = exposition.choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(self._metrics.registry), headers={"Content-Type": content_type})


async def _ready(_request: web.Request) -> web.Response:
    return web.Response(text="ready\n")


def _verdict(status: int, elapsed_s: float) -> tuple[str, str]:
    if status >= 500:  # noqa: PLR2004 - HTTP's own boundary
        return "error", "the warehouse did not answer"
    if status >= 400:  # noqa: PLR2004 - HTTP's own boundary
        return "warn", "no such page"
    return ("warn", "slow request") if elapsed_s * 1000 > SLOW_MS else ("info", "request served")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this program's options."""
    parser.add_argument("--service", default="shop", choices=("shop", "payments"))
    parser.add_argument("--port", type=int, action="append", required=True, help="one instance each")
    parser.add_argument("--logs", type=Path, required=True, help="folder of the log files")
    parser.add_argument("--log-format", type=LogFormat, default=LogFormat.LOGFMT)
    parser.add_argument("--version", default="1.0.0")
    parser.add_argument("--error-ratio", type=float, default=0.01)
    parser.add_argument("--latency-ms", type=float, default=15.0, help="median of a simple request")
    parser.add_argument("--promotions", type=int, default=0)


async def run(options: argparse.Namespace) -> None:
    """Serve every instance until a signal comes."""
    disable_created_metrics()  # type: ignore[no-untyped-call]
    behaviour = Behaviour(
        service=options.service,
        version=options.version,
        error_ratio=options.error_ratio,
        latency_ms=options.latency_ms,
        promotions=options.promotions,
    )
    stop = stop_event()
    async with AsyncExitStack() as stack:
        for number, port in enumerate(options.port):
            name = f"{behaviour.service}-{number}"
            journal = stack.enter_context(Journal(options.logs / f"{name}.log", options.log_format))
            runner = web.AppRunner(Instance(name, behaviour, journal).application(), access_log=None)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", port, shutdown_timeout=1.0).start()
        await stop.wait()
