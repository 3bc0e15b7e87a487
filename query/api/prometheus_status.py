"""Endpoints that tell of the servers themselves: versions, run time, configuration, storage, features."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from query.api.endpoints import Endpoint
from query.api.go_values import go_int
from query.api.params import Params
from query.api.prometheus_options import parse_metadata_options
from query.api.respond import data_response, metadata_response
from query.execute.metadata_ask import MetadataAsker
from query.execute.options import QueryOptions
from query.execute.status_metadata import MOST_TSDB_ENTRIES, StatusMetadata
from query.model.errors import BadQueryError
from query.model.frames import Notes
from query.model.matchers import compile_anchored

SPEAKS_VERSION: Final = "3.16.0"
"""The Prometheus version whose language and API are spoken; clients choose features by it."""

TSDB_ENTRIES: Final = 10
OWN_FEATURES: Final = {
    "api": {
        "admin": False,
        "exclude_alerts": True,
        "label_values_match": True,
        "lifecycle": False,
        "openapi_3.1": False,
        "openapi_3.2": False,
        "otlp_write_receiver": False,
        "query_cost": False,
        "query_stats": True,
        "query_warnings": True,
        "remote_write_receiver": False,
        "search": False,
        "time_range_labels": True,
        "time_range_series": True,
    },
}
"""What the API offers is the gateway's to say, whatever its clusters offer."""


def status_endpoints(asker: MetadataAsker, revision: str) -> tuple[Endpoint, ...]:
    """Return the endpoints."""
    api = _StatusEndpoints(asker, revision)
    return (
        Endpoint("status/buildinfo", api.buildinfo, "The API version spoken"),
        Endpoint("status/runtimeinfo", api.runtimeinfo, "Run time of the clusters' servers"),
        Endpoint("status/config", api.config, "Configuration of the clusters' servers"),
        Endpoint("status/flags", api.flags, "Flags of the clusters' servers"),
        Endpoint("status/tsdb", api.tsdb, "Cardinality over all clusters"),
        Endpoint("status/tsdb/blocks", api.blocks, "Blocks of all clusters"),
        Endpoint("status/walreplay", api.walreplay, "Replay of the clusters' write-ahead logs"),
        Endpoint("status/self_metrics", api.self_metrics, "Metrics of the clusters' servers themselves"),
        Endpoint("features", api.features, "What every cluster can do"),
        Endpoint("notifications", api.notifications, "Notifications of the clusters' servers"),
        Endpoint("notifications/live", api.live_notifications, "No stream of notifications is offered"),
    )


class _StatusEndpoints:
    """One method an endpoint."""

    def __init__(self, asker: MetadataAsker, revision: str) -> None:
        self._status = StatusMetadata(asker)
        self._settings = asker.settings
        self._revision = revision

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

    async def runtimeinfo(self, request: Request) -> Response:
        return await metadata_response(request, self._status.runtimeinfo(await self._options(request)))

    async def config(self, request: Request) -> Response:
        return await metadata_response(request, self._status.config(await self._options(request)))

    async def flags(self, request: Request) -> Response:
        return await metadata_response(request, self._status.flags(await self._options(request)))

    async def tsdb(self, request: Request) -> Response:
        params = await Params.of(request)
        options = parse_metadata_options(params, self._settings)
        return await metadata_response(request, self._status.tsdb(_tsdb_limit(params.get("limit")), options))

    async def blocks(self, request: Request) -> Response:
        return await metadata_response(request, self._status.blocks(await self._options(request)))

    async def walreplay(self, request: Request) -> Response:
        return await metadata_response(request, self._status.walreplay(await self._options(request)))

    async def self_metrics(self, request: Request) -> Response:
        params = await Params.of(request)
        pattern = params.get("metric_name_pattern")
        try:
            compile_anchored(pattern)
        except BadQueryError as error:
            raise BadQueryError(f"invalid metric_name_pattern: {error}") from error
        options = parse_metadata_options(params, self._settings)
        return await metadata_response(request, self._status.self_metrics(pattern, options))

    async def features(self, request: Request) -> Response:
        return await metadata_response(request, self._status.features(OWN_FEATURES, await self._options(request)))

    async def notifications(self, request: Request) -> Response:
        return await metadata_response(request, self._status.notifications(await self._options(request)))

    async def live_notifications(self, request: Request) -> Response:
        await Params.of(request)
        return Response(status_code=204)

    async def _options(self, request: Request) -> QueryOptions:
        return parse_metadata_options(await Params.of(request), self._settings)


def _tsdb_limit(text: str) -> int:
    try:
        limit = go_int(text) if text else TSDB_ENTRIES
    except ValueError:
        limit = 0
    if limit < 1:
        raise BadQueryError("limit must be a positive number")
    if limit > MOST_TSDB_ENTRIES:
        raise BadQueryError(f"limit must not exceed {MOST_TSDB_ENTRIES}")
    return limit
