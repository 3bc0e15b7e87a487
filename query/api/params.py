"""Request parameters as Go's ``net/http`` reads them: a form body first, then the URL; bounded.

Grafana sends a form and puts custom parameters in the URL; other clients POST with everything in the URL and no body.
A pair that can't be decoded (``%zz``, a semicolon) is left out; the endpoints that read all values of a parameter
refuse the request for it, as upstream does, the others do not see it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import unquote_to_bytes

from starlette.requests import Request

from query.api.go_times import GoTime, go_time
from query.api.go_values import MAX_INT64, go_bool, go_float, go_int
from query.model.errors import BadQueryError, BadRequestError
from query.model.time import NS_PER_MS, NS_PER_S
from query.syntax.durations import parse_duration
from query.syntax.strings import quote

MAX_BODY_BYTES: Final = 4 << 20
MAX_FIELDS: Final = 2_000
FORM: Final = "application/x-www-form-urlencoded"
WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
_BAD_ESCAPE: Final = re.compile(rb"%(?![0-9a-fA-F]{2})")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Params:
    """The parameters of one request, in order, body before URL; ``fault`` is the first thing wrong with them."""

    pairs: tuple[tuple[str, str], ...]
    fault: str = ""

    @classmethod
    async def of(cls, request: Request) -> Params:
        """Read them; ``BadRequestError`` if the body is too large, is no form, or holds no UTF-8."""
        found: list[Params] = []
        if request.method in WITH_BODY:
            found.append(_decoded(await _form(request), "body"))
        found.append(_decoded(request.scope.get("query_string", b""), "query string"))
        pairs = tuple(pair for part in found for pair in part.pairs)
        return cls(pairs, next((part.fault for part in found if part.fault), ""))

    @classmethod
    def of_url(cls, request: Request) -> Params:
        """Read those of the URL alone, for a request whose body is something else."""
        return _decoded(request.scope.get("query_string", b""), "query string")

    def get(self, name: str, default: str = "") -> str:
        """Return the first value."""
        return next((value for key, value in self.pairs if key == name), default)

    def all(self, *names: str) -> tuple[str, ...]:
        """Return every value given under any of the names, in order."""
        return tuple(value for key, value in self.pairs if key in names)

    def picked(self, *names: str) -> tuple[tuple[str, str], ...]:
        """Return the pairs whose name is among ``names``, to be passed on."""
        return tuple(pair for pair in self.pairs if pair[0] in names)

    def require_wellformed(self) -> None:
        """Raise ``BadQueryError`` if a pair could not be decoded."""
        if self.fault:
            raise BadQueryError(f"error parsing form values: {self.fault}")


async def read_body(request: Request, limit_bytes: int = MAX_BODY_BYTES) -> bytes:
    """Return the body; ``BadRequestError`` if it is larger than ``limit_bytes``."""
    parts: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit_bytes:
            raise BadRequestError("body", f"larger than {limit_bytes} bytes")
        parts.append(chunk)
    return b"".join(parts)


async def _form(request: Request) -> bytes:
    body = await read_body(request)
    content_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if body and content_type != FORM:
        raise BadRequestError("body", f"its type is {content_type or 'not given'}; send a form, {FORM}")
    return body


def _decoded(text: bytes, where: str) -> Params:
    if not text:
        return Params(())
    parts = text.split(b"&", MAX_FIELDS)
    if len(parts) > MAX_FIELDS:
        raise BadRequestError(where, f"more than {MAX_FIELDS} fields")
    pairs: list[tuple[str, str]] = []
    fault = ""
    for part in filter(None, parts):
        wrong = _fault(part)
        if wrong:
            fault = fault or wrong
            continue
        name, _, value = part.replace(b"+", b" ").partition(b"=")
        try:
            pairs.append((unquote_to_bytes(name).decode(), unquote_to_bytes(value).decode()))
        except UnicodeDecodeError as error:
            raise BadRequestError(where, "not valid UTF-8 in percent-encoding") from error
    return Params(tuple(pairs), fault)


def _fault(part: bytes) -> str:
    if b";" in part:
        return "invalid semicolon separator in query"
    wrong = _BAD_ESCAPE.search(part)
    if wrong is None:
        return ""
    return f"invalid URL escape {quote(part[wrong.start() : wrong.start() + 3].decode('latin-1'))}"


def parse_time(name: str, text: str) -> GoTime:
    """Return a time that must be given."""
    found = go_time(text)
    if found is None:
        raise BadRequestError(name, f"cannot parse {quote(text)} to a valid timestamp")
    return found


def parse_optional_time(name: str, text: str, default: Value) -> GoTime | Value:
    """Return a time that may be left out."""
    if not text:
        return default
    found = go_time(text)
    if found is None:
        raise BadRequestError(name, f"invalid time value for '{name}': cannot parse {quote(text)} to a valid timestamp")
    return found


def parse_duration_ns(name: str, text: str) -> int:
    """Return nanoseconds of decimal seconds or of a duration such as ``5m``."""
    seconds = go_float(text)
    if seconds is not None:
        ns = seconds * NS_PER_S
        if not -MAX_INT64 - 1 <= ns < MAX_INT64:
            raise BadRequestError(name, f"cannot parse {quote(text)} to a valid duration. It overflows int64")
        return int(ns)
    try:
        return parse_duration(text) * NS_PER_MS
    except BadQueryError as error:
        raise BadRequestError(name, f"cannot parse {quote(text)} to a valid duration") from error


def parse_limit(name: str, text: str) -> int:
    """Return a count; 0 and absence mean no limit."""
    limit = _read(name, text, go_int) if text else 0
    if limit < 0:
        raise BadRequestError(name, "limit must be non-negative")
    return limit


def parse_flag(name: str, text: str, *, default: bool) -> bool:
    """Return a boolean in the forms Go reads."""
    return _read(name, text, go_bool) if text else default


def parse_switch(name: str, text: str, *, default: bool) -> bool:
    """Return a boolean given as ``on`` or ``off``, or in the forms Go reads."""
    return text == "on" if text in {"on", "off"} else parse_flag(name, text, default=default)


def _read(name: str, text: str, read: Callable[[str], Value]) -> Value:
    try:
        return read(text)
    except ValueError as error:
        raise BadRequestError(name, str(error)) from error
