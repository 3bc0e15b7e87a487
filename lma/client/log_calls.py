"""Calls of the Loki API, below ``/loki/api/v1``; times go as integer nanoseconds."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final
from urllib.parse import quote

import msgspec

from lma.client import times
from lma.client.call import Answer, Call, Request, params
from lma.client.decode import (
    QueryData,
    decode_matrix,
    decode_metric_result,
    json_of,
    kwargs_of,
    opened,
    wrong_kind,
)
from lma.client.decode_metadata import decode_label_sets, decode_names
from lma.client.errors import InvalidRequestError
from lma.client.metric_calls import partial_flag, span, step_text
from lma.client.problems import not_json
from lma.client.samples import Labels, Listing, LogLine, Matrix, MetricResult, Stream, Streams

BASE: Final = "/loki/api/v1"
DEFAULT_LIMIT: Final = 100
CATEGORIZED: Final = (("X-Loki-Response-Encoding-Flags", "categorize-labels"),)
"""Asks for structured metadata and parsed labels apart from the stream's own labels."""


class Direction(StrEnum):
    """Which lines a limit keeps, and their order: the newest (backward) or the oldest (forward) first."""

    BACKWARD = "backward"
    FORWARD = "forward"


class WireStream(msgspec.Struct, frozen=True):
    """One stream on the wire; an entry is [time, line] or [time, line, {structuredMetadata, parsed}]."""

    stream: dict[str, str]
    values: list[list[str | dict[str, Any]]] = []


def logs(
    expr: str,
    start: times.Time = "-1h",
    end: times.Time = "now",
    limit: int = DEFAULT_LIMIT,
    direction: Direction | str = Direction.BACKWARD,
    *,
    partial: bool = True,
) -> Call[Streams]:
    """Read log lines from ``start`` (included) to ``end`` (excluded)."""
    start_ns, end_ns = span(start, end)
    return logs_between(expr, start_ns, end_ns, limit, direction, partial=partial)


def logs_between(
    expr: str,
    start_ns: int,
    end_ns: int,
    limit: int,
    direction: Direction | str,
    *,
    partial: bool = True,
) -> Call[Streams]:
    """Read log lines between two exact times."""
    if limit < 1:
        raise InvalidRequestError(f"limit {limit} is below 1", remedy="ask for at least one line")
    try:
        order = Direction(direction)
    except ValueError:
        raise InvalidRequestError(
            f"direction {direction!r} is unknown", remedy=f"use one of {', '.join(Direction)}"
        ) from None
    values = params(
        query=expr,
        start=str(start_ns),
        end=str(end_ns),
        limit=str(limit),
        direction=order.value,
        partial_response=partial_flag(partial=partial),
    )
    request = Request(
        "GET", f"{BASE}/query_range", params=values, headers=CATEGORIZED, expr=expr, is_strict=not partial
    )
    return Call(request, lambda answer: decode_streams(answer, is_forward=order is Direction.FORWARD))


def logs_range(
    expr: str, start: times.Time, end: times.Time, step: times.Duration, *, partial: bool = True
) -> Call[Matrix]:
    """Evaluate a LogQL metric query over a range."""
    start_ns, end_ns = span(start, end)
    values = params(
        query=expr,
        start=str(start_ns),
        end=str(end_ns),
        step=step_text(step),
        partial_response=partial_flag(partial=partial),
    )
    request = Request("GET", f"{BASE}/query_range", params=values, expr=expr, is_strict=not partial)
    return Call(request, decode_matrix)


def logs_instant(expr: str, time: times.Time | None = None, *, partial: bool = True) -> Call[MetricResult]:
    """Evaluate a LogQL metric query at one instant; Loki refuses log queries here."""
    values = params(
        query=expr,
        time=None if time is None else str(times.to_ns(time)),
        partial_response=partial_flag(partial=partial),
    )
    request = Request("GET", f"{BASE}/query", params=values, expr=expr, is_strict=not partial)
    return Call(request, decode_metric_result)


def log_labels(start: times.Time | None = None, end: times.Time | None = None) -> Call[Listing[str]]:
    """List the label names of streams."""
    return Call(Request("GET", f"{BASE}/labels", params=_bounds(start, end)), decode_names)


def log_label_values(name: str, start: times.Time | None = None, end: times.Time | None = None) -> Call[Listing[str]]:
    """List the values of a label of streams."""
    if not name:
        raise InvalidRequestError("a label name is empty", remedy="name a label, such as `app`")
    path = f"{BASE}/label/{quote(name, safe='')}/values"
    return Call(Request("GET", path, params=_bounds(start, end)), decode_names)


def log_series(
    match: str | Sequence[str] = (), start: times.Time | None = None, end: times.Time | None = None
) -> Call[Listing[Labels]]:
    """List the label sets of the streams that match any of the selectors (none given: all)."""
    selectors = (match,) if isinstance(match, str) else tuple(match)
    values = tuple(("match[]", selector) for selector in selectors) + _bounds(start, end)
    expr = selectors[0] if selectors else ""
    return Call(Request("GET", f"{BASE}/series", params=values, expr=expr), decode_label_sets)


def decode_streams(answer: Answer, *, is_forward: bool) -> Streams:
    """Decode log streams; a metric query's matrix is refused with the way to ask for it."""
    data, notes = opened(answer)
    query = json_of(answer, QueryData, data)
    if query.result_type != "streams":
        raise wrong_kind(
            query.result_type,
            "log lines",
            "it is a metric query: use logs_range(), logs_instant(), or `lma query --logs`",
        )
    wire = json_of(answer, list[WireStream], query.result)
    try:
        streams = tuple(stream_of(stream) for stream in wire)
    except ValueError as error:
        raise not_json(answer.url, answer.headers, answer.body) from error
    return Streams(items=streams, is_forward=is_forward, **kwargs_of(notes))


def stream_of(wire: WireStream) -> Stream:
    """Return a stream; raises ValueError if an entry is not one."""
    return Stream(wire.stream, tuple(_line(wire.stream, entry) for entry in wire.values))


def _line(labels: Labels, entry: list[str | dict[str, Any]]) -> LogLine:
    match entry:
        case [str(time_ns), str(line)]:
            return LogLine(int(time_ns), labels, line)
        case [str(time_ns), str(line), dict(apart)]:
            metadata = {
                str(name): str(value)
                for part in ("structuredMetadata", "parsed")
                if isinstance(values := apart.get(part), dict)
                for name, value in values.items()
            }
            return LogLine(int(time_ns), labels, line, metadata)
        case _:
            raise ValueError("a log entry is [time, line] or [time, line, metadata]")


def _bounds(start: times.Time | None, end: times.Time | None) -> tuple[tuple[str, str], ...]:
    return params(
        start=None if start is None else str(times.to_ns(start)),
        end=None if end is None else str(times.to_ns(end)),
    )
