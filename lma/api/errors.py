"""One shape for everything under ``/v1`` that is not a success, and one table from exceptions to HTTP.

``{"error": {"code", "message", "remedy", "details": [{"field", "message"}]}, "request_id"}``
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import msgspec
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from lma.clusters.errors import ConnectorError
from lma.registry.errors import (
    ConflictError,
    DatabaseError,
    Detail,
    InvalidClusterError,
    RegistryError,
    SecretError,
    UnknownClusterError,
    UnreachableError,
)
from query.app.logs import Failure, request_id_of

_REGISTRY: Final[Mapping[type[RegistryError], tuple[int, str]]] = {
    UnknownClusterError: (404, "not_found"),
    ConflictError: (409, "conflict"),
    InvalidClusterError: (422, "invalid"),
    UnreachableError: (422, "unreachable"),
    ConnectorError: (422, "not_connected"),
    DatabaseError: (503, "unavailable"),
    SecretError: (503, "unavailable"),
}
_HTTP: Final[Mapping[int, tuple[str, str, str]]] = {
    404: ("not_found", "there is no such endpoint", "the endpoints are listed at /docs"),
    405: ("method_not_allowed", "this endpoint does not take that method", "use one of those in the Allow header"),
    413: ("too_large", "the request body is too large", "send less; a cluster takes a few hundred bytes"),
}


class ApiError(Exception):
    """A request that is refused before it reaches the registry."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        remedy: str,
        details: Sequence[Detail] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.remedy = remedy
        self.details = tuple(details)
        self.headers = dict(headers or {})


def unauthorized() -> ApiError:
    """Return the one answer to a missing, malformed, revoked or unknown token."""
    return ApiError(
        401,
        "unauthorized",
        "a valid token is required",
        "send `Authorization: Bearer lma_…`; the admin token is in <state-dir>/admin-token of the service, "
        "`lma serve --reset-admin-token` makes a new one",
        headers={"WWW-Authenticate": 'Bearer realm="lma"'},
    )


def translate(error: Exception) -> ApiError | None:
    """Return what the user is told of an exception, or ``None`` for one that is a bug."""
    match error:
        case ApiError():
            return error
        case RegistryError():
            status, code = next(_REGISTRY[kind] for kind in type(error).__mro__ if kind in _REGISTRY)
            return ApiError(status, code, error.message, error.remedy, error.details)
        case RequestValidationError():
            return _invalid_request(error)
        case HTTPException():
            phrase = HTTPStatus(error.status_code).phrase.lower()
            code, message, remedy = _HTTP.get(
                error.status_code, ("bad_request", str(error.detail) or phrase, "see /docs for what is expected")
            )
            return ApiError(error.status_code, code, message, remedy, headers=error.headers)
        case _:
            return None


def render(error: ApiError, request: Request) -> Response:
    """Return the answer."""
    body = _body(error.code, error.message, error.remedy, error.details, request_id_of(request.scope))
    return Response(body, error.status, headers=error.headers, media_type="application/json")


def internal_error(request_id: str) -> Failure:
    """Return the answer to a bug, in the same shape."""
    told = "the service failed to handle this request"
    remedy = "the log of the service has the details under this request id"
    return Failure(500, "application/json", _body("internal", told, remedy, (), request_id))


def invalid_content(error: ValidationError) -> InvalidClusterError:
    """Return the registry's error for content that pydantic refused outside of FastAPI."""
    details = tuple(_details(error.errors(include_url=False)))
    return InvalidClusterError(_summary(details), _INVALID_REMEDY, details)


_INVALID_REMEDY: Final = "correct the fields named in details; /docs shows an example"


def _invalid_request(error: RequestValidationError) -> ApiError:
    found = list(error.errors())
    if found and found[0]["type"] == "json_invalid":
        text = error.body if isinstance(error.body, str) else ""
        place = int(found[0]["loc"][-1])
        line, column = text.count("\n", 0, place) + 1, place - (text.rfind("\n", 0, place) + 1) + 1
        cause = found[0].get("ctx", {}).get("error", "")
        return ApiError(
            400, "bad_json", f"the body is not JSON: line {line}, column {column}: {cause}", "send a JSON object"
        )
    details = tuple(_details(found))
    return ApiError(422, "invalid", _summary(details), _INVALID_REMEDY, details)


def _details(found: Iterable[Any]) -> Iterable[Detail]:
    for item in found:
        place = [str(part) for part in item["loc"] if part != "[key]"]
        if place and place[0] in {"body", "query", "path"}:
            place = place[1:]
        yield Detail(".".join(place), _cause(item))


def _cause(item: Any) -> str:
    kind: str = item["type"]
    message: str = item["msg"]
    if kind == "extra_forbidden":
        return "unknown field"
    if kind == "missing":
        return "required"
    return message.removeprefix("Value error, ")


def _summary(details: Sequence[Detail]) -> str:
    if not details:
        return "the request can't be used"
    first = details[0]
    told = f"{first.field}: {first.message}" if first.field else first.message
    return told if len(details) == 1 else f"{told} (and {len(details) - 1} more)"


def _body(code: str, message: str, remedy: str, details: Sequence[Detail], request_id: str) -> bytes:
    return msgspec.json.encode(
        {
            "error": {
                "code": code,
                "message": message,
                "remedy": remedy,
                "details": [{"field": detail.field, "message": detail.message} for detail in details],
            },
            "request_id": request_id,
        }
    )
