"""What the process tells about the requests it served, for its own Prometheus.

Labelled by the route that matched, never by path: a path holds names and would make series without end.
"""

from __future__ import annotations

from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from starlette.types import Scope

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SECONDS: Final = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)


class HttpMetrics:
    """Counts and times requests; ``observe`` is what ``query.app.logs.RequestLog`` calls."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "lma_http_requests_total",
            "Requests served, by the route that matched.",
            ("method", "route", "code"),
            registry=registry,
        )
        self._seconds = Histogram(
            "lma_http_request_duration_seconds",
            "Time from the head of the request to the end of the answer.",
            ("route",),
            buckets=_SECONDS,
            registry=registry,
        )

    def observe(self, scope: Scope, status: int, took_s: float) -> None:
        """Count one finished request."""
        route = getattr(scope.get("route"), "path", "none")
        method = scope.get("method", "WEBSOCKET")
        self._requests.labels(method if method in _METHODS else "other", route, str(status)).inc()
        self._seconds.labels(route).observe(took_s)


def process_registry() -> CollectorRegistry:
    """Return a new registry that tells of the process: CPU, memory, files, collections."""
    registry = CollectorRegistry(auto_describe=True)
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry
