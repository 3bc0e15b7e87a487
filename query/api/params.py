"""Request parameters as Go's ``FormValue`` reads them: a form body first, then the URL; bounded and strict.

Grafana sends a form and puts custom parameters in the URL; other clients POST with everything in the URL and no body.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request

from query.model.errors import BadQueryError, BadRequestError
from query.model.time import MS_PER_S
from query.syntax.durations import parse_duration
from query.syntax.numbers import round_half_away

MAX_BODY_BYTES: Final = 4 << 20
MAX_FIELDS: Final = 2_000
RFC3339: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}:\d{2})(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})\Z", re.ASCII
)
MIN_TIME_TEXT: Final = "-292273086-05-16T16:47:06Z"
MAX_TIME_TEXT: Final = "292277025-08-18T07:12:54.999999999Z"
MIN_TIME_MS: Final = -9223372036854775
MAX_TIME_MS: Final = 9223372036854775
GO_FLOAT: Final = re.compile(
    r"[+-]?(?:(?:\d[\d_]*)?\.?\d[\d_]*\.?(?:[eE][+-]?\d+)?|0[xX][0-9a-fA-F_.]+(?:[pP][+-]?\d+)?|inf(?:inity)?|nan)\Z",
    re.ASCII | re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Params:
    """The parameters of one request, in order, body before URL."""

    pairs: tuple[tuple[str, str], ...]

    @classmethod
    async def of(cls, request: Request) -> Params:
        """Read them; ``BadRequestError`` if the body is too large or is no form."""
        pairs: list[tuple[str, str]] = []
        if request.method == "POST":
            pairs.extend(_decoded(await _body(request), "body"))
        pairs.extend(_decoded(request.scope.get("query_string", b""), "query string"))
        return cls(tuple(pairs))

    def get(self, name: str, default: str = "") -> str:
        """Return the first value."""
        return next((value for key, value in self.pairs if key == name), default)

    def all(self, *names: str) -> tuple[str, ...]:
        """Return every value given under any of the names, in order."""
        return tuple(value for key, value in self.pairs if key in names)

    def picked(self, *names: str) -> tuple[tuple[str, str], ...]:
        """Return the pairs whose name is among ``names``, to be passed on."""
        return tuple(pair for pair in self.pairs if pair[0] in names)


async def _body(request: Request) -> bytes:
    content_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    parts: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_BODY_BYTES:
            raise BadRequestError("body", f"larger than {MAX_BODY_BYTES} bytes")
        parts.append(chunk)
    if size and content_type != "application/x-www-form-urlencoded":
        raise BadRequestError(
            "body", f"its type is {content_type or 'not given'}; send a form, application/x-www-form-urlencoded"
        )
    return b"".join(parts)


def _decoded(text: bytes, where: str) -> Iterator[tuple[str, str]]:
    if not text:
        return iter(())
    try:
        return iter(
            parse_qsl(
                text.decode("ascii"),
                keep_blank_values=True,
                encoding="utf-8",
                errors="strict",
                max_num_fields=MAX_FIELDS,
            )
        )
    except UnicodeDecodeError as error:
        raise BadRequestError(where, "not valid UTF-8 in percent-encoding") from error
    except ValueError as error:
        raise BadRequestError(where, f"more than {MAX_FIELDS} fields") from error


def parse_time_ms(name: str, text: str) -> int:
    """Return milliseconds since the epoch: decimal seconds (any form Go reads) or RFC 3339.

    Source: parseTime in web/api/v1/api.go; like there, fractions of a millisecond are rounded.
    """
    seconds = go_float(text)
    if seconds is not None:
        if not math.isfinite(seconds) or abs(seconds) > MAX_TIME_MS / MS_PER_S:
            raise BadRequestError(name, f'cannot parse "{text}" to a valid timestamp')
        fraction, whole = math.modf(seconds)
        return int(whole) * MS_PER_S + round_half_away(fraction * MS_PER_S)
    found = RFC3339.match(text)
    if found is not None:
        try:
            day, clock, fraction_text, zone = found.groups()
            moment = datetime.fromisoformat(f"{day}T{clock}{'+00:00' if zone in 'Zz' else zone}")
            return int(moment.astimezone(UTC).timestamp()) * MS_PER_S + int(float(fraction_text or 0) * MS_PER_S)
        except (ValueError, OverflowError):
            pass
    if text == MIN_TIME_TEXT:
        return MIN_TIME_MS
    if text == MAX_TIME_TEXT:
        return MAX_TIME_MS
    raise BadRequestError(name, f'cannot parse "{text}" to a valid timestamp')


def parse_duration_ms(name: str, text: str) -> int:
    """Return milliseconds of decimal seconds or of a duration such as ``5m``; fractions of a millisecond are cut."""
    seconds = go_float(text)
    if seconds is not None:
        if not math.isfinite(seconds) or abs(seconds) >= 2**63 / 1e9:
            raise BadRequestError(name, f'cannot parse "{text}" to a valid duration. It overflows int64')
        return int(seconds * MS_PER_S)
    try:
        return parse_duration(text)
    except BadQueryError as error:
        raise BadRequestError(name, f'cannot parse "{text}" to a valid duration') from error


def parse_limit(name: str, text: str) -> int:
    """Return a count; 0 and absence mean no limit."""
    if not text:
        return 0
    if not re.fullmatch(r"[+-]?\d{1,18}", text, re.ASCII):
        raise BadRequestError(name, f'"{text}" is no number')
    if int(text) < 0:
        raise BadRequestError(name, "limit must be non-negative")
    return int(text)


def parse_flag(name: str, text: str, *, default: bool) -> bool:
    """Return a boolean in the forms Go reads."""
    if not text:
        return default
    if text in {"1", "t", "T", "TRUE", "true", "True"}:
        return True
    if text in {"0", "f", "F", "FALSE", "false", "False"}:
        return False
    raise BadRequestError(name, f'"{text}" is neither true nor false')


def go_float(text: str) -> float | None:
    """Return what Go's ParseFloat reads, None if it reads nothing."""
    if not GO_FLOAT.match(text) or "_" in text:
        return None
    try:
        return float.fromhex(text) if "x" in text.lower() else float(text)
    except (ValueError, OverflowError):
        return None
