"""The Prometheus HTTP API over all clusters, under ``/prometheus``.

Parameters, envelopes, statuses and messages are those of Prometheus 3.16; beside them ``partial_response=false``
(Thanos's word) asks for a complete answer or none. ``docs/api.md`` lists every endpoint.
"""

from __future__ import annotations

import time
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from query.api.endpoints import GET_OR_POST, Endpoint, add_endpoints
from query.api.explain import checked_form, explanation_response
from query.api.federate import federate_handler
from query.api.go_times import GoTime
from query.api.params import Params, parse_duration_ns, parse_flag, parse_limit, parse_optional_time, parse_time
from query.api.prometheus_discovery import discovery_endpoints
from query.api.prometheus_options import parse_query_options, stats_notes
from query.api.prometheus_series import series_endpoints
from query.api.prometheus_status import status_endpoints
from query.api.prometheus_writes import write_endpoints
from query.api.remote_read import remote_read_endpoints
from query.api.respond import array_response, data_response, unless_gone
from query.execute.metadata_ask import MetadataAsker
from query.execute.metrics import MetricsQueries
from query.execute.options import QueryOptions
from query.execute.parsing import parse_query
from query.execute.remote_read import RemoteRead
from query.execute.settings import ExecuteSettings
from query.model.errors import BadQueryError, BadRequestError
from query.model.frames import Notes
from query.model.time import NS_PER_MS, Grid
from query.promql.syntax.parser import parse_placed
from query.promql.syntax.pretty import prettify
from query.promql.syntax.translate import translate
from query.wire.statistics import united

PREFIX: Final = "/api/v1"
MAX_SPAN_NS: Final = 2**63 - 1


def prometheus_router(
    queries: MetricsQueries, asker: MetadataAsker, remote: RemoteRead, settings: ExecuteSettings, revision: str
) -> APIRouter:
    """Return the routes; they hold no state of their own."""
    router = APIRouter(prefix="/prometheus", tags=["prometheus"])
    for health in ("healthy", "ready"):
        router.add_api_route(f"/-/{health}", _alive, methods=["GET", "HEAD"], summary=f"Is the gateway {health}?")
    federate = federate_handler(remote, settings)
    router.add_api_route("/federate", federate, methods=["GET"], summary="Latest samples", response_model=None)
    endpoints = (
        *_QueryEndpoints(queries, settings).endpoints(),
        *series_endpoints(asker),
        *discovery_endpoints(asker),
        *status_endpoints(asker, revision),
        *remote_read_endpoints(remote, settings),
        *write_endpoints(),
    )
    add_endpoints(router, PREFIX, endpoints)
    return router


async def _alive() -> Response:
    return PlainTextResponse("The gateway is up.\n")


class _QueryEndpoints:
    """One method an endpoint."""

    def __init__(self, queries: MetricsQueries, settings: ExecuteSettings) -> None:
        self._queries = queries
        self._settings = settings

    def endpoints(self) -> tuple[Endpoint, ...]:
        return (
            Endpoint("query", self.query, "Evaluate PromQL at one instant", GET_OR_POST),
            Endpoint("query_range", self.query_range, "Evaluate PromQL over a range", GET_OR_POST),
            Endpoint("query_explain", self.query_explain, "How a query at one instant is answered", GET_OR_POST),
            Endpoint("query_range_explain", self.query_range_explain, "How a range query is answered", GET_OR_POST),
            Endpoint("format_query", self.format_query, "A query in canonical form", GET_OR_POST),
            Endpoint("parse_query", self.parse_query, "The syntax tree of a query", GET_OR_POST),
        )

    async def query(self, request: Request) -> Response:
        params = await Params.of(request)
        return await self._evaluate(request, params, *self._instant(params))

    async def query_range(self, request: Request) -> Response:
        params = await Params.of(request)
        return await self._evaluate(request, params, *self._range(params))

    async def query_explain(self, request: Request) -> Response:
        params = await Params.of(request)
        return await self._explain(request, params, *self._instant(params))

    async def query_range_explain(self, request: Request) -> Response:
        params = await Params.of(request)
        return await self._explain(request, params, *self._range(params))

    def _instant(self, params: Params) -> tuple[Grid, QueryOptions]:
        parse_limit("limit", params.get("limit"))
        now = GoTime(0, time.time_ns())
        time_ms = parse_optional_time("time", params.get("time"), now).query_ms
        return Grid.instant(time_ms), parse_query_options(params, self._settings)

    def _range(self, params: Params) -> tuple[Grid, QueryOptions]:
        parse_limit("limit", params.get("limit"))
        start = parse_time("start", params.get("start"))
        end = parse_time("end", params.get("end"))
        if end < start:
            raise BadRequestError("end", "end timestamp must not be before start time")
        step_ns = parse_duration_ns("step", params.get("step"))
        if step_ns <= 0:
            raise BadRequestError(
                "step", "zero or negative query resolution step widths are not accepted. Try a positive integer"
            )
        if min(end.ns - start.ns, MAX_SPAN_NS) // step_ns > self._settings.points_per_series:
            raise _too_fine(self._settings.points_per_series)
        options = parse_query_options(params, self._settings)
        if step_ns < NS_PER_MS:
            raise BadRequestError("step", "a step under a millisecond is not accepted. Try a longer one")
        grid = Grid(start.query_ms, end.query_ms, step_ns // NS_PER_MS)
        if grid.end_ms < grid.start_ms:
            raise BadRequestError("end", "start and end are not both within the years 1678 to 2262")
        return grid, options

    async def _evaluate(self, request: Request, params: Params, grid: Grid, options: QueryOptions) -> Response:
        text = params.get("query")
        began = time.monotonic()
        answer = await unless_gone(request, self._queries.run(text, grid, options))
        head = f'{{"resultType":"{answer.result_type}","result":'.encode()
        opening, closing = (head + b"[", b"]") if answer.is_array else (head, b"")
        if options.stats:
            closing += b',"stats":' + united(answer.statistics, time.monotonic() - began)
        notes = answer.notes | stats_notes(params)
        return array_response(opening, answer.elements, closing + b"}", notes, answer.completeness, answer.account)

    async def _explain(self, request: Request, params: Params, grid: Grid, options: QueryOptions) -> Response:
        """Tell how a query is answered; ``analyze=true`` answers it, too, and tells what that took."""
        is_run = parse_flag("analyze", params.get("analyze"), default=False)
        form = checked_form(params.get("format"))
        work = self._queries.explain(params.get("query"), grid, options, is_run=is_run)
        return explanation_response(await unless_gone(request, work), form)

    async def format_query(self, request: Request) -> Response:
        params = await Params.of(request)
        return data_response(prettify(parse_query(params.get("query"), self._settings.syntax)), Notes())

    async def parse_query(self, request: Request) -> Response:
        params = await Params.of(request)
        try:
            expr, places = parse_placed(params.get("query"), self._settings.syntax)
        except BadQueryError as error:
            raise BadRequestError("query", str(error)) from error
        return data_response(translate(expr, places), Notes())


def _too_fine(points: int) -> BadQueryError:
    return BadQueryError(
        f"exceeded maximum resolution of {points:,} points per timeseries. "
        "Try decreasing the query resolution (?step=XX)"
    )
