"""The reads of Loki's first API, ``/api/prom``, which older clients still speak.

``query`` answers streams whose labels are one string and whose entries carry RFC 3339 times; ``regexp`` is a line
filter more. Labels come as ``values``.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from query.api.loki_params import parse_bounds, parse_options, parse_partial, parse_range
from query.api.loki_respond import JSON, metadata_response
from query.api.params import Params
from query.api.respond import completeness_headers, unless_gone
from query.execute.logs import LogsQueries
from query.execute.settings import ExecuteSettings
from query.logql.syntax import parse_query, print_query
from query.logql.syntax.nodes import LineFilter, LineFilterOp, LineMatch, LogQuery
from query.model.errors import BadQueryError
from query.model.labels import Labels
from query.model.matchers import compile_anchored
from query.model.time import NS_PER_S
from query.syntax.strings import quote

_entry = msgspec.json.Decoder(tuple[str, str])


class LokiLegacyApi:
    """One method a route."""

    def __init__(self, queries: LogsQueries, settings: ExecuteSettings) -> None:
        self._queries = queries
        self._settings = settings

    async def query(self, request: Request) -> Response:
        """Answer lines."""
        params = await Params.of(request)
        query = self._parsed(params)
        options = parse_options(params, self._settings, "")
        work = self._queries.lines(query, parse_range(params, self._settings), options)
        merged = await unless_gone(request, work)
        streams = [_stream(labels, entries) for labels, entries in merged.streams]
        body: dict[str, Any] = {"streams": streams, "stats": merged.stats}
        if merged.notes.warnings:
            body["warnings"] = merged.notes.warnings
        headers = completeness_headers(merged.completeness)
        return Response(msgspec.json.encode(body), media_type=JSON, headers=headers)

    def _parsed(self, params: Params) -> LogQuery:
        query = parse_query(params.get("query"), self._settings.syntax)
        if not isinstance(query, LogQuery):
            raise BadQueryError("legacy endpoints only support streams result type")
        regexp = params.get("regexp")
        if not regexp:
            return query
        compile_anchored(regexp)
        filtered = LogQuery(query.matchers, (*query.stages, LineFilter(LineFilterOp.REGEX, (LineMatch(regexp),))))
        again = parse_query(print_query(filtered), self._settings.syntax)
        return again if isinstance(again, LogQuery) else query

    async def labels(self, request: Request) -> Response:
        """Answer label names."""
        params = await Params.of(request)
        work = self._queries.metadata.label_names(
            params.get("query"), parse_bounds(params).params(), allow_partial=parse_partial(params, self._settings)
        )
        answer = await unless_gone(request, work)
        return metadata_response({"values": answer.data}, answer)

    async def label_values(self, request: Request) -> Response:
        """Answer the values of a label."""
        params = await Params.of(request)
        work = self._queries.metadata.label_values(
            request.path_params["name"],
            params.get("query"),
            parse_bounds(params).params(),
            allow_partial=parse_partial(params, self._settings),
        )
        answer = await unless_gone(request, work)
        return metadata_response({"values": answer.data}, answer)


def _stream(labels: Labels, entries: list[bytes]) -> dict[str, Any]:
    decoded = [_entry.decode(entry) for entry in entries]
    text = ", ".join(f"{name}={quote(value)}" for name, value in labels)
    return {"labels": f"{{{text}}}", "entries": [{"ts": _rfc3339(int(at)), "line": line} for at, line in decoded]}


def _rfc3339(ns: int) -> str:
    seconds, rest = divmod(ns, NS_PER_S)
    fraction = f".{rest:09d}".rstrip("0").rstrip(".") if rest else ""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}{fraction}Z"
