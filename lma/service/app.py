"""The HTTP application of the service: gateway, control plane and documentation in one."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import FastAPI

from lma.api import clusters, docs, openapi
from lma.api.auth import QueryAuth
from lma.api.connection_schemas import Resealed
from lma.api.errors import internal_error
from lma.service.runtime import Service
from query.app import http
from query.app.http_metrics import HttpMetrics
from query.app.logs import Failure, RequestLog
from query.app.logs import internal_error as gateway_internal_error

DISTRIBUTION = "lma-federation"
_ABOUT = (
    "Metrics, logs and alerts of many clusters at one URL. The control plane is under /v1 and takes a bearer token; "
    "the Prometheus API is under /prometheus and the Loki API under /loki, as their own documentation describes them."
)


def create_app(service: Service) -> FastAPI:
    """Return the application over an open service. It has no state of its own and no lifespan."""
    app = FastAPI(
        title="LMA Federation", version=version(DISTRIBUTION), description=_ABOUT, docs_url=None, redoc_url=None
    )
    http.install(app, service.gateway, service.metrics)

    async def reseal() -> Resealed:
        done = await service.sealing_keys.rotate(service.ledger)
        return Resealed(key_id=done.key_id, resealed=done.resealed, source=done.source)

    control = clusters.create_router(service.directory, service.tokens, service.onboarding, service.ledger, reseal)
    app.include_router(control)
    app.include_router(docs.create_router())
    openapi.install(app)
    if service.config.effective_query_auth() == "token":
        app.add_middleware(QueryAuth, tokens=service.tokens)
    app.add_middleware(RequestLog, observe=HttpMetrics(service.metrics).observe, render_failure=_internal_error)
    return app


def _internal_error(path: str, request_id: str) -> Failure:
    return internal_error(request_id) if path.startswith("/v1/") else gateway_internal_error(path, request_id)
