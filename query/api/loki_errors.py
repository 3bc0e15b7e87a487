"""The one table from errors to what the Loki API answers: a status, and the text alone."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from query.api.errors import missing_headers
from query.model.errors import (
    BadQueryError,
    BadRequestError,
    DeadlineError,
    ExecutionError,
    GatewayError,
    IncompleteError,
    LimitExceededError,
    NotFoundError,
    QuerySyntaxError,
    UnsupportedError,
)

STATUSES: Final[tuple[tuple[type[GatewayError], int], ...]] = (
    (BadQueryError, 400),
    (BadRequestError, 400),
    (UnsupportedError, 400),
    (LimitExceededError, 400),
    (ExecutionError, 500),
    (DeadlineError, 504),
    (IncompleteError, 503),
    (NotFoundError, 404),
)
"""What the query itself causes is 400 in Loki, but for matching that is not unique, which is 500."""


def loki_error(error: GatewayError) -> Response:
    """Return the error as the Loki API shapes it."""
    status = next((status for cls, status in STATUSES if isinstance(error, cls)), 500)
    headers = {"X-Content-Type-Options": "nosniff", **missing_headers(error)}
    return Response(error_text(error), status_code=status, media_type="text/plain", headers=headers)


def error_text(error: GatewayError) -> str:
    """Return the error in Loki's words: ``parse error at line 1, col 2: …``."""
    if isinstance(error, QuerySyntaxError):
        return f"parse error at line {error.position.line}, col {error.position.column}: {error.message}"
    return str(error)
