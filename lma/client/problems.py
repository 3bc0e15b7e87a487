"""What an answer that is not a success amounts to: one place for the error shapes of three APIs.

Prometheus: ``{"status":"error","errorType":…,"error":…}``; control plane: ``{"error":{"code","message","remedy",
"details"},"request_id"}``; Loki: plain text, or ``{"message":…}``. Anything else (a proxy's HTML page) is said to be
just that, with the first words of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from lma.client import errors
from lma.client.completeness import missing_of

_PROMETHEUS_PLACE: Final = re.compile(r"(?:\A|[\s:])(\d+):(\d+): parse error: (.*)", re.DOTALL)
_LOKI_PLACE: Final = re.compile(r"parse error at line (\d+), col (\d+): (.*)", re.DOTALL)
_PARAMETER: Final = re.compile(r'invalid parameter "([^"]*)"')
_TAG: Final = re.compile(r"<[^>]*>")
_SHOWN_CHARS: Final = 200
_OK: Final = range(200, 300)

_NO_ROUTE: Final = (
    "check the URL: it is the server's root, without /prometheus or /loki; `lma gateway` has no clusters to manage, "
    "`lma serve` has"
)
_REMEDIES: Final = {
    401: "give a valid token: --token or LMA_TOKEN on the command line, Client(token=…) in Python",
    403: "ask for a token that is allowed to do this",
    404: _NO_ROUTE,
    405: _NO_ROUTE,
    429: "ask less often, or for less",
    502: "look at the server behind the proxy",
    503: "try again, or look at the server's log",
    504: "ask for a shorter range, or try again",
}


@dataclass(frozen=True, slots=True)
class _Told:
    """What the body says, whichever API wrote it."""

    message: str
    kind: str = ""
    remedy: str = ""
    request_id: str | None = None
    details: tuple[tuple[str, str], ...] = ()
    is_foreign: bool = False


def problem_of(
    *,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    url: str,
    expr: str = "",
    is_strict: bool = False,
) -> errors.ClientError | None:
    """Return the error an answer amounts to, or ``None`` if it is a success."""
    if status in _OK:
        return None
    told = _told(body, headers.get("content-type", ""))
    if told.is_foreign:
        return _foreign(status, told, url)
    if status == 400:  # noqa: PLR2004 — HTTP's own number
        return _invalid(told, expr, status)
    missing = missing_of(headers)
    if status == 503 and told.kind == "unavailable" and (missing or is_strict):  # noqa: PLR2004
        return errors.IncompleteError(
            told.message or "the answer would not be complete",
            missing=missing,
            remedy=told.remedy or f"bring the clusters back{', or ask without strict mode' if is_strict else ''}",
            status=status,
        )
    kinds: dict[int, type[errors.ClientError]] = {
        401: errors.AuthError,
        403: errors.AuthError,
        404: errors.NotFoundError,
        405: errors.NotFoundError,
        409: errors.ConflictError,
        422: errors.QueryFailedError if expr else errors.InvalidRequestError,
    }
    fallback = errors.ServerError if status == 429 or status >= 500 else errors.InvalidRequestError  # noqa: PLR2004
    kind = kinds.get(status, fallback)
    is_bare = told.message in {"", "Not Found", "Method Not Allowed"}
    message = f"{url} answered with status {status} and nothing else" if is_bare else told.message
    remedy = told.remedy or ("" if status == 404 and not is_bare else _REMEDIES.get(status, ""))  # noqa: PLR2004
    return kind(message, remedy=remedy, status=status, request_id=told.request_id, details=told.details)


def not_json(url: str, headers: Mapping[str, str], body: bytes) -> errors.ProtocolError:
    """Return the error for a success whose body is not what it has to be."""
    content = headers.get("content-type", "").partition(";")[0] or "no content type"
    return errors.ProtocolError(
        f"{url} answered {content} instead of this API's JSON: {_first_words(body)!r}",
        remedy="check the URL: it should be that of `lma serve` or `lma gateway`",
    )


def _invalid(told: _Told, expr: str, status: int) -> errors.ClientError:
    found = _PROMETHEUS_PLACE.search(told.message) or _LOKI_PLACE.search(told.message)
    is_about_query = found is not None or "parse error" in told.message
    if told.kind == "bad_data":
        named = _PARAMETER.match(told.message)
        is_about_query = named is None or named[1] in {"query", "match[]"}
    if expr and is_about_query:
        position = errors.QueryPosition(int(found[1]), int(found[2])) if found else None
        reason = found[3].strip() if found else told.message
        return errors.BadQueryError(
            told.message, query=expr, reason=reason, position=position, remedy=told.remedy, status=status
        )
    message = told.message or "the server refused the request without a reason"
    return errors.InvalidRequestError(
        message, remedy=told.remedy, status=status, request_id=told.request_id, details=told.details
    )


def _foreign(status: int, told: _Told, url: str) -> errors.ClientError:
    """Return the error for a page that none of these APIs writes, such as a proxy's."""
    message = f"{url} answered with status {status} and a page that is no API's: {told.message!r}"
    if status >= 500:  # noqa: PLR2004
        return errors.ServerError(message, remedy=_REMEDIES.get(status, ""), status=status)
    kind = {401: errors.AuthError, 403: errors.AuthError}.get(status, errors.ProtocolError)
    remedy = _REMEDIES.get(status, "check the URL: it should be that of `lma serve` or `lma gateway`")
    return kind(message, remedy=remedy, status=status)


def _told(body: bytes, content_type: str) -> _Told:
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        value = None
    if isinstance(value, dict):
        return _told_by_json(value)
    if "html" in content_type.lower() or body.lstrip()[:1] == b"<":
        return _Told(_first_words(body), is_foreign=True)
    return _Told(body[: 16 * _SHOWN_CHARS].decode(errors="replace").strip())


def _told_by_json(value: dict[str, Any]) -> _Told:
    error = value.get("error")
    if isinstance(error, dict):
        return _Told(
            message=str(error.get("message") or ""),
            kind=str(error.get("code") or ""),
            remedy=str(error.get("remedy") or ""),
            request_id=str(value["request_id"]) if value.get("request_id") else None,
            details=_details(error.get("details"), str(error.get("message") or "")),
        )
    message = error or value.get("message") or value.get("detail") or ""
    return _Told(message=str(message), kind=str(value.get("errorType") or ""))


def _details(findings: object, message: str) -> tuple[tuple[str, str], ...]:
    """Return the findings that say more than the message does."""
    if not isinstance(findings, list):
        return ()
    pairs = [
        (str(finding.get("field") or ""), str(finding.get("message") or ""))
        for finding in findings
        if isinstance(finding, dict)
    ]
    return tuple(pair for pair in pairs if pair[1] and pair[1] not in message)


def _first_words(body: bytes) -> str:
    text = " ".join(_TAG.sub(" ", body[:4096].decode(errors="replace")).split())
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…"
