"""The clusters' LogQL rules and alerts, read: as YAML where Loki gives YAML, as JSON where it speaks as Prometheus."""

from __future__ import annotations

from typing import Final

import yaml
from starlette.requests import Request
from starlette.responses import Response

from query.api.loki_params import parse_partial
from query.api.loki_respond import metadata_response
from query.api.params import Params
from query.api.respond import completeness_headers, unless_gone
from query.execute.logs_rules import LogsRules
from query.execute.metadata_answer import MetadataAnswer
from query.execute.settings import ExecuteSettings
from query.model.errors import NotFoundError

YAML: Final = "application/yaml"


class LokiRulesApi:
    """One method a route."""

    def __init__(self, rules: LogsRules, settings: ExecuteSettings) -> None:
        self._rules = rules
        self._settings = settings

    async def namespaces(self, request: Request) -> Response:
        """Answer ``/rules`` and ``/rules/<namespace>``."""
        return _yaml((answer := await self._namespaces(request)).data, answer)

    async def group(self, request: Request) -> Response:
        """Answer ``/rules/<namespace>/<group>``: one group, that of the first cluster that has it."""
        answer = await self._namespaces(request)
        wanted = request.path_params["group"]
        for groups in answer.data.values():
            for group in groups:
                if group.get("name") == wanted:
                    return _yaml(group, answer)
        raise NotFoundError(f"there is no rule group {wanted!r} in this namespace")

    async def _namespaces(self, request: Request) -> MetadataAnswer:
        params = await Params.of(request)
        work = self._rules.namespaces(
            request.path_params.get("namespace", ""), allow_partial=parse_partial(params, self._settings)
        )
        return await unless_gone(request, work)

    async def rules(self, request: Request) -> Response:
        """Answer the Prometheus-like ``/rules``."""
        params = await Params.of(request)
        work = self._rules.groups(allow_partial=parse_partial(params, self._settings))
        return metadata_response(
            {"status": "success", "data": (answer := await unless_gone(request, work)).data}, answer
        )

    async def alerts(self, request: Request) -> Response:
        """Answer the Prometheus-like ``/alerts``."""
        params = await Params.of(request)
        work = self._rules.alerts(allow_partial=parse_partial(params, self._settings))
        return metadata_response(
            {"status": "success", "data": (answer := await unless_gone(request, work)).data}, answer
        )


def _yaml(data: object, answer: MetadataAnswer) -> Response:
    text = yaml.safe_dump(data, sort_keys=False, allow_unicode=True)
    return Response(text, media_type=YAML, headers=completeness_headers(answer.completeness))
