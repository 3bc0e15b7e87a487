"""Counting what is asked of each cluster, for ``/metrics``."""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Counter, Histogram

from query.backends.base import Backend, BackendError, Deadline, Reply, Request


class BackendMetrics:
    """The metrics all backends of a gateway share."""

    def __init__(self, registry: CollectorRegistry) -> None:
        labels = ("cluster", "signal")
        self.requests = Counter(
            "lma_cluster_requests",
            "Requests sent to clusters, by outcome: an HTTP status class, or why there was no answer.",
            (*labels, "outcome"),
            registry=registry,
        )
        self.seconds = Histogram(
            "lma_cluster_request_duration_seconds",
            "Time from sending a request to a cluster until the head of its answer.",
            labels,
            registry=registry,
        )

    def forget(self, cluster: str, signal: str) -> None:
        """Drop the series of a cluster that is gone."""
        for labels in list(self.requests._metrics):  # noqa: SLF001  (the library offers no listing)
            if labels[:2] == (cluster, signal):
                self.requests.remove(*labels)
        if (cluster, signal) in self.seconds._metrics:  # noqa: SLF001
            self.seconds.remove(cluster, signal)


class Metered:
    """A backend that counts."""

    def __init__(self, inner: Backend, metrics: BackendMetrics, cluster: str, signal: str) -> None:
        self._inner = inner
        self._metrics = metrics
        self._labels = (cluster, signal)
        self._seconds = metrics.seconds.labels(cluster, signal)
        self._counters: dict[str, Counter] = {}

    async def send(self, request: Request, deadline: Deadline) -> Reply:
        """Send and count."""
        began = time.monotonic()
        outcome = "cancelled"
        try:
            reply = await self._inner.send(request, deadline)
            outcome = f"{reply.status // 100}xx"
        except BackendError as error:
            outcome = error.failure.value
            raise
        finally:
            counter = self._counters.get(outcome)
            if counter is None:
                counter = self._counters[outcome] = self._metrics.requests.labels(*self._labels, outcome)
            counter.inc()
            self._seconds.observe(time.monotonic() - began)
        return reply

    async def aclose(self) -> None:
        """Close what is inside."""
        await self._inner.aclose()
