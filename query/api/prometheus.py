"""The Prometheus HTTP API over all clusters, under ``/prometheus``.

Parameters, envelopes, statuses and messages are those of Prometheus 3.16; beside them ``partial_response=false``
(Thanos's word) asks for a complete answer or none.
"""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import compile_path

from query.api.errors import prometheus_error
from query.api.params import (
    MAX_TIME_MS,
    MIN_TIME_MS,
    Params,
    parse_duration_ms,
    parse_flag,
    parse_limit,
    parse_time_ms,
)
from query.api.respond import (
    Handler,
    array_response,
    data_response,
    guarded,
    unless_gone,
)
from query.execute.fetch import QueryOptions
from query.execute.metrics import MetricsQueries
from query.execute.parsing import parse_query
from query.execute.prometheus_metadata import MetadataAnswer, PrometheusMetadata
from query.execute.settings import ExecuteSettings
from query.model.errors import BadQueryError, BadRequestError, NotFoundError
from query.model.frames import Notes
from query.model.label_names import unescape
from query.model.time import MS_PER_S, Grid, seconds_text
from query.promql.syntax.pretty import prettify

SPEAKS_VERSION: Final = "3.16.0"
"""The Prometheus version whose language and API are spoken; clients choose features by it."""

PASSED_ON: Final = ("lookback_delta", "dedup", "max_source_resolution", "replicaLabels[]", "storeMatch[]")
ANY_METHOD: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def prometheus_router(
    queries: MetricsQueries, metadata: PrometheusMetadata, settings: ExecuteSettings, revision: str
) -> APIRouter:
    """Return the routes; they hold no state of their own."""
    router = APIRouter(prefix="/prometheus", tags=["prometheus"])
    api = _PrometheusApi(queries, metadata, settings, revision)
    known: list[tuple[re.Pattern[str], tuple[str, ...]]] = []

    async def unknown(request: Request) -> Response:
        allowed = next((methods for path, methods in known if path.match(request.url.path)), None)
        if request.method == "OPTIONS":
            return Response(status_code=204)
        if allowed is not None:
            return PlainTextResponse("Method Not Allowed\n", status_code=405, headers={"Allow": ", ".join(allowed)})
        raise NotFoundError(
            f"no endpoint {request.method} {request.url.path} here; the Prometheus API is under "
            "/prometheus/api/v1/, the list of endpoints at /docs"
        )

    def route(path: str, handler: Handler, summary: str, *, methods: tuple[str, ...] = ("GET",)) -> None:
        known.append((compile_path(f"/prometheus/api/v1/{path}")[0], methods))
        router.add_api_route(
            f"/api/v1/{path}",
            guarded(handler, prometheus_error),
            methods=list(methods),
            summary=summary,
            response_model=None,
        )

    both = ("GET", "POST")
    route("query", api.query, "Evaluate PromQL at one instant", methods=both)
    route("query_range", api.query_range, "Evaluate PromQL over a range", methods=both)
    route("query_exemplars", api.query_exemplars, "Exemplars of a query's series", methods=both)
    route("format_query", api.format_query, "A query in canonical form", methods=both)
    route("labels", api.labels, "Label names", methods=both)
    route("label/{name:path}/values", api.label_values, "Values of a label")
    route("series", api.series, "Series by matchers", methods=both)
    route("metadata", api.metadata, "Metric metadata")
    route("rules", api.rules, "Rules of all clusters")
    route("alerts", api.alerts, "Active alerts of all clusters")
    route("targets", api.targets, "Scrape targets of all clusters")
    route("alertmanagers", api.alertmanagers, "Alertmanagers of all clusters")
    route("status/buildinfo", api.buildinfo, "The API version spoken")
    for health in ("healthy", "ready"):
        router.add_api_route(f"/-/{health}", _alive, methods=["GET", "HEAD"], summary=f"Is the gateway {health}?")
    router.add_api_route(
        "/{rest:path}",
        guarded(unknown, prometheus_error),
        methods=list(ANY_METHOD),
        include_in_schema=False,
        response_model=None,
    )
    return router


async def _alive() -> Response:
    return PlainTextResponse("The gateway is up.\n")


class _PrometheusApi:
    """One method a route."""

    def __init__(
        self, queries: MetricsQueries, metadata: PrometheusMetadata, settings: ExecuteSettings, revision: str
    ) -> None:
        self._queries = queries
        self._metadata = metadata
        self._settings = settings
        self._revision = revision

    async def query(self, request: Request) -> Response:
        params = await Params.of(request)
        options = self._options(params)
        moment = params.get("time")
        time_ms = parse_time_ms("time", moment) if moment else time.time_ns() // 1_000_000
        return await self._evaluate(request, params, Grid.instant(time_ms), options)

    async def query_range(self, request: Request) -> Response:
        params = await Params.of(request)
        options = self._options(params)
        start_ms = parse_time_ms("start", params.get("start"))
        end_ms = parse_time_ms("end", params.get("end"))
        if end_ms < start_ms:
            raise BadRequestError("end", "end timestamp must not be before start time")
        step_ms = parse_duration_ms("step", params.get("step"))
        if step_ms <= 0:
            raise BadRequestError(
                "step", "zero or negative query resolution step widths are not accepted. Try a positive integer"
            )
        if (end_ms - start_ms) // step_ms > self._settings.points_per_series:
            raise _too_fine(self._settings.points_per_series)
        return await self._evaluate(request, params, Grid(start_ms, end_ms, step_ms), options)

    async def _evaluate(self, request: Request, params: Params, grid: Grid, options: QueryOptions) -> Response:
        text = params.get("query")
        answer = await unless_gone(request, self._queries.run(text, grid, options))
        head = f'{{"resultType":"{answer.result_type}","result":'.encode()
        opening, closing = (head + b"[", b"]}") if answer.is_array else (head, b"}")
        return array_response(opening, answer.elements, closing, answer.notes, answer.completeness)

    async def query_exemplars(self, request: Request) -> Response:
        params = await Params.of(request)
        window = _window(params)
        return await self._metadata_answer(
            request, self._metadata.exemplars(params.get("query"), window, self._options(params))
        )

    async def format_query(self, request: Request) -> Response:
        params = await Params.of(request)
        return data_response(prettify(parse_query(params.get("query"), self._settings.syntax)), Notes())

    async def labels(self, request: Request) -> Response:
        params = await Params.of(request)
        work = self._metadata.label_names(params.all("match[]"), _window(params), self._options(params))
        return await self._metadata_answer(request, work)

    async def label_values(self, request: Request) -> Response:
        params = await Params.of(request)
        written = request.path_params["name"]
        work = self._metadata.label_values(
            unescape(written), written, params.all("match[]"), _window(params), self._options(params)
        )
        return await self._metadata_answer(request, work)

    async def series(self, request: Request) -> Response:
        params = await Params.of(request)
        if not params.all("match[]"):
            raise BadRequestError("match[]", "no match[] parameter provided")
        work = self._metadata.series(params.all("match[]"), _window(params), self._options(params))
        return await self._metadata_answer(request, work)

    async def metadata(self, request: Request) -> Response:
        params = await Params.of(request)
        per_metric = parse_limit("limit_per_metric", params.get("limit_per_metric"))
        work = self._metadata.metadata(params.picked("metric"), self._options(params), per_metric)
        return await self._metadata_answer(request, work)

    async def rules(self, request: Request) -> Response:
        params = await Params.of(request)
        passed = params.picked("type", "rule_name[]", "rule_group[]", "file[]", "match[]", "exclude_alerts")
        return await self._metadata_answer(request, self._metadata.rules(passed, self._options(params)))

    async def alerts(self, request: Request) -> Response:
        params = await Params.of(request)
        return await self._metadata_answer(request, self._metadata.alerts(self._options(params)))

    async def targets(self, request: Request) -> Response:
        params = await Params.of(request)
        passed = params.picked("state", "scrapePool")
        return await self._metadata_answer(request, self._metadata.targets(passed, self._options(params)))

    async def alertmanagers(self, request: Request) -> Response:
        params = await Params.of(request)
        return await self._metadata_answer(request, self._metadata.alertmanagers(self._options(params)))

    async def buildinfo(self, request: Request) -> Response:
        await Params.of(request)
        return data_response(
            {
                "version": SPEAKS_VERSION,
                "revision": self._revision,
                "branch": "",
                "buildUser": "",
                "buildDate": "",
                "goVersion": "",
            },
            Notes(),
        )

    async def _metadata_answer(self, request: Request, work: Awaitable[MetadataAnswer]) -> Response:
        async def run() -> MetadataAnswer:
            return await work

        answer = await unless_gone(request, run())
        return data_response(answer.data, answer.notes, answer.completeness)

    def _options(self, params: Params) -> QueryOptions:
        allow_partial = parse_flag(
            "partial_response", params.get("partial_response"), default=self._settings.allow_partial
        )
        timeout = params.get("timeout")
        timeout_s = parse_duration_ms("timeout", timeout) / MS_PER_S if timeout else self._settings.query_timeout_s
        if timeout_s <= 0:
            raise BadRequestError("timeout", f'"{timeout}" leaves no time to answer')
        _check_lookback(params.get("lookback_delta"))
        strict = "true" if allow_partial else "false"
        return QueryOptions(
            allow_partial=allow_partial,
            timeout_s=timeout_s,
            limit=parse_limit("limit", params.get("limit")),
            passed_on=(*params.picked(*PASSED_ON), ("partial_response", strict)),
        )


def _window(params: Params) -> tuple[tuple[str, str], ...]:
    """Return start and end as given, checked."""
    window: list[tuple[str, str]] = []
    for name in ("start", "end"):
        text = params.get(name)
        if text:
            time_ms = parse_time_ms(name, text)
            window.append((name, seconds_text(time_ms) if MIN_TIME_MS < time_ms < MAX_TIME_MS else text))
    return tuple(window)


def _check_lookback(text: str) -> None:
    try:
        if text:
            parse_duration_ms("lookback_delta", text)
    except BadRequestError as error:
        raise BadQueryError(f"error parsing lookback delta duration: {error.reason}") from error


def _too_fine(points: int) -> BadQueryError:
    return BadQueryError(
        f"exceeded maximum resolution of {points:,} points per timeseries. "
        "Try decreasing the query resolution (?step=XX)"
    )
