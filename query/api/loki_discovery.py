"""Loki's endpoints that tell what is in the logs, as Grafana's Logs Drilldown asks them."""

from __future__ import annotations

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from query.api.loki_params import parse_bounds, parse_limit, parse_options, parse_partial, parse_range
from query.api.loki_respond import metadata_response
from query.api.params import Params
from query.api.respond import unless_gone
from query.execute.logs import LogsQueries
from query.execute.logs_discovery import LogsDiscovery
from query.execute.logs_fetch import LogsOptions, LogsRange
from query.execute.settings import ExecuteSettings
from query.logql.merge import Direction
from query.logql.syntax.quantities import parse_size
from query.model.errors import BadQueryError, BadRequestError

FIELDS = 1000


class LokiDiscoveryApi:
    """One method a route."""

    def __init__(self, queries: LogsQueries, settings: ExecuteSettings, version: str) -> None:
        self._discovery = LogsDiscovery(queries)
        self._settings = settings
        self._version = version

    async def patterns(self, request: Request) -> Response:
        """Answer ``/patterns``."""
        params = await Params.of(request)
        step = ("step", f"{parse_range(params, self._settings).step_ms}ms")
        work = self._discovery.patterns(
            params.get("query"),
            (*parse_bounds(params).params(), step),
            allow_partial=parse_partial(params, self._settings),
        )
        answer = await unless_gone(request, work)
        return metadata_response({"status": "success", "data": answer.data}, answer)

    async def detected_fields(self, request: Request) -> Response:
        """Answer ``/detected_fields``."""
        params = await Params.of(request)
        when, options, fields = self._reading(params)
        work = self._discovery.detected_fields(params.get("query"), when, options, fields)
        answer = await unless_gone(request, work)
        return metadata_response(answer.data, answer)

    async def detected_field_values(self, request: Request) -> Response:
        """Answer ``/detected_field/<name>/values``."""
        params = await Params.of(request)
        when, options, values = self._reading(params)
        work = self._discovery.detected_field_values(
            request.path_params["name"], params.get("query"), when, options, values
        )
        answer = await unless_gone(request, work)
        return metadata_response(answer.data, answer)

    def _reading(self, params: Params) -> tuple[LogsRange, LogsOptions, int]:
        """Return when, how, and how many fields or values; ``line_limit`` is how many lines are looked into."""
        limits = Params(tuple(("limit", value) for value in params.all("limit", "field_limit")[:1]))
        lines = Params(tuple(("limit", value) for value in params.all("line_limit")[:1]))
        others = Params(tuple(pair for pair in params.pairs if pair[0] not in {"limit", "direction", "interval"}))
        options = replace(
            parse_options(others, self._settings, ""),
            limit=parse_limit(lines),
            direction=Direction.BACKWARD,
            categorize=True,
        )
        return parse_range(params, self._settings), options, parse_limit(limits, FIELDS)

    async def shards(self, request: Request) -> Response:
        """Answer ``/index/shards``."""
        params = await Params.of(request)
        work = self._discovery.shards(
            params.get("query"),
            parse_bounds(params).params(),
            _target_bytes(params.get("targetBytesPerShard")),
            allow_partial=parse_partial(params, self._settings),
        )
        answer = await unless_gone(request, work)
        return metadata_response(answer.data, answer)

    async def drilldown_limits(self, request: Request) -> Response:
        """Answer ``/drilldown-limits``."""
        await Params.of(request)
        answer = await unless_gone(request, self._discovery.drilldown_limits(self._version))
        return metadata_response(answer.data, answer)


def _target_bytes(text: str) -> int:
    try:
        size = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else parse_size(text) if text else 0  # noqa: PLR2004
    except BadQueryError as error:
        raise BadRequestError("targetBytesPerShard", str(error)) from error
    if size <= 0:
        raise BadRequestError("targetBytesPerShard", "targetBytesPerShard must be a positive value")
    return size
