"""Messages of remote read (prompb/remote.proto, types.proto): requests, and answers whose samples stay as they are.

Of a series only the labels are read. They come first in every message that upstream writes; all bytes behind them,
numbers, native histograms and stale markers alike, are passed on untouched, which makes the answer exact.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import cramjam
import msgspec

from query.backends.base import BackendError, Failure
from query.model.labels import Labels, as_labels
from query.model.matchers import Matcher, MatchOp
from query.model.time import MS_PER_S
from query.wire.prometheus import SeriesBody
from query.wire.protobuf import (
    ProtobufError,
    bytes_field,
    fields,
    int_field,
    number,
    text,
    varint,
    view,
)

SAMPLES: Final = 0
"""The response type offered; upstream's other one streams chunks."""

_OPS: Final = (MatchOp.EQUAL, MatchOp.NOT_EQUAL, MatchOp.REGEX, MatchOp.NOT_REGEX)
_double: Final = struct.Struct("<d")
_points: Final = msgspec.json.Decoder(list[tuple[float, str]])


@dataclass(frozen=True, slots=True)
class ReadQuery:
    """One query: what to select, from when to when (both included), and the hints of the client as it wrote them."""

    matchers: tuple[Matcher, ...]
    start_ms: int
    end_ms: int
    hints: bytes = b""


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """The queries, and the response types the client takes, in the order it prefers them."""

    queries: tuple[ReadQuery, ...]
    accepted: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadSeries:
    """A series: its labels, and its samples in the bytes of the message."""

    labels: Labels
    samples: bytes


def unpack(body: bytes, limit_bytes: int) -> memoryview:
    """Return what a snappy block holds; ``ProtobufError`` if it is none, or larger than ``limit_bytes``."""
    try:
        if cramjam.snappy.decompress_raw_len(body) > limit_bytes:
            raise ProtobufError(f"larger than {limit_bytes} bytes when unpacked")
        return memoryview(bytes(cramjam.snappy.decompress_raw(body)))
    except cramjam.DecompressionError as error:
        raise ProtobufError("snappy: corrupt input") from error


def unpacked_bytes(body: bytes) -> int:
    """Return how much a snappy block says that it holds, 0 if it is none."""
    try:
        return int(cramjam.snappy.decompress_raw_len(body))
    except cramjam.DecompressionError:
        return 0


def pack(message: bytes) -> bytes:
    """Return a message as a snappy block."""
    return bytes(cramjam.snappy.compress_raw(message))


def read_request(message: memoryview) -> ReadRequest:
    """Return a request; ``ProtobufError`` if it is none."""
    queries: list[ReadQuery] = []
    accepted: list[int] = []
    for field, _, value in fields(message):
        if field == 1:
            queries.append(_query(view(value)))
        elif field == 2:  # noqa: PLR2004  (field numbers are the message's)
            accepted.extend(_packed(value))
    return ReadRequest(tuple(queries), tuple(accepted))


def _packed(value: int | memoryview) -> Iterator[int]:
    if isinstance(value, int):
        yield value
        return
    yield from bytes(value)


def _query(message: memoryview) -> ReadQuery:
    query = ReadQuery((), 0, 0)
    matchers: list[Matcher] = []
    for field, _, value in fields(message):
        match field:
            case 1:
                query = replace(query, start_ms=number(value))
            case 2:
                query = replace(query, end_ms=number(value))
            case 3:
                matchers.append(_matcher(view(value)))
            case 4:
                query = replace(query, hints=bytes(view(value)))
    return replace(query, matchers=tuple(matchers))


def _matcher(message: memoryview) -> Matcher:
    op, name, value = 0, "", ""
    for field, _, content in fields(message):
        match field:
            case 1:
                op = number(content)
            case 2:
                name = text(content)
            case 3:
                value = text(content)
    if not 0 <= op < len(_OPS):
        raise ProtobufError("invalid matcher type")
    return Matcher(name, _OPS[op], value)


def request_message(queries: Iterable[ReadQuery]) -> bytes:
    """Return a request for samples."""
    return b"".join(bytes_field(1, _query_message(query)) for query in queries)


def _query_message(query: ReadQuery) -> bytes:
    message = int_field(1, query.start_ms) + int_field(2, query.end_ms)
    for matcher in query.matchers:
        content = int_field(1, _OPS.index(matcher.op))
        content += bytes_field(2, matcher.name.encode()) + bytes_field(3, matcher.value.encode())
        message += bytes_field(3, content)
    return message + (bytes_field(4, query.hints) if query.hints else b"")


def read_response(body: bytes, limit_bytes: int) -> list[list[ReadSeries]]:
    """Return the series of each query of an answer; ``BackendError`` if it is none."""
    try:
        results = (view(value) for field, _, value in fields(unpack(body, limit_bytes)) if field == 1)
        return [[_series(view(value)) for field, _, value in fields(result) if field == 1] for result in results]
    except ProtobufError as error:
        raise BackendError(Failure.NOT_UNDERSTOOD, f"no answer to a remote read: {error}") from error


def _series(message: memoryview) -> ReadSeries:
    labels: dict[str, str] = {}
    behind = 0
    for field, _, value in fields(message):
        if field != 1:
            break
        content = view(value)
        pair = {inner: text(part) for inner, _, part in fields(content)}
        labels[pair.get(1, "")] = pair.get(2, "")
        behind += 1 + len(varint(len(content))) + len(content)
    return ReadSeries(as_labels(labels), bytes(message[behind:]))


def response_message(results: Iterable[Sequence[ReadSeries]]) -> bytes:
    """Return an answer: the series of each query."""
    return b"".join(bytes_field(1, b"".join(map(_series_field, series))) for series in results)


def _series_field(series: ReadSeries) -> bytes:
    labels = (
        bytes_field(1, bytes_field(1, name.encode()) + bytes_field(2, value.encode())) for name, value in series.labels
    )
    return bytes_field(1, b"".join(labels) + series.samples)


def samples_of(body: SeriesBody) -> bytes:
    """Return the numbers of a matrix row as the samples of a series; ``BackendError`` if they don't decode."""
    if body.has_histograms:
        raise BackendError(
            Failure.NOT_UNDERSTOOD,
            "it holds native histograms, which only a Prometheus can hand out exactly; name one as its metrics URL",
        )
    if isinstance(body.values, msgspec.UnsetType):
        return b""
    try:
        points = _points.decode(body.values)
        samples = (b"\x09" + _double.pack(float(value)) + int_field(2, _ms(stamp)) for stamp, value in points)
        return b"".join(bytes_field(2, sample) for sample in samples)
    except (msgspec.MsgspecError, ValueError, OverflowError) as error:
        raise BackendError(Failure.NOT_UNDERSTOOD, f"samples do not decode: {error}") from error


def _ms(stamp_s: float) -> int:
    return round(stamp_s * MS_PER_S)
