"""Endpoints that tell what the clusters' servers scrape, evaluate and alert."""

from __future__ import annotations

from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from query.api.endpoints import Endpoint
from query.api.go_values import MAX_INT32, go_bool, go_int
from query.api.params import Params
from query.api.prometheus_options import parse_metadata_options
from query.api.prometheus_series import optional_int
from query.api.respond import metadata_response
from query.execute.discovery_metadata import DiscoveryMetadata
from query.execute.metadata_ask import MetadataAsker
from query.execute.options import QueryOptions
from query.execute.parsing import parse_matches
from query.execute.rules_metadata import RulesFilter, RulesMetadata
from query.model.errors import BadQueryError, BadRequestError
from query.promql.syntax.parser import parse_selector
from query.syntax.strings import quote

RULE_TYPES: Final = ("", "alert", "record")


def discovery_endpoints(asker: MetadataAsker) -> tuple[Endpoint, ...]:
    """Return the endpoints."""
    api = _DiscoveryEndpoints(asker)
    return (
        Endpoint("targets", api.targets, "Scrape targets of all clusters"),
        Endpoint("targets/metadata", api.target_metadata, "Metric metadata by target"),
        Endpoint("targets/relabel_steps", api.relabel_steps, "What relabelling does to a target"),
        Endpoint("scrape_pools", api.scrape_pools, "Scrape pools of all clusters"),
        Endpoint("scrape_pools/config", api.scrape_pool_config, "Configuration of a scrape pool"),
        Endpoint("alertmanagers", api.alertmanagers, "Alertmanagers of all clusters"),
        Endpoint("rules", api.rules, "Rules of all clusters"),
        Endpoint("alerts", api.alerts, "Active alerts of all clusters"),
    )


class _DiscoveryEndpoints:
    """One method an endpoint."""

    def __init__(self, asker: MetadataAsker) -> None:
        self._discovery = DiscoveryMetadata(asker)
        self._rules = RulesMetadata(asker)
        self._settings = asker.settings

    async def targets(self, request: Request) -> Response:
        params = await Params.of(request)
        passed = tuple((name, params.get(name)) for name in ("state", "scrapePool") if params.get(name))
        return await metadata_response(request, self._discovery.targets(passed, self._options(params)))

    async def target_metadata(self, request: Request) -> Response:
        params = await Params.of(request)
        limit = optional_int(params, "limit")
        text, metric = params.get("match_target"), params.get("metric")
        try:
            matchers = parse_selector(text, self._settings.syntax) if text else ()
        except BadQueryError as error:
            raise BadRequestError("match_target", str(error)) from error
        work = self._discovery.target_metadata(
            matchers, (("metric", metric),) if metric else (), limit, self._options(params)
        )
        return await metadata_response(request, work)

    async def relabel_steps(self, request: Request) -> Response:
        params = await Params.of(request)
        pool = _scrape_pool(params)
        text = params.get("labels")
        if not text:
            raise BadQueryError("no labels parameter provided")
        try:
            labels = msgspec.json.decode(text, type=dict[str, str])
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            raise BadQueryError(f"error parsing labels: {error}") from error
        work = self._discovery.relabel_steps(pool, labels, text, self._options(params))
        return await metadata_response(request, work)

    async def scrape_pools(self, request: Request) -> Response:
        params = await Params.of(request)
        return await metadata_response(request, self._discovery.scrape_pools(self._options(params)))

    async def scrape_pool_config(self, request: Request) -> Response:
        params = await Params.of(request)
        work = self._discovery.scrape_pool_config(_scrape_pool(params), self._options(params))
        return await metadata_response(request, work)

    async def alertmanagers(self, request: Request) -> Response:
        params = await Params.of(request)
        return await metadata_response(request, self._discovery.alertmanagers(self._options(params)))

    async def rules(self, request: Request) -> Response:
        params = await Params.of(request)
        params.require_wellformed()
        selectors = parse_matches(params.all("match[]"), self._settings.syntax)
        kind = params.get("type").lower()
        if kind not in RULE_TYPES:
            raise BadRequestError("type", f"not supported value {quote(kind)}")
        passed = [("type", kind)] if kind else []
        if _excludes_alerts(params.get("exclude_alerts").lower()):
            passed.append(("exclude_alerts", "true"))
        limit, token = _page(params)
        wanted = RulesFilter(
            (*passed, *params.picked("rule_name[]", "rule_group[]")), params.all("file[]"), selectors, limit, token
        )
        return await metadata_response(request, self._rules.rules(wanted, self._options(params)))

    async def alerts(self, request: Request) -> Response:
        params = await Params.of(request)
        return await metadata_response(request, self._rules.alerts(self._options(params)))

    def _options(self, params: Params) -> QueryOptions:
        return parse_metadata_options(params, self._settings)


def _scrape_pool(params: Params) -> str:
    pool = params.get("scrapePool")
    if not pool:
        raise BadQueryError("no scrapePool parameter provided")
    return pool


def _excludes_alerts(text: str) -> bool:
    try:
        return go_bool(text) if text else False
    except ValueError as error:
        raise BadRequestError("exclude_alerts", f"error converting exclude_alerts: {error}") from error


def _page(params: Params) -> tuple[int, str]:
    """Return how many groups are wanted (0: all) and the token of the first."""
    text, token = params.get("group_limit"), params.get("group_next_token")
    if not text:
        if token:
            reason = "group_limit needs to be present in order to paginate over the groups"
            raise BadRequestError("group_next_token", reason)
        return 0, ""
    try:
        limit = go_int(text, function="ParseInt", most=MAX_INT32)
    except ValueError as error:
        raise BadRequestError("group_limit", f"group_limit needs to be a valid number: {error}") from error
    if limit <= 0:
        raise BadRequestError("group_limit", "group_limit needs to be greater than 0")
    return limit, token
