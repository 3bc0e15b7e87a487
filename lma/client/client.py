"""The synchronous client: ``Client``.

Example::

    with Client("http://127.0.0.1:9090", token=token) as client:
        result = client.query_range("sum by (cluster) (up)", "-1h", "now", "1m")
        print(result.to_pandas())
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
from websockets.sync.client import ClientConnection, connect

from lma.client import cluster_calls, connection_calls, log_calls, metric_calls, times
from lma.client import tail as tailing
from lma.client.call import Call, Request
from lma.client.entities import (
    Alert,
    Cluster,
    Credential,
    Endpoints,
    Metadata,
    PreflightCheck,
    RuleGroup,
    Targets,
    Timeline,
)
from lma.client.errors import ClientError
from lma.client.explanations import Explanation
from lma.client.samples import Labels, Listing, LogLine, Matrix, MetricResult, Streams
from lma.client.server import DEFAULT_TIMEOUT_S, FOREIGN_ERRORS, Server

T = TypeVar("T")


class Client:
    """One server: metrics, logs and clusters, each method one request unless it says otherwise.

    ``url`` is the server's root (``http://127.0.0.1:9090``; no ``/prometheus``), ``token`` a bearer token, and
    ``timeout_s`` bounds each wait for bytes (connecting: ten seconds at most). Every method raises ``ClientError``.
    May be shared by threads. Close it, or use it in a ``with`` block.
    """

    def __init__(self, url: str, token: str | None = None, timeout_s: float = DEFAULT_TIMEOUT_S) -> None:
        self._server = Server.of(url, token, timeout_s)
        self._http = httpx.Client(**self._server.httpx_options)
        self.clusters = Clusters(self.run)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def run(self, call: Call[T]) -> T:
        """Make a call: send its request, decode the answer."""
        try:
            response = self._http.request(**self._server.http_arguments(call.request))
        except FOREIGN_ERRORS as error:
            raise self._server.translate(error) from error
        return call.result(self._server.answer(response))

    def query(
        self, expr: str, time: times.Time | None = None, *, partial: bool = True, exactness: str | None = None
    ) -> MetricResult:
        """Evaluate PromQL at one instant; ``partial=False`` makes a missing cluster an IncompleteError.

        ``exactness="exact"`` makes what one server would answer with other last digits a QueryFailedError.
        """
        return self.run(metric_calls.query(expr, time, partial=partial, exactness=exactness))

    def query_range(
        self,
        expr: str,
        start: times.Time,
        end: times.Time,
        step: times.Duration,
        *,
        partial: bool = True,
        exactness: str | None = None,
    ) -> Matrix:
        """Evaluate PromQL from ``start`` to ``end``, both included, every ``step``; the rest as for ``query``."""
        return self.run(metric_calls.query_range(expr, start, end, step, partial=partial, exactness=exactness))

    def explain(self, expr: str, time: times.Time | None = None, *, analyze: bool = False) -> Explanation:
        """Tell how ``query`` answers PromQL; ``analyze`` also answers it and measures."""
        return self.run(metric_calls.explain(expr, time, analyze=analyze))

    def explain_range(
        self, expr: str, start: times.Time, end: times.Time, step: times.Duration, *, analyze: bool = False
    ) -> Explanation:
        """Tell how ``query_range`` answers PromQL; ``analyze`` also answers it and measures."""
        return self.run(metric_calls.explain_range(expr, start, end, step, analyze=analyze))

    def labels(
        self,
        match: str | Sequence[str] = (),
        start: times.Time | None = None,
        end: times.Time | None = None,
    ) -> Listing[str]:
        """List label names, of the series that match if selectors are given."""
        return self.run(metric_calls.labels(match, start, end))

    def label_values(
        self,
        name: str,
        match: str | Sequence[str] = (),
        start: times.Time | None = None,
        end: times.Time | None = None,
    ) -> Listing[str]:
        """List the values of a label."""
        return self.run(metric_calls.label_values(name, match, start, end))

    def series(
        self,
        match: str | Sequence[str],
        start: times.Time | None = None,
        end: times.Time | None = None,
    ) -> Listing[Labels]:
        """List the label sets of the series that match any of the selectors."""
        return self.run(metric_calls.series(match, start, end))

    def rules(self) -> Listing[RuleGroup]:
        """List rule groups."""
        return self.run(metric_calls.rules())

    def alerts(self) -> Listing[Alert]:
        """List active alerts."""
        return self.run(metric_calls.alerts())

    def targets(self) -> Targets:
        """List scrape targets."""
        return self.run(metric_calls.targets())

    def metadata(self, metric: str | None = None) -> Metadata:
        """List metric metadata, of one metric if named."""
        return self.run(metric_calls.metadata(metric))

    def logs(
        self,
        expr: str,
        start: times.Time = "-1h",
        end: times.Time = "now",
        limit: int = log_calls.DEFAULT_LIMIT,
        direction: log_calls.Direction | str = log_calls.Direction.BACKWARD,
        *,
        partial: bool = True,
    ) -> Streams:
        """Read log lines from ``start`` (included) to ``end`` (excluded), at most ``limit``."""
        return self.run(log_calls.logs(expr, start, end, limit, direction, partial=partial))

    def logs_range(
        self, expr: str, start: times.Time, end: times.Time, step: times.Duration, *, partial: bool = True
    ) -> Matrix:
        """Evaluate a LogQL metric query over a range."""
        return self.run(log_calls.logs_range(expr, start, end, step, partial=partial))

    def logs_instant(self, expr: str, time: times.Time | None = None, *, partial: bool = True) -> MetricResult:
        """Evaluate a LogQL metric query at one instant."""
        return self.run(log_calls.logs_instant(expr, time, partial=partial))

    def log_labels(self, start: times.Time | None = None, end: times.Time | None = None) -> Listing[str]:
        """List the label names of streams."""
        return self.run(log_calls.log_labels(start, end))

    def log_label_values(
        self, name: str, start: times.Time | None = None, end: times.Time | None = None
    ) -> Listing[str]:
        """List the values of a label of streams."""
        return self.run(log_calls.log_label_values(name, start, end))

    def log_series(
        self,
        match: str | Sequence[str] = (),
        start: times.Time | None = None,
        end: times.Time | None = None,
    ) -> Listing[Labels]:
        """List the label sets of streams."""
        return self.run(log_calls.log_series(match, start, end))

    def tail(
        self,
        expr: str,
        start: times.Time = "now",
        *,
        history: int | None = None,
        give_up_after_s: float = 300,
        on_notice: Callable[[tailing.Notice], None] | None = None,
    ) -> Generator[LogLine, None, None]:
        """Follow log lines from ``start`` on, for ever, oldest first, each once, across broken connections.

        ``history`` keeps only the newest so many of the lines that are there already.
        Uses the WebSocket tail, or polls where the server has none. ``on_notice`` is told of reconnecting, of
        polling and of lines the server left out. Raises what lasts longer than ``give_up_after_s``.
        """
        steps = tailing.follow(expr, start_ns=times.to_ns(start), history=history, give_up_after_s=give_up_after_s)
        with _Socket(self._server) as socket:
            step = next(steps)
            while True:
                if isinstance(step, tailing.Emit):
                    yield from step.lines
                elif isinstance(step, tailing.Tell) and on_notice is not None:
                    on_notice(step.notice)
                try:
                    outcome = self._perform(step, socket)
                except ClientError as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(outcome)

    def _perform(self, step: tailing.Step, socket: _Socket) -> Any:
        match step:
            case tailing.Dial(request):
                return socket.dial(request)
            case tailing.Receive():
                return socket.receive()
            case tailing.Fetch(call):
                return self.run(call)
            case tailing.Pause(seconds):
                time.sleep(seconds)
        return None


class _Socket:
    """The WebSocket of a tail; at most one is open."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._stack = contextlib.ExitStack()
        self._connection: ClientConnection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def dial(self, request: Request) -> None:
        """Open the socket anew."""
        self._stack.close()
        url = self._server.websocket_url(request)
        try:
            self._connection = self._stack.enter_context(connect(url, **self._server.websocket_options(request)))
        except FOREIGN_ERRORS as error:
            raise self._server.translate(error) from error

    def receive(self) -> str | bytes:
        """Wait for a message."""
        if self._connection is None:
            raise RuntimeError("receive before dial")
        try:
            return self._connection.recv()
        except FOREIGN_ERRORS as error:
            raise self._server.translate(error) from error


class Clusters:
    """The clusters of the control plane."""

    def __init__(self, run: Callable[[Call[Any]], Any]) -> None:
        self._run = run

    def register(self, name: str, endpoints: Endpoints, labels: Mapping[str, str] | None = None) -> Cluster:
        """Register a cluster; registering the same again changes nothing."""
        cluster: Cluster = self._run(cluster_calls.register(name, endpoints, labels))
        return cluster

    def list(self) -> tuple[Cluster, ...]:
        """List every cluster, by name; one request per page."""
        pages = cluster_calls.list_pages()
        call = next(pages)
        while True:
            try:
                call = pages.send(self._run(call))
            except StopIteration as done:
                clusters: tuple[Cluster, ...] = done.value
                return clusters

    def show(self, name: str) -> Cluster:
        """Read one cluster."""
        cluster: Cluster = self._run(cluster_calls.show(name))
        return cluster

    def change(
        self,
        name: str,
        *,
        labels: Mapping[str, str | None] | None = None,
        endpoints: Endpoints | Mapping[str, Any] | None = None,
    ) -> Cluster:
        """Change what is given: a label of ``None`` goes, an endpoint of ``None`` goes, the rest stays."""
        cluster: Cluster = self._run(cluster_calls.change(name, labels=labels, endpoints=endpoints))
        return cluster

    def remove(self, name: str, *, force: bool = False) -> None:
        """Take a cluster out; its data stays where it is. ``force`` does so even if it can't be cleaned up now."""
        self._run(cluster_calls.remove(name, force=force))

    def connect(
        self,
        name: str,
        kubeconfig: str,
        *,
        context: str | None = None,
        labels: Mapping[str, str] | None = None,
        keep_credential: bool = False,
    ) -> Cluster:
        """Begin to connect a cluster by a self-contained kubeconfig's text; ``events`` tells how it goes."""
        call = connection_calls.connect(
            name, kubeconfig, context=context, labels=labels, keep_credential=keep_credential
        )
        cluster: Cluster = self._run(call)
        return cluster

    def preflight(
        self, name: str, kubeconfig: str | None = None, *, context: str | None = None
    ) -> tuple[PreflightCheck, ...]:
        """Look at what stands in the way of a registered cluster, or of one that a kubeconfig offers."""
        call = connection_calls.preflight(name, kubeconfig, context=context)
        checks: tuple[PreflightCheck, ...] = self._run(call)
        return checks

    def events(self, name: str, after: int = 0) -> Timeline:
        """Read a cluster's timeline, or what follows the event with the id ``after``."""
        timeline: Timeline = self._run(connection_calls.events(name, after))
        return timeline

    def credentials(self, name: str | None = None) -> tuple[Credential, ...]:
        """Read the ledger of credentials, of one cluster or of all."""
        ledger: tuple[Credential, ...] = self._run(connection_calls.credentials(name))
        return ledger

    def rotate(self, name: str) -> tuple[Credential, ...]:
        """Replace a cluster's token; the old one is invalid within seconds."""
        ledger: tuple[Credential, ...] = self._run(connection_calls.rotate(name))
        return ledger

    def revoke(self, name: str) -> tuple[Credential, ...]:
        """Make a cluster's token invalid; it answers nothing until it is registered again."""
        ledger: tuple[Credential, ...] = self._run(connection_calls.revoke(name))
        return ledger

    def reseal(self) -> int:
        """Rotate the key that seals credentials; return how many were sealed anew."""
        resealed: int = self._run(connection_calls.reseal())
        return resealed
