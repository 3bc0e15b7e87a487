"""The one table from errors to what the Prometheus API answers."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from query.api.respond import error_response
from query.model.errors import (
    BadQueryError,
    BadRequestError,
    DeadlineError,
    ExecutionError,
    GatewayError,
    IncompleteError,
    LimitExceededError,
    NotFoundError,
    OverloadedError,
    UnsupportedError,
)

ERRORS: Final[tuple[tuple[type[GatewayError], int, str], ...]] = (
    (BadQueryError, 400, "bad_data"),
    (BadRequestError, 400, "bad_data"),
    (UnsupportedError, 422, "execution"),
    (ExecutionError, 422, "execution"),
    (LimitExceededError, 422, "execution"),
    (OverloadedError, 503, "unavailable"),
    (DeadlineError, 503, "timeout"),
    (IncompleteError, 503, "unavailable"),
    (NotFoundError, 404, "not_found"),
)


def status_of(error: GatewayError) -> tuple[int, str]:
    """Return HTTP status and ``errorType``."""
    return next(((status, kind) for cls, status, kind in ERRORS if isinstance(error, cls)), (500, "internal"))


def prometheus_error(error: GatewayError) -> Response:
    """Return the error as the Prometheus API shapes it."""
    status, kind = status_of(error)
    told = str(error).encode("utf-8", "replace").decode()
    return error_response(status, kind, told, missing_headers(error))


def missing_headers(error: GatewayError) -> dict[str, str]:
    """Return the headers that name the missing clusters of a refused answer, as those of a partial one do."""
    if not isinstance(error, IncompleteError) or not error.missing:
        return {}
    gaps = ",".join(f"{cluster}={reason.split(':')[0]}" for cluster, reason in sorted(error.missing.items()))
    return {"X-LMA-Complete": "false", "X-LMA-Clusters-Missing": gaps}
