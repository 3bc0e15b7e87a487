"""Native histograms as a server stores them, from the samples of a remote read.

Protocol buffers tell what JSON doesn't: schema, zero threshold, custom bounds, empty buckets, and whether the counter
was reset. Series are found by the labels that JSON shows; a server adds its external labels to a remote read only.
Source: message Histogram in prompb/types.proto.
"""

from __future__ import annotations

import bisect
import struct
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Final, TypeAlias

from query.model.float_histogram import Buckets, FloatHistogram, ResetHint, is_known_schema
from query.wire.prometheus import SeriesBody
from query.wire.protobuf import VARINT, ProtobufError, fields, number, read_varint, view, zigzag
from query.wire.remote_read import ReadSeries

_HISTOGRAMS: Final = 4
_UNSIGNED: Final = (1 << 64) - 1
_double: Final = struct.Struct("<d")
_Key: TypeAlias = frozenset[tuple[str, str]]


class ExactHistograms:
    """The histograms of one remote read, decoded when they are asked for."""

    def __init__(self, series: Iterable[ReadSeries], shown: Sequence[SeriesBody]) -> None:
        """Take the series that a query about the same selector has ``shown``."""
        names = {name for body in shown for name in body.metric}
        self._series: dict[_Key, ReadSeries] = {}
        self._decoded: dict[_Key, tuple[list[int], list[FloatHistogram]]] = {}
        for one in sorted(series, key=lambda one: -len(one.labels)):
            self._series[frozenset(pair for pair in one.labels if pair[0] in names)] = one

    def at(self, metric: Mapping[str, str], time_ms: int) -> FloatHistogram | None:
        """Return the last histogram of a series at or before a time, None if there is none."""
        key = frozenset(metric.items())
        if key not in self._decoded:
            self._decoded[key] = decode(self._series[key].samples) if key in self._series else ([], [])
        times, histograms = self._decoded[key]
        place = bisect.bisect_right(times, time_ms) - 1
        return histograms[place] if place >= 0 else None


def decode(samples: bytes) -> tuple[list[int], list[FloatHistogram]]:
    """Return the histograms among the samples of a series and their times, ascending; ``ProtobufError``."""
    found = sorted(
        (_histogram(view(value)) for field, _, value in fields(memoryview(samples)) if field == _HISTOGRAMS),
        key=lambda pair: pair[0],
    )
    return [time for time, _ in found], [histogram for _, histogram in found]


def _histogram(message: memoryview) -> tuple[int, FloatHistogram]:
    whole: dict[int, int] = {}
    floats: dict[int, float] = {}
    spans: dict[int, list[tuple[int, int]]] = {8: [], 11: []}
    packed: dict[int, list[float]] = {}
    deltas: dict[int, list[int]] = {}
    for field, kind, value in fields(message):
        match field:
            case 1 | 4 | 6 | 14 | 15:
                whole[field] = number(value)
            case 2 | 3 | 5 | 7:
                floats[field] = _double.unpack(view(value))[0]
            case 8 | 11:
                spans[field].append(_span(view(value)))
            case 9 | 12:
                deltas.setdefault(field, []).extend(_varints(value))
            case 10 | 13 | 16 if kind != VARINT:
                packed.setdefault(field, []).extend(pair[0] for pair in _double.iter_unpack(view(value)))
            case _:
                continue
    negative, positive = (
        Buckets.from_spans(spans[side], packed.get(side + 2) or _counts(deltas.get(side + 1, []))) for side in (8, 11)
    )
    schema = zigzag(whole.get(4, 0) & _UNSIGNED)
    if not is_known_schema(schema):
        raise ProtobufError(f"schema {schema} is not known")
    return whole.get(15, 0), FloatHistogram(
        schema,
        floats[2] if 2 in floats else float(whole.get(1, 0)),  # noqa: PLR2004  (field numbers are the message's)
        floats.get(3, 0.0),
        floats.get(5, 0.0),
        floats[7] if 7 in floats else float(whole.get(6, 0)),  # noqa: PLR2004
        positive,
        negative,
        tuple(packed.get(16, ())),
        ResetHint(whole.get(14, 0)),
    )


def _counts(deltas: Sequence[int]) -> list[float]:
    """Return counts of differences from bucket to bucket."""
    return [float(count) for count in accumulate(map(zigzag, deltas))]


def _span(message: memoryview) -> tuple[int, int]:
    found = {field: number(value) for field, _, value in fields(message)}
    return zigzag(found.get(1, 0) & _UNSIGNED), found.get(2, 0)


def _varints(value: int | memoryview) -> list[int]:
    if isinstance(value, int):
        return [value]
    numbers: list[int] = []
    at = 0
    while at < len(value):
        found, at = read_varint(value, at)
        numbers.append(found)
    return numbers
