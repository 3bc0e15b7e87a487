"""The Loki HTTP API over all clusters, under ``/loki``.

Parameters, defaults, envelopes, statuses and messages are those of Loki 3.7; beside them ``partial_response=false``
asks for a complete answer or none.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final, TypeAlias

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from query.api.explain import checked_form, explanation_response
from query.api.loki_discovery import LokiDiscoveryApi
from query.api.loki_errors import error_text, loki_error
from query.api.loki_legacy import LokiLegacyApi
from query.api.loki_params import (
    parse_bounds,
    parse_limit,
    parse_options,
    parse_partial,
    parse_range,
    parse_timestamp,
    sane_tags,
)
from query.api.loki_respond import JSON, metadata_response
from query.api.loki_rules import LokiRulesApi
from query.api.loki_tail import TailEndpoint
from query.api.loki_writes import LokiWritesApi
from query.api.params import Params
from query.api.respond import Handler, completeness_headers, guarded, unless_gone
from query.execute.logs import LogsQueries
from query.execute.logs_answer import LogsAnswer
from query.execute.logs_explain import explain_logs
from query.execute.logs_fetch import TAGS_HEADER, LogsOptions, LogsRange
from query.execute.logs_rules import LogsRules
from query.execute.logs_volume import VolumeQuery
from query.execute.metadata_answer import MetadataAnswer
from query.execute.settings import ExecuteSettings
from query.logql.syntax import parse_query, prettify
from query.model.errors import BadQueryError, BadRequestError, NotFoundError
from query.wire.loki import CATEGORIZE, CATEGORIZE_HEADER

SPEAKS_VERSION: Final = "3.7.8"
"""The Loki version whose language and API are spoken; clients choose features by it."""


def loki_router(queries: LogsQueries, settings: ExecuteSettings, revision: str) -> APIRouter:
    """Return the routes; they hold no state of their own."""
    router = APIRouter(tags=["loki"])
    for path, methods, handler, summary in _routes(queries, settings, revision):
        router.add_api_route(
            path, guarded(handler, loki_error), methods=list(methods), summary=summary, response_model=None
        )
    tail = TailEndpoint(queries, settings)
    for prefix in ("/loki/api/v1", "/api/prom"):
        router.add_api_websocket_route(f"{prefix}/tail", tail.serve)
    router.add_api_route(
        "/loki/{rest:path}",
        guarded(_unknown, loki_error),
        methods=["GET", "POST", "PUT", "DELETE"],
        include_in_schema=False,
    )
    return router


Route: TypeAlias = tuple[str, tuple[str, ...], Handler, str]
READ: Final = ("GET", "POST")


def _routes(queries: LogsQueries, settings: ExecuteSettings, revision: str) -> Iterator[Route]:
    api = _LokiApi(queries, settings, revision)
    for path, handler, summary in (
        ("query", api.query, "Evaluate a LogQL metric query at one instant"),
        ("query_range", api.query_range, "Evaluate LogQL over a range"),
        ("query_explain", api.query_explain, "How a query at one instant would be answered"),
        ("query_range_explain", api.query_range_explain, "How a range query would be answered"),
        ("labels", api.labels, "Label names"),
        ("label", api.labels, "Label names (older path)"),
        ("label/{name}/values", api.label_values, "Values of a label"),
        ("series", api.series, "Streams by selectors"),
        ("index/stats", api.index_stats, "Streams, chunks, bytes and entries of a selector"),
        ("index/volume", api.volume, "Volumes by labels"),
        ("index/volume_range", api.volume_range, "Volumes by labels over time"),
        ("detected_labels", api.detected_labels, "Labels worth choosing by"),
        ("format_query", api.format_query, "A query laid out for people"),
        ("status/buildinfo", api.buildinfo, "The API version spoken"),
    ):
        yield f"/loki/api/v1/{path}", READ, handler, summary
    discovery = LokiDiscoveryApi(queries, settings, SPEAKS_VERSION)
    for path, handler, summary in (
        ("patterns", discovery.patterns, "Patterns of lines with their counts"),
        ("detected_fields", discovery.detected_fields, "Fields of the last lines"),
        ("detected_field/{name}/values", discovery.detected_field_values, "Values of a field"),
        ("index/shards", discovery.shards, "Even parts of a selector's streams"),
        ("drilldown-limits", discovery.drilldown_limits, "Limits that clients mind"),
    ):
        yield f"/loki/api/v1/{path}", READ, handler, summary
    rules = LokiRulesApi(LogsRules(queries.asking), settings)
    for prefix in ("/loki/api/v1/rules", "/api/prom/rules"):
        yield prefix, ("GET",), rules.namespaces, "Rule groups as written"
        yield f"{prefix}/{{namespace}}", ("GET",), rules.namespaces, "Rule groups of one namespace"
        yield f"{prefix}/{{namespace}}/{{group}}", ("GET",), rules.group, "One rule group"
    yield "/loki/prometheus/api/v1/rules", ("GET",), rules.rules, "Rule groups with their state"
    yield "/loki/prometheus/api/v1/alerts", ("GET",), rules.alerts, "Active alerts"
    writes = LokiWritesApi(queries.writes)
    for path in ("/loki/api/v1/push", "/api/prom/push"):
        yield path, ("POST",), writes.push, "Write logs to a cluster"
    for path in ("/otlp/v1/logs", "/loki/otlp/v1/logs"):
        yield path, ("POST",), writes.otlp, "Write logs to a cluster as OTLP"
    legacy = LokiLegacyApi(queries, settings)
    yield "/api/prom/query", READ, legacy.query, "Lines (first API)"
    yield "/api/prom/label", READ, legacy.labels, "Label names (first API)"
    yield "/api/prom/label/{name}/values", READ, legacy.label_values, "Values of a label (first API)"
    yield "/api/prom/series", READ, api.series, "Streams by selectors (first API)"


async def _unknown(request: Request) -> Response:
    raise NotFoundError(f"there is no /loki/{request.path_params['rest']}; the Loki API begins with /loki/api/v1/")


class _LokiApi:
    """One method a route."""

    def __init__(self, queries: LogsQueries, settings: ExecuteSettings, revision: str) -> None:
        self._queries = queries
        self._metadata = queries.metadata
        self._settings = settings
        self._revision = revision

    async def query(self, request: Request) -> Response:
        params = await Params.of(request)
        return await self._evaluate(request, params, _instant(params))

    async def query_range(self, request: Request) -> Response:
        params = await Params.of(request)
        return await self._evaluate(request, params, parse_range(params, self._settings))

    async def _evaluate(self, request: Request, params: Params, when: LogsRange) -> Response:
        options = parse_options(params, self._settings, request.headers.get(CATEGORIZE_HEADER, ""))
        options = replace(options, query_tags=sane_tags(request.headers.get(TAGS_HEADER, "")))
        answer = await unless_gone(request, self._queries.run(params.get("query"), when, options))
        return _query_response(answer, options)

    async def query_explain(self, request: Request) -> Response:
        params = await Params.of(request)
        return await self._explain(request, params, _instant(params))

    async def query_range_explain(self, request: Request) -> Response:
        params = await Params.of(request)
        return await self._explain(request, params, parse_range(params, self._settings))

    async def _explain(self, request: Request, params: Params, when: LogsRange) -> Response:
        form = checked_form(params.get("format"))
        options = parse_options(params, self._settings, "")
        work = explain_logs(self._queries, params.get("query"), when, options)
        return explanation_response(await unless_gone(request, work), form)

    async def labels(self, request: Request) -> Response:
        params = await Params.of(request)
        work = self._metadata.label_names(
            params.get("query"), parse_bounds(params).params(), allow_partial=parse_partial(params, self._settings)
        )
        return _labels_response(await unless_gone(request, work))

    async def label_values(self, request: Request) -> Response:
        params = await Params.of(request)
        work = self._metadata.label_values(
            request.path_params["name"],
            params.get("query"),
            parse_bounds(params).params(),
            allow_partial=parse_partial(params, self._settings),
        )
        return _labels_response(await unless_gone(request, work))

    async def series(self, request: Request) -> Response:
        params = await Params.of(request)
        selectors = tuple(dict.fromkeys(params.all("match", "match[]")))
        if len(selectors) == 1 and selectors[0].replace(" ", "") == "{}":
            selectors = ()
        work = self._metadata.series(
            selectors, parse_bounds(params).params(), allow_partial=parse_partial(params, self._settings)
        )
        return metadata_response(
            {"status": "success", "data": (answer := await unless_gone(request, work)).data}, answer
        )

    async def index_stats(self, request: Request) -> Response:
        params = await Params.of(request)
        work = self._metadata.index_stats(
            params.get("query"), parse_bounds(params).params(), allow_partial=parse_partial(params, self._settings)
        )
        answer = await unless_gone(request, work)
        return metadata_response(answer.data, answer)

    async def detected_labels(self, request: Request) -> Response:
        params = await Params.of(request)
        work = self._metadata.detected_labels(
            params.get("query"), parse_bounds(params).params(), allow_partial=parse_partial(params, self._settings)
        )
        answer = await unless_gone(request, work)
        return metadata_response(answer.data, answer)

    async def volume(self, request: Request) -> Response:
        return await self._volume(request, is_range=False)

    async def volume_range(self, request: Request) -> Response:
        return await self._volume(request, is_range=True)

    async def _volume(self, request: Request, *, is_range: bool) -> Response:
        params = await Params.of(request)
        aggregate_by = params.get("aggregateBy") or "series"
        if aggregate_by not in {"series", "labels"}:
            raise BadRequestError("aggregateBy", "invalid aggregation option")
        passed_on = parse_bounds(params).params()
        if is_range:
            passed_on = (*passed_on, ("step", f"{parse_range(params, self._settings).step_ms}ms"))
        query = VolumeQuery(
            params.get("query"),
            passed_on,
            is_range,
            parse_limit(params),
            tuple(name for name in params.get("targetLabels").split(",") if name),
            aggregate_by == "labels",
        )
        allow_partial = parse_partial(params, self._settings)
        answer = await unless_gone(request, self._metadata.volume(query, allow_partial=allow_partial))
        return metadata_response({"status": "success", "data": {**answer.data, "stats": {}}}, answer)

    async def format_query(self, request: Request) -> Response:
        params = await Params.of(request)
        try:
            text = prettify(parse_query(params.get("query"), self._settings.syntax))
        except BadQueryError as error:
            body = {"status": "invalid-query", "error": error_text(error)}
            return Response(msgspec.json.encode(body), status_code=400, media_type=JSON)
        return Response(msgspec.json.encode({"status": "success", "data": text}), media_type=JSON)

    async def buildinfo(self, request: Request) -> Response:
        await Params.of(request)
        info = {"version": SPEAKS_VERSION, "revision": self._revision, "branch": "", "buildUser": "", "buildDate": ""}
        return Response(msgspec.json.encode({**info, "goVersion": ""}), media_type=JSON)


def _instant(params: Params) -> LogsRange:
    moment_ns = parse_timestamp("time", params.get("time"), time.time_ns())
    return LogsRange(moment_ns, moment_ns, is_instant=True)


def _query_response(answer: LogsAnswer, options: LogsOptions) -> Response:
    parts = [b'{"status":"success"']
    if answer.notes.warnings:
        parts.append(b',"warnings":' + msgspec.json.encode(answer.notes.warnings))
    parts.append(b',"data":{"resultType":"' + answer.result_type.encode() + b'","result":')
    joined = b",".join(answer.elements)
    parts.append(b"[" + joined + b"]" if answer.is_array else joined)
    if options.categorize:
        parts.append(b',"encodingFlags":["' + CATEGORIZE.encode() + b'"]')
    parts.append(b',"stats":' + msgspec.json.encode(answer.stats) + b"}}\n")
    return Response(b"".join(parts), media_type=JSON, headers=completeness_headers(answer.completeness))


def _labels_response(answer: MetadataAnswer) -> Response:
    body: dict[str, Any] = {"status": "success"}
    if answer.data:
        body["data"] = answer.data
    return metadata_response(body, answer)
