"""The HTTP application around a gateway."""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from query.app.compression import Compression
from query.app.gateway import Gateway
from query.app.http_metrics import HttpMetrics
from query.app.logs import RequestLog

COMPRESS_FROM_BYTES: Final = 4096


def install(app: FastAPI, gateway: Gateway, registry: CollectorRegistry) -> None:
    """Add the federated APIs, health and metrics to ``app``, and compression of what is large."""

    async def healthy() -> Response:
        return PlainTextResponse("The gateway is healthy.\n")

    async def ready() -> Response:
        if gateway.is_ready:
            return PlainTextResponse("The gateway is ready.\n")
        return PlainTextResponse("The gateway is starting or stopping.\n", status_code=503)

    async def metrics(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(registry), headers={"Content-Type": content_type})

    for path, handler, summary in (
        ("/-/healthy", healthy, "Is the process up?"),
        ("/-/ready", ready, "Can queries be answered?"),
    ):
        app.add_api_route(path, handler, methods=["GET"], summary=summary, tags=["operation"], response_model=None)
        app.add_api_route(path, handler, methods=["HEAD"], include_in_schema=False, response_model=None)
    app.add_api_route(
        "/metrics", metrics, methods=["GET"], summary="Metrics of this process", tags=["operation"], response_model=None
    )
    for router in gateway.routers():
        app.include_router(router)
    app.add_middleware(Compression, minimum_bytes=COMPRESS_FROM_BYTES)


def create_app(gateway: Gateway, registry: CollectorRegistry) -> FastAPI:
    """Return the application of ``lma gateway``; the gateway is entered and left by the caller."""
    app = FastAPI(title="LMA Federation gateway", docs_url=None, redoc_url=None)
    install(app, gateway, registry)
    app.add_middleware(RequestLog, observe=HttpMetrics(registry).observe)
    return app
