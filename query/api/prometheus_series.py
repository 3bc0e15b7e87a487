"""Endpoints that tell what data there are: labels, values, series, exemplars, metric metadata."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from query.api.endpoints import GET_OR_POST, Endpoint
from query.api.go_values import go_int
from query.api.params import Params
from query.api.prometheus_options import bounds_params, parse_bounds, parse_metadata_options
from query.api.respond import metadata_response
from query.execute.metadata_ask import MetadataAsker
from query.execute.parsing import parse_matches
from query.execute.series_metadata import SeriesMetadata, matchers_of
from query.model.errors import BadQueryError, BadRequestError
from query.model.label_names import unescape
from query.promql.syntax.parser import parse

NO_CONTENT: Final = 204


def series_endpoints(asker: MetadataAsker) -> tuple[Endpoint, ...]:
    """Return the endpoints."""
    api = _SeriesEndpoints(asker)
    return (
        Endpoint("query_exemplars", api.query_exemplars, "Exemplars of a query's series", GET_OR_POST),
        Endpoint("labels", api.labels, "Label names", GET_OR_POST),
        Endpoint("label/{name}/values", api.label_values, "Values of a label"),
        Endpoint("series", api.series, "Series by matchers", GET_OR_POST),
        Endpoint("metadata", api.metadata, "Metric metadata"),
    )


class _SeriesEndpoints:
    """One method an endpoint; parameters are read in upstream's order, so that the first thing wrong is told."""

    def __init__(self, asker: MetadataAsker) -> None:
        self._metadata = SeriesMetadata(asker)
        self._settings = asker.settings

    async def query_exemplars(self, request: Request) -> Response:
        params = await Params.of(request)
        (_, start), (_, end) = parse_bounds(params)
        if end < start:
            raise BadQueryError("end timestamp must not be before start timestamp")
        expr = parse(params.get("query"), self._settings.syntax)
        if not any(True for _ in matchers_of(expr)):
            return Response(status_code=NO_CONTENT)
        options = parse_metadata_options(params, self._settings)
        return await metadata_response(request, self._metadata.exemplars(expr, bounds_params(params), options))

    async def labels(self, request: Request) -> Response:
        params = await Params.of(request)
        options = parse_metadata_options(params, self._settings, limited=True)
        bounds = bounds_params(params)
        selectors = parse_matches(params.all("match[]"), self._settings.syntax)
        return await metadata_response(request, self._metadata.label_names(selectors, bounds, options))

    async def label_values(self, request: Request) -> Response:
        params = await Params.of(request)
        written = request.path_params["name"]
        options = parse_metadata_options(params, self._settings, limited=True)
        bounds = bounds_params(params)
        selectors = parse_matches(params.all("match[]"), self._settings.syntax)
        work = self._metadata.label_values(unescape(written), written, selectors, bounds, options)
        return await metadata_response(request, work)

    async def series(self, request: Request) -> Response:
        params = await Params.of(request)
        params.require_wellformed()
        if not params.all("match[]"):
            raise BadQueryError("no match[] parameter provided")
        options = parse_metadata_options(params, self._settings, limited=True)
        bounds = bounds_params(params)
        try:
            selectors = parse_matches(params.all("match[]"), self._settings.syntax)
        except BadQueryError as error:
            raise BadRequestError("match[]", str(error)) from error
        return await metadata_response(request, self._metadata.series(selectors, bounds, options))

    async def metadata(self, request: Request) -> Response:
        params = await Params.of(request)
        limit = optional_int(params, "limit")
        per_metric = optional_int(params, "limit_per_metric")
        metric = params.get("metric")
        work = self._metadata.metadata(
            (("metric", metric),) if metric else (),
            parse_metadata_options(params, self._settings),
            limit=limit,
            limit_per_metric=per_metric,
        )
        return await metadata_response(request, work)


def optional_int(params: Params, name: str) -> int:
    """Return a number of the metadata endpoints, where -1 and absence mean none and 0 means nothing."""
    text = params.get(name)
    try:
        return go_int(text) if text else -1
    except ValueError as error:
        raise BadQueryError(f"{name} must be a number") from error
