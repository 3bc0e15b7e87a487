"""Write series into a Prometheus as a remote writer does: samples, native histograms and stale markers of any past.

``promtool`` makes blocks of numbers only. An empty server that was started with its remote-write receiver takes any
time, as long as what comes is at most an hour older than the newest it has; so series are sent in slices of time.
Messages are written here by hand: eight fields of remote write 1.0 (prompb/remote.proto, types.proto upstream) need
no compiler.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Final

import cramjam
import httpx

from tests.real.dataset import SAMPLES, START_S, STEP_S, Mark, NativeHistogram, Point, Series

SLICE: Final = 100
"""Steps in one request: 25 minutes."""
STALE: Final = struct.pack("<Q", 0x7FF0000000000002)
HEADERS: Final = {
    "Content-Encoding": "snappy",
    "Content-Type": "application/x-protobuf",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}
_GAUGE: Final = 3


def write_series(http: httpx.Client, base_url: str, series: Sequence[Series]) -> None:
    """Write ``series`` to the server at ``base_url``; a refusal is a RuntimeError with what the server said."""
    for first in range(0, SAMPLES, SLICE):
        body = bytes(cramjam.snappy.compress_raw(_request(series, first, min(first + SLICE, SAMPLES))))
        answer = http.post(f"{base_url}/api/v1/write", content=body, headers=HEADERS)
        if answer.status_code not in {HTTPStatus.OK, HTTPStatus.NO_CONTENT}:
            raise RuntimeError(f"{base_url} refused series: HTTP {answer.status_code}: {answer.text[:500]}")


def _request(series: Sequence[Series], first: int, last: int) -> bytes:
    message = bytearray()
    for one in series:
        labels = _labels({**one.labels, "__name__": one.metric})
        for run in _runs(one, first, last):
            message += _nested(1, labels + run)
    return bytes(message)


def _runs(series: Series, first: int, last: int) -> Iterator[bytes]:
    """Yield stretches of samples of one kind: a receiver takes a message's numbers before its histograms."""
    run, is_histogram = bytearray(), False
    for index in range(first, last):
        point = series.values[index]
        if point is None:
            continue
        at_ms = (START_S + index * STEP_S) * 1000 + series.late_ms
        if run and isinstance(point, NativeHistogram) != is_histogram:
            yield bytes(run)
            run.clear()
        is_histogram = isinstance(point, NativeHistogram)
        run += _point(point, at_ms)
    if run:
        yield bytes(run)


def _point(point: Point, at_ms: int) -> bytes:
    match point:
        case NativeHistogram():
            return _nested(4, _histogram(point, at_ms))
        case Mark.STALE:
            value = STALE
        case float() | int():
            value = struct.pack("<d", point)
        case None:
            return b""
    return _nested(2, b"\x09" + value + b"\x10" + _varint(at_ms))


def _histogram(histogram: NativeHistogram, at_ms: int) -> bytes:
    sides = (histogram.negative, histogram.positive)
    counts = (histogram.zero_count, *histogram.negative.values(), *histogram.positive.values())
    is_whole = all(float(count).is_integer() for count in counts)
    message = _number(1, int(histogram.count)) if is_whole else _double(2, histogram.count)
    message += _double(3, histogram.sum) + _number(4, _zigzag(histogram.schema)) + _double(5, histogram.zero_threshold)
    message += _number(6, int(histogram.zero_count)) if is_whole else _double(7, histogram.zero_count)
    for side, (spans, deltas, floats) in zip(sides, ((8, 9, 10), (11, 12, 13)), strict=True):
        message += _buckets(side, spans, deltas if is_whole else floats, is_whole=is_whole)
    if histogram.is_gauge:
        message += _number(14, _GAUGE)
    message += _number(15, at_ms)
    if histogram.custom_bounds:
        message += _nested(16, b"".join(struct.pack("<d", bound) for bound in histogram.custom_bounds))
    return message


def _buckets(counts: Mapping[int, float], span_field: int, count_field: int, *, is_whole: bool) -> bytes:
    """Return the spans and counts of one side: whole counts as differences, others as they are."""
    message, packed = b"", b""
    next_index, previous = 0, 0.0
    for length, first in _stretches(sorted(counts)):
        message += _nested(span_field, _number(1, _zigzag(first - next_index)) + _number(2, length))
        next_index = first + length
    for index in sorted(counts):
        count = counts[index]
        packed += _varint(_zigzag(int(count - previous))) if is_whole else struct.pack("<d", count)
        previous = count
    return message + (_nested(count_field, packed) if packed else b"")


def _stretches(indexes: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield length and first of each stretch of consecutive indexes."""
    start = 0
    for end in range(1, len(indexes) + 1):
        if end == len(indexes) or indexes[end] != indexes[end - 1] + 1:
            yield end - start, indexes[start]
            start = end


def _labels(labels: Mapping[str, str]) -> bytes:
    return b"".join(_nested(1, _text(1, name) + _text(2, value)) for name, value in sorted(labels.items()))


def _text(field: int, text: str) -> bytes:
    return _nested(field, text.encode())


def _nested(field: int, body: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(body)) + body


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _double(field: int, value: float) -> bytes:
    return _varint(field << 3 | 1) + struct.pack("<d", value)


def _zigzag(value: int) -> int:
    return value << 1 if value >= 0 else (-value << 1) - 1


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
