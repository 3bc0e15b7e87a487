"""Asking a Prometheus what it holds: its status, and what it scraped over a span.

Everything here is read from the HTTP API that every Prometheus 3 serves. A server that lacks an endpoint, or does not
let the gateway read it, is simply not used as a replica: the complete view answers.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import msgspec
import yaml

from query.backends.base import Backend, BackendError, Deadline, Failure, Request, read_all
from query.backends.outcome import Answered
from query.execute.replicas.evidence import Curve, Scrapes
from query.model.clusters import ClusterName
from query.model.errors import BadQueryError
from query.model.labels import LEGACY_LABEL_NAME
from query.model.time import MS_PER_S, seconds_text
from query.promql.plan.reach import Span
from query.promql.plan.windows import DEFAULT_LOOKBACK_MS
from query.syntax.durations import parse_duration
from query.syntax.strings import quote
from query.wire.prometheus import UpstreamQueryError, read_data

LIMIT_BYTES: Final = 32 << 20
POINTS: Final = 8_000
"""Times looked at by one request: below the 11,000 a Prometheus gives."""
WINDOWS_MS: Final = (60_000, 600_000)
"""Scrapes are counted in short windows, for servers that started a minute ago, and long ones, for rare scrapes."""
MIN_STEP_MS: Final = 1_000
MAX_STEP_MS: Final = 30_000
DEFAULT_INTERVAL_MS: Final = 15_000

AGE: Final = "max by (job) (time() - timestamp(up))"
HEALTHY: Final = "sum by (job) (up)"
Data = TypeVar("Data")
_GLOBAL: Final = re.compile(r"^global:\n((?:[ \t].*\n?|\n)*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Status:
    """What a server says of itself. ``oldest_ms``: nothing before it is held; ``started`` changes at a restart."""

    oldest_ms: int
    retention_ms: int | None
    lookback_ms: int
    started: str
    external_labels: Mapping[str, str]

    def floor_ms(self, now_ms: int) -> int:
        """Return the earliest time whose samples are there now and won't be deleted in a moment."""
        return self.oldest_ms if self.retention_ms is None else max(self.oldest_ms, now_ms - self.retention_ms)


class _Runtime(msgspec.Struct):
    startTime: str = ""  # noqa: N815  (upstream's name)
    storageRetention: str = ""  # noqa: N815  (upstream's name)


class _Block(msgspec.Struct):
    minTime: int  # noqa: N815  (upstream's name)


class _Blocks(msgspec.Struct):
    blocks: list[_Block] | None = None


class _Head(msgspec.Struct):
    minTime: int  # noqa: N815  (upstream's name)


class _Tsdb(msgspec.Struct):
    headStats: _Head  # noqa: N815  (upstream's name)


class _Config(msgspec.Struct):
    yaml: str


class _Series(msgspec.Struct):
    metric: dict[str, str]
    values: list[tuple[float, str]]


class _Matrix(msgspec.Struct):
    result: list[_Series]


async def read_status(backend: Backend, deadline: Deadline) -> Status:
    """Return what a server says of itself; raises ``BackendError``."""
    async with asyncio.TaskGroup() as group:
        runtime = group.create_task(_data(backend, Request("/api/v1/status/runtimeinfo"), deadline, _Runtime))
        blocks = group.create_task(_data(backend, Request("/api/v1/status/tsdb/blocks"), deadline, _Blocks))
        flags = group.create_task(_data(backend, Request("/api/v1/status/flags"), deadline, dict[str, str]))
        config = group.create_task(_data(backend, Request("/api/v1/status/config"), deadline, _Config))
    held = blocks.result().blocks or []
    if held:
        oldest_ms = min(block.minTime for block in held)
    else:
        request = Request("/api/v1/status/tsdb", params=(("limit", "1"),))
        oldest_ms = (await _data(backend, request, deadline, _Tsdb)).headStats.minTime
    return Status(
        oldest_ms=oldest_ms,
        retention_ms=_retention_ms(runtime.result().storageRetention),
        lookback_ms=_duration_ms(flags.result().get("query.lookback-delta", "")) or DEFAULT_LOOKBACK_MS,
        started=runtime.result().startTime,
        external_labels=_external_labels(config.result().yaml),
    )


async def read_intervals(backend: Backend, span: Span, deadline: Deadline) -> Mapping[str, int]:
    """Return how often the targets of each job are scraped, in milliseconds; never less than they are."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_counts(backend, window_ms, span, deadline)) for window_ms in WINDOWS_MS]
    found: dict[str, int] = {}
    for window_ms, task in zip(WINDOWS_MS, tasks, strict=True):
        for job, curve in task.result().items():
            scrapes = max(curve.values(), default=0)
            if scrapes > 1:
                interval_ms = round(window_ms / (scrapes - 1))
                found[job] = min(found.get(job, interval_ms), interval_ms)
    return found


def step_for(intervals: Mapping[str, int]) -> int:
    """Return how far apart to look, in milliseconds: a lost scrape shows for half an interval."""
    shortest = min(intervals.values(), default=DEFAULT_INTERVAL_MS)
    return min(MAX_STEP_MS, max(MIN_STEP_MS, shortest // 2))


async def read_scrapes(
    backend: Backend, span: Span, step_ms: int, intervals: Mapping[str, int], deadline: Deadline
) -> Scrapes:
    """Return what a server scraped over a span of at most ``POINTS`` steps."""
    async with asyncio.TaskGroup() as group:
        age = group.create_task(_curves(backend, AGE, span, step_ms, deadline))
        healthy = group.create_task(_curves(backend, HEALTHY, span, step_ms, deadline))
    return Scrapes(span, step_ms, age.result(), healthy.result(), intervals)


async def _counts(backend: Backend, window_ms: int, span: Span, deadline: Deadline) -> Mapping[str, Curve]:
    windows = min(POINTS, (span.end_ms - span.start_ms) // window_ms)
    start_ms = span.end_ms - windows * window_ms
    query = f"max by (job) (count_over_time(up[{window_ms}ms]))"
    return await _curves(backend, query, Span(start_ms, span.end_ms), window_ms, deadline)


async def _curves(backend: Backend, query: str, span: Span, step_ms: int, deadline: Deadline) -> Mapping[str, Curve]:
    form = (
        ("query", query),
        ("start", seconds_text(span.start_ms)),
        ("end", seconds_text(span.end_ms)),
        ("step", seconds_text(step_ms)),
        ("lookback_delta", seconds_text(DEFAULT_LOOKBACK_MS)),
        ("timeout", f"{deadline.remaining_s():.3f}"),
    )
    matrix = await _data(backend, Request("/api/v1/query_range", form=form), deadline, _Matrix)
    return {
        series.metric.get("job", ""): {round(at_s * MS_PER_S): float(value) for at_s, value in series.values}
        for series in matrix.result
    }


async def read_labels_shown(
    backend: Backend, names: tuple[str, ...], at_ms: int, deadline: Deadline
) -> Mapping[str, str]:
    """Return those of the labels that every target of a complete view carries, with one and the same value."""
    quoted = ", ".join(name if LEGACY_LABEL_NAME.match(name) else quote(name) for name in names)
    form = (("query", f"group by ({quoted}) (up)"), ("time", seconds_text(at_ms)))
    request = Request("/api/v1/query", form=form)
    found = await _data(backend, request, deadline, dict[str, Any])
    metrics = [series["metric"] for series in found["result"]]
    if not metrics:
        raise BackendError(Failure.NOT_UNDERSTOOD, "the complete view shows no scrapes: its labels can't be compared")
    return {
        name: metrics[0][name]
        for name in names
        if name in metrics[0] and all(metric.get(name) == metrics[0][name] for metric in metrics)
    }


async def _data(backend: Backend, request: Request, deadline: Deadline, shape: type[Data]) -> Data:
    reply = await backend.send(request, deadline)
    body = await read_all(reply, deadline, LIMIT_BYTES)
    answer = Answered(ClusterName(""), reply.status, reply.headers, body, 0.0)
    try:
        return read_data(answer, shape)[1]
    except UpstreamQueryError as error:
        raise BackendError(Failure.REFUSED, f"{request.path}: HTTP {error.status}: {error.message}") from error


def _external_labels(config: str) -> Mapping[str, str]:
    """Return ``global.external_labels`` of a configuration; only that part is parsed, the rest may be megabytes."""
    found = _GLOBAL.search(config)
    if found is None:
        return {}
    try:
        settings = yaml.safe_load("global:\n" + found[1])["global"] or {}
        return {str(name): str(value) for name, value in (settings.get("external_labels") or {}).items()}
    except (yaml.YAMLError, AttributeError, KeyError, TypeError) as error:
        raise BackendError(Failure.NOT_UNDERSTOOD, f"its external labels can't be read: {error}") from error


def _retention_ms(text: str) -> int | None:
    """Return the retention by time of ``15d``, ``15d or 10GiB`` or ``10GiB``; None if there is none."""
    return next((ms for part in text.split(" or ") if (ms := _duration_ms(part))), None)


def _duration_ms(text: str) -> int | None:
    try:
        return parse_duration(text.strip())
    except BadQueryError:
        return None
